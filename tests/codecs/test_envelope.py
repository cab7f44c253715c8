from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from zorgstroom.codecs.catalog import MESSAGE_TYPES
from zorgstroom.codecs.envelope import NAMESPACE, STUF
from zorgstroom.codecs.errors import EnvelopeError, Reason, RuleError, UnsafeInputError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder, decode

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
WMO305 = MESSAGE_TYPES[-4]


def wrap(payload: bytes, moment: str = "20250405133015", code: str = "Di01") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<g:envelopHeenbericht-ggk_Di01 xmlns:s="{STUF}" xmlns:g="{NAMESPACE}">
<g:stuurgegevens><s:berichtcode>{code}</s:berichtcode>
<s:tijdstipBericht>{moment}</s:tijdstipBericht><s:functie>WMO305</s:functie></g:stuurgegevens>
<g:parameters><g:bericht>
<g:xmlBestand>{b64encode(payload).decode()}</g:xmlBestand>
</g:bericht></g:parameters></g:envelopHeenbericht-ggk_Di01>
""".encode()


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("20250405133015", datetime(2025, 4, 5, 11, 30, 15, tzinfo=UTC)),
        ("20250105133015", datetime(2025, 1, 5, 12, 30, 15, tzinfo=UTC)),
        ("202504051330157", datetime(2025, 4, 5, 11, 30, 15, 700_000, tzinfo=UTC)),
        ("20250405133015007", datetime(2025, 4, 5, 11, 30, 15, 7_000, tzinfo=UTC)),
        (" 20250405133015\n", datetime(2025, 4, 5, 11, 30, 15, tzinfo=UTC)),
        ("20251026023000", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("20250330023000", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("20240229000000", datetime(2024, 2, 28, 23, 0, tzinfo=UTC)),
    ],
)
def test_the_time_of_receipt_is_dutch_time_told_in_utc(
    make: Make, key: PseudonymKey, moment: str, utc: datetime
) -> None:
    (event,) = decode(wrap(make(WMO305), moment), key)
    assert event.ontvangen == utc
    assert event.model_copy(update={"ontvangen": None}) == decode(make(WMO305), key)[0]


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "2025040513301",
        "202504051330150000",
        "20250431000000",
        "20250405240000",
        "20250405126000",
        "2025-04-05T13:30",
        "00000101000000",
        "00010101000000",
        "２０２５０４０５１３３０１５",
    ],
)
def test_a_time_that_does_not_exist_is_refused(make: Make, refusal: Refusal, moment: str) -> None:
    reason = refusal(wrap(make(WMO305), moment), kind=EnvelopeError)
    assert (reason.regel, reason.element) == ("GGk0210", "stuurgegevens/tijdstipBericht")


@pytest.mark.parametrize("code", ["Du01", "Fo01", "", "Di02"])
def test_another_code_than_di01_is_refused(make: Make, refusal: Refusal, code: str) -> None:
    reason = refusal(wrap(make(WMO305), code=code), kind=EnvelopeError)
    assert reason.element == "stuurgegevens/berichtcode"


def test_each_part_that_is_needed_must_stand_there_once(make: Make, refusal: Refusal) -> None:
    good = wrap(make(WMO305)).decode()
    for name in ("s:berichtcode", "s:tijdstipBericht", "g:xmlBestand"):
        begin = good.index(f"<{name}>")
        end = good.index(f"</{name}>") + len(name) + 3
        part = good[begin:end]
        inside = part.replace("</", "<x/></", 1)
        for bad in (part * 2, "", inside):
            reason = refusal(good.replace(part, bad).encode(), kind=EnvelopeError)
            assert name[2:] in reason.melding and "precies een keer" in reason.melding


@pytest.mark.parametrize("body", ["====", "a", "PGE+*", "é", "PGE+PGE"])
def test_a_payload_that_is_no_base64_is_refused(refusal: Refusal, body: str) -> None:
    data = wrap(b"").replace(b"<g:xmlBestand>", b"<g:xmlBestand>" + body.encode())
    assert refusal(data, kind=EnvelopeError).element == "parameters/bericht/xmlBestand"


def test_a_payload_may_be_broken_over_lines(make: Make, key: PseudonymKey) -> None:
    data = wrap(make(WMO305))
    begin = data.index(b"<g:xmlBestand>") + 14
    end = data.index(b"</g:xmlBestand>")
    body = data[begin:end]
    lines = b"\r\n\t".join(body[at : at + 76] for at in range(0, len(body), 76))
    broken = data[:begin] + lines + data[end:]
    assert decode(broken, key) == decode(data, key)


def test_errors_inside_a_payload_are_those_of_the_message(make: Make, refusal: Refusal) -> None:
    inside = make(WMO305, Bsn="999996771")
    with pytest.raises(RuleError) as caught:
        decode(wrap(inside), PseudonymKey(b"x" * 32))
    assert caught.value.reason == refusal(inside)
    assert refusal(wrap(b"")).reden == "envelop", "the envelope itself was complete"
    assert refusal(wrap(b"\xff\xfe<\x00"), kind=UnsafeInputError).regel == "OP192"


def test_today_holds_for_a_wrapped_message_too(make: Make, refusal: Refusal) -> None:
    with pytest.raises(RuleError, match="TR135"):
        decode(wrap(make(WMO305)), PseudonymKey(b"x" * 32), today=date(2025, 4, 4))


def test_an_envelope_in_an_envelope_is_refused(make: Make, refusal: Refusal) -> None:
    assert refusal(wrap(wrap(make(WMO305)))).reden == "ander_bericht"


def test_the_size_of_the_message_inside_has_the_limit_of_the_exchange(refusal: Refusal) -> None:
    assert refusal(wrap(b" " * 25_000_001), kind=UnsafeInputError).regel == "OP192"


def test_mentioning_the_envelope_gives_a_message_no_larger_limit(
    make: Make, refusal: Refusal
) -> None:
    data = make(WMO305, Identificatie="ggk0210") + b" " * 25_000_000
    assert refusal(data, kind=UnsafeInputError).regel == "OP192"


def test_a_message_that_mentions_the_envelope_is_read_as_any_other(
    make: Make, key: PseudonymKey
) -> None:
    decoder = Decoder(key)
    first = decoder.decode(make(WMO305, Identificatie="ggk0210"))
    assert first == decoder.decode(make(WMO305, Identificatie="ggk0210"))
    assert first[0].identificatie == "ggk0210"
