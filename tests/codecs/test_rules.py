"""The rules of level 2 at their borders, in messages and on their own."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.codecs.catalog import MESSAGE_TYPES, MessageType, Release
from zorgstroom.codecs.errors import Reason, RuleError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import decode
from zorgstroom.codecs.rules import check_birth, check_bsn

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
WMO305, WMO307, JW305, JW307 = (m for m in MESSAGE_TYPES if m.release == "3.2")
STARTS = [m for m in MESSAGE_TYPES if m.soort == "start"]


def eleven(bsn: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(digit) for w, digit in zip(weights, bsn, strict=True)) % 11 == 0


def test_the_test_numbers_of_the_standard_are_right_bsns() -> None:
    for bsn in ("999900006", "999996770", "999999990", "123456782"):
        assert check_bsn(bsn) is None


@given(st.integers(1, 999_999_999))
def test_a_bsn_is_right_when_the_weighted_sum_is_divisible_by_eleven(number: int) -> None:
    bsn = f"{number:09d}"
    assert (check_bsn(bsn) is None) == eleven(bsn)


def test_one_wrong_digit_or_two_swapped_ones_break_a_bsn() -> None:
    bsn = "999996770"
    for place in range(9):
        for digit in "0123456789":
            changed = bsn[:place] + digit + bsn[place + 1 :]
            assert (check_bsn(changed) is None) == (changed == bsn)
    for place in range(8):
        swapped = bsn[:place] + bsn[place + 1] + bsn[place] + bsn[place + 2 :]
        assert (check_bsn(swapped) is None) == (swapped == bsn)


@pytest.mark.parametrize("bsn", ["999996771", "000000000", "123456789"])
def test_a_wrong_bsn_is_refused_by_cs002_without_being_told(
    make: Make, refusal: Refusal, bsn: str
) -> None:
    reason = refusal(make(WMO305, Bsn=bsn), kind=RuleError, secrets=(bsn,))
    assert (reason.regel, reason.element, reason.lijn) == ("CS002", "Client/Bsn", 19)


def test_nine_zeros_are_refused_for_their_own_reason(make: Make, refusal: Refusal) -> None:
    reason = refusal(make(WMO305, Bsn="000000000"), kind=RuleError, secrets=("000000000",))
    assert "van niemand" in reason.melding
    assert "voldoet niet" not in reason.melding


@pytest.mark.parametrize("status", ["2", "9"])
@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
def test_a_status_that_only_the_schema_allows_is_refused_by_cs058(
    make: Make, refusal: Refusal, message: MessageType, status: str
) -> None:
    data = make(message, {}, {"ToewijzingNummer": "8", "StatusAanlevering": status})
    reason = refusal(data, kind=RuleError)
    assert reason.regel == "CS058"
    assert reason.element.endswith("Product[2]/StatusAanlevering")
    assert "(1)" in reason.oplossing and "(3)" in reason.oplossing


@pytest.mark.parametrize(
    ("usage", "birth", "good"),
    [
        (None, "1967-08-13", True),
        (None, "1967-01-01", True),
        ("1", "1967-08-01", True),
        ("1", "1967-01-01", True),
        ("1", "1967-08-13", False),
        ("2", "1967-01-01", True),
        ("2", "1967-08-01", False),
        ("2", "1967-01-13", False),
        ("3", "1900-01-01", True),
        ("3", "1967-01-01", False),
        ("3", "1900-01-02", False),
    ],
)
def test_cs139_wants_unknown_parts_filled_with_01_or_1900(
    make: Make, refusal: Refusal, key: PseudonymKey, usage: str | None, birth: str, good: bool
) -> None:
    data = make(JW305, Datum=birth, DatumGebruik=usage)
    if good:
        (event,) = decode(data, key)
        assert event.geboortemaand == (None if usage == "3" else birth[:7])
    else:
        reason = refusal(data, kind=RuleError)
        assert (reason.regel, reason.element) == ("CS139", "Client/Geboortedatum/Datum")


@pytest.mark.parametrize(
    ("birth", "usage", "sent", "good"),
    [
        ("2025-04-05", None, "2025-04-05", True),
        ("2025-04-06", None, "2025-04-05", False),
        ("1905-04-05", None, "2025-04-05", True),
        ("1905-04-04", None, "2025-04-05", False),
        ("1904-12-31", None, "2025-04-05", False),
        ("1904-02-29", None, "2024-02-29", True),
        ("1904-02-29", None, "2024-03-01", False),
        ("1900-01-01", None, "2025-04-05", False),
        ("1900-01-01", "3", "2025-04-05", True),
        ("1900-01-01", "2", "2025-04-05", False),
    ],
)
def test_tr002_wants_a_plausible_age(
    make: Make, refusal: Refusal, key: PseudonymKey, birth: str, usage: str | None, sent: str,
    good: bool,
) -> None:  # fmt: skip
    start = {"Begindatum": "2024-01-01"}
    data = make(WMO305, start, Datum=birth, DatumGebruik=usage, Dagtekening=sent)
    if good:
        assert decode(data, key)
    else:
        assert refusal(data, kind=RuleError).regel == "TR002"


@given(st.dates(date(1800, 1, 1), date(2100, 12, 31)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_tr002_is_broken_when_someone_is_past_the_120th_birthday(birth: date, sent: date) -> None:
    # Written as eight digits, a date is a number whose order is that of the calendar.
    age = int(f"{sent:%Y%m%d}") - int(f"{birth:%Y%m%d}")
    broken = check_birth(birth, None, sent)
    assert (broken is None) == (0 <= age <= 1200000)
    assert broken is None or broken.regel == "TR002"


def test_a_start_after_the_date_of_sending_breaks_tr134(
    make: Make, refusal: Refusal, key: PseudonymKey
) -> None:
    assert decode(make(WMO305, {"Begindatum": "2025-04-05"}), key)
    reason = refusal(make(WMO305, {"Begindatum": "2025-04-06"}), kind=RuleError)
    assert reason.regel == "TR134" and "OP011" in reason.oplossing
    assert reason.element == "Client/StartProducten/StartProduct[1]/Begindatum"


@pytest.mark.parametrize(
    ("begin", "end", "rule"),
    [
        ("2025-04-03", "2025-04-03", None),
        ("2025-04-05", "2025-04-05", None),
        ("2025-04-03", "2025-04-02", "TR018"),
        ("2025-04-03", "2025-04-06", "TR134"),
        ("2025-04-07", "2025-04-06", "TR018"),
        ("2025-04-06", "2025-04-06", "TR134"),
    ],
)
def test_an_end_lies_between_begin_and_date_of_sending(
    make: Make, refusal: Refusal, key: PseudonymKey, begin: str, end: str, rule: str | None
) -> None:
    data = make(JW307, {"Begindatum": begin, "Einddatum": end})
    if rule is None:
        assert decode(data, key)
    else:
        reason = refusal(data, kind=RuleError)
        assert reason.regel == rule
        assert reason.element == "Client/StopProducten/StopProduct[1]/Einddatum"


def test_a_date_of_sending_after_today_breaks_tr135_when_today_is_known(
    make: Make, refusal: Refusal, key: PseudonymKey
) -> None:
    data = make(WMO305)
    assert decode(data, key) == decode(data, key, today=date(2025, 4, 5))
    reason = refusal(data, today=date(2025, 4, 4), kind=RuleError)
    assert reason.regel == "TR135"
    assert reason.element == "Header/BerichtIdentificatie/Dagtekening"


@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
def test_two_records_with_one_key_break_tr101_whatever_their_status(
    make: Make, refusal: Refusal, message: MessageType
) -> None:
    for second in (
        {},
        {"StatusAanlevering": "3"},
        {"ToewijzingIngangsdatum": None},
        {"ToewijzingNummer": "+00300201"},
    ):
        reason = refusal(make(message, {}, {"Begindatum": "2025-04-01"}, second), kind=RuleError)
        assert reason.regel == "TR101"
        assert "Product[3]/" in reason.element


@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda m: f"{m.name} {m.release}")
def test_a_difference_in_any_part_of_the_key_makes_another_record(
    make: Make, key: PseudonymKey, message: MessageType
) -> None:
    different: list[dict[str, str | None]] = [
        {},
        {"ToewijzingNummer": "300202"},
        {"ToewijzingNummer": None},
        {"Categorie": "03" if message.wet == "Wmo" else "46"},
        {"Code": "02A12"},
        {"Code": None},
        {"Code": None, "Categorie": None},
        {"Begindatum": "2025-04-02"},
    ]
    if message.soort == "stop":
        different.append({"Einddatum": "2025-04-03"})
    assert len(decode(make(message, *different), key)) == len(different)


@pytest.mark.parametrize("release", ["3.0", "3.1", "3.2"])
def test_the_reason_is_part_of_a_stops_key_from_3_2(
    make: Make, refusal: Refusal, key: PseudonymKey, release: Release
) -> None:
    message = MessageType("Wmo", "stop", release)
    data = make(message, {}, {"RedenBeeindiging": "23"})
    if release == "3.2":
        assert len(decode(data, key)) == 2
    else:
        assert refusal(data, kind=RuleError).regel == "TR101"


def test_one_wrong_record_refuses_the_message_as_a_whole(make: Make, refusal: Refusal) -> None:
    records: list[dict[str, str]] = [{"ToewijzingNummer": str(n)} for n in range(9)]
    records[6]["Begindatum"] = "2025-04-06"
    reason = refusal(make(WMO305, *records))
    assert re.search(r"StartProduct\[7\]", reason.element)
