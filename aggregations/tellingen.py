"""
Running counts per cell and month: a small copy of the ledger that the worker keeps in a table.

A cell is a gemeente, wet, categorie and month, written as ``0153|Wmo|02|2024-05``. Its three counts
are of that month alone: the change of `actief`, the instroom and the uitstroom; adding up the first
over all months up to one gives `actief` on the last day of it. The dossiers win: after a recovery
the counts are made again from them, and differences are put right.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from zorgstroom.aggregations.derivation import Derived
from zorgstroom.aggregations.ledger import Ledger


class Telling(NamedTuple):
    """The counts of one cell in one month."""

    actief: int = 0
    """How many more were active at its end than at its beginning."""
    instroom: int = 0
    uitstroom: int = 0


NOTHING = Telling()
Tellingen = dict[str, Telling]
"""Counts, or changes of counts, by cell."""


def moves(
    derived: Iterable[tuple[str, Derived, Derived]], *, einddatum_telt_mee: bool
) -> Tellingen:
    """
    Return by how much each cell changes, cells that do not left out.

    Args:
        derived: Key of a dossier, what followed from it before and what follows now.
        einddatum_telt_mee: As in `Definitions`.

    """
    difference = Ledger(einddatum_telt_mee)
    for key, before, after in derived:
        difference.apply(key, before.indicaties, after.indicaties)
    return counted(difference)


def counted(ledger: Ledger) -> Tellingen:
    """Return the counts of every cell of `ledger`, cells without any left out."""
    made: Tellingen = {}
    for cell, measures in ledger.cells.items():
        name = f"{cell.gemeente}|{cell.wet}|{cell.categorie}"
        for measure, days in enumerate(measures):
            for day, count in days.items():
                _move(made, f"{name}|{_month(day)}", measure, count)
    return {cell: telling for cell, telling in made.items() if telling != NOTHING}


def added(kept: Tellingen, moved: Tellingen) -> Tellingen:
    """Return the new counts of the cells that `moved`, given what was `kept` of them."""
    return {
        cell: Telling(*map(sum, zip(kept.get(cell, NOTHING), by, strict=True)))
        for cell, by in moved.items()
    }


def differing(kept: Tellingen, right: Tellingen) -> Tellingen:
    """Return what must be written so that `kept` becomes `right`; zeros where nothing is left."""
    return {
        cell: right.get(cell, NOTHING)
        for cell in kept.keys() | right.keys()
        if kept.get(cell, NOTHING) != right.get(cell, NOTHING)
    }


def _move(made: Tellingen, cell: str, measure: int, by: int) -> None:
    counts = list(made.get(cell, NOTHING))
    counts[measure] += by
    made[cell] = Telling(*counts)


def _month(day: int) -> str:
    return date.fromordinal(day).isoformat()[:7]
