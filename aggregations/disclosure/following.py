"""
Rows that follow from others: sums of published periods, and every row that a close has to write.

They tell nothing that is not known from what they follow from, so they need no protection.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from zorgstroom.aggregations.disclosure.closing import WETTEN
from zorgstroom.aggregations.disclosure.live import LiveFigures
from zorgstroom.aggregations.disclosure.plan import (
    FLOWS,
    LONGER,
    MONTHS_OF,
    STOCKS,
    Cell,
    Level,
    Plan,
    Span,
    Tabel,
    cells,
    last_day,
    months_of,
    parts_of,
    running,
)
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.rows import Draft
from zorgstroom.aggregations.disclosure.table import Protected


def sum_up(draft: Draft, plan: Plan, months: Sequence[date]) -> None:
    """Write the longer periods that still run as the sum of their published `months`."""
    here = set(months)
    told = {cell.start for cell in draft.rows if cell.soort == "maand" and cell.maat in FLOWS}
    for year in sorted({month.year for month in months}):
        for soort in LONGER:
            for first in range(1, 13, MONTHS_OF[soort]):
                span = Span(soort, date(year, first, 1))
                of = [Span("maand", month) for month in months_of(span) if month in here]
                if told.isdisjoint(months_of(span)):
                    continue  # nothing of it is new
                for cell in _flow_cells(draft, plan.live, [span]) if of else ():
                    if draft.under.is_closed(cell) or cell in draft.rows:
                        continue
                    total = _total(draft, cell, of)
                    if total is not None and total != draft.under.value(cell):
                        draft.show(cell, total)


def close(
    draft: Draft,
    plan: Plan,
    spans: Sequence[Span],
    systems: Mapping[Frame, Protected | None],
    live: LiveFigures,
) -> None:
    """
    Write all rows of a close.

    Args:
        draft: Where to.
        plan: What is published.
        spans: The periods that close, the month first.
        systems: What was weighed together, and what may be shown of it; None: nothing new.
        live: The live figures that stand.

    """
    closing = set(spans)
    end = last_day(spans[0])
    for own, found in systems.items():
        for at, cell in enumerate(own.cells):
            if Span(cell.soort, cell.start) not in closing:
                continue
            held = live.held_at(cell, end)
            for row in _closed_rows(draft, plan, cell, spans):
                if found is not None and found.shown[at]:
                    draft.show(row, int(found.values[at]), "definitief")
                elif held is not None:
                    draft.hold(row, held.waarde, held.tijd, "definitief")
                else:
                    draft.withhold(row, "definitief")
    for span in spans:
        if span.soort in plan.summed:
            _close_sums(draft, plan, span)


def _close_sums(draft: Draft, plan: Plan, span: Span) -> None:
    """Write the flows of a period that is the sum of its published parts, also at its close."""
    for cell in _flow_cells(draft, plan.closing(FLOWS[0], span.soort), [span]):
        total = _total(draft, cell, parts_of(span))
        if total is None:
            draft.withhold(cell, "definitief")
        else:
            draft.show(cell, total, "definitief")


def sum_again(draft: Draft) -> None:
    """
    Write closed longer periods of flows again, where a part was revised.

    Such a period is again the sum of its parts, where each of those was made at its close or later:
    it tells nothing that cannot be added up.
    """
    under = draft.under
    revised = [cell for cell in draft.rows if cell.maat not in STOCKS]
    for soort in LONGER:
        longer = {
            one._replace(soort=soort, start=span.start)
            for one in revised
            for span in running(one.start)
            if span.soort == soort
        }
        for cell in sorted(longer):
            if not under.is_closed(cell) or under.value(cell) is None:
                continue
            parts = [
                cell._replace(soort=part.soort, start=part.start)
                for part in parts_of(Span(cell.soort, cell.start))
            ]
            changed = any(part in draft.rows for part in parts)
            if changed and all(part in draft.rows or under.is_known(part) for part in parts):
                draft.show(cell, sum(draft.value(part) or 0 for part in parts), "definitief")


def _closed_rows(draft: Draft, plan: Plan, cell: Cell, spans: Sequence[Span]) -> Iterator[Cell]:
    """Yield under which periods the figure of a cell is published at a close."""
    if cell.maat not in STOCKS:
        yield cell
        return
    for span in spans:
        tabel = Tabel(cell.wet, cell.maat, span.soort, span.start)
        row = cell._replace(soort=span.soort, start=span.start)
        if row in cells(draft.under.region, tabel, plan.closing(cell.maat, span.soort)):
            yield row


def _flow_cells(draft: Draft, wanted: frozenset[Level], spans: Sequence[Span]) -> Iterator[Cell]:
    for wet in WETTEN:
        for maat in FLOWS:
            for span in spans:
                yield from cells(
                    draft.under.region, Tabel(wet, maat, span.soort, span.start), wanted
                )


def _total(draft: Draft, cell: Cell, parts: Sequence[Span]) -> int | None:
    """Return the sum of the published figures of `parts`; None when one has none."""
    found = [draft.value(cell._replace(soort=part.soort, start=part.start)) for part in parts]
    whole = [waarde for waarde in found if waarde is not None]
    return sum(whole) if len(whole) == len(found) else None
