"""
Stock beside flow: what `actief`, instroom and uitstroom of one cell tell together.

`actief` at the end of a period is that at its beginning, with instroom and without uitstroom. Late
messages and an Einddatum on the last day blur that, but for most small cells it holds exactly. So
who sees three of the four has the fourth. Therefore instroom and uitstroom of a cell are shown both
or neither, and neither where one of the two stocks is shown and the other is not. What is left of
the four is then at least two: a difference, which leaves both of them open.

The rule is symmetrical on purpose: a flow that is withheld for the other's sake looks like any
other, so nothing follows from its being withheld.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.beside import four_of
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.live import LiveFigures
from zorgstroom.aggregations.disclosure.plan import (
    FLOWS,
    STOCKS,
    Cell,
    Span,
    ending_with,
    last_day,
    month_before,
)
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.rows import Rows
from zorgstroom.aggregations.disclosure.table import DisclosureError, Mask, Protected
from zorgstroom.aggregations.ledger import MATEN

Result = Protected | DisclosureError | None
"""What may be shown of a system; None: nothing that is new."""
Pair = tuple[str, int]
"""An area and a product."""
Make = Callable[[Frame, Mask], Result]
Guard = Callable[[Frame, Mask, Mask], Result]
"""As `Make`, with the cells that need the guarantee though they are no small ones."""
_ROUNDS: Final = 20
_DAY: Final = timedelta(days=1)


def other(cell: Cell) -> Cell:
    """Return the other flow of the same cell."""
    first, second = FLOWS
    return cell._replace(maat=second if cell.maat == first else first)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the flows that close."""

    rows: Rows
    live: LiveFigures
    counted: Counted
    threshold: int

    def is_tied(self, cell: Cell) -> bool:
        """Return whether neither flow of a cell was published in any way."""
        return not any(
            one in self.live.last or self.rows.is_closed(one) for one in (cell, other(cell))
        )

    def stocks_agree(self, cell: Cell, month: date, shown: Set[Cell]) -> bool:
        """
        Return whether the stocks around a flow are both shown, or neither.

        Args:
            cell: The flow, of a period that closes with `month`.
            month: First day of that month.
            shown: The stocks of that month that have a figure.

        """
        end, before = _stocks_of(cell, month)
        told = [self.rows.rows[row] for row in before if row in self.rows.rows]
        # What can be computed beside the others is that stock as it is now, not as it was shown.
        now = self.counted.stands(before[0])
        coming, going = (self.counted.true(cell._replace(maat=maat)) for maat in FLOWS)
        follows = self.counted.true(end) - coming + going
        large = now is not None and min(now, follows) >= self.threshold
        if told:
            is_shown = any(row.waarde is not None for row in told)
            return (end in shown) == is_shown and (large or not is_shown)
        return end in shown and large


def _stocks_of(cell: Cell, month: date) -> tuple[Cell, list[Cell]]:
    """
    Return the stocks at the end and at the beginning of the period of a flow.

    Args:
        cell: The flow, of a period that closes with `month`.
        month: First day of that month.

    Returns:
        The stock at the end, as a cell of `month`; and the cells under which that at the beginning
        may have been published, by the periods that ended then.

    """
    end = cell._replace(maat="actief", soort="maand", start=month)
    before = month_before(cell.start)
    return end, [end._replace(soort=s.soort, start=s.start) for s in ending_with(before)]


def weigh_close(
    systems: Sequence[Frame],
    month: date,
    around: Around,
    candidates: Callable[[Frame], Mask],
    make: Guard,
    *,
    given_away: Callable[[list[tuple[Frame, Protected]]], set[Pair]],
) -> list[Result]:
    """
    Protect all systems of a close: of each wet the stock, and then its flows together.

    Flows of an area and product of which something small would follow are left out.

    Args:
        systems: As `closing_frames` orders them.
        month: First day of the month that closes.
        around: What stands around them.
        candidates: Which cells may be shown as far as they go by themselves.
        make: Protects one system.
        given_away: Gives the areas and products of which something small follows.

    """
    left_out: set[Pair] = set()
    found: list[Result] = []
    for _ in range(_ROUNDS):
        out = frozenset(left_out)
        free, guarded = partial(_free, candidates, out), partial(_guarded, make, out)
        found = _weigh(systems, month, around, free, guarded)
        made = [(a, b) for a, b in zip(systems, found, strict=True) if isinstance(b, Protected)]
        new = given_away(made)
        if new <= left_out:
            break
        left_out |= new
    return found


def _out(own: Frame, left_out: Set[Pair]) -> Mask:
    pairs = [(cell.gebied, cell.product) in left_out and cell.maat in FLOWS for cell in own.cells]
    return np.array(pairs, np.bool_)


def _free(candidates: Callable[[Frame], Mask], left_out: Set[Pair], own: Frame) -> Mask:
    found: Mask = candidates(own) & ~_out(own, left_out)
    return found


def _guarded(make: Guard, left_out: Set[Pair], own: Frame, free: Mask) -> Result:
    """Protect a system; what is left out must not follow from the others, however large it is."""
    return make(own, free, _out(own, left_out))


def _weigh(
    systems: Sequence[Frame],
    month: date,
    around: Around,
    candidates: Callable[[Frame], Mask],
    make: Make,
) -> list[Result]:
    found: list[Result] = []
    rows, live, counted, threshold = around.rows, around.live, around.counted, around.threshold
    for at in range(0, len(systems), len(MATEN)):
        stock, coming, going = systems[at : at + len(MATEN)]
        stay = flows_stay(stock.cells, rows, counted, threshold)
        stocks = make(stock, candidates(stock) & stay)
        found.append(stocks)
        end = last_day(Span("maand", month))
        shown = {cell for cell in stock.cells if live.held_at(cell, end)}
        if isinstance(stocks, Protected):
            shown |= {stock.cells[at] for at in np.flatnonzero(stocks.shown).tolist()}
        tied = np.array([around.is_tied(cell) for cell in coming.cells])
        agree = np.array([around.stocks_agree(cell, month, shown) for cell in coming.cells])
        # Where the stocks do not agree, what was published while they did goes on to stand.
        ways = (candidates(coming) & agree, candidates(going) & agree)
        found += both(coming, going, ways, tied, make)
    return found


def flows_stay(stocks: Sequence[Cell], rows: Rows, counted: Counted, threshold: int) -> Mask:
    """
    Return beside which stocks of a month no flow that was ever shown is small now.

    Such a flow was taken away; with a new stock, the one before and the other flow it would follow.
    """
    found = []
    for cell in stocks:
        flows = [flow for maat in FLOWS if (flow := cell._replace(maat=maat)) in rows.rows]
        found.append(all(counted.true(flow) >= threshold for flow in flows))
    return np.array(found, np.bool_)


def nothing_small(cells: Sequence[Cell], counted: Counted, threshold: int) -> Mask:
    """
    Return which cells of months have nothing beside them that is small now.

    Beside a flow stand the other flow and both stocks of its month; a stock stands in two months.
    Beside three that are shown, the fourth is then no small one, neither as it is counted nor as it
    follows from the three (late messages may blur the sum).
    """

    def large(cell: Cell, month: date) -> bool:
        four = four_of(cell._replace(maat="instroom", start=month))
        counts = [counted.stands(one) for one in four.values()]
        first, begun, ended, last = (-1 if one is None else one for one in counts)
        gap = first + begun - ended - last
        following = (first - gap, begun - gap, ended + gap, last + gap)
        return min(first, begun, ended, last, *following) >= threshold

    found = []
    for cell in cells:
        months = [cell.start]
        if cell.maat in STOCKS:
            months.append(last_day(Span("maand", cell.start)) + _DAY)
        found.append(all(large(cell, month) for month in months))
    return np.array(found, np.bool_)


def both(
    coming: Frame, going: Frame, candidates: tuple[Mask, Mask], tied: Mask, make: Make
) -> tuple[Result, Result]:
    """
    Return what may be shown of two flows, so that a `tied` cell is shown in both or neither.

    Args:
        coming: The system of instroom; its cells stand in the order of those of `going`.
        going: The system of uitstroom.
        candidates: Which cells may be shown, of each.
        tied: Cells of which neither flow has a figure yet.
        make: Protects one system.

    """
    first, second = candidates
    both_ways = first & second
    first, second = first & (both_ways | ~tied), second & (both_ways | ~tied)
    one, two = make(coming, first), make(going, second)
    for _ in range(_ROUNDS):
        left, right = _shown(coming, one), _shown(going, two)
        apart = tied & (left != right)
        if not apart.any():
            return one, two
        # What was withheld stays so: then every round asks for less, and it ends.
        if (apart & left).any():
            one = make(coming, left & ~apart)
        if (apart & right).any():
            two = make(going, right & ~apart)
    return None, None


def _shown(own: Frame, found: Result) -> Mask:
    if isinstance(found, Protected):
        return found.shown & ~own.known
    return np.zeros(len(own.cells), np.bool_)
