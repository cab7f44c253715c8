"""
One system of cells at one moment: what an outsider knows of it, and what may be shown of it.

Cells that are not shown at a moment are unknown at that moment, also those that keep an older
figure: they may have moved. Such a *held* cell must stay as wide as the rule for renewing leaves
it: less than T from its last figure. One that has no figure must stay as wide as "below T".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.plan import (
    Cell,
    Level,
    Span,
    Tabel,
    areas,
    cells,
    links,
    relations,
)
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import (
    FREE,
    HIDDEN,
    KNOWN,
    DisclosureError,
    Floats,
    Ints,
    Mask,
    Protected,
    Relation,
    Rule,
    Table,
)
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region

NO_FIGURE: Final = -1
"""Stands for the last figure of a cell that has none."""
LARGE: Final = 700
"""Cells from which on a system is searched less thoroughly: it would take minutes."""

_WORTH: Final = {
    ("regio", "totaal"): 60.0,
    ("regio", "hoofdgroep"): 25.0,
    ("regio", "categorie"): 3.0,
    ("gemeente", "totaal"): 20.0,
    ("gemeente", "hoofdgroep"): 3.0,
    ("gemeente", "categorie"): 1.0,
}
"""What withholding a cell of each level costs: totals are used most, so they go last."""


class RefusedError(DisclosureError):
    """The independent check found something wrong with what the protector made."""

    def __init__(self, kinds: Iterable[str]) -> None:
        super().__init__("the check refuses: " + ", ".join(sorted(set(kinds))))


@dataclass(frozen=True, eq=False)
class Frame:
    """A system of cells as everyone knows it: no true value is in here."""

    name: str
    cells: tuple[Cell, ...]
    relations: tuple[Relation, ...]
    worth: Floats
    last: Ints
    """Last published figure of each cell, or `NO_FIGURE`."""
    known: Mask
    """Whose figure of now is known already: closed at an earlier moment."""

    def span(self, rule: Rule) -> tuple[Ints, Ints]:
        """Return between which values each cell must stay possible, ends included."""
        reach = rule.threshold - 1
        held = self.last != NO_FIGURE
        low = np.where(held, np.maximum(self.last - reach, 0), 0)
        return low, np.where(held, self.last + reach, reach)

    def floor(self, rule: Rule) -> Ints:
        """Return what may be concluded of a cell without proof: one without figure is large."""
        return np.where(self.last != NO_FIGURE, 0, rule.threshold)

    @cached_property
    def place(self) -> dict[Cell, int]:
        """Where each cell is."""
        return {cell: at for at, cell in enumerate(self.cells)}

    def public(self, values: Ints, shown: Mask, rule: Rule) -> Table:
        """Return the table as an outsider has it; `values` are any that are possible."""
        state = np.where(self.known, KNOWN, np.where(shown, FREE, HIDDEN)).astype(np.int8)
        return Table(
            values,
            self.relations,
            self.worth,
            state,
            span=self.span(rule),
            floor=self.floor(rule),
        )


def frame(
    region: Region,
    name: str,
    tables: Sequence[tuple[Tabel, frozenset[Level], bool]],
    last: Callable[[Cell], int | None],
    known: Callable[[Cell], bool] = lambda cell: False,
) -> Frame:
    """
    Return the system of `tables`.

    Args:
        region: Whose cells.
        name: Of the system, in a certificate.
        tables: Each with its levels, and whether figures of it are made now: then it must hold by
            itself too.
        last: Gives the last published figure of a cell, None without one.
        known: Whether that figure is still the one that counts here.

    """
    kinds = dict(areas(region))
    found: list[Cell] = []
    equations: list[Relation] = []
    spans: list[Span] = []
    place: dict[Cell, int] = {}
    for tabel, wanted, made in tables:
        here = cells(region, tabel, wanted)
        start = len(found)
        found += here
        own = {cell: start + at for at, cell in enumerate(here)}
        place |= own
        equations += relations(region, tabel, wanted, start, tabel.label if made else None)
        spans.append(Span(tabel.soort, tabel.start))
    equations += links(place, spans)
    lasts = [last(cell) for cell in found]
    return Frame(
        name,
        tuple(found),
        tuple(equations),
        np.array([_WORTH[kinds[c.gebied], PRODUCTS[c.product].niveau] for c in found]),
        np.array([NO_FIGURE if value is None else value for value in lasts], np.int64),
        np.array([known(cell) for cell in found], np.bool_),
    )


def release(
    own: Frame,
    values: Ints,
    candidates: Mask,
    rule: Rule,
    *,
    guarded: Mask | None = None,
    clock: Callable[[], float] | None = None,
    budget: float = float("inf"),
) -> Protected:
    """
    Return which of `candidates` may be shown now, with the proof.

    Args:
        own: The system.
        values: The true counts.
        candidates: Cells that the plan, the grid and the count of contributors allow to be shown;
            at least T each.
        rule: The threshold and the guarantees.
        guarded: Cells that need the guarantee also when they are large, as long as they are hidden.
        clock: A clock that only goes forward, in seconds, for the budget.
        budget: The seconds that this may take.

    Raises:
        DisclosureError: Nothing of it can be shown now; everything stays as it was.

    """
    begun = clock() if clock else 0.0
    held = own.last != NO_FIGURE
    near = held & (np.abs(values - own.last) < rule.threshold)
    small = values < rule.threshold
    wanted = small if guarded is None else small | guarded
    free = candidates & ~small & ~own.known
    cost = own.worth * (1 + np.log10(values + 1))
    large = len(own.cells) > LARGE
    # In small systems the first pattern mostly holds as it is; a search would cost more.
    nothing_hidden = Protected(np.ones(len(values), np.bool_), np.zeros_like(values), ())
    while True:
        sensitive = (wanted | near) & ~free & ~own.known
        state = np.where(own.known, KNOWN, np.where(free, FREE, HIDDEN)).astype(np.int8)
        table = Table(
            values,
            own.relations,
            cost,
            state,
            sensitive,
            span=own.span(rule),
            floor=own.floor(rule),
        )
        left = budget - (clock() - begun) if clock else float("inf")
        found = protect(
            table,
            rule,
            former=nothing_hidden if large or len(own.cells) <= SIMPLE else None,
            attempts=0 if large else 30,
            clock=clock,
            budget=left,
        )
        # Withheld for another's sake and near its last figure: it has to be as safe as the others.
        late = free & ~found.shown & near
        if not late.any():
            break
        free &= found.shown
    problems = Checker(table, rule).inside(found, table)
    if problems:
        raise RefusedError(problem.kind for problem in problems)
    if (found.shown & ~own.known & (~candidates | small)).any():
        raise RefusedError(["shown without leave"])
    return replace(found, values=np.where(found.shown, found.values, 0))


SIMPLE: Final = 60
"""Cells up to which a system is first tried as it is."""
