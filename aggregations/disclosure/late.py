"""
Revision: late messages change a closed figure once enough dossiers did, and not before.

The rules are those of a running figure: at a moment that is fixed beforehand (a close), only what T
dossiers changed since it was made, as a table that is protected like any other. What was withheld
at its close stays so.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.disclosure.closing import (
    closed_levels,
    closed_tables,
    names_of,
    revisable,
    revision_frame,
)
from zorgstroom.aggregations.disclosure.contributors import (
    Contributors,
    Indicaties,
    Stand,
    Stood,
    spans_of,
)
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.following import sum_again
from zorgstroom.aggregations.disclosure.live import LiveFigures
from zorgstroom.aggregations.disclosure.pairs import Make, Result, large_around
from zorgstroom.aggregations.disclosure.plan import (
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    cells,
    last_day,
    levels,
    months_of,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.rows import Draft, Row, Rows
from zorgstroom.aggregations.disclosure.table import Mask, Protected
from zorgstroom.aggregations.movements import Move
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.regions import Region


@dataclass(frozen=True, slots=True)
class _Ready:
    """A closed table that can be revised."""

    frame: Frame
    candidates: Mask
    fallen: Mask
    """What fell below T: it is taken away."""


class LateFigures:
    """
    The closed figures of one region, and which dossiers changed them since they were made.

    Args:
        region: Whose.
        plan: What is published.
        threshold: T: how many dossiers must have changed a figure before it is revised.
        einddatum_telt_mee: Whether the Einddatum is a day with care.

    """

    def __init__(
        self, region: Region, plan: Plan, threshold: int, *, einddatum_telt_mee: bool
    ) -> None:
        self._region, self._plan, self._threshold = region, plan, threshold
        everything = plan.closing("actief", "jaar") | plan.closing("instroom", "halfjaar")
        self.contributors = Contributors(region, levels(region, everything), einddatum_telt_mee)
        self._spans: list[Span] = []
        """The closed periods with a figure."""

    # What changed

    def begin(self, rows: Rows, dossiers: Iterable[Stood], months: Collection[date]) -> None:
        """Start from what stands of the published `months`, and from the dossiers."""
        self.contributors.changes.clear()
        spans = [span for span in rows.closed if set(months_of(span)) <= set(months)]
        made = {}
        for cell, row in self._closed(rows, spans):
            day = date_of(row.tijd)
            past = day > last_day(Span(cell.soort, cell.start))
            made[cell] = (rows.made(row), _PAST if past else day.toordinal())
        self.contributors.since(made, dossiers, _PAST)
        self._spans = spans_of(made)

    def update(self, moves: Iterable[Move]) -> None:
        """Know which dossiers moved (key, before, after); time alone changes nothing here."""
        for key, before, after in moves:
            if before == after:
                continue
            since = date.fromordinal(_first_day(before, after))
            # Most messages are of the last weeks: no closed period is touched.
            spans = [span for span in self._spans if last_day(span) >= since]
            if spans:
                stands = Stand(before, _PAST), Stand(after, _PAST)
                self.contributors.move(key, key[:4], *stands, spans)

    def closed(self, rows: Rows, spans: Iterable[Span], live: LiveFigures) -> None:
        """Know that `spans` closed, as they stand in `rows`; what is held goes on from `live`."""
        for cell, row in self._closed(rows, spans):
            self.contributors.watch(cell)
            changes = live.contributors.changes.get(cell)
            if row.tijd < rows.moments[row.versie] and changes is not None:
                self.contributors.changes[cell] = dict(changes)
        self._spans = spans_of(self.contributors.changes)

    def _closed(self, rows: Rows, spans: Iterable[Span]) -> Iterator[tuple[Cell, Row]]:
        """Yield the figures of the closed tables of `spans`."""
        for span in spans:
            for tabel in closed_tables(self._plan, span):
                for cell in cells(self._region, tabel, closed_levels(self._plan, tabel)):
                    row = _standing(rows, cell)
                    if row is not None:
                        yield cell, row

    # What is revised

    def revise(
        self, draft: Draft, month: date, counted: Counted, make: Make
    ) -> tuple[list[tuple[Frame, Protected]], list[Callable[[], None]]]:
        """
        Revise what may be, with the close of `month`.

        Args:
            draft: Where to.
            month: First day of the month that closes.
            counted: The exact counts of now.
            make: Protects one table.

        Returns:
            What was made; and the steps to take once it is stored.

        """
        published = set(counted.months)
        spans = [
            span
            for span in revisable(month, self._plan, draft.under.closed)
            if set(months_of(span)) <= published
        ]
        made: list[tuple[Frame, Protected]] = []
        steps: list[Callable[[], None]] = []
        for tabel in self._tables(spans):
            one = self._ready(draft.under, tabel, counted)
            found = make(one.frame, one.candidates)
            steps.append(self._write(draft, one, found))
            if isinstance(found, Protected) and found.shown.any():
                made.append((one.frame, found))
        sum_again(draft, self._plan, draft.under.closed)
        return made, steps

    def _tables(self, spans: Collection[Span]) -> list[Tabel]:
        """Return the tables of `spans` of which a figure may have changed enough."""
        return sorted(
            {
                Tabel(cell.wet, cell.maat, cell.soort, cell.start)
                for cell, changes in self.contributors.changes.items()
                if len(changes) >= self._threshold and Span(cell.soort, cell.start) in spans
            }
        )

    def _ready(self, rows: Rows, tabel: Tabel, counted: Counted) -> _Ready:
        def last(cell: Cell) -> int | None:
            row = _standing(rows, cell)
            return None if row is None else row.waarde

        own = revision_frame(self._region, self._plan, tabel, last)
        values = counted.values(own.cells)
        enough = np.array([self.contributors.count(one) >= self._threshold for one in own.cells])
        small = values < self._threshold
        fallen = enough & small & (own.last != NO_FIGURE)
        # Everyone sees that it is taken away, and so that it is small, whatever it was before.
        own = replace(own, last=np.where(fallen, NO_FIGURE, own.last))
        candidates = enough & ~small & (own.last != NO_FIGURE)
        if tabel.maat not in STOCKS:
            candidates &= large_around(own.cells, counted, self._threshold)
        return _Ready(own, candidates, fallen)

    def _write(self, draft: Draft, one: _Ready, found: Result) -> Callable[[], None]:
        gone = [one.frame.cells[at] for at in np.flatnonzero(one.fallen).tolist()]
        for cell in gone:
            for name in _closed_names(draft.under, cell):
                draft.withhold(name, "definitief")
        shown = []
        if isinstance(found, Protected):
            for at in np.flatnonzero(found.shown).tolist():
                shown.append(one.frame.cells[at])
                for name in _closed_names(draft.under, shown[-1]):
                    draft.show(name, int(found.values[at]), "definitief")

        def confirm() -> None:
            for cell in gone:
                self.contributors.forget(cell)
            for cell in shown:
                self.contributors.watch(cell)

        return confirm


def _closed_names(rows: Rows, cell: Cell) -> list[Cell]:
    return [name for name in names_of(cell) if rows.is_closed(name)]


def _standing(rows: Rows, cell: Cell) -> Row | None:
    """Return the row of a cell of a closed table; None when it has no figure."""
    names = _closed_names(rows, cell)
    row = rows.rows[names[0]] if names else None
    return None if row is None or row.waarde is None else row


def _first_day(before: Indicaties, after: Indicaties) -> int:
    """Return the first day on which two stands of a dossier can count differently."""
    alike: dict[tuple[object, ...], list[Indicatie]] = {}
    for one in before ^ after:
        alike.setdefault((*one[:4], one.instroom), []).append(one)
    days = []
    for many in alike.values():
        ends = [one.einde for one in many if one.einde is not None]
        only_ends = len(many) == 2 and (many[0] in before) != (many[1] in before)
        days.append(min(ends, default=many[0].begin) if only_ends else many[0].begin)
    return min(days)


_PAST: Final = date.max.toordinal()
"""The day up to which a closed period counts: any day after it."""
