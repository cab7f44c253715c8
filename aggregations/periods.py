"""
Calendar periods of figures: day, month, quarter, half-year and year, and when they close.

All dates are dates of Europe/Amsterdam; the clock itself is the caller's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from zorgstroom.aggregations.results import PeriodeSoort

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
MONTHS: Final[dict[PeriodeSoort, int]] = {"maand": 1, "kwartaal": 3, "halfjaar": 6, "jaar": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its kind and its first and last day."""

    soort: PeriodeSoort
    start: date
    end: date

    def peildatum(self, today: date) -> date:
        """Return the day on which `actief` is counted: the last day, or today while it runs."""
        return min(self.end, today)

    def is_over(self, today: date) -> bool:
        """Return whether its last day is past."""
        return today > self.end

    def is_final(self, today: date, late_days: int) -> bool:
        """Return whether the period is closed: over since `late_days` days, for late messages."""
        return today > self.end + timedelta(days=late_days)


def calendar_periods(first: date, today: date) -> list[Period]:
    """Return all months, quarters, half-years and years from `first` on that have begun."""
    if today < first:
        return []
    return [
        period
        for soort, months in MONTHS.items()
        for period in _spans(soort, months, date(first.year, 1, 1), today)
        if period.end >= first
    ]


def days(first: date, today: date) -> list[Period]:
    """Return every day from `first` through today as a period of its own."""
    return [
        Period("dag", day, day)
        for day in (first + timedelta(days=number) for number in range((today - first).days + 1))
    ]


def month_before(today: date, months: int) -> date:
    """Return the first day of the month that lies `months` before that of `today`."""
    year, month0 = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month0 + 1, 1)


def first_day(today: date, years: int) -> date:
    """Return 1 January, `years` years before the year of `today`: where figures begin."""
    return date(today.year - years, 1, 1)


def date_of(moment: datetime) -> date:
    """Return the date of `moment` (aware) in Amsterdam, where midnight moves `actief`."""
    return moment.astimezone(AMSTERDAM).date()


def _spans(soort: PeriodeSoort, months: int, start: date, today: date) -> Iterator[Period]:
    while start <= today:
        year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
        following = date(year, month0 + 1, 1)
        yield Period(soort, start, following - timedelta(days=1))
        start = following
