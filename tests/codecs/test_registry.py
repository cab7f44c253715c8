from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from zorgstroom.codecs.catalog import MESSAGE_TYPES, MessageType
from zorgstroom.codecs.errors import EnvelopeError, Reason, StructureError, UnknownMessageError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder, decode

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
WMO305 = MessageType("Wmo", "start", "3.2")
KEPT_SECRET = {"digest", "client"}


def sample(shared_dir: Path, name: str) -> bytes:
    return (shared_dir / "domain" / "samples" / name).read_bytes()


def test_the_published_wmo305_reads_as_a_person_reads_it(
    shared_dir: Path, key: PseudonymKey
) -> None:
    first, second = decode(sample(shared_dir, "3.2/WMO305.xml"), key)
    assert isinstance(first, Start) and isinstance(second, Start)
    assert first.model_dump(exclude=KEPT_SECRET) == {
        "wet": "Wmo",
        "release": "3.2",
        "afzender": "65656055",
        "gemeente": "0363",
        "identificatie": "123456789013",
        "dagtekening": date(2025, 4, 5),
        "positie": 1,
        "geboortemaand": "1967-08",
        "geslacht": "1",
        "toewijzing": 300201,
        "categorie": "01",
        "code": "01A11",
        "toewijzing_ingangsdatum": date(2025, 4, 1),
        "begindatum": date(2025, 4, 3),
        "status": 1,
        "ontvangen": None,
        "soort": "start",
    }
    assert first.berichtcode == "418"
    assert (second.positie, second.toewijzing, second.code) == (2, 300202, "01A12")
    assert second.begindatum == date(2025, 4, 4)
    assert (first.client, first.digest) == (second.client, second.digest)
    assert first.client == key.client("0363", "999900006")


def test_the_published_jw307_reads_as_a_person_reads_it(
    shared_dir: Path, key: PseudonymKey
) -> None:
    first, second = decode(sample(shared_dir, "3.2/JW307.xml"), key)
    assert isinstance(first, Stop) and isinstance(second, Stop)
    assert first.model_dump(exclude=KEPT_SECRET) == {
        "wet": "Jw",
        "release": "3.2",
        "afzender": "65656055",
        "gemeente": "0363",
        "identificatie": "123456789012",
        "dagtekening": date(2026, 7, 20),
        "positie": 1,
        "geboortemaand": "2010-02",
        "geslacht": "1",
        "toewijzing": 300201,
        "categorie": "55",
        "code": "55A11",
        "toewijzing_ingangsdatum": date(2026, 4, 1),
        "begindatum": date(2026, 4, 3),
        "status": 1,
        "ontvangen": None,
        "soort": "stop",
        "reden": "31",
        "einddatum": date(2026, 7, 17),
    }
    assert first.berichtcode == "440"
    assert (second.positie, second.toewijzing, second.code) == (2, 300202, "55A12")
    assert second.begindatum == date(2026, 4, 15)


@pytest.mark.parametrize(
    ("name", "title", "why"),
    [
        ("3.2/JW306.xml", "JW306 van release 3.2", "Retourberichten"),
        ("3.2/WMO301.xml", "WMO301 van release 3.2", "Alleen start- en stopberichten"),
        ("2.3/WMO301.xml", "WMO301 van release 2.3", "Alleen start- en stopberichten"),
        ("2.3/JW305.xml", "JW305 van release 2.3", "Alleen de releases 3.0, 3.1 en 3.2"),
        ("2.3/WMO307.xml", "WMO307 van release 2.3", "Alleen de releases 3.0, 3.1 en 3.2"),
        ("2.3/WMO306.xml", "WMO306 van release 2.3", "Retourberichten"),
        ("2.0/CasusA-02-WMO301_toewijzing.xml", "WMO301 van release 2.0", "Alleen start-"),
        ("2.0/CasusB-02-WMO305_start.xml", "WMO305 van release 2.0", "Alleen de releases"),
        ("2.0/CasusB-04-WMO307_stop.xml", "WMO307 van release 2.0", "Alleen de releases"),
        ("2.0/CasusE-01-WMO305_correctie.xml", "WMO305 van release 2.0", "Alleen de releases"),
    ],
)
def test_another_published_message_is_refused_by_its_name(
    shared_dir: Path, refusal: Refusal, name: str, title: str, why: str
) -> None:
    reason = refusal(sample(shared_dir, name), kind=UnknownMessageError)
    assert reason.melding == f"{title} wordt niet gelezen"
    assert reason.oplossing.startswith(why)


def test_the_published_envelope_opens_and_its_placeholder_is_no_message(
    shared_dir: Path, key: PseudonymKey, refusal: Refusal
) -> None:
    found = sample(shared_dir, "ggk0210/envelopHeenbericht-ggk_Di01_v21-xml.xml")
    reason = refusal(found)
    assert (reason.reden, reason.element) == ("envelop", "parameters/bericht/xmlBestand")
    text = b"SGllciBzdGFhdCBlZW4gaVdtby9pSnctaGVlbmJlcmljaHQu"
    assert found.count(text) == 1
    start = sample(shared_dir, "3.2/WMO305.xml")
    event, _ = decode(found.replace(text, b64encode(start)), key)
    assert event.ontvangen == datetime(2016, 4, 21, 11, 25, 14, tzinfo=UTC)
    assert event.model_copy(update={"ontvangen": None}) == decode(start, key)[0]


@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
def test_every_message_of_every_release_is_read_by_its_namespace(
    make: Make, key: PseudonymKey, message: MessageType
) -> None:
    (event,) = decode(make(message), key)
    assert (event.wet, event.soort, event.release) == (
        message.wet,
        message.soort,
        message.release,
    )
    assert event.berichtcode == message.berichtcode


@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
@pytest.mark.parametrize("other", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
def test_a_header_that_contradicts_the_namespace_is_refused(
    make: Make, refusal: Refusal, message: MessageType, other: MessageType
) -> None:
    if other.berichtcode != message.berichtcode:
        reason = refusal(make(message, BerichtCode=other.berichtcode), kind=StructureError)
        assert reason.element == "Header/BerichtCode"
    if other.release != message.release:
        reason = refusal(make(message, BerichtSubversie=other.release[2]), kind=StructureError)
        assert reason.element == "Header/BerichtSubversie"
        assert reason.lijn == 6


def test_unknown_documents_are_refused_without_quoting_them(refusal: Refusal) -> None:
    for text in (
        "<Jansen/>",
        "<html><body>999996770</body></html>",
        '<a xmlns="urn:999996770"/>',
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_3/wmo305/schema"/>',
        '<x:Bericht xmlns:x="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema/extra/0001"/>',
        '<envelopRetourbericht-ggk_Du01 xmlns="http://www.stufstandaarden.nl/koppelvlak/ggk0210"/>',
    ):
        reason = refusal(text.encode(), kind=UnknownMessageError, secrets=("Jansen",))
        assert (reason.lijn, reason.element) == (1, "")


def test_a_stuf_error_message_is_told_apart(refusal: Refusal) -> None:
    reason = refusal(b'<Fo01Bericht xmlns="http://www.egem.nl/StUF/StUF0301"/>', kind=EnvelopeError)
    assert "foutbericht" in reason.melding


def test_a_right_root_name_in_the_wrong_message_is_refused(make: Make, refusal: Refusal) -> None:
    wrong = make(WMO305).replace(b"Bericht xmlns", b"Berichten xmlns")
    wrong = wrong.replace(b"</wmo305:Bericht>", b"</wmo305:Berichten>")
    assert refusal(wrong, kind=UnknownMessageError).lijn == 2


def test_a_decoder_keeps_no_bsn_and_no_name(make: Make, key: PseudonymKey) -> None:
    decoder = Decoder(key)
    events = decoder.decode(make(WMO305)) + decoder.decode(make(WMO305, Geslacht="1"))
    shown = f"{decoder.__dict__} {vars(decoder._skeletons)} {events!r}"
    for event in events:
        shown += f"{event} {event.model_dump()} {event.model_dump_json()}"
    for secret in ("999996770", "Zwaluwstaart", "Quirijn", "op 't", "QZX"):
        assert secret not in shown
    assert decoder._skeletons._known, "this test looks at a template that was learned"
