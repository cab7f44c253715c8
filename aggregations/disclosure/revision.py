"""
Revision: what late messages change of closed months, once a month and by the rules of all figures.

A closed figure is made anew only where T dossiers changed it since it was made, as a table that is
protected like any other, and only where nothing beside it is small now: neither the stocks nor the
flows of its month. So whoever adds up stocks and flows finds nothing small. Nothing is taken away,
nothing is shown that was withheld, and a longer period is the sum of its parts again. A month is
revised after its half-year has closed: until then it is laid beside periods that are still to close
as it was at its own close.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from zorgstroom.aggregations.disclosure.closing import WETTEN, revision_frame
from zorgstroom.aggregations.disclosure.contributors import Contributors, Stood
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.following import sum_again
from zorgstroom.aggregations.disclosure.pairs import Guard, nothing_small
from zorgstroom.aggregations.disclosure.plan import (
    Cell,
    Plan,
    Span,
    Tabel,
    last_day,
    levels,
    names_of,
    running,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.rows import Draft, Rows
from zorgstroom.aggregations.disclosure.table import Ints, Mask, Protected
from zorgstroom.aggregations.disclosure.together import Together, figures_of
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
        self,
        draft: Draft,
        counted: Counted,
        dossiers: Iterable[Stood],
        together: Together,
        make: Guard,
    ) -> list[tuple[Frame, Protected]]:
        """
        Write into `draft` what is made anew, and return it.

        Args:
            draft: Where to.
            counted: The exact counts of now.
            dossiers: All of the region.
            together: What is made at this moment.
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
        kept = []
        for wet in WETTEN:
            ready = [
                one
                for own in frames
                if own.cells[0].wet == wet and (one := self._ready(own, counted, changed))
            ]
            allowed = _allowed(ready, partial(together.given_away, wet, counted=counted))
            made = []
            for one in ready:
                free = np.array([cell in allowed for cell in one.frame.cells])
                found = make(one.frame, one.candidates & free, one.guarded)
                if isinstance(found, Protected) and found.shown.any():
                    made.append((one.frame, found))
            kept += together.keep(wet, made, counted)
        _write(draft, kept)
        sum_again(draft)
        return kept

    def _ready(self, own: Frame, counted: Counted, changed: Contributors) -> "_Ready | None":
        enough = np.array([changed.count(cell) >= self.threshold for cell in own.cells])
        if not enough.any():
            return None
        alone = nothing_small(own.cells, counted, self.threshold)
        values = counted.values(own.cells)
        few = (own.last != NO_FIGURE) & ~enough
        return _Ready(own, values, enough & alone & (values >= self.threshold), ~alone | few)


@dataclass(frozen=True, eq=False, slots=True)
class _Ready:
    """A table of which something may be made anew."""

    frame: Frame
    values: Ints
    candidates: Mask
    guarded: Mask


def _allowed(
    ready: Sequence[_Ready], given_away: Callable[[Mapping[Cell, int]], list[Cell]]
) -> set[Cell]:
    """
    Return which cells may be made anew, all tables together.

    When not all of them may: those that are worth most first, an area and product in all months or
    else by month, each unless something small follows.
    """
    groups: dict[tuple[str, int], dict[Cell, int]] = {}
    worth: dict[tuple[str, int], float] = {}
    for one in ready:
        for at in np.flatnonzero(one.candidates).tolist():
            cell = one.frame.cells[at]
            pair = cell.gebied, cell.product
            groups.setdefault(pair, {})[cell] = int(one.values[at])
            worth[pair] = max(worth.get(pair, 0.0), float(one.frame.worth[at] * one.values[at]))
    everything = {cell: n for group in groups.values() for cell, n in group.items()}
    if not given_away(everything):
        return set(everything)
    allowed: dict[Cell, int] = {}
    for pair in sorted(groups, key=lambda one: (-worth[one], one)):
        group = groups[pair]
        if not given_away(allowed | group):
            allowed |= group
            continue
        for month in sorted({cell.start for cell in group}):
            part = {cell: n for cell, n in group.items() if cell.start == month}
            if not given_away(allowed | part):
                allowed |= part
    return set(allowed)


def _write(draft: Draft, made: Iterable[tuple[Frame, Protected]]) -> None:
    """Write what was made anew, under every period under which it was closed."""
    for own, found in made:
        for cell, waarde in figures_of(own, found).items():
            for name in names_of(cell):
                if draft.under.is_closed(name):
                    draft.show(name, waarde, "definitief")


def _made(rows: Rows, frames: Sequence[Frame]) -> dict[Cell, tuple[int, int]]:
    """Return the `versie` of each closed figure, and the day (ordinal) up to which it counts."""
    found = {}
    for own in frames:
        for cell in own.cells:
            row = rows.closed_row(cell)
            if row is not None:
                day = min(date_of(row.tijd), last_day(Span("maand", cell.start)))
                found[cell] = rows.made(row), day.toordinal()
    return found


def _last(rows: Rows, cell: Cell) -> int | None:
    row = rows.closed_row(cell)
    return None if row is None else row.waarde
