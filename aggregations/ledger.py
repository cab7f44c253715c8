"""
The day ledger: what indicaties add up to, kept by differences and rebuildable at any time.

When a dossier changes, contributions(after) - contributions(before) is added. Corrections,
removals, late and repeated messages need no special case: the difference is what they change, or
nothing.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.results import Maat

MATEN: Final[tuple[Maat, ...]] = ("actief", "instroom", "uitstroom")
"""The measures, in the order of a cell's three series of days."""
STOCKS: Final[frozenset[Maat]] = frozenset({"actief"})
"""Measures of a day; the others are flows, counted over a period."""


class BaseCell(NamedTuple):
    """The finest cell that is kept: every published cell is a sum of these."""

    gemeente: str
    wet: str
    categorie: str


Days = dict[int, int]
"""Day (ordinal) to a change: of the number of active indicaties, or the count of that day."""


@dataclass(slots=True)
class Ledger:
    """Running counts per base cell and day, with the cells that changed since they were taken."""

    einddatum_telt_mee: bool = True
    cells: dict[BaseCell, tuple[Days, Days, Days]] = field(default_factory=dict)
    changed: set[BaseCell] = field(default_factory=set)

    def apply(self, key: str, before: frozenset[Indicatie], after: frozenset[Indicatie]) -> bool:
        """
        Add the difference that one dossier makes; return whether it makes any.

        Args:
            key: The dossier's key, which begins with its gemeente (CBS code).
            before: Its indicaties so far.
            after: Its indicaties from now on.

        """
        if before == after:
            return False
        gemeente = key[:4]
        for indicatie in before - after:
            self._add(gemeente, indicatie, -1)
        for indicatie in after - before:
            self._add(gemeente, indicatie, 1)
        return True

    def take_changed(self) -> set[BaseCell]:
        """Return the cells that changed since the last call, and forget them."""
        changed, self.changed = self.changed, set()
        return changed

    def _add(self, gemeente: str, indicatie: Indicatie, sign: int) -> None:
        cell = BaseCell(gemeente, indicatie.wet, indicatie.categorie)
        days = self.cells.get(cell)
        if days is None:
            days = self.cells[cell] = ({}, {}, {})
        self.changed.add(cell)
        actief, instroom, uitstroom = days
        begin, einde = indicatie.begin, indicatie.einde
        _move(actief, indicatie.actief_vanaf, sign)
        if indicatie.instroom:
            _move(instroom, begin, sign)
        if einde is not None:
            _move(actief, einde + 1 if self.einddatum_telt_mee else einde, -sign)
            if indicatie.uitstroom:
                _move(uitstroom, einde, sign)


def same(one: Ledger, other: Ledger) -> bool:
    """Return whether two ledgers hold the same counts, whatever cells they merely know of."""
    return _counts(one) == _counts(other)


def _counts(ledger: Ledger) -> dict[BaseCell, tuple[Days, Days, Days]]:
    return {cell: days for cell, days in ledger.cells.items() if any(days)}


def _move(days: Days, day: int, by: int) -> None:
    total = days.get(day, 0) + by
    if total:
        days[day] = total
    else:
        days.pop(day, None)
