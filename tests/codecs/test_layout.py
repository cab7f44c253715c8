"""Structure: every element dropped, doubled, swapped, renamed; the published XSD is the judge."""

import copy
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from zorgstroom.codecs.catalog import MESSAGE_TYPES, MessageType
from zorgstroom.codecs.errors import DecodeError, Reason, StructureError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import decode

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
XsdValid = Callable[[bytes], bool]

LATEST = [message for message in MESSAGE_TYPES if message.release == "3.2"]
WMO305, WMO307 = MessageType("Wmo", "start", "3.2"), MessageType("Wmo", "stop", "3.2")
OPTIONAL = {
    "ToewijzingNummer",
    "Product",
    "Code",
    "ToewijzingIngangsdatum",
    "DatumGebruik",
    "Voorvoegsel",
    "Voornamen",
    "Voorletters",
}
named = pytest.mark.parametrize("message", LATEST, ids=lambda m: m.name)


def full(make: Make, message: MessageType) -> bytes:
    """A message with every optional element and two records."""
    return make(message, {}, {"ToewijzingNummer": "7"}, Datum="1967-08-01", DatumGebruik="1")


def accepted(data: bytes, key: PseudonymKey) -> bool:
    try:
        return bool(decode(data, key))
    except DecodeError:
        return False


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def mutants(data: bytes, change: Callable[[etree._Element], bool]) -> Iterator[tuple[str, bytes]]:
    """Apply `change` to each element of the message in turn; it says whether it did anything."""
    count = sum(1 for _ in etree.fromstring(data).iter())
    for place in range(1, count):
        root = etree.fromstring(data)
        element = list(root.iter())[place]
        name = local(element)
        if change(element):
            yield name, etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def drop(element: etree._Element) -> bool:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return True


def double(element: etree._Element) -> bool:
    element.addnext(copy.deepcopy(element))
    return True


def swap(element: etree._Element) -> bool:
    following = element.getnext()
    if following is None:
        return False
    following.addnext(element)
    return True


def rename(element: etree._Element) -> bool:
    element.tag = f"{{{etree.QName(element).namespace}}}Zwaluwstaart"
    return True


def other_namespace(element: etree._Element) -> bool:
    own, basis = sorted(element.getroottree().getroot().nsmap.values(), key=lambda n: "basis" in n)
    name = etree.QName(element)
    element.tag = f"{{{own if name.namespace == basis else basis}}}{name.localname}"
    return True


def no_namespace(element: etree._Element) -> bool:
    element.tag = local(element)
    return True


def empty(element: etree._Element) -> bool:
    element.text = None
    for child in list(element):
        element.remove(child)
    return True


def text_before(element: etree._Element) -> bool:
    element.text = "Quirijn" + (element.text or "")
    return len(element) > 0


def text_behind(element: etree._Element) -> bool:
    element.tail = "Quirijn" + (element.tail or "")
    return True


def child_inside(element: etree._Element) -> bool:
    element.append(copy.deepcopy(element))
    return True


def attribute(element: etree._Element) -> bool:
    element.set("Quirijn", "999996770")
    return True


ALL = [
    drop,
    double,
    swap,
    rename,
    other_namespace,
    no_namespace,
    empty,
    text_before,
    text_behind,
    child_inside,
    attribute,
]


@named
@pytest.mark.parametrize("change", ALL, ids=lambda c: c.__name__)
def test_the_schema_and_the_decoder_judge_every_changed_element_alike(
    make: Make,
    refusal: Refusal,
    xsd_valid: XsdValid,
    key: PseudonymKey,
    message: MessageType,
    change: Callable[[etree._Element], bool],
) -> None:
    data = full(make, message)
    assert xsd_valid(data) and accepted(data, key)
    seen = 0
    for name, mutant in mutants(data, change):
        seen += 1
        # A doubled record is right by the schema and refused by TR101.
        valid = xsd_valid(mutant) and not (change is double and name.endswith("tProduct"))
        valid = valid and not (change is double and name == "StopProduct")
        assert accepted(mutant, key) == valid, (change.__name__, name)
        if not valid:
            refusal(mutant)
    assert seen >= 12


@named
def test_only_the_optional_elements_can_be_left_out(
    make: Make, refusal: Refusal, key: PseudonymKey, message: MessageType
) -> None:
    for name, mutant in mutants(full(make, message), drop):
        if name in OPTIONAL or name in ("StartProduct", "StopProduct"):
            assert accepted(mutant, key), name
        else:
            reason = refusal(mutant, kind=StructureError)
            assert reason.regel == "XSD"
            assert f"element {name} " in reason.melding
            assert message.name in reason.melding and message.name in reason.oplossing


def test_a_missing_element_is_told_with_its_place(make: Make, refusal: Refusal) -> None:
    data = make(WMO307, {}, {"ToewijzingNummer": "7", "RedenBeeindiging": None})
    reason = refusal(data, kind=StructureError)
    assert reason.element == "Client/StopProducten/StopProduct[2]"
    assert reason.melding == (
        "WMO307 3.2: element RedenBeeindiging wordt hier verwacht, maar er staat Einddatum"
    )
    lines = data.decode().splitlines()
    assert reason.lijn is not None
    assert "Einddatum" in lines[reason.lijn - 1] and reason.lijn > lines.index(
        "\t\t\t</wmo307:StopProduct>"
    )


def test_a_surplus_element_is_told_with_its_place(make: Make, refusal: Refusal) -> None:
    data = make(WMO305).replace(b"</wmo305:Header>", b"<iwmo:Code>1</iwmo:Code></wmo305:Header>")
    reason = refusal(data, kind=StructureError)
    assert reason.element == "Header"
    assert reason.melding.endswith("na XsdVersie is hier geen element Code toegestaan")


def test_a_message_without_records_is_refused(make: Make, refusal: Refusal) -> None:
    data = make(WMO305)
    begin, end = data.index(b"<wmo305:StartProduct>"), data.index(b"</wmo305:StartProducten>")
    reason = refusal(data[:begin] + data[end:], kind=StructureError)
    assert reason.element == "Client/StartProducten"
    assert "element StartProduct ontbreekt" in reason.melding


def test_hints_to_a_schema_are_the_only_attributes_that_may_stand_anywhere(
    make: Make, refusal: Refusal, key: PseudonymKey
) -> None:
    xsi = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    data = make(WMO305)
    for tag in (b"<wmo305:Header>", b"<wmo305:Bsn>", b"<wmo305:Bericht "):
        good = data.replace(
            tag, tag[:-1] + b" " + xsi + b' xsi:schemaLocation="urn:x y" ' + tag[-1:]
        )
        other = good.replace(b"xsi:schemaLocation", b"xsi:noNamespaceSchemaLocation")
        assert decode(good, key) == decode(other, key) == decode(data, key)
        # The schema lets these pass too; nobody sends them, and they could change the meaning.
        for name in (b"type", b"nil"):
            bad = good.replace(b"xsi:schemaLocation", b"xsi:" + name)
            assert "attribuut" in refusal(bad, kind=StructureError).melding


def test_prefixes_are_free(make: Make, key: PseudonymKey) -> None:
    data = make(WMO305)
    machine = data.replace(b"wmo305:", b"ns20:").replace(b"iwmo:", b"b:")
    machine = machine.replace(b"xmlns:wmo305=", b"xmlns:ns20=").replace(b"xmlns:iwmo=", b"xmlns:b=")
    unprefixed = data.replace(b"xmlns:wmo305=", b"xmlns=").replace(b"wmo305:", b"")
    assert b"ns20:Bsn" in machine and b"<Bsn>" in unprefixed
    assert decode(machine, key) == decode(unprefixed, key) == decode(data, key)


def test_a_namespace_may_be_declared_deep_inside(make: Make, key: PseudonymKey) -> None:
    data = make(WMO305)
    basis = WMO305.basis.encode()
    deep = data.replace(b"<iwmo:Categorie>", b'<c:Categorie xmlns:c="' + basis + b'">')
    deep = deep.replace(b"</iwmo:Categorie>", b"</c:Categorie>")
    assert decode(deep, key) == decode(data, key)


@pytest.mark.parametrize(
    "written",
    ["W<!-- < -->it", "<![CDATA[Wit]]>", "W<![CDATA[it]]>", "&#87;it", "&#x57;i<?pi <t>?>t"],
)
def test_ways_to_write_the_same_text_give_the_same_event(
    make: Make, key: PseudonymKey, written: str
) -> None:
    plain = make(WMO305, Achternaam="Wit")
    other = plain.replace(b">Wit<", f">{written}<".encode())
    assert other != plain and decode(other, key) == decode(plain, key)


def test_comments_and_instructions_between_elements_mean_nothing(
    make: Make, key: PseudonymKey
) -> None:
    data = make(WMO305)
    noisy = data.replace(b">\n", b"><!-- <wmo305:Bsn> --><?x y?>\n").replace(
        b"?><!-- <wmo305:Bsn> --><?x y?>\n<wmo305:Bericht", b"?>\n<wmo305:Bericht"
    )
    assert noisy.count(b"<!--") > 40
    assert decode(noisy, key) == decode(data, key)
