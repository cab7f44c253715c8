import copy
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from zorgstroom.codecs.catalog import MESSAGE_TYPES, MessageType
from zorgstroom.codecs.encode import KAAL, STANDAARD, STYLES, Person, Style, encode
from zorgstroom.codecs.encode_envelope import envelope
from zorgstroom.codecs.events import Start, Stop

PERSON = Person(
    bsn="999900006",
    achternaam="Wit & Zn. <'t Hóóge>",
    geboortedatum=date(1967, 8, 1),
    datumgebruik="1",
    voorvoegsel="van 't",
    voornamen="Zoë",
    voorletters="ZÉ",
)


def event(message: MessageType, positie: int = 1, **changes: object) -> Start | Stop:
    values: dict[str, object] = {
        "wet": message.wet,
        "release": message.release,
        "afzender": "01234567",
        "gemeente": "0141",
        "identificatie": "A&1",
        "dagtekening": date(2025, 4, 5),
        "digest": "0" * 32,
        "positie": positie,
        "client": "1" * 32,
        "geboortemaand": "1967-08",
        "geslacht": "2",
        "toewijzing": 300201,
        "categorie": "02" if message.wet == "Wmo" else "45",
        "code": "02A<1",
        "toewijzing_ingangsdatum": date(2025, 4, 1),
        "begindatum": date(2025, 4, 3),
        "status": 1,
    } | changes
    if message.soort == "start":
        return Start.model_validate(values)
    return Stop.model_validate({"reden": "20", "einddatum": date(2025, 4, 4)} | values)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name}-{m.release}")
def test_every_type_and_style_is_valid_with_all_fields_and_with_none(
    message: MessageType, style: Style, valid_xml: Callable[[bytes], None]
) -> None:
    bare = {"toewijzing": None, "code": None, "toewijzing_ingangsdatum": None}
    generic = {"categorie": None, "code": None}
    events = [event(message), event(message, 2, **bare), event(message, 3, **generic)]
    valid_xml(encode(events, PERSON, style))
    valid_xml(encode(events, Person("999900006", "X", date(1900, 1, 1)), style))


def test_a_message_is_written_as_the_standard_asks() -> None:
    data = encode([event(MESSAGE_TYPES[0])], PERSON)
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\r\n<wmo305:Bericht ')
    assert data.endswith(b"</wmo305:Bericht>\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") > 30
    assert b"\r\n\t\t\t\t<wmo305:Begindatum>2025-04-03</wmo305:Begindatum>\r\n" in data


@pytest.mark.parametrize("style", STYLES)
def test_texts_come_back_as_they_were(style: Style) -> None:
    root = etree.fromstring(encode([event(MESSAGE_TYPES[0], toewijzing=7)], PERSON, style))
    texts = {etree.QName(node).localname: node.text for node in root.iter("*")}
    assert texts["Achternaam"] == PERSON.achternaam
    assert texts["Voorvoegsel"] == "van 't"
    assert texts["Voorletters"] == "ZÉ"
    assert texts["Identificatie"] == "A&1"
    assert texts["Code"] == "02A<1"
    assert int(texts["ToewijzingNummer"] or "") == 7
    assert texts["Ontvanger"] == "0141"


def test_all_styles_say_the_same() -> None:
    def content(data: bytes) -> list[tuple[str, str]]:
        return [
            (str(node.tag), (node.text or "").strip().lstrip("0"))
            for node in etree.fromstring(data).iter("*")
        ]

    events = [event(MESSAGE_TYPES[1])]
    wanted = content(encode(events, PERSON))
    assert all(content(encode(events, PERSON, style)) == wanted for style in STYLES)
    assert len({encode(events, PERSON, style) for style in STYLES}) == len(STYLES)


def test_a_byte_order_mark_is_written_once() -> None:
    data = encode([event(MESSAGE_TYPES[0])], PERSON, KAAL)
    assert data.startswith(b"\xef\xbb\xbf<?xml")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert b"\r" not in data


@pytest.mark.parametrize(
    "change",
    [
        {"identificatie": "A2"},
        {"afzender": "01234568"},
        {"gemeente": "0153"},
        {"dagtekening": date(2025, 4, 6)},
        {"client": "2" * 32},
        {"geslacht": "1"},
        {"release": "3.1"},
        {"positie": 1},
        {"positie": 3},
    ],
)
def test_events_of_two_messages_are_refused(change: dict[str, object]) -> None:
    message = MESSAGE_TYPES[0]
    assert encode([event(message), event(message, 2)], PERSON)
    changed = {"positie": 2} | change
    place = int(str(changed.pop("positie")))
    with pytest.raises(ValueError, match="the events"):
        encode([event(message), event(message, place, **changed)], PERSON)


def test_starts_and_stops_do_not_mix() -> None:
    with pytest.raises(ValueError, match="one message"):
        encode([event(MESSAGE_TYPES[0]), event(MESSAGE_TYPES[1], 2)], PERSON)


def test_no_events_and_impossible_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        encode([], PERSON)
    with pytest.raises(ValueError, match="XML cannot carry"):
        encode([event(MESSAGE_TYPES[0])], Person("999900006", "a\x00b", date(1950, 1, 1)))
    with pytest.raises(ValueError, match="without a category"):
        encode([event(MESSAGE_TYPES[0], categorie=None)], PERSON)


def test_an_envelope_is_valid_and_holds_the_same_bytes(shared_dir: Path) -> None:
    payload = encode([event(MESSAGE_TYPES[0])], PERSON, STANDAARD)
    data = envelope(
        payload,
        message=MessageType("Wmo", "start", "3.2"),
        zender="01234567",
        ontvanger="0141",
        referentie="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip=datetime(2025, 4, 5, 22, 30, 15, 999, tzinfo=UTC),
    )
    folder = shared_dir / "domain" / "xsd" / "ggk0210"
    schema = etree.XMLSchema(etree.parse(folder / "ggk0210_msg_ggkberichten.xsd"))
    root = etree.fromstring(data)
    schema.assertValid(copy.deepcopy(root))
    texts = {etree.QName(node).localname: node.text or "" for node in root.iter("*")}
    assert b64decode(texts["xmlBestand"]) == payload
    assert texts["tijdstipBericht"] == "20250406003015"
    assert texts["functie"] == "WMO305"
    assert (texts["functieVersie"], texts["functieSubversie"]) == ("0003", "0002")


def test_an_envelope_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        envelope(
            b"",
            message=MESSAGE_TYPES[0],
            zender="1",
            ontvanger="2",
            referentie="x",
            tijdstip=datetime(2025, 1, 1),  # noqa: DTZ001
        )
