"""
The attack on one programme, within a time, and what of it is kept for a next time.

What was found out stands in a file until the audit is complete, so that one that ran out of time or
was stopped goes on where it was. The file tells what an attack can find out, and is private.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zorgstroom.aggregations.attack.families import Family
from zorgstroom.aggregations.attack.solve import ENOUGH, Attack

_SAVED_EVERY: Final = 20
"""Counts between two savings."""
_LEAST_GAIN: Final = 2
"""A push that proves fewer counts wide than this is not followed by another."""


@dataclass(slots=True)
class FamilyResult:
    """What the attack on one programme found so far."""

    naam: str
    tellingen: int
    """Counts that are laid together."""
    verborgen: int
    """Those of which nothing is shown."""
    steekproef: int
    """How many of these are attacked."""
    waarden: dict[str, int] = field(default_factory=dict)
    """For each that was: how many values are possible, `ENOUGH` for that many or more."""
    precies: dict[str, int] = field(default_factory=dict)
    """Those that can be only one, with what it is."""
    programmas: int = 0
    """Linear programmes that were solved."""
    seconden: float = 0.0

    @property
    def smal(self) -> int:
        """How many counts have fewer than `ENOUGH` values, those known exactly among them."""
        return sum(values < ENOUGH for values in self.waarden.values())

    @property
    def smalst(self) -> int | None:
        """The lowest number of values that any count has; None when nothing was attacked."""
        return min(self.waarden.values(), default=None)

    @property
    def is_complete(self) -> bool:
        """Whether all of the sample was attacked."""
        return len(self.waarden) == self.steekproef


class Progress:
    """
    The results so far, kept in a file.

    Args:
        path: The file.
        subject: What is attacked and how; results of something else are not taken over.
        deadline: When to stop, on the clock `now`.
        now: Seconds that only go forward.

    """

    def __init__(
        self,
        path: Path,
        subject: Mapping[str, Any],
        deadline: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._subject = dict(subject)
        self._deadline = deadline
        self._now = now
        self.results: dict[str, FamilyResult] = {}
        self.is_resumed = False
        if path.exists():
            kept = json.loads(path.read_text("utf-8"))
            if kept["subject"] == self._subject:
                self.results = {each["naam"]: FamilyResult(**each) for each in kept["results"]}
                self.is_resumed = bool(self.results)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._now() > self._deadline

    def attack(self, naam: str, family: Family, size: int, seed: int) -> FamilyResult:
        """
        Attack a sample of the hidden counts of `family` until the time is up.

        Raises:
            ContradictionError: The figures contradict each other.
            SolverMissingError: The solver is not installed.
            UnsolvedError: The solver gave up.

        """
        sample = _sample(family.hidden, size, f"{seed} {naam}")
        result = self.results.setdefault(
            naam, FamilyResult(naam, family.counts, len(family.hidden), len(sample))
        )
        places = {name: place for place, name in sample.items() if name not in result.waarden}
        if not places or self.is_over:
            return result
        begun = self._now()
        seconds = result.seconden
        attack = Attack(family.programme, seed)
        left, gain = len(places), _LEAST_GAIN
        while left and gain >= _LEAST_GAIN and not self.is_over:
            before, left = left, attack.push(list(places.values()))
            gain = before - left
            result.programmas += 2
        result.waarden |= {name: ENOUGH for name, at in places.items() if attack.is_wide(at)}
        for number, (name, place) in enumerate(places.items(), 1):
            if self.is_over:
                break
            if name not in result.waarden:
                result.programmas += self._find(attack, result, name, place)
            if number % _SAVED_EVERY == 0:
                result.seconden = seconds + self._now() - begun
                self.save()
        result.seconden = seconds + self._now() - begun
        self.save()
        return result

    @staticmethod
    def _find(attack: Attack, result: FamilyResult, name: str, place: int) -> int:
        """Find out how many values a count can have; return the number of programmes it took."""
        if attack.is_wide(place):  # Solutions for others have shown it by now.
            result.waarden[name] = ENOUGH
            return 0
        interval = attack.interval(place)
        result.waarden[name] = min(ENOUGH, interval.values)
        if interval.values == 1:
            result.precies[name] = interval.low
        return 2

    def save(self) -> None:
        """Keep what was found so far."""
        kept = {
            "subject": self._subject,
            "results": [
                {name: getattr(result, name) for name in FamilyResult.__dataclass_fields__}
                for result in self.results.values()
            ],
        }
        draft = self._path.with_name(self._path.name + ".nieuw")
        draft.unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
        draft.rename(self._path)

    def forget(self) -> None:
        """Remove the file: everything that was asked is done."""
        self._path.unlink(missing_ok=True)


def _sample(hidden: Mapping[int, str], size: int, seed: str) -> dict[int, str]:
    """Return `size` of the hidden counts, the same for the same seed, in a random order."""
    places = sorted(hidden)
    chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
    return {place: hidden[place] for place in chance.sample(places, min(size, len(places)))}
