"""
Witnesses: alternative tables that prove, by addition alone, what an outsider cannot exclude.

They are made from what an outsider knows: which cells are suppressed, the values of the others and
the witnesses published before. Nothing here is given a true value, and every suppressed cell is
treated alike, small or not, so witnesses may be published and tell nothing new.

Counts are whole, so a proof needs whole numbers. For containment a cell needs one table at or below
the low end and one at or above the high end. For breadth it needs as many *different* values as the
rule asks, each in a table of its own: that the ends of an interval are possible does not prove that
the whole numbers between them are (x = 2y leaves the even ones only), so none is inferred.
In two dimensions the vertices of the linear programme are whole by themselves. Elsewhere they may
not be, and the same question is asked again with whole numbers.
"""

from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.linear import LARGE, Programme, Remaining, rounded
from zorgstroom.aggregations.disclosure.system import Outside, Scope
from zorgstroom.aggregations.disclosure.table import Floats, Ints, Mask, Protected, Rule, Witnesses

_HEAVY: Final = 1000.0
"""Weight of the cell that is asked for, beside 1 for each other that may profit."""
_ROUNDS: Final = 400
"""How often at most many cells are served at once, before they are served one by one."""
_WORTH_WHILE: Final = 3
"""How many values a programme for many cells must bring."""
_HOLES: Final = 3
"""How many values in a row that turn out impossible end the search for a cell's next value."""


class Prover:
    """
    Finds witnesses for one scope.

    Args:
        outside: What is known of the scope.
        scope: The scope, for its guarantee.
        rule: What the guarantee means.
        ends: What containment must cover, per cell of the whole table.
        remaining: The seconds left.

    """

    def __init__(
        self,
        outside: Outside,
        scope: Scope,
        rule: Rule,
        ends: tuple[Ints, Ints],
        remaining: Remaining,
    ) -> None:
        self.outside = outside
        self.tables: Ints = np.zeros((0, len(outside.cells)), np.int64)
        self._label = scope.label
        self._low, self._high = (end[outside.cells] for end in ends)
        self._contain = scope.guarantee == "contain"
        self._wanted = rule.values(scope.guarantee)
        self._lost = np.zeros(len(outside.cells), np.bool_)
        self._remaining = remaining
        self._random = np.random.default_rng(0)
        self._programme: Programme | None = None
        self._top: Floats = np.zeros(0)

    def proven(self) -> Mask:
        """Return which suppressed cells have their proof."""
        if not len(self.tables):
            return np.zeros(len(self.outside.cells), np.bool_)
        enough: Mask
        if self._contain:
            enough = ~self._without_low() & ~self._without_high()
        else:
            enough = distinct(self.tables) >= self._wanted
        return enough & ~self._lost

    def witnesses(self) -> Witnesses:
        """Return what was found."""
        return Witnesses(self._label, self.outside.cells, self.tables)

    def take_over(self, former: Protected) -> None:
        """
        Start from the witnesses of the last publication.

        They are changed by the same small amounts that make them agree with what is shown now;
        those that then have a value too low are dropped.
        """
        mine, lower = self.outside.cells, self.outside.lower
        for old in former.witnesses:
            if old.scope != self._label:
                continue
            # A cell that is suppressed for the first time begins at its last published value.
            first = np.where(former.shown[mine], former.values[mine], lower)
            tables = np.tile(first, (len(old.tables), 1))
            if len(old.cells):
                at = np.searchsorted(old.cells, mine).clip(max=len(old.cells) - 1)
                same = old.cells[at] == mine
                tables[:, same] = old.tables[:, at[same]]
            gaps, which = np.unique(
                self.outside.rhs - self.outside.sums(tables), axis=0, return_inverse=True
            )
            for number, gap in enumerate(gaps):
                step = self._bridge(gap) if gap.any() else None
                if step is not None:
                    tables[which.ravel() == number] += step
            self.tables = tables[self.outside.holds(tables)]

    def raise_(self, lower: Ints) -> None:
        """Know that cells are at least `lower` (per cell of the table), and go on from there."""
        mine = lower[self.outside.cells]
        self._lost |= mine > self.outside.lower
        self.outside = self.outside.above(mine)
        self.tables = self.tables[self.outside.holds(self.tables)]
        self._programme = None

    def prove(self) -> None:
        """Look for witnesses until every suppressed cell has its proof, or can have none."""
        if not len(self.outside.cells):
            return
        if self._contain:
            self._many_ends()
        else:
            self._many_values()
        for cell in np.flatnonzero(~self.proven() & ~self._lost).tolist():
            if self._contain:
                self._two_ends(cell)
            else:
                self._more_values(cell)
        self._thin()

    def _without_low(self) -> Mask:
        lacking: Mask = self.tables.min(axis=0, initial=_NEVER) > self._low
        return lacking

    def _without_high(self) -> Mask:
        lacking: Mask = self.tables.max(axis=0, initial=-_NEVER) < self._high
        return lacking

    def _many_ends(self) -> None:
        """Bring many cells at once to an end, as long as that goes well."""
        none = np.zeros(len(self.outside.cells))
        for down in (True, False):
            last = _NEVER
            while True:
                lacking = (self._without_low() if down else self._without_high()) & ~self._lost
                left = int(lacking.sum())
                if not left or last - left < 1 + left // 10:
                    break
                last = left
                weight = lacking.astype(float)
                if down:
                    self._fit(self._low, none, weight)
                else:
                    self._fit(self._high, weight, none)

    def _two_ends(self, cell: int) -> None:
        """Bring one cell to the ends that it lacks; others may profit."""
        none = np.zeros(len(self.outside.cells))
        lacking = self._without_low() & ~self._lost
        if lacking[cell]:
            weight = lacking.astype(float)
            weight[cell] = _HEAVY
            found = self._fit(self._low, none, weight)
            if found is None or found[cell] > self._low[cell]:
                return
        lacking = self._without_high() & ~self._lost
        if lacking[cell]:
            weight = lacking.astype(float)
            weight[cell] = _HEAVY
            self._fit(self._high, weight, none)

    def _many_values(self) -> None:
        """Give many cells at once a value that they did not have yet."""
        last = _NEVER
        for _ in range(_ROUNDS):
            short = np.maximum(self._wanted - self._values(), 0)
            short[self._lost] = 0
            left = int(short.sum())
            # Cell by cell takes about three programmes for each value that is lacking.
            if not left or last - left < _WORTH_WHILE:
                return
            last = left
            weight = (short > 0).astype(float)
            self._fit(self._fresh(short > 0), weight, weight)

    def _values(self) -> Ints:
        return distinct(self.tables) if len(self.tables) else np.zeros_like(self.outside.lower)

    def _fresh(self, open_: Mask) -> Ints:
        """Return for each open cell a value near those it has, but not among them."""
        goal = self.outside.lower.copy()
        for cell in np.flatnonzero(open_).tolist():
            had = set(self.tables[:, cell].tolist())
            start = max(int(goal[cell]), min(had, default=0) - self._wanted)
            free = [v for v in range(start, start + len(had) + 2 * self._wanted) if v not in had]
            goal[cell] = free[int(self._random.integers(len(free)))]
        return goal

    def _more_values(self, cell: int) -> None:
        """Give one cell the values that it lacks, from the least possible upwards."""
        weight = np.zeros(len(self.outside.cells))
        weight[cell] = _HEAVY
        goal = self.outside.lower.copy()
        least = self._fit(goal, np.zeros(len(goal)), weight)
        missed = 0
        value = _NEVER if least is None else int(least[cell]) + 1
        while value < _NEVER and missed < _HOLES:
            had = np.unique(self.tables[:, cell])
            if len(had) >= self._wanted:
                return
            if value not in had:
                goal[cell] = value
                found = self._fit(goal, weight, weight)
                missed = 0 if found is not None and found[cell] == value else missed + 1
            value += 1

    def _fit(self, goal: Ints, below: Floats, above: Floats) -> Ints | None:
        """
        Add the table that comes nearest to `goal`, and return it.

        A distance costs `below` for each unit under the goal and `above` for each over it. A cell
        is its lower bound, and a part that reaches to the goal, and a part beyond.
        """
        system = self.outside
        count = len(system.cells)
        reach = np.maximum(goal - system.lower, 0).astype(float)
        top = np.concatenate([reach, np.full(count, LARGE)])
        rhs = system.rhs - system.sums(system.lower[None])[0]
        if self._programme is None:
            self._programme = Programme(system, (1, 1), rhs, top, self._remaining)
        elif (top != self._top).any():
            changed = np.flatnonzero(top != self._top)
            self._programme.bound(changed, np.zeros(len(changed)), top[changed])
        self._top = top
        self._programme.cost(np.concatenate([-below, above]))
        columns = self._programme.solve()
        table = None if columns is None else rounded(columns)
        if columns is not None and table is None:
            columns = self._programme.whole()
            table = None if columns is None else rounded(columns)
        if table is None:
            return None
        found: Ints = system.lower + table[:count] + table[count:]
        if not system.holds(found[None])[0]:
            return None
        if not (self.tables == found).all(axis=1).any():
            self.tables = np.vstack([self.tables, found])
        return found

    def _bridge(self, gap: Ints) -> Ints | None:
        """Return a small change of the suppressed cells that changes the sums by `gap`."""
        system = self.outside
        count = len(system.cells)
        row = int(np.flatnonzero(gap)[0])
        for entry in range(int(system.start[row]), int(system.start[row + 1])):
            step = np.zeros(count, np.int64)
            step[system.at[entry]] = int(gap[row]) // int(system.times[entry])
            if (system.sums(step[None])[0] == gap).all():
                return step
        top = np.full(2 * count, LARGE)
        programme = Programme(system, (1, -1), gap, top, self._remaining)
        programme.cost(np.ones(2 * count))
        columns = programme.solve()
        return None if columns is None else rounded(columns[:count] - columns[count:])

    def _thin(self) -> None:
        """Drop tables that no proof needs, the oldest first."""
        tables = self.tables
        keep = np.ones(len(tables), np.bool_)
        safe = self.proven()
        if self._contain:
            hits = np.concatenate([tables <= self._low, tables >= self._high], axis=1)
            hits &= np.tile(safe, 2)
            count = hits.sum(axis=0)
            for row in range(len(tables)):
                if (count[hits[row]] > 1).all():
                    keep[row] = False
                    count -= hits[row]
        else:
            # Newest first: those of before are the likeliest to be passed over.
            keep[:] = False
            count = np.zeros(tables.shape[1], np.int64)
            for row in range(len(tables) - 1, -1, -1):
                fresh = ~(tables[keep] == tables[row]).any(axis=0)
                if (fresh & safe & (count < self._wanted)).any():
                    keep[row] = True
                    count += fresh
        self.tables = tables[keep]


_NEVER: Final = 2**62
"""Above every count."""


def distinct(tables: Ints) -> Ints:
    """Return how many different values each column has."""
    changes = np.diff(np.sort(tables, axis=0), axis=0) != 0
    count: Ints = changes.sum(axis=0) + 1
    return count
