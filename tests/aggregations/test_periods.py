"""The calendar: borders of periods, leap years, midnight of Amsterdam, and when periods close."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.aggregations.periods import (
    Period,
    calendar_periods,
    date_of,
    days,
    first_day,
)

some_day = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def spans(soort: str, first: date, today: date) -> list[tuple[str, str]]:
    return [
        (period.start.isoformat(), period.end.isoformat())
        for period in calendar_periods(first, today)
        if period.soort == soort
    ]


def test_the_periods_of_a_leap_year() -> None:
    first, today = date(2024, 1, 1), date(2024, 12, 31)
    assert spans("maand", first, today)[:3] == [
        ("2024-01-01", "2024-01-31"),
        ("2024-02-01", "2024-02-29"),
        ("2024-03-01", "2024-03-31"),
    ]
    assert spans("kwartaal", first, today) == [
        ("2024-01-01", "2024-03-31"),
        ("2024-04-01", "2024-06-30"),
        ("2024-07-01", "2024-09-30"),
        ("2024-10-01", "2024-12-31"),
    ]
    assert spans("halfjaar", first, today) == [
        ("2024-01-01", "2024-06-30"),
        ("2024-07-01", "2024-12-31"),
    ]
    assert spans("jaar", first, today) == [("2024-01-01", "2024-12-31")]


@pytest.mark.parametrize(
    ("today", "maand", "kwartaal", "halfjaar", "jaar"),
    [
        (date(2025, 1, 1), 13, 5, 3, 2),
        (date(2025, 3, 31), 15, 5, 3, 2),
        (date(2025, 4, 1), 16, 6, 3, 2),
        (date(2025, 6, 30), 18, 6, 3, 2),
        (date(2025, 7, 1), 19, 7, 4, 2),
        (date(2025, 12, 31), 24, 8, 4, 2),
    ],
)
def test_a_period_opens_on_its_first_day(
    today: date, maand: int, kwartaal: int, halfjaar: int, jaar: int
) -> None:
    periods = [p.soort for p in calendar_periods(date(2024, 1, 1), today)]
    assert [periods.count(soort) for soort in ("maand", "kwartaal", "halfjaar", "jaar")] == [
        maand,
        kwartaal,
        halfjaar,
        jaar,
    ]


def test_february_of_a_century_is_no_leap_month() -> None:
    assert ("2100-02-01", "2100-02-28") in spans("maand", date(2100, 1, 1), date(2100, 3, 1))
    assert ("2000-02-01", "2000-02-29") in spans("maand", date(2000, 1, 1), date(2000, 3, 1))


def test_periods_begin_with_the_one_that_holds_the_first_day() -> None:
    first, today = date(2024, 5, 20), date(2024, 5, 21)
    assert spans("maand", first, today) == [("2024-05-01", "2024-05-31")]
    assert spans("kwartaal", first, today) == [("2024-04-01", "2024-06-30")]
    assert spans("jaar", first, today) == [("2024-01-01", "2024-12-31")]


@given(some_day, st.integers(0, 800))
def test_periods_of_a_kind_join_without_gap_and_hold_today(first: date, span: int) -> None:
    today = first + timedelta(days=span)
    for soort in ("maand", "kwartaal", "halfjaar", "jaar"):
        own = [p for p in calendar_periods(first, today) if p.soort == soort]
        for one, following in itertools.pairwise(own):
            assert following.start - one.end == timedelta(days=1)
        assert own[0].start <= first <= own[0].end
        assert own[-1].start <= today <= own[-1].end


def test_days_run_from_the_first_day_through_today() -> None:
    found = days(date(2024, 2, 28), date(2024, 3, 1))
    assert [p.start.day for p in found] == [28, 29, 1]
    assert all(p.soort == "dag" and p.start == p.end for p in found)
    assert days(date(2024, 3, 1), date(2024, 2, 29)) == []


def test_the_peildatum_is_today_while_a_period_runs_and_its_last_day_after() -> None:
    may = Period("maand", date(2024, 5, 1), date(2024, 5, 31))
    assert may.peildatum(date(2024, 5, 30)) == date(2024, 5, 30)
    assert may.peildatum(date(2024, 5, 31)) == date(2024, 5, 31)
    assert may.peildatum(date(2024, 6, 1)) == date(2024, 5, 31)


def test_a_period_closes_the_day_after_the_late_days() -> None:
    may = Period("maand", date(2024, 5, 1), date(2024, 5, 31))
    assert not may.is_final(date(2024, 5, 31), 0)
    assert may.is_final(date(2024, 6, 1), 0)
    assert not may.is_final(date(2024, 6, 30), 30)
    assert may.is_final(date(2024, 7, 1), 30)


def test_figures_begin_on_1_january_some_years_ago() -> None:
    assert first_day(date(2024, 12, 31), 2) == date(2022, 1, 1)
    assert first_day(date(2024, 2, 29), 1) == date(2023, 1, 1)
    assert first_day(date(2025, 1, 1), 0) == date(2025, 1, 1)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2024, 1, 1, 22, 59, 59, tzinfo=UTC), date(2024, 1, 1)),
        (datetime(2024, 1, 1, 23, 0, tzinfo=UTC), date(2024, 1, 2)),  # winter: UTC+1
        (datetime(2024, 7, 1, 21, 59, 59, tzinfo=UTC), date(2024, 7, 1)),
        (datetime(2024, 7, 1, 22, 0, tzinfo=UTC), date(2024, 7, 2)),  # summer: UTC+2
        (datetime(2024, 12, 31, 23, 0, tzinfo=UTC), date(2025, 1, 1)),
    ],
)
def test_the_date_is_that_of_amsterdam(moment: datetime, day: date) -> None:
    assert date_of(moment) == day


@pytest.mark.parametrize(
    ("moment", "midnight"),
    [
        (datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 23, tzinfo=UTC)),
        (datetime(2024, 7, 1, 12, tzinfo=UTC), datetime(2024, 7, 1, 22, tzinfo=UTC)),
        # 31 March 2024, summer time begins: a day of 23 hours, from 23:00 to 22:00 UTC.
        (datetime(2024, 3, 30, 23, 0, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC)),
        # 27 October 2024, it ends: a day of 25 hours, from 22:00 to 23:00 UTC.
        (datetime(2024, 10, 26, 22, 0, tzinfo=UTC), datetime(2024, 10, 27, 23, tzinfo=UTC)),
        (datetime(2024, 12, 31, 12, tzinfo=UTC), datetime(2024, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_midnight_is_that_of_amsterdam_also_when_the_clocks_change(
    moment: datetime, midnight: datetime
) -> None:
    assert date_of(midnight) == date_of(moment) + timedelta(days=1)
    assert date_of(midnight - timedelta(microseconds=1)) == date_of(moment)
