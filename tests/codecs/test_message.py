"""Events: what they hold, what identifies a message, and that they are as if validated."""

import copy
import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from zorgstroom.codecs.catalog import CATEGORIE, MESSAGE_TYPES, MessageType, redenen
from zorgstroom.codecs.encode import STYLES, Person, encode
from zorgstroom.codecs.encode_envelope import envelope
from zorgstroom.codecs.events import EVENT, Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder, decode

Make = Callable[..., bytes]
WMO305, WMO307, JW305, JW307 = (m for m in MESSAGE_TYPES if m.release == "3.2")
BSNS = ("999900006", "999996770", "999999990", "123456782")
text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Zs")),
    min_size=1,
)
days = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[Start | Stop], Person]:
    """The events of one random message and its person."""
    message = draw(st.sampled_from(MESSAGE_TYPES))
    sent = draw(days)
    usage = draw(st.sampled_from((None, "1", "2", "3")))
    birth = {
        None: sent - timedelta(draw(st.integers(0, 43_000))),
        "1": date(draw(st.integers(1950, 2010)), draw(st.integers(1, 12)), 1),
        "2": date(draw(st.integers(1950, 2010)), 1, 1),
        "3": date(1900, 1, 1),
    }[usage]
    person = Person(
        bsn=draw(st.sampled_from(BSNS)),
        achternaam=draw(text)[:200],
        geboortedatum=birth,
        datumgebruik=usage,
        voorvoegsel=draw(st.none() | text.map(lambda t: t[:10])),
        voornamen=draw(st.none() | text.map(lambda t: t[:200])),
        voorletters=draw(st.none() | st.text("AZaéÿ", min_size=1, max_size=6)),
    )
    common: dict[str, object] = {
        "wet": message.wet,
        "release": message.release,
        "afzender": f"{draw(st.integers(0, 99_999_999)):08d}",
        "gemeente": f"{draw(st.integers(0, 9_999)):04d}",
        "identificatie": draw(text)[:12],
        "dagtekening": sent,
        "digest": "0" * 32,
        "client": "0" * 32,
        "geboortemaand": None if usage == "3" else f"{birth:%Y-%m}",
        "geslacht": draw(st.sampled_from("012")),
    }
    numbers = draw(
        st.lists(st.none() | st.integers(0, 999_999_999), min_size=1, max_size=4, unique=True)
    )
    events: list[Start | Stop] = []
    for positie, number in enumerate(numbers, start=1):
        begin = sent - timedelta(draw(st.integers(0, 3000)))
        category = draw(st.none() | st.sampled_from(sorted(CATEGORIE[message.wet])))
        record = common | {
            "positie": positie,
            "toewijzing": number,
            "categorie": category,
            "code": None if category is None else draw(st.none() | text.map(lambda t: t[:5])),
            "toewijzing_ingangsdatum": draw(st.none() | days),
            "begindatum": begin,
            "status": draw(st.sampled_from((1, 3))),
        }
        if message.soort == "start":
            events.append(Start.model_validate(record))
        else:
            ending = {
                "reden": draw(st.sampled_from(redenen(message.wet, message.release))),
                "einddatum": begin + timedelta(draw(st.integers(0, (sent - begin).days))),
            }
            events.append(Stop.model_validate(record | ending))
    return events, person


def with_identity(events: Sequence[Start | Stop], other: Sequence[Start | Stop]) -> list[object]:
    """`events` with the digest and pseudonym of `other`, which no encoder can write."""
    return [
        type(e).model_validate(e.model_dump() | {"digest": o.digest, "client": o.client})
        for e, o in zip(events, other, strict=True)
    ]


@settings(max_examples=200, deadline=None)
@given(messages(), st.sampled_from(STYLES))
def test_what_the_encoder_writes_the_decoder_reads_back(
    key: PseudonymKey, message: tuple[list[Start | Stop], Person], style: object
) -> None:
    events, person = message
    decoder = Decoder(key)
    for chosen in STYLES:
        data = encode(events, person, chosen)
        found = decoder.decode(data)
        assert list(found) == with_identity(events, found)
        assert {e.client for e in found} == {key.client(events[0].gemeente, person.bsn)}
        assert decoder.decode(data) == found


@settings(max_examples=100, deadline=None)
@given(messages(), days)
def test_a_quickly_made_event_is_no_different_from_a_validated_one(
    key: PseudonymKey, message: tuple[list[Start | Stop], Person], sent: date
) -> None:
    events, person = message
    kind = MessageType(events[0].wet, events[0].soort, events[0].release)
    received = datetime(sent.year, sent.month, sent.day, 12, 30, 59, tzinfo=UTC)
    data = envelope(
        encode(events, person),
        message=kind,
        zender="01234567",
        ontvanger="0141",
        referentie="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip=received,
    )
    for event in decode(data, key):
        read = EVENT.validate_json(event.model_dump_json())
        assert read == event and hash(read) == hash(event) and type(read) is type(event)
        assert read.model_dump() == event.model_dump()
        assert read.model_dump_json() == event.model_dump_json()
        assert event.model_fields_set == read.model_fields_set
        assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event
        assert event.model_extra is None
        changed = event.model_copy(update={"status": 3})
        assert changed.status == 3 and event.model_fields_set == read.model_fields_set
        assert repr(type(event).model_validate(event.model_dump())) == repr(event)


def test_an_event_cannot_be_changed(make: Make, key: PseudonymKey) -> None:
    (event,) = decode(make(WMO305), key)
    with pytest.raises(ValidationError, match="frozen"):
        event.status = 3
    with pytest.raises(ValidationError):
        event.bsn = "999996770"  # type: ignore[union-attr]


def test_events_of_one_message_share_nothing_that_can_change(make: Make, key: PseudonymKey) -> None:
    first, second = decode(make(WMO305, {}, {"ToewijzingNummer": "7"}), key)
    first.model_fields_set.clear()
    assert second.model_fields_set == set(Start.model_fields)
    (third,) = decode(make(WMO305), key)
    assert third.model_fields_set == set(Start.model_fields)


def test_optional_elements_that_are_absent_are_none(make: Make, key: PseudonymKey) -> None:
    absent = dict.fromkeys(("ToewijzingNummer", "Categorie", "Code", "ToewijzingIngangsdatum"))
    (event,) = decode(make(JW305, absent), key)
    assert (event.toewijzing, event.categorie, event.code) == (None, None, None)
    assert (event.toewijzing_ingangsdatum, event.ontvangen) == (None, None)


def test_texts_keep_their_spaces_and_numbers_and_dates_lose_them(
    make: Make, key: PseudonymKey
) -> None:
    record = {"Code": " a ", "ToewijzingNummer": " 7\n", "Begindatum": "\t2025-04-03 "}
    (event,) = decode(make(WMO305, record, Identificatie=" x", Datum=" 1967-08-13 "), key)
    assert (event.code, event.identificatie) == (" a ", " x")
    assert (event.toewijzing, event.begindatum) == (7, date(2025, 4, 3))
    assert event.geboortemaand == "1967-08"


def test_any_difference_in_what_a_dossier_keeps_gives_another_digest(
    make: Make, key: PseudonymKey
) -> None:
    other_values: list[dict[str, str | None]] = [
        {"Afzender": "01234568"},
        {"Identificatie": "BER-2"},
        {"Dagtekening": "2025-04-06"},
        {"Datum": "1967-09-13"},
        {"Geslacht": "1"},
    ]
    other_records: list[dict[str, str | None]] = [
        {"ToewijzingNummer": None},
        {"Code": None},
        {"ToewijzingIngangsdatum": "2025-04-02"},
        {"Begindatum": "2025-04-02"},
        {"StatusAanlevering": "3"},
    ]
    digests = [decode(make(WMO305), key)[0].digest]
    digests += [decode(make(WMO305, **changes), key)[0].digest for changes in other_values]
    digests += [decode(make(WMO305, record), key)[0].digest for record in other_records]
    digests += [decode(make(m), key)[0].digest for m in MESSAGE_TYPES if m != WMO305]
    digests.append(decode(make(WMO305, {}, {"ToewijzingNummer": "7"}), key)[0].digest)
    assert len(set(digests)) == len(digests)


def test_what_no_dossier_keeps_is_no_part_of_the_digest(make: Make, key: PseudonymKey) -> None:
    # Gemeente and client are the dossier itself; names and the day of birth are kept nowhere.
    same: list[dict[str, str | None]] = [
        {"Ontvanger": "0153"},
        {"Bsn": "999900006"},
        {"Datum": "1967-08-14"},
        {"Achternaam": "Zwaluw"},
        {"Voornamen": None},
    ]
    digests = {decode(make(WMO305, **changes), key)[0].digest for changes in same}
    digests.add(decode(make(WMO305), PseudonymKey(b"another" * 8))[0].digest)
    assert digests == {decode(make(WMO305), key)[0].digest}


@pytest.mark.parametrize(
    "record",
    [
        {"ToewijzingNummer": "000000301"},
        {"ToewijzingNummer": " 301 "},
        {"Begindatum": "\t2025-04-01\n"},
        {"ToewijzingIngangsdatum": " 2025-03-30"},
    ],
)
def test_a_value_that_is_written_otherwise_gives_the_same_digest(
    make: Make, key: PseudonymKey, record: dict[str, str | None]
) -> None:
    plain = {
        "ToewijzingNummer": "301",
        "Begindatum": "2025-04-01",
        "ToewijzingIngangsdatum": "2025-03-30",
    }
    expected = decode(make(WMO305, plain), key)
    assert decode(make(WMO305, plain | record), key) == expected
    assert decode(make(WMO305, plain, Dagtekening=" 2025-04-05 "), key) == decode(
        make(WMO305, plain, Dagtekening="2025-04-05"), key
    )


def test_how_a_message_is_written_does_not_change_its_digest(make: Make, key: PseudonymKey) -> None:
    data = make(WMO305)
    for other in (
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data,
        data.replace(b"\t", b"").replace(b"\n", b""),
        data.replace(b"wmo305:", b"q:").replace(b"xmlns:wmo305", b"xmlns:q"),
    ):
        assert other != data and decode(other, key) == decode(data, key)


@pytest.mark.slow
def test_a_message_of_thousands_of_records_takes_time_in_proportion(
    make: Make, key: PseudonymKey
) -> None:
    # One pattern over all values once made this take a minute.
    data = make(WMO305, {"ToewijzingNummer": "x"})
    begin, end = data.index(b"<wmo305:StartProduct>"), data.index(b"</wmo305:StartProducten>")
    record = data[begin:end]
    many = b"".join(record.replace(b">x<", b">%d<" % n) for n in range(50_000))
    events = decode(data[:begin] + many + data[end:], key)
    assert [event.positie for event in events] == list(range(1, 50_001))
    assert [event.toewijzing for event in events] == list(range(50_000))
