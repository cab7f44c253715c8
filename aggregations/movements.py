"""
Which dossiers moved since figures were last made: what the count of contributors rests on.

Kept beside the ledger, which sees every dossier that changes but adds them up. Time moves dossiers
as well: what begins or ends on a later day is kept by that day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.policy import Disclosure

Indicaties = frozenset[Indicatie]
Move = tuple[str, Indicaties, Indicaties]
"""Key of a dossier, its indicaties before and after."""


@dataclass(slots=True)
class Movements:
    """
    Moves of dossiers, from the moment of `begin` on.

    Args:
        day: Ordinal of the present day; what lies on later days is kept for when they come.

    """

    day: int
    begun: bool = False
    moved: dict[str, tuple[Indicaties, Indicaties]] = field(default_factory=dict)
    ahead: dict[int, dict[str, Indicaties]] = field(default_factory=dict)

    def note(self, key: str, before: Indicaties, after: Indicaties) -> None:
        """Know that the dossier `key` went from `before` to `after`."""
        for one in before:
            for day in _days(one):
                if day > self.day:
                    self.ahead.get(day, {}).pop(key, None)
        for one in after:
            for day in _days(one):
                if day > self.day:
                    self.ahead.setdefault(day, {})[key] = after
        if self.begun:
            first, _ = self.moved.get(key, (before, after))
            self.moved[key] = (first, after)

    def begin(self) -> None:
        """Forget what moved, and keep what moves from now on."""
        self.begun = True
        self.moved.clear()

    def take(self) -> list[Move]:
        """Return the dossiers that moved since the last call, and forget them."""
        found = [(key, before, after) for key, (before, after) in self.moved.items()]
        self.moved.clear()
        return found

    def reach(self, day: int) -> list[Move]:
        """Go to `day`; return the dossiers in which something began or ended on the way."""
        passed = sorted(at for at in self.ahead if at <= day)
        found: dict[str, Indicaties] = {}
        for at in passed:
            found |= self.ahead.pop(at)
        self.day = max(self.day, day)
        return [(key, same, same) for key, same in found.items()]


def movements_for(disclosure: Disclosure, today: date) -> Movements | None:
    """Return what the ledger has to keep for a policy: nothing when figures are exact."""
    return None if disclosure.policy == "geen" else Movements(today.toordinal())


def _days(one: Indicatie) -> Iterator[int]:
    """Yield the days on which the figures change because of `one`."""
    yield one.begin
    if one.einde is not None:
        yield one.einde
        yield one.einde + 1
