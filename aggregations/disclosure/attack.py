"""
The attack of an outsider: the values between which a suppressed cell must lie.

Two programmes per cell, in whole numbers, with scipy: what it finds is what could be found. It
shares no code with what protects and needs no certificate, so it works on any table, also one that
another program made. It takes more time than checking a proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from zorgstroom.aggregations.disclosure.table import (
    Ints,
    Mask,
    Protected,
    Relation,
    Rule,
    Table,
)


class ContradictionError(Exception):
    """No whole numbers obey the relations with the values that are shown."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The smallest and largest possible value of a cell; None: there is no largest."""

    low: int
    high: int | None

    def covers(self, low: int, high: int) -> bool:
        """Return whether everything from `low` to `high` lies within."""
        return self.low <= low and (self.high is None or self.high >= high)


class Attack:
    """
    What an outsider can compute from a publication.

    Args:
        relations: All that is known to hold.
        shown: Which cells have a value.
        values: Their values; others are not read.
        lower: The least value of each cell.

    Raises:
        ContradictionError: What is shown cannot be true.

    """

    def __init__(
        self, relations: Sequence[Relation], shown: Mask, values: Ints, lower: Ints
    ) -> None:
        self._shown, self._values = shown, values
        self._cells = np.flatnonzero(~shown)
        self._column = {cell: at for at, cell in enumerate(self._cells.tolist())}
        rows, columns, times = list[int](), list[int](), list[int]()
        rest: list[int] = []
        for relation in relations:
            rhs, row = relation.rhs, len(rest)
            hidden = [(self._column[cell], t) for cell, t in relation.terms if not shown[cell]]
            rhs -= sum(t * int(values[cell]) for cell, t in relation.terms if shown[cell])
            if not hidden:
                if rhs:
                    raise ContradictionError
                continue
            rest.append(rhs)
            for column, t in hidden:
                rows.append(row)
                columns.append(column)
                times.append(t)
        count = len(self._cells)
        matrix = csr_array((np.array(times, float), (rows, columns)), shape=(len(rest), count))
        self._rest = np.array(rest, float)
        self._constraint = LinearConstraint(matrix, self._rest, self._rest) if rest else None
        self._matrix = matrix
        self._lower = lower[self._cells].astype(float)
        self._seen: list[npt.NDArray[np.float64]] = []
        if count and self._best(np.zeros(count)) is None:
            raise ContradictionError

    def possible(self) -> Ints:
        """Return a whole table that could be the true one: any, to an outsider."""
        table = np.where(self._shown, self._values, 0)
        table[self._cells] = self._seen[0].astype(np.int64) if self._seen else 0
        return table

    def interval(self, cell: int) -> Interval:
        """Return between which values a suppressed cell must lie."""
        at = self._column[cell]
        down = np.zeros(len(self._cells))
        down[at] = 1
        low = self._best(down)
        high = self._best(-down)
        if low is None:
            raise ContradictionError
        return Interval(round(low[at]), None if high is None else round(high[at]))

    def covers(self, cell: int, low: int, high: int) -> bool:
        """Return whether a suppressed cell can be `low` or less, and `high` or more."""
        at = self._column[cell]
        column = np.array([table[at] for table in self._seen])
        found = None
        if column.min(initial=np.inf) > low or column.max(initial=-np.inf) < high:
            found = self.interval(cell)
        return found is None or found.covers(low, high)

    def values(self, cell: int, wanted: int) -> int:
        """Return how many different values a suppressed cell can have, counting to `wanted`."""
        at = self._column[cell]
        seen = {round(table[at]) for table in self._seen}
        if len(seen) >= wanted:
            return wanted
        interval = self.interval(cell)
        seen |= {interval.low} if interval.high is None else {interval.low, interval.high}
        top = interval.low + 50 * wanted if interval.high is None else interval.high
        for value in range(interval.low + 1, top):
            if len(seen) >= wanted:
                break
            if value not in seen and self._possible(at, value):
                seen.add(value)
        return min(len(seen), wanted)

    def _possible(self, at: int, value: int) -> bool:
        low, high = self._lower.copy(), np.full(len(self._lower), np.inf)
        low[at] = high[at] = value
        return self._best(np.zeros(len(low)), Bounds(low, high)) is not None

    def _best(
        self, cost: npt.NDArray[np.float64], bounds: Bounds | None = None
    ) -> npt.NDArray[np.float64] | None:
        """Return the cheapest whole table; None when there is none, or none is the cheapest."""
        if self._constraint is None:
            # Nothing is known but the lower bounds.
            unlimited = bounds is None and cost.min(initial=0) < 0
            only = self._lower if bounds is None else bounds.lb
            self._seen.append(only)
            return None if unlimited else only
        found = milp(
            cost,
            constraints=self._constraint,
            bounds=bounds or Bounds(self._lower, np.inf),
            integrality=np.ones(len(cost)),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None:
            if found.status in (2, 3, 4):
                return None
            raise RuntimeError(f"the attack was not finished: {found.message}")
        table: npt.NDArray[np.float64] = np.rint(found.x)
        if (self._matrix @ table != self._rest).any() or (table < self._lower).any():
            raise RuntimeError("the attack found a table that does not add up")
        self._seen.append(table)
        return table


def informed(table: Table, rule: Rule, published: Protected) -> tuple[Attack, Ints]:
    """
    Return the attack of someone who also knows that containment of everything was the rule.

    A suppressed cell that cannot cover what the rule asks is not a small one, so it is at least its
    floor; from there on again, until nothing more follows.

    Args:
        table: What everyone knows of the cells; true values are not read.
        rule: What is known of the rule.
        published: What is shown.

    Returns:
        The attack, and the cells about which that was concluded.

    """
    lower, floors, ends = table.lowest.copy(), table.floors(rule), table.ends(rule)
    concluded = np.zeros(len(table), np.bool_)
    while True:
        attack = Attack(table.relations, published.shown, published.values, lower)
        new = [
            cell
            for cell in np.flatnonzero(~published.shown & ~concluded).tolist()
            if not attack.covers(cell, int(ends[0][cell]), int(ends[1][cell]))
        ]
        if not new:
            return attack, np.flatnonzero(concluded)
        concluded[new] = True
        lower[new] = floors[new]
