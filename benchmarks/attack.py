"""
The strongest attacker on a generated year of Twente, with the true counts at hand.

He knows count + offset exactly for every figure that is shown, takes stock = stock before +
instroom - uitstroom as certain wherever it truly holds (he is right about where), knows all rules,
and lays all levels and periods of a year in one linear programme. Small counts (1 to 9, not shown)
are sampled; those above categorie are attacked all. Beside him, reported and not bounded: who also
knows the exact stocks of a month before, and who adds up daily steps of stocks.

Run `python -m benchmarks.attack` (hours; it goes on where it stopped), or for two minutes
`python -m benchmarks.attack --scale 0.3 --months 3 --keys 1 --counts 60`. Results go to
`benchmarks/results/attack.jsonl`. Needs the extra `audit`.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.attack_knowledge import (
    PROTECTION,
    add_steps,
    balances,
    readings,
    sampled,
    text_of,
)
from benchmarks.attack_rates import rates
from benchmarks.attack_year import CACHE, ExactYear, load_year
from zorgstroom.aggregations.attack.cells import Relation, sums
from zorgstroom.aggregations.attack.equations import programme
from zorgstroom.aggregations.attack.solve import ENOUGH, Attack
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.rounding import RoundingKey

RESULTS = Path(__file__).parent / "results" / "attack.jsonl"
WETTEN: Final = ("Wmo", "Jw")
SAVED_EVERY: Final = 20
"""Intervals between two savings of the state."""
LEAST_GAIN: Final = 2
"""A push that proves fewer counts wide than this is not followed by another."""


class Attacker(NamedTuple):
    """Who attacks, and what of."""

    naam: str
    knows_earlier_stocks: bool
    bounded: bool


ATTACKERS: Final = (
    Attacker("knows count + offset of all that is shown", knows_earlier_stocks=False, bounded=True),
    Attacker(
        "knows the exact stocks of a month before too", knows_earlier_stocks=True, bounded=False
    ),
)
Done = dict[str, int]
"""For each small count that was attacked (as text), how many values are possible, 5 for more."""


class Run:
    """One run over all keys, wetten and attackers; its state is a file."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.begun = time.monotonic()
        self.conditions = {
            "scale": asked.scale,
            "seed": asked.seed,
            "months": asked.months,
            "keys": asked.keys,
            "counts": asked.counts,
            "wetten": list(asked.wet),
            "base": PROTECTION.base,
            "threshold": PROTECTION.threshold,
        }
        digest = hashlib.sha256(json.dumps(self.conditions).encode()).hexdigest()[:12]
        self.path = CACHE / f"attack-state-{digest}.json"
        self.done: dict[str, Done] = {}
        self.groups: dict[str, dict[str, list[str]]] = {}
        self.cost: dict[str, float] = {"pushes": 0, "intervals": 0, "seconds": 0}
        if self.path.exists():
            kept = json.loads(self.path.read_text("utf-8"))
            self.done, self.groups, self.cost = kept["done"], kept["groups"], kept["cost"]

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        seconds: float = self.asked.hours * 3600
        return time.monotonic() - self.begun > seconds

    def save(self) -> None:
        kept = {"done": self.done, "groups": self.groups, "cost": self.cost}
        self.path.write_text(json.dumps(kept), "utf-8")

    def attack(self) -> dict[str, Any]:
        year = load_year(self.asked.scale, self.asked.seed)
        exact = {wet: ExactYear(year, wet, self.asked.months) for wet in self.asked.wet}
        keys = [self._public(number) for number in range(self.asked.keys)]
        for attacker in ATTACKERS:
            for number, public in enumerate(keys):
                for wet, of_wet in exact.items():
                    if not self.is_over:
                        self._unit(of_wet, public, attacker, f"{number}|{wet}|{attacker.naam}")
        steps = {
            days: Counter({"small flows": 0, "guessed right": 0})
            for days in ("every level", "published days only")
        }
        for of_wet in exact.values():
            for public in keys:
                add_steps(of_wet, public, steps)
        return {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            **self.conditions,
            "messages": year.messages,
            "levels": "regio and gemeente x totaal, hoofdgroep and categorie",
            "periods": "stocks at month ends; flows of months, quarters, half-years and the year",
            "attackers": [self._report(attacker) for attacker in ATTACKERS],
            "daily steps": {name: dict(tally) for name, tally in steps.items()},
            "cost": {name: round(value, 1) for name, value in self.cost.items()},
            "complete": not self.is_over,
            "python": platform.python_version(),
        }

    def _public(self, number: int) -> PublicFigures:
        secret = hashlib.sha256(f"attack {self.asked.seed} {number}".encode()).digest()
        return PublicFigures(PROTECTION, RoundingKey(secret))

    def _unit(self, exact: ExactYear, public: PublicFigures, who: Attacker, unit: str) -> None:
        """Attack the sample of one key and wet; nothing when that was done."""
        begun = time.monotonic()
        known, hidden = readings(exact.counts, public, exact.wet)
        relations = [*sums(exact.counts), *balances(exact.counts)]
        if who.knows_earlier_stocks:
            eve = exact.first - timedelta(days=1)
            certain = [c for c in exact.counts if c.is_stock and c.last == eve]
            relations += [Relation(((c, 1),), exact.counts[c], exact.counts[c]) for c in certain]
            hidden = {c for c in hidden if c.is_stock and c.last > eve}
        size = self.asked.counts // len(self.asked.wet)
        groups = dict(
            zip(
                ("small", "above categorie", "zero"),
                sampled(hidden, exact.counts, size, f"{self.asked.seed} {unit}"),
                strict=True,
            )
        )
        texts = {count: text_of(count) for of in groups.values() for count in of}
        self.groups[unit] = {name: [texts[c] for c in of] for name, of in groups.items()}
        done = self.done.setdefault(unit, {})
        built = programme(known, relations, PROTECTION.base)
        targets = {text: built.places[c] for c, text in texts.items() if text not in done}
        if not targets:
            return
        attack = Attack(built, self.asked.seed)
        left = len(targets)
        while left and not self.is_over:
            before, left = left, attack.push(list(targets.values()))
            self.cost["pushes"] += 1
            if before - left < LEAST_GAIN:
                break
        done |= {text: ENOUGH for text, place in targets.items() if attack.is_wide(place)}
        self._spent(begun)
        for number, text in enumerate(sorted(set(targets) - set(done)), 1):
            if self.is_over:
                break
            begun = time.monotonic()
            # One that others were solved for may be wide by now.
            place = targets[text]
            wide = attack.is_wide(place)
            done[text] = ENOUGH if wide else min(ENOUGH, attack.interval(place).values)
            self.cost["intervals"] += not wide
            if number % SAVED_EVERY == 0:
                self.save()
            self._spent(begun)
        self.save()
        narrow = Counter(values for values in done.values() if values < ENOUGH)
        print(f"{unit}: {len(done)} attacked, values possible {dict(narrow)}", flush=True)

    def _spent(self, begun: float) -> None:
        self.cost["seconds"] += time.monotonic() - begun

    def _report(self, who: Attacker) -> dict[str, Any]:
        report: dict[str, Any] = {"attacker": who.naam, "bounded": who.bounded}
        for group in ("small", "above categorie", "zero"):
            attacked = [
                (text, self.done[unit][text])
                for unit, groups in self.groups.items()
                if unit.endswith(f"|{who.naam}")
                for text in groups[group]
                if text in self.done[unit]
            ]
            report[group] = rates([values for _, values in attacked])
            report[group]["known exactly"] = [text for text, values in attacked if values == 1]
        return report


def commit() -> str:
    """Return the commit that is checked out."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0, help="share of the size of Twente")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--months", type=int, default=12, help="of the year, from January on")
    parser.add_argument("--keys", type=int, default=5)
    parser.add_argument("--counts", type=int, default=500, help="small counts for each key")
    parser.add_argument("--wet", nargs="+", choices=WETTEN, default=list(WETTEN))
    parser.add_argument("--hours", type=float, default=2.0, help="then report what was reached")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args(arguments)
    line = Run(asked).attack()
    print(json.dumps(line, indent=1))
    with asked.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
