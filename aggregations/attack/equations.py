"""
The linear programme of an attacker: unknown numbers, and what is known of sums of them.

Unknowns are the exact counts, and the secret offset of each name that is read at more than one
count. A figure f tells that count + offset lies from f to f + base - 1; n.b. tells that it is at
most threshold + base - 1. Whole numbers are relaxed to real ones, as in any such attack: the
intervals that follow are never too narrow.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from zorgstroom.aggregations.attack.cells import Count, Relation


class ContradictionError(Exception):
    """The readings cannot all be true: no counts and offsets fit them."""


class Reading(NamedTuple):
    """What somebody knows of a count and its offset: their sum lies from `low` to `high`."""

    counted: Count
    low: int
    high: int


class Rule(NamedTuple):
    """How counts are made public, as everybody knows it."""

    base: int
    """Offsets run from 0 to `base` - 1; 1 for exact figures."""
    hidden: int
    """The highest sum of a count and its offset of which nothing is shown."""

    @classmethod
    def rounding(cls, base: int, threshold: int) -> "Rule":
        """Return the rule of policy `afronden`."""
        return cls(base, threshold + base - 1)

    @classmethod
    def bare_threshold(cls, threshold: int) -> "Rule":
        """Return the rule of policy `kale_drempel`: exact figures from the threshold on."""
        return cls(1, threshold - 1)

    @property
    def smallest(self) -> int:
        """The smallest figure that is ever shown."""
        return self.hidden + 1 - (self.hidden + 1) % self.base

    def reading(self, count: Count, figure: int | None) -> Reading:
        """Return what `figure` (None: n.b.) tells an outsider of `count`."""
        if figure is None:
            return Reading(count, 0, self.hidden)
        return Reading(count, figure, figure + self.base - 1)


class Equation(NamedTuple):
    """Sum of coefficient x unknown lies from `low` to `high`."""

    terms: tuple[tuple[int, int], ...]
    low: float
    high: float


@dataclass(slots=True)
class Programme:
    """Unknown numbers by their place, with their bounds, and equations between them."""

    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    places: dict[Count, int] = field(default_factory=dict)
    """Where each count stands among the unknowns."""

    def unknown(self, low: float = 0, high: float = math.inf) -> int:
        """Add an unknown number and return its place."""
        self.lows.append(low)
        self.highs.append(high)
        return len(self.lows) - 1

    def place(self, count: Count) -> int:
        """Return the place of `count`, which is added when it is new."""
        place = self.places.get(count)
        if place is None:
            place = self.places[count] = self.unknown()
        return place

    def bound(self, place: int, low: float, high: float) -> None:
        """Narrow the bounds of an unknown; raises `ContradictionError` when nothing is left."""
        self.lows[place] = low = max(low, self.lows[place])
        self.highs[place] = high = min(high, self.highs[place])
        if low > high:
            raise ContradictionError


def programme(readings: Iterable[Reading], relations: Iterable[Relation], base: int) -> Programme:
    """
    Return what `readings` and `relations` amount to.

    Args:
        readings: What is known of counts with their offsets.
        relations: What is known of counts.
        base: Offsets run from 0 to one less.

    Raises:
        ContradictionError: Two readings of one count contradict each other.

    """
    result = Programme()
    names: dict[Hashable, dict[Count, tuple[int, int]]] = defaultdict(dict)
    for count, low, high in readings:
        of_name = names[count.name]
        known_low, known_high = of_name.get(count, (low, high))
        of_name[count] = max(low, known_low), min(high, known_high)
        if of_name[count][0] > of_name[count][1]:
            raise ContradictionError
    for of_name in names.values():
        _read(result, of_name, base - 1)
    for relation in relations:
        places = tuple((result.place(count), times) for count, times in relation.terms)
        if len(places) == 1 and places[0][1] == 1:
            result.bound(places[0][0], relation.low, relation.high)
        else:
            result.equations.append(Equation(places, relation.low, relation.high))
    return result


def _read(result: Programme, of_name: dict[Count, tuple[int, int]], most: int) -> None:
    """Add the counts of one name, and its offset of 0 to `most` where that binds them."""
    for count, (low, high) in of_name.items():
        # What the offset leaves possible, whatever it is.
        result.bound(result.place(count), low - most, high)
    # Counts of which nothing is shown have most room when the offset is 0, all of them at once.
    if most == 0 or len(of_name) == 1 or all(low <= 0 for low, _ in of_name.values()):
        return
    offset = result.unknown(0, most)
    for count, (low, high) in of_name.items():
        terms = ((result.places[count], 1), (offset, 1))
        result.equations.append(Equation(terms, -math.inf if low <= 0 else low, high))
