"""
Revision: what late messages change of closed months, once a month and by the rules of all figures.

A closed figure is made anew only where T dossiers changed it since it was made, as a table that is
protected like any other, and only where nothing beside it is small now: neither the stocks nor the
flows of its month. So whoever adds up stocks and flows finds nothing small. Nothing is taken away,
nothing is shown that was withheld, and a longer period moves with its months. A month is revised
after its half-year has closed: until then it is laid beside periods that are still to close
as it was at its own close.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from zorgstroom.aggregations.disclosure.closing import WETTEN, names_of, revision_frame
from zorgstroom.aggregations.disclosure.contributors import Contributors, Stood
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.following import move_along
from zorgstroom.aggregations.disclosure.pairs import Guard, nothing_small
from zorgstroom.aggregations.disclosure.plan import (
    Cell,
    Plan,
    Span,
    Tabel,
    last_day,
    levels,
    running,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.rows import Draft, Row, Rows
from zorgstroom.aggregations.disclosure.table import Protected
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.periods import date_of


def revisable(rows: Rows, months: Iterable[date]) -> list[date]:
    """Return which of the published `months` may be revised: those of a half-year that closed."""
    halves = {span.start for span in rows.closed if span.soort == "halfjaar"}
    return [month for month in months if running(month)[2].start in halves]


@dataclass(frozen=True, slots=True)
class Revision:
    """
    How one region is revised.

    Args:
        plan: What is published.
        threshold: T.
        einddatum_telt_mee: Whether the Einddatum is a day with care.

    """

    plan: Plan
    threshold: int
    einddatum_telt_mee: bool

    def write(
        self, draft: Draft, counted: Counted, dossiers: Iterable[Stood], make: Guard
    ) -> list[tuple[Frame, Protected]]:
        """
        Write into `draft` what is revised, and return what was made.

        Args:
            draft: Where to.
            counted: The exact counts of now.
            dossiers: All of the region.
            make: Protects one table.

        """
        rows = draft.under
        frames = [
            revision_frame(rows.region, self.plan, tabel, lambda cell: _last(rows, cell))
            for month in revisable(rows, counted.months)
            for wet in WETTEN
            for tabel in (Tabel(wet, maat, "maand", month) for maat in MATEN)
        ]
        here = levels(rows.region, self.plan.everything)
        changed = Contributors(rows.region, here, self.einddatum_telt_mee)
        changed.since(_made(rows, frames), dossiers, counted.today.toordinal())
        found = []
        for own in frames:
            enough = np.array([changed.count(cell) >= self.threshold for cell in own.cells])
            if not enough.any():
                continue
            alone = nothing_small(own.cells, counted, self.threshold)
            values = counted.values(own.cells)
            few = (own.last != NO_FIGURE) & ~enough
            made = make(own, enough & alone & (values >= self.threshold), ~alone | few)
            if not isinstance(made, Protected):
                continue
            found.append((own, made))
            for at in np.flatnonzero(made.shown).tolist():
                for name in _names(rows, own.cells[at]):
                    draft.show(name, int(values[at]), "definitief")
        move_along(draft, self.threshold)
        return [(own, made) for own, made in found if made.shown.any()]


def _made(rows: Rows, frames: Sequence[Frame]) -> dict[Cell, tuple[int, int]]:
    """Return the `versie` of each closed figure, and the day (ordinal) up to which it counts."""
    found = {}
    for own in frames:
        for cell in own.cells:
            row = _standing(rows, cell)
            if row is not None:
                day = min(date_of(row.tijd), last_day(Span("maand", cell.start)))
                found[cell] = rows.made(row), day.toordinal()
    return found


def _last(rows: Rows, cell: Cell) -> int | None:
    row = _standing(rows, cell)
    return None if row is None else row.waarde


def _standing(rows: Rows, cell: Cell) -> Row | None:
    """Return the closed row of a cell of a month; None when it has no figure."""
    found = (rows.rows[name] for name in _names(rows, cell))
    return next((row for row in found if row.waarde is not None), None)


def _names(rows: Rows, cell: Cell) -> list[Cell]:
    return [name for name in names_of(cell) if rows.is_closed(name)]
