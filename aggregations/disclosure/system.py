"""Relations as arrays: scopes in which a guarantee must hold, and what an outsider sees of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from zorgstroom.aggregations.disclosure.table import (
    Guarantee,
    Ints,
    Label,
    Mask,
    Relation,
    Rule,
)


@dataclass(frozen=True, eq=False)
class System:
    """
    Linear equations over some cells, row by row.

    Row r holds the places `at[start[r]:start[r + 1]]` with the coefficients `times` beside them.
    """

    cells: Ints
    """The cells of these equations, ascending, as indices of the table."""
    start: Ints
    at: Ints
    """Columns: places in `cells`."""
    times: Ints
    rhs: Ints

    def sums(self, tables: Ints) -> Ints:
        """Return the left-hand sides for `tables`: k x cells to k x rows."""
        if not len(self.rhs):
            return np.zeros((len(tables), 0), np.int64)
        return np.add.reduceat(tables[:, self.at] * self.times, self.start[:-1], axis=1)

    @cached_property
    def row(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.rhs)), np.diff(self.start))

    def outside(self, hidden: Mask, values: Ints, lower: Ints) -> "Outside":
        """
        Return what is left of these equations for someone who knows the cells not `hidden`.

        `hidden`, `values` and `lower` are per cell of the whole table. Values of hidden cells are
        not read into the result.
        """
        here = hidden[self.cells]
        open_ = here[self.at]
        seen = np.where(here, 0, values[self.cells])
        rest = self.rhs - self.sums(seen[None])[0]
        entries = np.flatnonzero(open_)
        rows, first = np.unique(self.row[entries], return_index=True)
        place = np.cumsum(here) - 1
        cells = self.cells[here]
        return Outside(
            cells,
            np.append(first, len(entries)).astype(np.int64),
            place[self.at[entries]],
            self.times[entries],
            rest[rows],
            lower[cells],
        )


@dataclass(frozen=True, eq=False)
class Outside(System):
    """What an outsider knows of a scope: equations over its suppressed cells alone."""

    lower: Ints
    """The least value of each suppressed cell."""

    def above(self, lower: Ints) -> "Outside":
        """Return the same for someone who also knows that the cells are at least `lower`."""
        return replace(self, lower=np.maximum(lower, self.lower))

    def holds(self, tables: Ints) -> Mask:
        """Return which of `tables` (k x cells) could be the true one as far as is known."""
        right: Mask = (self.sums(tables) == self.rhs).all(axis=1)
        return right & (tables >= self.lower).all(axis=1)


@dataclass(frozen=True, eq=False)
class Scope:
    """A system in which one guarantee must hold."""

    label: Label | None
    guarantee: Guarantee
    system: System


def system(relations: Sequence[Relation]) -> System:
    """Return `relations` as arrays."""
    cells = np.unique(np.array([c for r in relations for c, _ in r.terms], np.int64))
    start = np.cumsum([0, *(len(relation.terms) for relation in relations)]).astype(np.int64)
    index = np.array([c for r in relations for c, _ in r.terms], np.int64)
    return System(
        cells,
        start,
        np.searchsorted(cells, index).astype(np.int64),
        np.array([t for r in relations for _, t in r.terms], np.int64),
        np.array([r.rhs for r in relations], np.int64),
    )


def scopes(relations: Sequence[Relation], rule: Rule) -> list[Scope]:
    """
    Return where `rule` asks for what.

    Every table by itself; and all relations together when that tells an outsider more, that is
    when there are links or tables share cells. Containment in everything implies it in each table.
    """
    filled = [relation for relation in relations if relation.terms]
    tables: dict[Label, list[Relation]] = {}
    for relation in filled:
        if relation.table is not None:
            tables.setdefault(relation.table, []).append(relation)
    found = [Scope(label, rule.within, system(rows)) for label, rows in tables.items()]
    everything = system(filled)
    linked = any(relation.table is None for relation in filled)
    if linked or sum(len(scope.system.cells) for scope in found) > len(everything.cells):
        if rule.across == "contain" and rule.within == "contain":
            found = []
        found.append(Scope(None, rule.across, everything))
    return found
