"""
Moves: changes of the true table that an outsider cannot see.

A move obeys all relations of its scope and leaves every cell at or above its lower bound. When all
cells that it touches are suppressed, the table after the move is as likely to an outsider as the
true one. A small cell is safe when moves bring it to both ends of what it must cover. Moves are
found by linear programmes; they know true values, so they never leave the search for a pattern.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.linear import LARGE, Programme, Remaining
from zorgstroom.aggregations.disclosure.system import Scope
from zorgstroom.aggregations.disclosure.table import KNOWN, Floats, Ints, Mask, Rule, Table

_NEAR: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must stay possible: that a cell moves far enough."""

    place: int
    """The cell, as its place in the scope."""
    down: int
    up: int
    """How far, in one direction; in a need of breadth `up` may be divided over both."""
    breadth: bool


class Moves:
    """The search for moves within one scope."""

    def __init__(self, scope: Scope, table: Table, rule: Rule, remaining: Remaining) -> None:
        self.system = scope.system
        self.cells = scope.system.cells
        self.place = {cell: place for place, cell in enumerate(self.cells.tolist())}
        self._guarantee = scope.guarantee
        self._values = table.values[self.cells]
        self._fixed = table.state[self.cells] == KNOWN
        room = self._values - table.lowest[self.cells]
        self._room = self._all = np.where(self._fixed, 0, room).astype(float)
        self._sky = np.where(self._fixed, 0, LARGE)
        self._from, self._to = (end[self.cells] for end in table.ends(rule))
        self._wide = rule.values(scope.guarantee) - 1
        self._remaining = remaining
        self._programme: Programme | None = None
        self._closed: Mask = self._fixed.copy()

    def needs(self, cells: Iterable[int]) -> list[Need]:
        """Return what must stay possible for those of `cells` that are in this scope."""
        found = []
        for cell in cells:
            place = self.place.get(cell)
            if place is None:
                continue
            if self._guarantee != "contain":
                found.append(Need(place, 0, self._wide, breadth=True))
                continue
            value = int(self._values[place])
            down, up = value - int(self._from[place]), int(self._to[place]) - value
            if up > 0:
                found.append(Need(place, 0, up, breadth=False))
            if down > 0:
                found.append(Need(place, down, 0, breadth=False))
        return found

    def cheapest(self, need: Need, cost: Floats) -> list[Floats] | None:
        """
        Return moves (one row, or two for a need of breadth) that meet `need`, or None.

        The cost of a move is the sum of cost x change, which is near enough to what matters: the
        cost of the cells it touches.
        """
        if not need.breadth:
            move = self._move(need.place, need.down, need.up, cost)
            return None if move is None else [move]
        least = cost.min()
        best: tuple[float, list[Floats]] | None = None
        lowest = int(min(self._room[need.place], need.up))
        for down in dict.fromkeys((0, lowest)):
            parts = [(0, need.up - down), (down, 0)]
            moves = [self._move(need.place, *part, cost) for part in parts if any(part)]
            sound = [move for move in moves if move is not None]
            if len(sound) < len(moves):
                continue
            touched = cost[np.any([move != 0 for move in sound], axis=0)]
            price = float(touched[touched > least].sum())
            if best is None or price < best[0]:
                best = price, sound
            if price == 0:
                break
        return best[1] if best else None

    def floor(self, lower: Ints) -> None:
        """Let no cell go below `lower` (per cell of the table), and forget an earlier floor."""
        room = np.maximum(self._values - lower[self.cells], 0)
        self._room = np.minimum(self._all, room)
        self._programme = None

    def close(self, shown: Mask) -> None:
        """Let the cells that are `shown` move no more, and all others move."""
        closed = shown | self._fixed
        changed = np.flatnonzero(closed != self._closed)
        self._closed = closed
        if len(changed) and self._programme is not None:
            both = np.concatenate([changed, changed + len(self.cells)])
            self._programme.bound(both, np.zeros(len(both)), self._ends(changed))

    def _ends(self, places: Ints) -> Floats:
        """Return how far `places` may go up, then how far down."""
        still = np.tile(self._closed[places], 2)
        return np.where(still, 0.0, np.concatenate([self._sky[places], self._room[places]]))

    def _move(self, place: int, down: int, up: int, cost: Floats) -> Floats | None:
        count = len(self.cells)
        if self._fixed[place] or down > self._room[place]:
            return None
        if self._programme is None:
            self._programme = Programme(
                self.system,
                (1, -1),
                np.zeros(len(self.system.rhs), np.int64),
                self._ends(np.arange(count)),
                self._remaining,
            )
        both = np.array([place, place + count])
        # The other direction is closed: going up and down at once would be no move.
        top = np.array([LARGE if up else 0.0, self._room[place] if down else 0.0])
        self._programme.bound(both, np.array([up, down], float), top)
        self._programme.cost(np.concatenate([cost, cost]))
        columns = self._programme.solve(rested=True)
        self._programme.bound(both, np.zeros(2), self._ends(np.array([place])))
        if columns is None:
            return None
        move = columns[:count] - columns[count:]
        move[np.abs(move) < _NEAR] = 0
        return move
