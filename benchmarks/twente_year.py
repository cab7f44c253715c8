"""
A simulated year of Twente under policy `drempel`: what stays readable, how old, what it takes.

The generator's Twente at its published size, with care that was running already, is streamed on the
simulation's clock and published on the default grid. Reported per level: how often figures are
renewed (in werkdagen), how old they are, what is shown at a close, how long an emission takes. Run
`python -m benchmarks.twente_year`; results go to `benchmarks/results/twente_year.jsonl`. With
`--keep FILE` the published history is kept for `benchmarks.twente_attack`.
"""

import argparse
import json
import pickle
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.disclosure.plan import STOCKS, Cell, Span, last_day, months_of
from zorgstroom.aggregations.disclosure.protected import ProtectedPublication
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.table import Ints, Mask, Protected
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.movements import Movements
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import TWENTE, Region
from zorgstroom.aggregations.results import Emission
from zorgstroom.aggregations.update import Addition, changes
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write_beginstand

RESULTS = Path(__file__).parent / "results" / "twente_year.jsonl"
FIRST, LAST = date(2025, 1, 1), date(2026, 4, 3)
"""A year and what it takes to close it."""
KEY = PseudonymKey(b"only for a benchmark: 32 bytes..")
REGION = Region("twente", tuple(TWENTE), total=True)
RULES = PublicationRules(jaren=1)


class Told(NamedTuple):
    """One message: when it came in, and what it says."""

    moment: datetime
    events: tuple[Start | Stop, ...]


def stream(scale: float, seed: int, folder: Path) -> list[Told]:
    """Return the messages of the simulation that are accepted, in order of receipt."""
    made = generate(Params(today=LAST, start=FIRST, seed=seed, scale=scale, beginstand=True))
    running = folder / "beginstand.csv"
    write_beginstand(made, running)
    before = datetime.combine(FIRST, datetime.min.time(), UTC)
    found = [
        Told(before, (event,))
        for _, event in read_rows(running.read_bytes(), KEY, FIRST)
        if isinstance(event, Start)
    ]
    decoder = Decoder(KEY)
    for delivery in made.deliveries():
        try:
            events = decoder.decode(delivery.inhoud, today=delivery.moment.date())
        except DecodeError:
            continue
        found.append(Told(delivery.moment, tuple(events)))
    return found


@dataclass
class Kept:
    """What was published, with what was true at that moment of every cell that is in the plan."""

    emissions: list[Emission] = field(default_factory=list)
    systems: list[list[tuple[Frame, Ints, Protected]]] = field(default_factory=list)
    """Per emission what was weighed together, the true counts, and what was made of it."""
    seconds: list[float] = field(default_factory=list)

    def take(self, emission: Emission, systems: list[tuple[Frame, Ints, Protected]]) -> None:
        self.emissions.append(emission)
        self.systems.append(systems)


class Watched(ProtectedPublication):
    """A publication that tells what it knew: for measuring and attacking, never for use."""

    systems: list[tuple[Frame, Ints, Protected]]
    failed: list[Any] = []  # noqa: RUF012

    def _made(self, own: Frame, values: Ints, candidates: Mask, guarded: Mask | None) -> Protected:
        try:
            found = super()._made(own, values, candidates, guarded)
        except Exception as error:
            self.failed.append((own, values, candidates, repr(error)))
            raise
        self.systems.append((own, values, found))
        return found


class Town:
    """One region that takes in messages and publishes."""

    def __init__(self, disclosure: Disclosure, rules: PublicationRules = RULES) -> None:
        self.disclosure = disclosure
        self.definitions = Definitions()
        self.dossiers: dict[str, bytes] = {}
        self.ledger = Ledger(movements=Movements(FIRST.toordinal()))
        self.publication = Watched(
            REGION, rules, disclosure, self.definitions, clock=time.monotonic
        )
        self.versie = 1 << 32
        self.kept = Kept()

    def take(self, told: Iterable[Told]) -> None:
        additions = [Addition(one.events, self.versie) for one in told]
        made = changes(self.dossiers, additions, self.definitions)
        self.dossiers.update(made.stored)
        for key, before, after in made.derived:
            self.ledger.apply(key, before.indicaties, after.indicaties)

    def publish(self, now: datetime) -> None:
        """Publish what may be published at `now`, all closes included."""
        movements = self.ledger.movements
        assert movements is not None
        today = now.astimezone(AMSTERDAM).date()
        while True:
            if self.publication.needs_dossiers(now):
                movements.begin()
                movements.reach(today.toordinal())
                self.publication.begin(self.ledger, today, list(self.dossiers.items()))
            else:
                moved = {key: (before, after) for key, before, after in movements.take()}
                for key, before, after in movements.reach(today.toordinal()):
                    moved.setdefault(key, (before, after))
                self.publication.touch(self.ledger.take_changed())
                moves = [(key, *stands) for key, stands in moved.items()]
                self.publication.update(self.ledger, moves, today)
            self.versie += 1
            self.publication.systems = []
            begun = time.perf_counter()
            emission = self.publication.emission(self.versie, now.astimezone(UTC))
            self.kept.seconds.append(time.perf_counter() - begun)
            if emission is not None:
                self.kept.take(emission, self.publication.systems)
                self.publication.confirm()
            if not self.publication.has_more:
                return


def moments(disclosure: Disclosure, first: date, last: date) -> Iterator[datetime]:
    day = first
    while day <= last:
        yield from disclosure.grid.moments(day)
        day += timedelta(days=1)


def run(town: Town, told: list[Told], until: date) -> None:
    at = 0
    for moment in moments(town.disclosure, FIRST, until):
        start = at
        while at < len(told) and told[at].moment <= moment:
            at += 1
        town.take(told[start:at])
        town.publish(moment)
        if moment.hour == 8 and moment.day < 4:
            print(moment.date(), len(town.kept.emissions), flush=True)


# What it was worth


def level(cell: Cell) -> str:
    soort = "regio" if cell.gebied == REGION.name else "gemeente"
    return f"{soort} x {PRODUCTS[cell.product].niveau}"


ROW = {(p.wet, p.niveau, p.product): at for at, p in enumerate(PRODUCTS)}


def rows(emission: Emission) -> Iterator[tuple[Cell, int | None, str, datetime]]:
    for values in emission.values:
        s = values.series
        product = ROW[s.wet, s.product_niveau, s.product]
        for start, waarde, status, tijd in zip(
            values.perioden, values.waarden, values.statussen, values.tijden, strict=True
        ):
            yield Cell(s.gebied, product, s.maat, s.periode_soort, start), waarde, status, tijd


def hours(grid: list[datetime]) -> dict[datetime, int]:
    return {moment.astimezone(UTC): at for at, moment in enumerate(grid)}


def worth(town: Town, first: date, last: date) -> dict[str, Any]:
    """
    Return how often live figures are renewed and how old they are, in werkdagen of ten moments.

    Per live cell of the running month (of `actief`: the running figure) from `first` to `last`.
    """
    grid = [m.astimezone(UTC) for m in moments(town.disclosure, first, last)]
    place = {moment: at for at, moment in enumerate(grid)}
    renewed: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    for emission in town.kept.emissions:
        for cell, waarde, status, _ in rows(emission):
            if cell.soort != "maand" or waarde is None or status != "voorlopig":
                continue
            at = place.get(emission.tijd)
            if at is None:
                continue
            inside = cell.start <= emission.tijd.date() <= last_day(Span("maand", cell.start))
            if cell.maat == "actief" or inside:
                renewed[cell.gebied, cell.product, cell.maat].append(at)
    found: dict[str, dict[str, list[float]]] = {}
    for (gebied, product, maat), times in renewed.items():
        cell = Cell(gebied, product, maat, "maand", first)  # type: ignore[arg-type]
        name = f"{level(cell)} {PRODUCTS[product].wet} {maat}"
        one = found.setdefault(name, {"between": [], "age": [], "cells": []})
        one["cells"].append(1.0)
        one["between"] += [(b - a) / 10 for a, b in pairwise(times)]
        ages = (
            np.arange(len(grid))
            - np.array(times)[
                np.clip(np.searchsorted(times, np.arange(len(grid)), side="right") - 1, 0, None)
            ]
        )
        one["age"] += (ages[ages >= 0] / 10).tolist()
    return {
        name: {
            "cells": len(one["cells"]),
            "renewed_every_werkdagen": round(float(np.median(one["between"])), 2)
            if one["between"]
            else None,
            "median_age_werkdagen": round(float(np.median(one["age"])), 2),
        }
        for name, one in sorted(found.items())
    }


def closes(kept: Kept, threshold: int) -> dict[str, Any]:
    """Return what is shown of the cells of T and more at closes, per kind of period."""
    found: dict[str, dict[str, Any]] = {}
    closed: set[Cell] = set()
    for emission, systems in zip(kept.emissions, kept.systems, strict=True):
        truth = {
            cell: int(value)
            for own, values, _ in systems
            for cell, value in zip(own.cells, values, strict=True)
        }
        for cell, waarde, status, tijd in rows(emission):
            if status != "definitief" or cell in closed:
                continue  # what is revised is told by `benchmarks.twente_revised`
            closed.add(cell)
            if cell.maat in STOCKS:
                month = months_of(Span(cell.soort, cell.start))[-1]
                true = truth.get(cell._replace(soort="maand", start=month))
            else:
                true = truth.get(cell)
            if true is None or true < threshold:
                continue
            for name in (cell.soort, f"{cell.soort} {level(cell)} {cell.maat}"):
                one = found.setdefault(
                    name, {"cells": 0, "shown": 0, "held": 0, "count": 0, "seen": 0}
                )
                one["cells"] += 1
                one["count"] += true
                if waarde is not None:
                    one["shown"] += 1
                    one["seen"] += true
                    one["held"] += tijd != emission.tijd
    for one in found.values():
        one["cells_shown"] = round(one["shown"] / one["cells"], 4)
        one["count_shown"] = round(one.pop("seen") / one["count"], 4)
    return dict(sorted(found.items()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=date.fromisoformat, default=LAST)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--stream", type=Path, help="keep the decoded stream here between runs")
    asked = parser.parse_args()
    if asked.stream and asked.stream.exists():
        told = pickle.loads(asked.stream.read_bytes())
    else:
        folder = asked.stream.parent if asked.stream else Path(".cache")
        folder.mkdir(exist_ok=True)
        told = stream(asked.scale, asked.seed, folder)
        if asked.stream:
            asked.stream.write_bytes(pickle.dumps(told))
    disclosure = Disclosure()
    town = Town(disclosure)
    begun = time.perf_counter()
    run(town, told, asked.until)
    seconds = time.perf_counter() - begun
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": len(told),
        "dossiers": len(town.dossiers),
        "emissions": len(town.kept.emissions),
        "evaluations": len(town.kept.seconds),
        "failures": town.publication.outcome.failures,
        "vetoed": town.publication.outcome.vetoed,
        "reasons": town.publication.outcome.reasons,
        "seconds": round(seconds, 1),
        "evaluation_ms": {
            "median": round(float(np.median(town.kept.seconds)) * 1000, 1),
            "p99": round(float(np.percentile(town.kept.seconds, 99)) * 1000, 1),
            "most": round(max(town.kept.seconds) * 1000, 1),
        },
        "live": worth(town, FIRST, min(asked.until, date(2025, 12, 31))),
        "closes": closes(town.kept, disclosure.threshold),
        "certificate_bytes": {
            "median": float(np.median([len(e.certificaat) for e in town.kept.emissions])),
            "most": max(len(e.certificaat) for e in town.kept.emissions),
        },
        "python": platform.python_version(),
    }
    print(json.dumps(line, indent=1))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if asked.keep:
        asked.keep.write_bytes(pickle.dumps((town.kept, town.publication.failed)))


if __name__ == "__main__":
    main()
