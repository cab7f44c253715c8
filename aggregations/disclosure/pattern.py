"""
Which further cells to withhold so that small cells are safe: the search for a pattern.

Cell by cell the cheapest moves are looked for, and what they touch is withheld; then every withheld
cell is tried to be shown again; then single cells are forced open to see whether another way round
is cheaper. Sets of cells are whole numbers with a bit per cell: the same question, "is all that
this move touches withheld?", is asked some hundred thousand times.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.moves import Moves, Need
from zorgstroom.aggregations.disclosure.table import Floats, Mask, UnprotectableError

_OWN: Final = 1e-3
"""Cost of moving what is withheld anyway, as a share of the cheapest cell: prefers short moves."""
_NEAR: Final = 1e-6


class Search:
    """
    The search for patterns that make `cells` safe.

    Args:
        scopes: Where guarantees must hold.
        cells: The small cells that must become safe.
        cost: What withholding each cell of the table costs.
        seed: For the noise on costs; the same seed finds the same pattern.

    """

    def __init__(
        self, scopes: Sequence[Moves], cells: Sequence[int], cost: Floats, seed: int
    ) -> None:
        self._scopes = scopes
        self._cost = cost
        self._price: list[float] = cost.tolist()
        self._random = np.random.default_rng(seed)
        self._needs: list[tuple[Moves, Need]] = sorted(
            ((moves, need) for moves in scopes for need in moves.needs(cells)),
            key=lambda item: -(item[1].down + item[1].up),
        )
        self._ways: list[list[int]] = [[] for _ in self._needs]
        """Per need, what must be withheld for it: sets of cells, each enough by itself."""
        self._of = {
            id(moves): np.array([at for at, (of, _) in enumerate(self._needs) if of is moves])
            for moves in scopes
        }
        self._far = {
            id(moves): Reach([self._needs[at][1] for at in self._of[id(moves)]]) for moves in scopes
        }
        self._touching: dict[int, list[int]] = {}
        """Per cell, the needs in whose scopes it is."""
        for moves in scopes:
            for cell in moves.place:
                self._touching.setdefault(cell, []).extend(self._of[id(moves)].tolist())

    def best(self, hidden: Mask, tries: int, attempts: int) -> Mask:
        """
        Return the cheapest pattern found that contains `hidden`.

        Args:
            hidden: What is withheld in any case.
            tries: How many times to start, each with other noise on the costs.
            attempts: How many cells to force open afterwards, looking for another way round.

        """
        base = bits(hidden)
        found = []
        for number in range(max(tries, 1)):
            noise = self._random.uniform(0.7, 1.3, len(self._cost)) if number else 1.0
            pattern = self._cleaned(self._extended(base, self._cost * noise), base)
            found.append((self._worth(pattern & ~base), number, pattern))
        worth, _, pattern = min(found)
        return cells_of(self._improved(worth, pattern, base, attempts), len(hidden))

    def _improved(self, worth: float, pattern: int, base: int, attempts: int) -> int:
        order: list[int] = []
        for _ in range(attempts):
            extra = members(pattern & ~base)
            if not extra:
                break
            order = [cell for cell in order if cell in extra]
            if not order:
                order = self._random.permutation(extra).tolist()
            out = order.pop()
            prices = self._cost * self._random.uniform(0.8, 1.2, len(self._cost))
            prices[out] *= 4
            limit = worth + 2 * self._price[out]
            other = self._extended(pattern & ~(1 << out), prices, base, limit)
            if self._worth(other & ~base) >= limit:
                continue
            other = self._cleaned(other, base)
            now = self._worth(other & ~base)
            if now <= worth:
                worth, pattern = now, other
        return pattern

    def _extended(
        self, pattern: int, prices: Floats, base: int = 0, limit: float = float("inf")
    ) -> int:
        """Return `pattern` with what the cheapest moves touch; may end early above `limit`."""
        own = float(prices.min()) * _OWN
        opened = False
        for at, (moves, need) in enumerate(self._needs):
            if self._met(at, pattern):
                continue
            if not opened:
                for scope in self._scopes:
                    scope.close(np.zeros(len(scope.cells), np.bool_))
                opened = True
            inside = cells_of(pattern, len(prices))[moves.cells]
            found = moves.cheapest(need, np.where(inside, own, prices[moves.cells]))
            if found is None:
                raise UnprotectableError([int(moves.cells[need.place])])
            pattern |= self._learn(at, found)
            if self._worth(pattern & ~base) >= limit:
                break
        return pattern

    def _cleaned(self, pattern: int, base: int) -> int:
        """Return `pattern` without the cells, dear ones first, that can be shown after all."""
        extra = members(pattern & ~base)
        for cell in sorted(extra, key=lambda cell: -self._price[cell]):
            without = pattern & ~(1 << cell)
            if self._safe(without, cell):
                pattern = without
        return pattern

    def _safe(self, pattern: int, shown: int) -> bool:
        """Return whether all needs can be met within `pattern`, in which `shown` was opened."""
        lost = [at for at in self._touching[shown] if not self._met(at, pattern)]
        inside = cells_of(pattern, len(self._price)) if lost else None
        for at in lost:
            if inside is None or self._met(at, pattern):
                continue
            moves, need = self._needs[at]
            moves.close(~inside[moves.cells])
            found = moves.cheapest(need, np.ones(len(moves.cells)))
            if found is None:
                return False
            self._learn(at, found)
        return True

    def _met(self, at: int, pattern: int) -> bool:
        outside = ~pattern
        return any(not way & outside for way in self._ways[at])

    def _learn(self, at: int, found: Sequence[Floats]) -> int:
        """Remember what `found` does for the need `at` and for all others of its scope."""
        moves = self._needs[at][0]
        size = len(self._price)
        everything = 0
        for move in found:
            touched = np.zeros(size, np.bool_)
            touched[moves.cells[move != 0]] = True
            way = bits(touched)
            everything |= way
            for other in self._of[id(moves)][self._far[id(moves)].met(move)].tolist():
                self._add(other, way)
        self._add(at, everything)
        return everything

    def _add(self, at: int, way: int) -> None:
        ways = self._ways[at]
        if not any(not known & ~way for known in ways):
            ways[:] = [known for known in ways if way & ~known]
            ways.append(way)

    def _worth(self, pattern: int) -> float:
        return float(self._cost[cells_of(pattern, len(self._cost))].sum())


class Reach:
    """Which of many needs of one scope a move meets."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._places = np.array([need.place for need in needs], np.int64)
        self._breadth = np.array([need.breadth for need in needs], np.bool_)
        self._up = np.array([bool(need.up) for need in needs], np.bool_)
        self._far = np.array([need.up + need.down for need in needs]) - _NEAR

    def met(self, move: Floats) -> Mask:
        """Return which needs `move` meets by itself."""
        step = move[self._places]
        far = np.where(self._breadth, np.abs(step), np.where(self._up, step, -step))
        met: Mask = far > self._far
        return met


def bits(mask: Mask) -> int:
    """Return the set of cells where `mask` is true."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def cells_of(pattern: int, size: int) -> Mask:
    """Return a set of cells as a mask."""
    data = np.frombuffer(pattern.to_bytes((size + 7) // 8, "little"), np.uint8)
    return np.unpackbits(data, count=size, bitorder="little").astype(np.bool_)


def members(pattern: int) -> list[int]:
    """Return the cells of a set, ascending."""
    found = []
    while pattern:
        lowest = pattern & -pattern
        found.append(lowest.bit_length() - 1)
        pattern ^= lowest
    return found
