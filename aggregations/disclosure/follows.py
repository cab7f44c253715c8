"""
What follows exactly from the figures of one moment, whatever hides it in its own table.

Each table hides what is small together with others. But another may follow from its own stocks and
flows, over one month or many, and then what it hides follows too. So all that is known of a wet at
one moment is laid together here: sums over areas and products, longer periods and their parts, and
`actief` at the end as that at the beginning with instroom and without uitstroom. That last one is
blurred by late messages, mostly not at all; here it counts as exact.

Which cells are determined depends on the relations and on what is known alone, not on any count.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import lsqr

from zorgstroom.aggregations.disclosure.beside import SIGNS, four_of
from zorgstroom.aggregations.disclosure.closing import WETTEN, stock_levels
from zorgstroom.aggregations.disclosure.plan import (
    FLOWS,
    LONGER,
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    cells,
    ending_with,
    last_day,
    links,
    month_before,
    relations,
)
from zorgstroom.aggregations.disclosure.table import Floats, Mask, Relation
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.regions import Region

_NONE: Final = 1e-6
"""A move below this is none; moves are random numbers around 1."""
_KEPT: Final = 12
_ITERATIONS: Final = 10
_GAVE_UP: Final = 7
"""What LSQR says when it stops before it is done."""
_EXACT: Final = 100.0
"""How much more a sum weighs than stock and flow."""


class Ties(NamedTuple):
    """What holds between the cells of some months."""

    cells: tuple[Cell, ...]
    place: Mapping[Cell, int]
    matrix: Any
    """Equations x cells, sparse: each row adds up to 0."""
    weight: Floats
    """Per equation: sums always hold, stock and flow may be blurred."""

    def determined(self, known: Mask) -> Mask:
        """Return which cells that are not `known` follow from those that are."""
        found = np.zeros(len(self.cells), np.bool_)
        hidden = np.flatnonzero(~known)
        matrix = self.matrix[:, hidden]
        # A cell follows when no change of hidden cells that obeys all relations moves it. Two such
        # changes are drawn at random: neither moves what cannot move, and both move all else.
        still = np.ones(len(hidden), np.bool_)
        for seed in (1, 2):
            change = np.random.default_rng(seed).normal(size=len(hidden))
            found_back, is_solved = _solved(matrix, matrix @ change)
            if is_solved:  # else all count as determined, which is safe
                still &= np.abs(change - found_back) < _NONE
            if not still.any():
                break
        found[hidden[still]] = True
        return found

    def following(self, figures: Mapping[Cell, int]) -> dict[Cell, int]:
        """Return what follows from `figures`: cells and what they must be."""
        known = self.mask(figures)
        found = self.determined(known)
        if not found.any():
            return {}
        values = np.array([figures.get(cell, 0) for cell in self.cells], np.float64)
        rest = -(self.matrix[:, np.flatnonzero(known)] @ values[known])
        # Where stock and flow contradict the sums, the sums are right.
        matrix = diags(self.weight) @ self.matrix[:, np.flatnonzero(~known)]
        values[~known], _ = _solved(matrix.tocsr(), self.weight * rest)
        return {self.cells[at]: round(values[at]) for at in np.flatnonzero(found).tolist()}

    def mask(self, known: Collection[Cell]) -> Mask:
        """Return which cells are among `known`."""
        return np.array([cell in known for cell in self.cells], np.bool_)


def _solved(matrix: Any, right: Floats) -> tuple[Floats, bool]:
    """Return the least solution, and whether it was reached."""
    used = np.diff(matrix.indptr) > 0
    most = _ITERATIONS * matrix.shape[1]
    found, why, *_ = lsqr(
        matrix[used], right[used], atol=1e-13, btol=1e-13, conlim=0.0, iter_lim=most
    )
    return found, why != _GAVE_UP


class Follows:
    """
    The relations of one region, made once for the months that are asked for.

    Args:
        region: Whose cells.
        plan: What is published.

    """

    def __init__(self, region: Region, plan: Plan) -> None:
        self._region, self._plan = region, plan
        self._made: dict[tuple[str, tuple[date, ...]], Ties] = {}

    def ties(self, wet: str, months: Sequence[date]) -> Ties:
        """Return what holds between the cells of `wet` in `months`; of the first only stocks."""
        key = (wet, tuple(months))
        if key not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[key] = self._ties(wet, months)
        return self._made[key]

    def _ties(self, wet: str, months: Sequence[date]) -> Ties:
        place: dict[Cell, int] = {}
        rows: list[Relation] = []
        tables = [
            (Tabel(wet, "actief", "maand", month), stock_levels(self._plan, month))
            for month in months
        ]
        spans = [span for month in months for span in ending_with(month)]
        spans = [
            span for span in spans if span.start > months[0] and span.soort not in self._plan.summed
        ]
        tables += [
            (Tabel(wet, maat, span.soort, span.start), self._plan.closing(maat, span.soort))
            for maat in FLOWS
            for span in spans
        ]
        for tabel, wanted in tables:
            rows += relations(self._region, tabel, wanted, len(place), None)
            for cell in cells(self._region, tabel, wanted):
                place[cell] = len(place)
        rows += links(place, [span for span in spans if span.soort in LONGER])
        exact = len(rows)
        rows += [Relation(terms) for cell in place if (terms := _stock_and_flow(cell, place))]
        weight = np.where(np.arange(len(rows)) < exact, _EXACT, 1.0)
        count = [len(row.terms) for row in rows]
        columns = [cell for row in rows for cell, _ in row.terms]
        times = np.array([by for row in rows for _, by in row.terms], np.float64)
        at = np.repeat(np.arange(len(rows)), count)
        matrix = csr_matrix((times, (at, columns)), (len(rows), len(place)))
        return Ties(tuple(place), place, matrix, weight)


def first_month(figures: Iterable[Cell]) -> date:
    """Return the month at the end of which the first of `figures` begins."""
    return min(cell.start if cell.maat in STOCKS else month_before(cell.start) for cell in figures)


def followed(
    follows: Follows, figures: Mapping[Cell, int], tijd: datetime
) -> Iterator[tuple[Cell, int]]:
    """Yield what follows from `figures` that were made at `tijd`: cells and what they must be."""
    for wet in WETTEN:
        here = {cell: n for cell, n in figures.items() if cell.wet == wet}
        if all(cell.maat in STOCKS for cell in here):
            continue
        months, month = [], first_month(here)
        while month <= date_of(tijd):
            months.append(month)
            month = last_day(Span("maand", month)) + timedelta(days=1)
        yield from follows.ties(wet, months).following(here).items()


def _stock_and_flow(cell: Cell, place: Mapping[Cell, int]) -> tuple[tuple[int, int], ...]:
    """Return the terms of stock and flow around an instroom; none when not all four are there."""
    if cell.maat != "instroom":
        return ()
    four = four_of(cell)
    if not all(one in place for one in four.values()):
        return ()
    return tuple((place[one], SIGNS[name]) for name, one in four.items())
