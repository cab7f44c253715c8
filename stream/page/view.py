"""
Which published figures the page shows of an area: one for each product and measure.

A publication need not hold every combination: some figures only appear at a close. Then the line
shows the latest figure there is, under its own period. What was never published has no line here,
and what is suppressed has a figure without a value; the page explains both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from zorgstroom.aggregations.disclosure.plan import STOCKS
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.periods import MONTHS, Period, calendar_periods
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.contract import Filter, PublishedFigure

COLUMNS: Final = (
    *("gebied", "wet", "product_niveau", "product", "maat"),
    *("periode_soort", "periode", "waarde", "status", "bijgewerkt_op"),
)
"""Names of what `as_line` gives, in order."""
TOTALS: Final = 2 * len(MATEN)
"""Lines of an area without products: two wetten."""
LINES: Final = len(PRODUCTS) * len(MATEN)
"""Lines of an area of which every product is published."""
KINDS: Final[tuple[PeriodeSoort, ...]] = (*MONTHS, "dag")
Line = tuple[str, str, str, str, str]


def running(soort: PeriodeSoort, today: date) -> Period:
    """Return the period of this kind that `today` lies in."""
    if soort == "dag":
        return Period("dag", today, today)
    found = calendar_periods(today.replace(day=1, month=1), today)
    return next(period for period in reversed(found) if period.soort == soort)


def current(areas: Sequence[str], soort: PeriodeSoort, today: date) -> Filter:
    """Return the question for the running period of `areas`, with every product."""
    start = running(soort, today).start
    return Filter(
        gebied=tuple(areas), periode_soort=(soort,), periode_vanaf=start, periode_tot_en_met=start
    )


def totals(areas: Sequence[str], soort: PeriodeSoort, today: date) -> Filter:
    """Return the question for the running period of `areas`, without products."""
    return replace(current(areas, soort, today), product_niveau=("totaal",))


def recent(areas: Sequence[str], today: date) -> Filter:
    """Return the question for what was published of `areas` since the year before this one."""
    return Filter(
        gebied=tuple(areas),
        periode_soort=tuple(MONTHS),
        periode_vanaf=date(today.year - 1, 1, 1),
        periode_tot_en_met=today,
    )


def recent_totals(areas: Sequence[str], today: date) -> Filter:
    """Return the same as `recent`, without products."""
    return replace(recent(areas, today), product_niveau=("totaal",))


def newest(
    figures: Iterable[PublishedFigure], soort: PeriodeSoort, today: date
) -> dict[Line, PublishedFigure]:
    """
    Return one figure for each line: of the running period, otherwise the latest there is.

    A stock is of a day, so the latest reference day comes first, then the kind `soort`, then the
    shorter; a value goes before a suppressed one only within the same reference day. What is
    counted over a period cannot be read without it: there a value of the kind `soort` comes first.
    """
    start = running(soort, today).start
    best: dict[Line, PublishedFigure] = {}
    for figure in figures:
        line = _line(figure)
        known = best.get(line)
        if known is None or _rank(figure, soort, start, today) > _rank(known, soort, start, today):
            best[line] = figure
    return best


def as_line(figure: PublishedFigure) -> tuple[object, ...]:
    """Return what the page needs of a figure, under the names of `COLUMNS`."""
    series = figure.series
    return (
        *_line(figure),
        series.periode_soort,
        figure.periode,
        figure.waarde,
        figure.status,
        figure.bijgewerkt_op,
    )


def next_closes(today: date, late_days: int) -> list[dict[str, object]]:
    """
    Return the first period of each kind that is still to be closed, and the day of its close.

    Args:
        today: The date of the calendar.
        late_days: Days after its end in which late messages still count.

    """
    periods = calendar_periods(today - timedelta(days=late_days + 366), today)
    found: list[dict[str, object]] = []
    for soort in MONTHS:
        period = next(p for p in periods if p.soort == soort and not p.is_final(today, late_days))
        closes = period.end + timedelta(days=late_days + 1)
        found.append({"periode_soort": soort, "periode": period.start, "sluit_op": closes})
    return found


def _line(figure: PublishedFigure) -> Line:
    s = figure.series
    return s.gebied, s.wet, s.product_niveau, s.product, s.maat


def _rank(
    figure: PublishedFigure, soort: PeriodeSoort, start: date, today: date
) -> tuple[object, ...]:
    kind = figure.series.periode_soort
    return (
        kind == soort and figure.periode == start,
        kind == soort and figure.waarde is not None and figure.series.maat not in STOCKS,
        min(_end(kind, figure.periode), today),
        figure.waarde is not None,
        kind == soort,
        -KINDS.index(kind),
    )


def _end(soort: PeriodeSoort, start: date) -> date:
    if soort == "dag":
        return start
    year, month0 = divmod(start.year * 12 + start.month - 1 + MONTHS[soort], 12)
    return date(year, month0 + 1, 1) - timedelta(days=1)
