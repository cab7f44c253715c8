"""Werkdagen by hand around holidays and weekends, and as a law against a day-by-day count."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zorgstroom.aggregations.werkdagen import (
    GELIJKGESTELD,
    GELIJKGESTELD_YEARS,
    STANDAARD,
    Werkkalender,
    is_werkdag,
    werkdagen_between,
)

FREE = [
    "2024-01-01",  # Nieuwjaarsdag
    "2024-03-29",  # Goede Vrijdag
    "2024-04-01",  # tweede paasdag
    "2024-04-27",  # Koningsdag, a Saturday
    "2025-04-26",  # Koningsdag, moved: the 27th is a Sunday
    "2026-04-27",  # Koningsdag, a Monday
    "2013-04-30",  # Koninginnedag
    "2024-05-09",  # Hemelvaartsdag
    "2024-05-10",  # the Friday after, by decree
    "2024-05-20",  # tweede pinksterdag
    "2025-05-05",  # Bevrijdingsdag in a lustrum year
    "2026-05-05",  # Bevrijdingsdag in another year
    "2024-12-25",
    "2024-12-26",
    "2024-06-01",  # a Saturday
    "2024-06-02",  # a Sunday
]
WERKDAG = [
    "2025-04-28",  # the Monday after a moved Koningsdag
    "2025-04-25",
    "2024-04-30",  # no Koninginnedag any more
    "2022-05-27",  # the Friday after Hemelvaartsdag, of a year of which no decree is known
    "2024-12-24",
    "2024-12-31",
    "2024-02-29",
    "2026-12-28",  # the Monday after a Christmas of which a day fell on Saturday
]
TERMS = [
    # first, last, werkdagen: what a term counts from the day after
    ("2024-03-04", "2024-03-04", 0),  # on the day itself
    ("2024-03-04", "2024-03-11", 5),  # Monday to Monday
    ("2024-03-08", "2024-03-10", 0),  # Friday to Sunday
    ("2024-03-09", "2024-03-11", 1),  # Saturday to Monday
    ("2024-03-28", "2024-04-02", 1),  # Thursday before Easter to Tuesday after
    ("2024-03-27", "2024-04-08", 6),  # 28 March; 2, 3, 4, 5 and 8 April
    ("2025-04-17", "2025-04-22", 1),  # Easter 2025
    ("2025-04-25", "2025-04-28", 1),  # Koningsdag on a Saturday costs nothing
    ("2026-04-24", "2026-04-28", 1),  # Koningsdag on a Monday
    ("2025-05-02", "2025-05-06", 1),  # Bevrijdingsdag on a Monday
    ("2024-05-08", "2024-05-13", 1),  # 13 May: Hemelvaartsdag and the Friday after are free
    ("2026-05-13", "2026-05-21", 4),  # 18 to 21 May: Hemelvaartsdag 14, by decree 15 May
    ("2024-05-17", "2024-05-21", 1),  # Pinksteren
    ("2024-12-24", "2025-01-02", 3),  # 30, 31 December; 2 January
    ("2026-12-24", "2027-01-04", 5),  # 28 to 31 December; 4 January, a Monday
    ("2023-12-29", "2025-01-02", 254),  # 262 weekdays in 2024, 9 free ones, and 2 January 2025
]


@pytest.mark.parametrize("day", FREE)
def test_a_holiday_or_weekend_is_no_werkdag(day: str) -> None:
    assert not is_werkdag(date.fromisoformat(day))


@pytest.mark.parametrize("day", WERKDAG)
def test_an_ordinary_day_is_a_werkdag(day: str) -> None:
    assert is_werkdag(date.fromisoformat(day))


@pytest.mark.parametrize(("first", "last", "count"), TERMS)
def test_a_term_counts_the_werkdagen_after_its_first_day(first: str, last: str, count: int) -> None:
    assert werkdagen_between(date.fromisoformat(first), date.fromisoformat(last)) == count
    assert werkdagen_between(date.fromisoformat(last), date.fromisoformat(first)) == -count


def test_the_last_day_of_a_term() -> None:
    assert STANDAARD.na(date(2024, 3, 28), 5) == date(2024, 4, 8)
    assert STANDAARD.na(date(2024, 12, 24), 5) == date(2025, 1, 6)
    assert STANDAARD.na(date(2024, 3, 9), 0) == date(2024, 3, 9)
    with pytest.raises(ValueError, match="werkdagen"):
        STANDAARD.na(date(2024, 3, 9), -1)


def test_good_friday_and_5_may_are_choices() -> None:
    works = Werkkalender(goede_vrijdag_vrij=False, bevrijdingsdag_vrij="nooit")
    lustrum = Werkkalender(bevrijdingsdag_vrij="lustrum")
    assert works.is_werkdag(date(2024, 3, 29)) and works.is_werkdag(date(2025, 5, 5))
    assert not lustrum.is_werkdag(date(2025, 5, 5)) and lustrum.is_werkdag(date(2026, 5, 5))
    # Ascension Day fell on 5 May in 2016.
    assert not works.is_werkdag(date(2016, 5, 5))


def test_days_equated_by_decree_are_a_choice_and_lie_in_the_years_that_are_complete() -> None:
    works = Werkkalender(gelijkgesteld_vrij=False)
    for day in GELIJKGESTELD:
        assert works.is_werkdag(day) and not STANDAARD.is_werkdag(day)
    assert {day.year for day in GELIJKGESTELD} == set(GELIJKGESTELD_YEARS)


def test_a_region_adds_days_of_its_own() -> None:
    bridge = Werkkalender(extra_vrij=frozenset({date(2022, 5, 27)}))
    assert not bridge.is_werkdag(date(2022, 5, 27))
    assert bridge.tussen(date(2022, 5, 25), date(2022, 5, 30)) == 1


CALENDARS = st.builds(
    Werkkalender,
    goede_vrijdag_vrij=st.booleans(),
    bevrijdingsdag_vrij=st.sampled_from(["jaarlijks", "lustrum", "nooit"]),
    gelijkgesteld_vrij=st.booleans(),
    extra_vrij=st.frozensets(st.dates(date(2019, 1, 1), date(2030, 1, 1)), max_size=3),
)
DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@settings(deadline=None)
@given(kalender=CALENDARS, first=DAYS, days=st.integers(0, 900))
def test_tussen_is_a_count_day_by_day(kalender: Werkkalender, first: date, days: int) -> None:
    last = first + timedelta(days=days)
    counted = sum(kalender.is_werkdag(first + timedelta(days=n)) for n in range(1, days + 1))
    assert kalender.tussen(first, last) == counted


@settings(deadline=None)
@given(kalender=CALENDARS, first=DAYS, werkdagen=st.integers(1, 60))
def test_na_ends_a_term_on_a_werkdag(kalender: Werkkalender, first: date, werkdagen: int) -> None:
    last = kalender.na(first, werkdagen)
    assert kalender.is_werkdag(last)
    assert kalender.tussen(first, last) == werkdagen
