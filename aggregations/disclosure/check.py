"""
The independent check of a publication and its proof, by addition and comparison alone.

It shares no code with what protects, only the contract. A proof is checked by putting each witness
beside what is shown and adding up: whole numbers, every relation, no cell below its least value,
and no cell small that the rule would then not have left without a proof.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from zorgstroom.aggregations.disclosure.table import (
    HIDDEN,
    KNOWN,
    Guarantee,
    Ints,
    Label,
    Mask,
    Protected,
    Relation,
    Rule,
    Table,
    Witnesses,
)

Kind = Literal[
    "small shown",
    "hidden shown",
    "known not shown",
    "wrong value",
    "value leaks",
    "not whole",
    "wrong cells",
    "no witnesses",
    "wrong sum",
    "too low",
    "breaks the rule",
    "unproven",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that makes a publication unsafe or its proof invalid."""

    kind: Kind
    scope: Label | None = None
    places: tuple[int, ...] = ()
    """Cells; relations of the scope where a sum is wrong. Not for a log: they may be small."""


@dataclass(frozen=True, eq=False)
class _Demand:
    """The relations of one scope, as a matrix over all cells, and what must hold there."""

    guarantee: Guarantee
    matrix: csr_array
    rhs: Ints
    cells: Mask


class Checker:
    """
    Checks publications of one system of cells.

    Args:
        table: Its relations and what everyone knows of its cells; the true values are not read.
        rule: What must hold.

    """

    def __init__(self, table: Table, rule: Rule) -> None:
        self._rule = rule
        self._size = len(table)
        self._by_value = table.sensitive is None
        self._state = table.state
        self._lower, self._floor = table.lowest, table.floors(rule)
        self._low, self._high = table.ends(rule)
        self._demands = self._asked(table.relations)

    def outside(self, published: Protected) -> list[Problem]:
        """Return what anyone can find wrong with `published` and its proof."""
        return self._checked(published)[0]

    def inside(self, published: Protected, table: Table) -> list[Problem]:
        """
        Return what is wrong with `published`, for someone who has the true values.

        Beside the proof itself: every small cell is suppressed and proven wherever the rule asks,
        and what is shown is true.
        """
        problems, proven = self._checked(published)
        small: Mask = table.values < self._rule.threshold
        if table.sensitive is not None:
            small = table.sensitive
        small = small & (self._state != KNOWN)
        _report(problems, "small shown", small & published.shown)
        _report(problems, "wrong value", published.shown & (published.values != table.values))
        for scope, demand in self._demands.items():
            _report(problems, "unproven", small & demand.cells & ~proven[scope], scope)
        return problems

    def proven(self, published: Protected) -> Mask:
        """Return which suppressed cells have a valid proof in every scope that they are in."""
        _, proven = self._checked(published)
        good = ~published.shown
        for scope, demand in self._demands.items():
            good &= proven[scope] | ~demand.cells
        return good

    def _asked(self, relations: Sequence[Relation]) -> dict[Label | None, _Demand]:
        filled = [relation for relation in relations if relation.terms]
        by_table: dict[Label | None, list[Relation]] = {}
        for relation in filled:
            by_table.setdefault(relation.table, []).append(relation)
        loose = bool(by_table.pop(None, None))
        asked = {label: self._demand(rows, self._rule.within) for label, rows in by_table.items()}
        uses = Counter[int]()
        for demand in asked.values():
            uses.update(np.flatnonzero(demand.cells).tolist())
        if loose or max(uses.values(), default=0) > 1:
            if self._rule.within == self._rule.across == "contain":
                asked = {}
            asked[None] = self._demand(filled, self._rule.across)
        return asked

    def _demand(self, relations: Sequence[Relation], guarantee: Guarantee) -> _Demand:
        row = [at for at, relation in enumerate(relations) for _ in relation.terms]
        cell = [cell for relation in relations for cell, _ in relation.terms]
        times = np.array([t for relation in relations for _, t in relation.terms], np.int64)
        matrix = csr_array((times, (row, cell)), shape=(len(relations), self._size))
        cells = np.zeros(self._size, np.bool_)
        cells[cell] = True
        rhs = np.array([relation.rhs for relation in relations], np.int64)
        return _Demand(guarantee, matrix, rhs, cells)

    def _checked(self, published: Protected) -> tuple[list[Problem], dict[Label | None, Mask]]:
        problems: list[Problem] = []
        shown, known = published.shown, self._state == KNOWN
        if self._by_value:
            low = published.values < self._rule.threshold
            _report(problems, "small shown", shown & ~known & low)
        _report(problems, "hidden shown", shown & (self._state == HIDDEN))
        _report(problems, "known not shown", known & ~shown)
        _report(problems, "value leaks", ~shown & (published.values != 0))
        given = {proof.scope: proof for proof in published.witnesses}
        proven: dict[Label | None, Mask] = {}
        lacking = np.zeros(self._size, np.bool_)
        tables: list[tuple[Label | None, Mask, Ints]] = []
        for scope, demand in self._demands.items():
            hidden = demand.cells & ~shown
            proven[scope] = np.zeros(self._size, np.bool_)
            if hidden.any() and scope not in given:
                problems.append(Problem("no witnesses", scope))
            elif hidden.any():
                found = self._added(published, given[scope], demand, hidden, problems)
                if found is not None:
                    proven[scope] = hidden & self._wide(found, demand.guarantee)
                    tables.append((scope, hidden, found))
            lacking |= hidden & ~proven[scope]
        for scope, hidden, whole in tables:
            small: Mask = np.any(whole < self._floor, axis=0)
            _report(problems, "breaks the rule", small & hidden & lacking, scope)
        return problems, proven

    def _added(
        self,
        published: Protected,
        proof: Witnesses,
        demand: _Demand,
        hidden: Mask,
        problems: list[Problem],
    ) -> Ints | None:
        """Return the witnesses beside what is shown, or None when one of them is wrong."""
        columns = np.flatnonzero(hidden)
        if proof.tables.dtype.kind not in "iu":
            problems.append(Problem("not whole", proof.scope))
            return None
        if proof.tables.shape[1:] != columns.shape or not np.array_equal(columns, proof.cells):
            problems.append(Problem("wrong cells", proof.scope))
            return None
        found = np.tile(published.values, (len(proof.tables), 1))
        found[:, columns] = proof.tables
        wrong = (demand.matrix @ found.T != demand.rhs[:, None]).any(axis=1)
        low = hidden & (found < self._lower).any(axis=0)
        _report(problems, "wrong sum", wrong, proof.scope)
        _report(problems, "too low", low, proof.scope)
        return None if wrong.any() or low.any() else found

    def _wide(self, tables: Ints, guarantee: Guarantee) -> Mask:
        """Return for which cells the values that occur are what the guarantee asks."""
        if not len(tables):
            return np.zeros(self._size, np.bool_)
        if guarantee == "contain":
            deep: Mask = tables.min(axis=0) <= self._low
            high: Mask = tables.max(axis=0) >= self._high
            return deep & high
        ordered = np.sort(tables, axis=0)
        steps: Ints = np.sum(ordered[1:] > ordered[:-1], axis=0)
        enough: Mask = steps + 1 >= (2 if guarantee == "exact" else self._rule.breadth)
        return enough


def _report(problems: list[Problem], kind: Kind, where: Mask, scope: Label | None = None) -> None:
    if where.any():
        problems.append(Problem(kind, scope, tuple(np.flatnonzero(where).tolist())))
