"""
What stands of a region after a restart: its live figures, and what its closed months counted.

Both follow from what was published and from the dossiers, so whoever takes over a region goes on
where the last owner stopped.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.disclosure.closing import WETTEN
from zorgstroom.aggregations.disclosure.contributors import Indicaties, Stood
from zorgstroom.aggregations.disclosure.plan import (
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    cells,
    last_day,
    month_before,
    running,
)
from zorgstroom.aggregations.disclosure.rows import Row, Rows
from zorgstroom.aggregations.dossier import Dossier, load
from zorgstroom.aggregations.figures import Counts, RegionFigures
from zorgstroom.aggregations.ledger import MATEN, Ledger
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.regions import Region

Frozen = dict[str, Counts]
"""Exact counts of one month at its close: per area `values[product, maat]`."""


class Live(NamedTuple):
    """The figure that stands of a live cell."""

    waarde: int
    tijd: datetime
    """When it was made."""


class Standing(NamedTuple):
    """The live cells that have a figure."""

    last: dict[Cell, Live]
    made: dict[Cell, tuple[int, int]]
    """The `versie` of each figure, and the day (ordinal) up to which it counts."""


def standing(rows: Rows, plan: Plan, months: Sequence[date], today: date) -> Standing:
    """
    Return the live figures that stand in `rows`.

    Args:
        rows: What was published.
        plan: What is published.
        months: The published months that have begun, in order.
        today: The day up to which figures count.

    """
    found = Standing({}, {})
    for wet in WETTEN:
        for maat in MATEN:
            for month in months:
                if Span("maand", month) in rows.closed:
                    continue
                for cell in cells(rows.region, Tabel(wet, maat, "maand", month), plan.live):
                    row = _last_stock(rows, cell, months) if maat in STOCKS else rows.rows.get(cell)
                    if row is not None and row.waarde is not None:
                        found.last[cell] = Live(row.waarde, row.tijd)
                        day = min(date_of(row.tijd), last_day(Span("maand", month)), today)
                        found.made[cell] = (rows.made(row), day.toordinal())
    return found


def _last_stock(rows: Rows, cell: Cell, months: Sequence[date]) -> Row | None:
    """
    Return the last figure of a stock that was made by the end of a month.

    It ran on from wherever it was made: under each month in which anything was published, and under
    longer periods when that month has closed.
    """
    end = last_day(Span("maand", cell.start))
    # A stock of before the first published month runs on into it.
    before = month_before(months[0])
    spans = {span for month in (before, *months) if month <= cell.start for span in running(month)}
    found = [
        (span, row)
        for span in spans
        if (row := rows.rows.get(cell._replace(soort=span.soort, start=span.start)))
    ]
    # The row of a longer period may be of a later month.
    live = [
        row
        for span, row in found
        if row.status == "voorlopig"
        and (span.soort == "maand" or cell.start == months[-1] or date_of(row.tijd) <= end)
    ]
    return max(live, key=lambda row: row.tijd, default=None)


def as_closed(
    region: Region, closed: Mapping[Span, int], dossiers: Iterable[Stood], definitions: Definitions
) -> dict[date, Frozen]:
    """Count months that `closed` (period to `versie`) as they stood then; not of closed halves."""
    months = {
        span.start: versie
        for span, versie in closed.items()
        if span.soort == "maand" and running(span.start)[2] not in closed
    }
    if not months:
        return {}
    ledgers = {month: Ledger(definitions.einddatum_telt_mee) for month in months}
    for dossier in dossiers:
        for month, versie in months.items():
            stood = dossier.at(versie)
            first = month.toordinal()
            last = last_day(Span("maand", month)).toordinal()
            there = frozenset(
                one
                for one in stood
                if one.begin <= last and (one.einde is None or first <= one.einde)
            )
            ledgers[month].apply(dossier.key, frozenset(), there)
    found: dict[date, Frozen] = {}
    for month, ledger in ledgers.items():
        figures = RegionFigures(region, month, last_day(Span("maand", month)))
        figures.refresh(ledger, ledger.cells)
        at = [(p.soort, p.start) for p in next(iter(figures.areas.values())).periods].index(
            ("maand", month)
        )
        found[month] = {
            gebied: area.values[:, :, at].copy() for gebied, area in figures.areas.items()
        }
    return found


def stood_of(
    region: Region, snapshot: Iterable[tuple[str, bytes]], definitions: Definitions
) -> list[Stood]:
    """Return the dossiers of `region` (key and stored form), each with its past."""
    return [
        stood(key, load(stored), definitions)
        for key, stored in snapshot
        if key[:4] in region.gemeenten
    ]


def stood(key: str, dossier: Dossier, definitions: Definitions) -> Stood:
    """Return `dossier` with its past."""
    arrived = sorted({message.emissie for message in dossier.messages})
    known: dict[int, Indicaties] = {}

    def at(versie: int | None) -> Indicaties:
        # The same messages had arrived before all emissions between two that a message carries.
        count = len(arrived) if versie is None else bisect_left(arrived, versie)
        if count not in known:
            before = None if count == len(arrived) else arrived[count]
            known[count] = derive(dossier, definitions, before_emission=before).indicaties
        return known[count]

    return Stood(key, key[:4], at, arrived)
