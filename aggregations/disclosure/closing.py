"""
The close of a month, and of the longer periods that end with it: which systems that makes.

Both who publishes and who attacks the publication ask here, so they weigh the same cells together:
`actief` of a month by itself; of the other measures the month, with what the longest period that
closes with it is made of.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Final

from zorgstroom.aggregations.disclosure.plan import (
    LONGER,
    STOCKS,
    Cell,
    Level,
    Plan,
    Span,
    Tabel,
    ending_with,
    last_day,
    parts_of,
)
from zorgstroom.aggregations.disclosure.release import Frame, frame
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Maat

WETTEN: Final[tuple[str, ...]] = tuple(dict.fromkeys(p.wet for p in PRODUCTS))


def closing_frames(  # noqa: PLR0917 - each a different thing
    region: Region,
    plan: Plan,
    month: date,
    closed: Collection[Span],
    last: Callable[[Cell], int | None],
    known: Callable[[Cell], bool],
) -> list[Frame]:
    """
    Return the systems that the close of `month` makes, each to be protected by itself.

    Args:
        region: Whose cells.
        plan: What is published.
        month: First day of the month that closes.
        closed: The periods that were closed before.
        last: Gives the last published figure of a cell.
        known: Whether that figure was made at the close of its period.

    """
    found = []
    for wet in WETTEN:
        for maat in MATEN:
            name = Tabel(wet, maat, "maand", month).label
            tables = (
                _stock(plan, wet, maat, month)
                if maat in STOCKS
                else _flow(plan, wet, maat, month, closed)
            )
            found.append(frame(region, name, tables, last, known))
    return found


def closing_spans(month: date, closed: Collection[Span]) -> list[Span]:
    """
    Return the periods that close with `month`, the month first.

    A longer period of which a part was never closed (it lies before the first published year)
    does not close either.
    """
    found = ending_with(month)
    have = {*closed, found[0]}
    for span in found[1:]:
        if all(part in have for part in parts_of(span)):
            have.add(span)
    return [span for span in found if span in have]


def revision_frame(
    region: Region, plan: Plan, tabel: Tabel, last: Callable[[Cell], int | None]
) -> Frame:
    """
    Return the system of one closed month, as it is now: nothing else of now is laid beside it.

    Args:
        region: Whose cells.
        plan: What is published.
        tabel: Which month, wet and measure.
        last: Gives the last published figure of a cell.

    """
    tables = [(tabel, plan.closing(tabel.maat, tabel.soort), True)]
    if tabel.maat in STOCKS:
        tables = _stock(plan, tabel.wet, tabel.maat, tabel.start)
    return frame(region, tabel.label, tables, last)


def stock_levels(plan: Plan, month: date) -> frozenset[Level]:
    """Return the levels of the stocks at the end of a month: of all periods that end with it."""
    # On its last day a quarter has the `actief` of its last month: the same cells.
    return frozenset[Level]().union(
        *(plan.closing("actief", span.soort) for span in ending_with(month))
    )


def _stock(
    plan: Plan, wet: str, maat: Maat, month: date
) -> list[tuple[Tabel, frozenset[Level], bool]]:
    return [(Tabel(wet, maat, "maand", month), stock_levels(plan, month), True)]


def _flow(
    plan: Plan, wet: str, maat: Maat, month: date, closed: Collection[Span]
) -> list[tuple[Tabel, frozenset[Level], bool]]:
    now = [span for span in closing_spans(month, closed) if span.soort not in plan.summed]
    before: list[Span] = []
    if len(now) > 1:
        # What the longest of them is made of: nothing else is laid beside it.
        before = [span for span in closed if now[-1].start <= span.start and last_day(span) < month]
        before = [span for span in before if span.soort in ("maand", *LONGER)]
    order = {soort: at for at, soort in enumerate(("maand", *LONGER))}
    spans = sorted([*before, *now], key=lambda span: (order[span.soort], span.start))
    return [
        (Tabel(wet, maat, span.soort, span.start), plan.closing(maat, span.soort), span in now)
        for span in spans
    ]
