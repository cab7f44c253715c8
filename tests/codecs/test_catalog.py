from pathlib import Path

import pytest
from lxml import etree

from zorgstroom.codecs.catalog import (
    BERICHTCODE,
    BY_ROOT,
    CATEGORIE,
    MESSAGE_TYPES,
    TIJDELIJK,
    MessageType,
    Wet,
    redenen,
)

_XS = "{http://www.w3.org/2001/XMLSchema}"


def enumeration(shared_dir: Path, release: str, wet: Wet, name: str) -> list[str]:
    folder = shared_dir / "domain" / "xsd" / release / ("iwmo" if wet == "Wmo" else "ijw")
    tree = etree.parse(str(folder / "basisschema.xsd"))
    (kind,) = (e for e in tree.iter(f"{_XS}simpleType") if e.get("name") == name)
    return [str(e.get("value")) for e in kind.iter(f"{_XS}enumeration")]


@pytest.mark.parametrize("wet", ["Wmo", "Jw"])
def test_the_lists_are_those_of_the_published_schema(shared_dir: Path, wet: Wet) -> None:
    reden = enumeration(shared_dir, "3.2", wet, "LDT_RedenBeeindiging")
    assert sorted(redenen(wet, "3.2")) == sorted(redenen(wet, "3.1")) == sorted(reden)
    assert sorted(CATEGORIE[wet]) == sorted(
        enumeration(shared_dir, "3.2", wet, "LDT_ProductCategorie")
    )


@pytest.mark.parametrize("wet", ["Wmo", "Jw"])
def test_release_3_0_knows_two_reasons_more_than_2_3_and_two_less_than_3_1(
    shared_dir: Path, wet: Wet
) -> None:
    old = set(enumeration(shared_dir, "2.3", wet, "LDT_RedenBeeindiging"))
    assert set(redenen(wet, "3.0")) == old | {"36", "37"}
    assert set(redenen(wet, "3.1")) == old | {"36", "37", "38", "39"}
    assert TIJDELIJK in redenen(wet, "3.0")


def test_there_are_four_messages_in_three_releases() -> None:
    assert len(MESSAGE_TYPES) == len(BY_ROOT) == 12
    assert sorted({m.name for m in MESSAGE_TYPES}) == ["JW305", "JW307", "WMO305", "WMO307"]
    assert sorted(BERICHTCODE.values()) == ["418", "420", "438", "440"]


def test_a_message_knows_its_namespaces() -> None:
    message = MessageType("Jw", "stop", "3.1")
    assert message.namespace == "http://www.istandaarden.nl/ijw/3_1/jw307/schema"
    assert message.basis == "http://www.istandaarden.nl/ijw/3_1/basisschema/schema"
    assert BY_ROOT["{http://www.istandaarden.nl/ijw/3_1/jw307/schema}Bericht"] == message
