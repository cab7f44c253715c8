"""
Which published figures the page shows of an area: those of the period that runs.

Every product and measure has a figure there, whatever its count. Of a gemeente on the page of its
region only the totals are shown.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from zorgstroom.aggregations.periods import Period, calendar_periods
from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.contract import Filter, PublishedFigure

COLUMNS: Final = (
    *("gebied", "wet", "product_niveau", "product", "maat"),
    *("waarde", "tot_en_met", "status"),
)
"""Names of what `as_line` gives, in order; the period is the same for all lines."""


def running(soort: PeriodeSoort, today: date) -> Period:
    """Return the period of this kind that `today` lies in."""
    if soort == "dag":
        return Period("dag", today, today)
    periods = calendar_periods(today.replace(day=1, month=1), today)
    return next(period for period in reversed(periods) if period.soort == soort)


def current(areas: Sequence[str], soort: PeriodeSoort, today: date) -> Filter:
    """Return the question for the running period of `areas`, with every product."""
    start = running(soort, today).start
    return Filter(
        gebied=tuple(areas), periode_soort=(soort,), periode_vanaf=start, periode_tot_en_met=start
    )


def totals(areas: Sequence[str], soort: PeriodeSoort, today: date) -> Filter:
    """Return the question for the running period of `areas`, without products."""
    return replace(current(areas, soort, today), product_niveau=("totaal",))


def as_line(figure: PublishedFigure) -> tuple[object, ...]:
    """Return what the page needs of a figure, under the names of `COLUMNS`."""
    series = figure.series
    return (
        *(series.gebied, series.wet, series.product_niveau, series.product, series.maat),
        *(figure.waarde, figure.tot_en_met, figure.status),
    )
