"""
The play of the scenario: two quiet years, four weeks in which two aanbieders fail, four good ones.

The messages are the generator's. One aanbieder, in the bad weeks, writes three weeks later than it
did; another one sends nothing in them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate

END: Final = date(2026, 3, 13)
BAD_UNTIL: Final = END - timedelta(days=35)
QUIET_UNTIL: Final = BAD_UNTIL - timedelta(days=28)
_AFZENDER: Final = re.compile(rb"Afzender>(\d{8})<")
_DAY: Final = re.compile(rb"(Dagtekening>)(\d{4}-\d\d-\d\d)(<)")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with the day on which it is sent."""

    name: str
    day: date
    data: bytes

    @property
    def afzender(self) -> str:
        found = _AFZENDER.search(self.data)  # not in an envelope
        return found[1].decode() if found else ""

    def later(self, days: int, last: date) -> "Letter":
        """Return the same message, written and sent `days` later, but not after `last`."""

        def moved(found: re.Match[bytes]) -> bytes:
            day = min(date.fromisoformat(found[2].decode()) + timedelta(days=days), last)
            return found[1] + day.isoformat().encode() + found[3]

        sent = min(self.day + timedelta(days=days), last)
        return Letter(self.name, sent, _DAY.sub(moved, self.data))


@dataclass(frozen=True, slots=True)
class Scene:
    """Three acts, and who fails in the second."""

    quiet: Sequence[Letter]
    bad: Sequence[Letter]
    good: Sequence[Letter]
    late: str
    silent: str


def scene(messages: int, seed: int) -> Scene:
    """Make the play; the same arguments give the same one."""
    simulation = generate(Params(today=END, seed=seed, messages=messages), None)
    letters = [Letter(d.naam, d.moment.date(), d.inhoud) for d in simulation.deliveries()]
    acts = [
        [one for one in letters if one.day <= QUIET_UNTIL],
        [one for one in letters if QUIET_UNTIL < one.day <= BAD_UNTIL],
        [one for one in letters if one.day > BAD_UNTIL],
    ]
    senders = Counter(one.afzender for one in acts[1] if one.afzender and b"Wmo" in one.data[:999])
    senders += Counter(one.afzender for one in acts[1] if one.afzender and b"wmo" in one.data[:999])
    (late, _), (silent, _) = senders.most_common(2)
    return Scene(acts[0], list(_failing(acts[1], late, silent)), acts[2], late=late, silent=silent)


def _failing(letters: Iterable[Letter], late: str, silent: str) -> Iterable[Letter]:
    for letter in letters:
        if letter.afzender == late:
            yield letter.later(21, BAD_UNTIL)
        elif letter.afzender != silent:
            yield letter
