"""Where a published figure stands: a line of the table and a period, whatever its value."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from zorgstroom.aggregations.ledger import STOCKS
from zorgstroom.aggregations.periods import MONTHS, month_before
from zorgstroom.aggregations.results import PeriodeSoort, Series


class Place(NamedTuple):
    """Where a figure stands, whatever its value."""

    series: Series
    periode: date

    @property
    def end(self) -> date:
        """Last day of the period."""
        return period_end(self.series.periode_soort, self.periode)

    @property
    def text(self) -> str:
        """The figure as a person names it."""
        series = self.series
        product = series.product or series.product_niveau
        return (
            f"{series.gebied} {series.wet} {product} {series.maat} {series.periode_soort} "
            f"{self.periode.isoformat()}"
        )

    def of_kind(self, soort: PeriodeSoort, day: date) -> "Place":
        """Return the place of the same line in the period of `soort` that `day` lies in."""
        return Place(_series_of_kind(self.series, soort), period_start(soort, day))

    def within(self) -> Iterator["Place"]:
        """Yield the places of the same line in the periods of months that this one lies in."""
        for soort in MONTHS:
            longer = self.of_kind(soort, self.periode)
            if longer.end >= self.end:
                yield longer

    def is_sum(self, today: date) -> bool:
        """Return whether this is a running period of a flow, which holds a sum of figures."""
        return (
            self.end >= today
            and self.series.maat not in STOCKS
            and MONTHS.get(self.series.periode_soort, 1) > 1
        )


@lru_cache(maxsize=1 << 16)
def _series_of_kind(series: Series, soort: PeriodeSoort) -> Series:
    return replace(series, periode_soort=soort)


@lru_cache(maxsize=1 << 12)
def period_end(soort: PeriodeSoort, start: date) -> date:
    """Return the last day of the period that begins on `start`."""
    if soort == "dag":
        return start
    return month_before(start, -MONTHS[soort]) - timedelta(days=1)


@lru_cache(maxsize=1 << 12)
def period_start(soort: PeriodeSoort, day: date) -> date:
    """Return the first day of the period of `soort` that `day` lies in."""
    if soort == "dag":
        return day
    return month_before(day, (day.month - 1) % MONTHS[soort])


@lru_cache(maxsize=1 << 12)
def ended_parts(
    soort: PeriodeSoort, start: date, first: date, today: date
) -> tuple[tuple[PeriodeSoort, date], ...]:
    """
    Return the periods of months within another that ended before `today`, in order.

    Of those that begin on the same day the longest comes first.

    Args:
        soort: Kind of the period that they lie in.
        start: Its first day.
        first: The first published day: what lies before it is left out.
        today: The day as of which it is looked at.

    """
    months = [month_before(start, -at) for at in range(MONTHS[soort])]
    within = {(kind, period_start(kind, month)) for kind in MONTHS for month in months}
    end = period_end(soort, start)
    ended = [
        (kind, day)
        for kind, day in within
        if first <= period_end(kind, day) <= end and day >= start and period_end(kind, day) < today
    ]
    return tuple(sorted(ended, key=lambda part: (max(part[1], first), -MONTHS[part[0]])))
