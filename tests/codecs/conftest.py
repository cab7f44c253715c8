"""Messages written by hand for these tests (not by our encoder), and judges that are not ours."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from zorgstroom.codecs.catalog import MessageType
from zorgstroom.codecs.errors import DecodeError, Reason
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder

PERSON = {
    "Bsn": "999996770",
    "Achternaam": "Zwaluwstaart",
    "Voorvoegsel": "op 't",
    "Voornamen": "Quirijn",
    "Voorletters": "QZX",
}
HEADER = {
    "Afzender": "01234567",
    "Ontvanger": "0141",
    "Identificatie": "BER-1",
    "Dagtekening": "2025-04-05",
    "BasisschemaXsdVersie": "1.0.0",
    "BerichtXsdVersie": "1.2.10",
    "Datum": "1967-08-13",
    "DatumGebruik": None,
    "Geslacht": "2",
}
RECORD = {
    "ToewijzingNummer": "300201",
    "Code": "02A11",
    "ToewijzingIngangsdatum": "2025-04-01",
    "Begindatum": "2025-04-03",
    "StatusAanlevering": "1",
}

Changes = Mapping[str, str | None]


def _xml(message: MessageType, records: Sequence[Changes], changes: Changes) -> str:
    own, basis = message.name.lower(), "iwmo" if message.wet == "Wmo" else "ijw"
    value: dict[str, str | None] = {
        "BerichtCode": message.berichtcode,
        "BerichtVersie": message.release[0],
        "BerichtSubversie": message.release[2],
        **HEADER,
        **PERSON,
        **changes,
    }

    def leaf(prefix: str, name: str, text: str | None) -> list[str]:
        return [] if text is None else [f"<{prefix}:{name}>{escape(text)}</{prefix}:{name}>"]

    def leaves(prefix: str, *names: str) -> list[str]:
        return [line for name in names for line in leaf(prefix, name, value[name])]

    def group(prefix: str, name: str, *inside: list[str]) -> list[str]:
        lines = ["\t" + line for part in inside for line in part]
        return [f"<{prefix}:{name}>", *lines, f"</{prefix}:{name}>"]

    word = "Start" if message.soort == "start" else "Stop"
    products = []
    for record in records:
        r: dict[str, str | None] = {
            **RECORD,
            "Categorie": "02" if message.wet == "Wmo" else "45",
            "RedenBeeindiging": "20",
            "Einddatum": "2025-04-04",
            **record,
        }
        product = leaf(basis, "Categorie", r["Categorie"]) + leaf(basis, "Code", r["Code"])
        ending = leaf(own, "RedenBeeindiging", r["RedenBeeindiging"])
        ending += leaf(own, "Einddatum", r["Einddatum"])
        products += group(
            own,
            f"{word}Product",
            leaf(own, "ToewijzingNummer", r["ToewijzingNummer"]),
            group(own, "Product", product) if product else [],
            leaf(own, "ToewijzingIngangsdatum", r["ToewijzingIngangsdatum"]),
            leaf(own, "Begindatum", r["Begindatum"]),
            ending if word == "Stop" else [],
            leaf(own, "StatusAanlevering", r["StatusAanlevering"]),
        )
    body = group(
        own,
        "Header",
        leaves(own, "BerichtCode", "BerichtVersie", "BerichtSubversie", "Afzender", "Ontvanger"),
        group(own, "BerichtIdentificatie", leaves(basis, "Identificatie", "Dagtekening")),
        group(own, "XsdVersie", leaves(basis, "BasisschemaXsdVersie", "BerichtXsdVersie")),
    ) + group(
        own,
        "Client",
        leaves(own, "Bsn"),
        group(own, "Geboortedatum", leaves(basis, "Datum", "DatumGebruik")),
        leaves(own, "Geslacht"),
        group(
            own,
            "Naam",
            group(basis, "Geslachtsnaam", leaves(basis, "Achternaam", "Voorvoegsel")),
            leaves(basis, "Voornamen", "Voorletters"),
        ),
        group(own, f"{word}Producten", products),
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<{own}:Bericht xmlns:{basis}="{message.basis}" xmlns:{own}="{message.namespace}">',
        *("\t" + line for line in body),
        f"</{own}:Bericht>",
        "",
    ]
    return "\n".join(lines)


@pytest.fixture(scope="session")
def key() -> PseudonymKey:
    return PseudonymKey(b"a secret of no less than 32 bytes")


@pytest.fixture(scope="session")
def make() -> Callable[..., bytes]:
    """`make(message, {..record..}, ..., Leaf="value")` gives a message; None leaves a leaf out."""

    def build(message: MessageType, *records: Changes, **changes: str | None) -> bytes:
        return _xml(message, records or ({},), changes).encode()

    return build


@pytest.fixture(scope="session")
def refusal(key: PseudonymKey) -> Callable[..., Reason]:
    """`refusal(data)` gives why a message is refused, and sees that the reason tells no secrets."""

    def refused(
        data: bytes,
        *,
        today: date | None = None,
        kind: type[DecodeError] = DecodeError,
        secrets: Sequence[str] = (),
    ) -> Reason:
        with pytest.raises(kind) as caught:
            Decoder(key).decode(data, today=today)
        reason = caught.value.reason
        told = f"{caught.value} {caught.value!r} {reason!r} {reason.model_dump_json()}"
        for secret in (*PERSON.values(), *secrets):
            assert secret not in told
        assert not re.search("[0-9]{8}", told.replace("999999999", ""))
        assert reason.reden == caught.value.code
        assert reason.melding and reason.oplossing.endswith(".") and reason.regel
        assert caught.value.actor in ("afzender", "keten")
        assert reason.lijn is None or 1 <= reason.lijn <= data.count(b"\n") + 1
        return reason

    return refused


@pytest.fixture(scope="session")
def xsd_valid(shared_dir: Path) -> Callable[[bytes], bool]:
    """The published 3.2 schemas as judge: `xsd_valid(data)`."""
    schemas = {
        f"{{http://www.istandaarden.nl/{standard}/3_2/{name}/schema}}Bericht": etree.XMLSchema(
            etree.parse(str(shared_dir / "domain" / "xsd" / "3.2" / standard / f"{name}.xsd"))
        )
        for standard, name in (
            ("iwmo", "wmo305"),
            ("iwmo", "wmo307"),
            ("ijw", "jw305"),
            ("ijw", "jw307"),
        )
    }

    def valid(data: bytes) -> bool:
        try:
            root = etree.fromstring(data)
        except etree.XMLSyntaxError:
            return False
        schema = schemas.get(str(root.tag))
        return schema is not None and schema.validate(root)

    return valid
