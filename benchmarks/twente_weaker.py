"""
Weaker publications of the simulated year of Twente, under the same attack.

`python -m benchmarks.twente_weaker STREAM.pkl` publishes the stream that
`benchmarks.twente_year --stream` left without one of the rules, for six weeks or with `--whole` for
all of it. Results go to `benchmarks/results/twente_attack.jsonl`.
"""

import argparse
import pickle
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

import benchmarks.twente_year as year
from benchmarks.twente_attack import Attacker, T, tell
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.follows import Follows
from zorgstroom.aggregations.disclosure.grid import Grid, Passed
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell
from zorgstroom.aggregations.disclosure.protected import Snapshot
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.table import Ints, Mask, Protected
from zorgstroom.aggregations.disclosure.together import Together
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.results import Emission

SHORT = PublicationRules(jaren=0, naloop_dagen=10)
UNTIL = date(2025, 2, 13)
"""Six weeks and the close of January, with less time for late messages."""


class Trusting(Together):
    """Lays nothing together."""

    def given_away(self, wet: str, figures: Mapping[Cell, int], counted: Counted) -> list[Cell]:
        return []


class Weak(year.Watched):
    """A publication without one of the rules, which tells how thin its renewals are."""

    contributors = T
    """How many dossiers must have changed a figure before it is renewed."""
    complementary = True
    thin: list[int]
    """How many dossiers changed each figure that was renewed and came out otherwise."""

    def begin(self, ledger: Ledger, today: date, dossiers: Snapshot) -> None:
        super().begin(ledger, today, dossiers)
        self._live.threshold = self.contributors
        if not self.complementary:
            self._together = Trusting(Follows(year.REGION, DEFAULT), self._rows, T)

    def _show_live(self, draft: Any, cell: Cell, waarde: int, today: date, passed: Passed) -> None:
        last = self._live.last.get(cell)
        if last is not None and last.waarde != waarde:
            self.thin.append(self._live.contributors.count(cell))
        super()._show_live(draft, cell, waarde, today, passed)

    def _made(self, own: Frame, values: Ints, candidates: Mask, guarded: Mask | None) -> Protected:
        if self.complementary:
            return super()._made(own, values, candidates, guarded)
        shown = own.known | (candidates & (values >= T))
        found = Protected(shown, np.where(shown, values, 0), ())
        self.systems.append((own, values, found))
        return found


class Always(Grid):
    """Every moment is one of the grid."""

    def passed(self, after: datetime | None, now: datetime) -> Passed:
        return Passed(moment=True, day=True)


class Passing(year.Kept):
    """Attacks what is published at once, and keeps none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.attacker = Attacker()

    def take(self, emission: Emission, systems: list[tuple[Frame, Ints, Protected]]) -> None:
        self.attacker.take(emission, systems)


def weak(
    told: list[year.Told],
    rules: PublicationRules,
    until: date,
    *,
    contributors: int,
    complementary: bool = True,
    every_message: bool = False,
) -> dict[str, Any]:
    """Publish the stream by weaker rules, through `until`, and attack that."""
    disclosure = Disclosure(grid=Always()) if every_message else Disclosure()
    town = year.Town(disclosure, rules)
    publication = Weak(year.REGION, rules, disclosure, town.definitions, clock=time.monotonic)
    publication.contributors, publication.complementary = contributors, complementary
    publication.thin = []
    town.publication, town.kept = publication, (kept := Passing())
    begun = time.perf_counter()
    if every_message:
        at_every_message(town, told, until)
    else:
        year.run(town, told, until)
    report = kept.attacker.report()
    thin = np.array(publication.thin)
    return {
        "publish_seconds": round(time.perf_counter() - begun - report["attack_seconds"], 1),
        "failures": town.publication.outcome.failures,
        "renewals that changed": len(thin),
        "renewals that tell of fewer than T dossiers": int((thin < T).sum()),
        "renewals that tell of a single dossier": int((thin == 1).sum()),
        **report,
    }


def at_every_message(town: year.Town, told: list[year.Told], until: date) -> None:
    """Publish after each message, closes as they fall; what ran before is there at once."""
    first = told[0].moment
    month = first
    at = next(at for at, one in enumerate(told) if one.moment > first)
    town.take(told[:at])
    town.publish(first)
    for one in told[at:]:
        if one.moment.date() > until:
            break
        town.take([one])
        town.publish(one.moment)
        if (one.moment.year, one.moment.month) != (month.year, month.month):
            month = one.moment
            print(month.date(), len(town.kept.seconds), flush=True)


VARIANTS: dict[str, dict[str, Any]] = {
    "drempel": {"contributors": T},
    "threshold only": {"contributors": 0, "complementary": False},
    "without complementary suppression": {"contributors": T, "complementary": False},
    "without contributors": {"contributors": 0},
    "at every message": {"contributors": 1, "every_message": True},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stream", type=Path, help="what twente_year --stream left")
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    parser.add_argument("--whole", action="store_true", help="all of the stream")
    asked = parser.parse_args()
    for name in ("Told", "Kept"):  # they were kept by a program
        setattr(sys.modules["__main__"], name, getattr(year, name))
    told = pickle.loads(asked.stream.read_bytes())
    rules, until = (year.RULES, year.LAST) if asked.whole else (SHORT, UNTIL)
    for name in asked.variant or VARIANTS:
        made = weak(told, rules, until, **VARIANTS[name])
        tell({"what": name, "until": until.isoformat(), **made})


if __name__ == "__main__":
    main()
