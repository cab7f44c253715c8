"""
All that is made of a region at one moment, laid together: whether anything small follows from it.

Every table is protected by itself. What is made of one moment is known together, closed figures
that still are right as good as known beside it; see `follows`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.follows import Follows, first_month
from zorgstroom.aggregations.disclosure.plan import FLOWS, STOCKS, Cell
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.rows import Rows
from zorgstroom.aggregations.disclosure.table import Protected
from zorgstroom.aggregations.ledger import MATEN

_BACK: Final = 3
"""How many closed months are laid beside what runs."""


@dataclass(slots=True)
class Together:
    """
    The figures that were made at one moment.

    Args:
        follows: The relations of the region.
        rows: What stands published.
        threshold: T.

    """

    follows: Follows
    rows: Rows
    threshold: int
    vetoed: int = 0
    """Tables that were not made, since something small would have followed."""
    _tijd: datetime | None = None
    _figures: dict[Cell, int] = field(default_factory=dict)

    def begin(self, tijd: datetime) -> None:
        """Begin with a moment; one emission of the same time is known beside another."""
        if tijd != self._tijd:
            self._tijd = tijd
            self._figures = {}

    def keep(
        self, wet: str, made: Sequence[tuple[Frame, Protected]], counted: Counted
    ) -> list[tuple[Frame, Protected]]:
        """
        Return what of `made` may be shown: everything, the stocks, or nothing.

        What is returned counts as made from here on.
        """
        kept: list[tuple[Frame, Protected]] = []
        figures: dict[Cell, int] = {}
        for held in ((), FLOWS, MATEN):
            kept = [one for one in made if one[0].cells[0].maat not in held]
            figures = {}
            for own, found in kept:
                figures |= figures_of(own, found)
            if not kept or not self.given_away(wet, figures, counted):
                break
        self.vetoed += len(made) - len(kept)
        self._figures |= figures
        return kept

    def pairs_given_away(
        self, made: Sequence[tuple[Frame, Protected]], counted: Counted
    ) -> set[tuple[str, int]]:
        """Return the areas and products of which something small follows once `made` is shown."""
        figures: dict[Cell, int] = {}
        for own, found in made:
            figures |= figures_of(own, found)
        wetten = {cell.wet for cell in figures}
        small = [cell for wet in wetten for cell in self.given_away(wet, figures, counted)]
        return {(cell.gebied, cell.product) for cell in small}

    def given_away(self, wet: str, figures: Mapping[Cell, int], counted: Counted) -> list[Cell]:
        """
        Return what of `wet` is below T and follows once `figures` are made as well.

        Closed figures that are still right count as known. What follows from them alone is not
        held against `figures`.
        """
        everything = self._figures | dict(figures)
        here = {cell: n for cell, n in everything.items() if cell.wet == wet}
        if all(cell.maat in STOCKS for cell in here):
            return []
        ties = self.follows.ties(wet, self._months(here, counted))
        counts = np.array([_counts(cell, counted) for cell in ties.cells])
        stands = np.array([self._stands(cell) for cell in ties.cells]) == counts[:, 0]
        fresh = ties.mask(here)
        found = ties.determined(fresh | stands)
        if not found.any():
            return []
        small = found & (counts.min(axis=1) < self.threshold)
        if small.any():
            small &= ~ties.determined(stands)
        follow = ties.following(here).items()
        seem_small = [cell for cell, waarde in follow if waarde < self.threshold]
        return [ties.cells[at] for at in np.flatnonzero(small).tolist()] + seem_small

    def _months(self, figures: Iterable[Cell], counted: Counted) -> list[date]:
        """Return the months from before the first figure on, a closed one at their beginning."""
        first = first_month(figures)
        closed = [month for month in counted.months if self.rows.is_month_closed(month)]
        first = min([first, *closed[-_BACK:]])
        return [month for month in counted.counted_months if month >= first]

    def _stands(self, cell: Cell) -> int:
        row = self.rows.closed_row(cell)
        if row is None and cell.maat in STOCKS:  # of a month that is over and still open, too
            row = self.rows.rows.get(cell)
        return -1 if row is None or row.waarde is None else row.waarde


def figures_of(own: Frame, made: Protected) -> dict[Cell, int]:
    """Return the cells of a system that are shown, and their figures."""
    return {own.cells[at]: int(made.values[at]) for at in np.flatnonzero(made.shown).tolist()}


def _counts(cell: Cell, counted: Counted) -> tuple[int, int]:
    """Return what a cell counts: as it was closed, and as it is now."""
    now = counted.stands(cell) if cell.soort == "maand" else None
    closed = (now or 0) if cell.maat in STOCKS else counted.true(cell)
    return closed, closed if now is None else now
