"""
What metrics cost: the same messages through the same service, with everything told and nothing.

Both runs alternate in one process on one core and are compared by the processor time they took. On
a busy machine that still differs by more than what is looked for, so the share of a run that is
spent in the code of metrics is measured from within as well. *On* is the way of a message with its
counters and marks, one tick (the gauges of care, which is due once a minute only) and one scrape;
*off* has none of these. Neither publishes: the share is of taking messages in alone. Run
`python -m benchmarks.metrics_cost`; results go to `benchmarks/results/metrics_cost.jsonl`.
"""

import argparse
import gc
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

from prometheus_client import generate_latest

from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.inbox import Process, Taken
from zorgstroom.stream.service import Service
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

RESULTS = Path(__file__).parent / "results" / "metrics_cost.jsonl"
TODAY = date(2026, 6, 30)
BATCH = 2000


class Feed:
    """Messages that are in memory already."""

    problem = None

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.inputs = list(inputs)

    @property
    def backlog(self) -> tuple[int, float]:
        return len(self.inputs), 0.0

    def status(self) -> dict[str, object]:
        return {}

    def step(self, process: Process) -> Taken:
        batch, self.inputs = self.inputs[:BATCH], self.inputs[BATCH:]
        tally, _ = process(batch)
        return Taken(tally, more=bool(self.inputs), seconds=0.1)


class Within:
    """The processor time that is spent in some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, action: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = time.process_time()
            try:
                return action(*arguments)
            finally:
                self.seconds += time.process_time() - begun

        return timed


def run(inputs: Sequence[Input], *, told: bool) -> tuple[float, float, float]:
    """Return the processor time of all messages, of metrics in it, and of a tick and scrape."""
    within = Within()
    settings = Settings.model_validate({"today": TODAY, "tijdigheid": {"tick_seconds": 1e6}})
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(settings, Path(folder), SystemClock(TODAY)) as engine,
    ):
        # Switched off by assignment: what is measured is all the rest of the real process.
        engine.publisher.due = lambda now: False  # type: ignore[method-assign]
        if not told:
            engine.processor._tell = lambda *_: None  # type: ignore[method-assign]
            engine.measure = lambda: False  # type: ignore[method-assign]
        service = Service(engine, Feed(inputs), 0.0)
        for of, name in (
            (engine.processor, "_tell"),
            (engine, "measure"),
            (service._pulse, "took_in"),
        ):
            setattr(of, name, within.of(getattr(of, name)))
        gc.collect()
        begun = time.process_time()
        while service.step():
            pass
        messages = time.process_time() - begun
        if not told:
            return messages, 0.0, 0.0
        begun = time.process_time()
        now, today = engine.clock.now(), engine.clock.today()
        engine.monitor.measure_all(engine._read, engine._regions().values(), now, today)
        generate_latest(engine.metrics.registry)
        return messages, within.seconds, time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=7)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    made = generate(Params(today=TODAY, seed=1, messages=asked.messages), None)
    inputs = [Input(d.naam, "", d.inhoud) for d in made.deliveries()]
    gc.freeze()
    run(inputs, told=True)
    pairs = []
    for number in range(asked.repeat):
        order = (True, False) if number % 2 else (False, True)
        found = {told: run(inputs, told=told) for told in order}
        pairs.append((*found[True], found[False][0]))
    on_off = median((on + tick) / off - 1 for on, _, tick, off in pairs)
    fastest = min(on + tick for on, _, tick, _ in pairs) / min(off for *_, off in pairs) - 1
    share = median(within / on for on, within, _, _ in pairs)
    tick = median(tick for _, _, tick, _ in pairs)
    print(f"{len(inputs)} messages, {asked.repeat} pairs, {pairs[0][3]:.1f} s a run")
    print(f"on beside off, with a tick and scrape  {100 * on_off:+.2f} % (median of pairs)")
    print(f"the same of the fastest runs           {100 * fastest:+.2f} %")
    print(f"metrics in a run, measured from within {100 * share:.2f} %")
    print(f"a tick and scrape                      {1000 * tick:.0f} ms, due once in 60 s")
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": len(inputs),
        "repeat": asked.repeat,
        "on_beside_off": round(on_off, 4),
        "fastest": round(fastest, 4),
        "within": round(share, 4),
        "tick_seconds": round(tick, 4),
        "off_seconds": round(median(off for *_, off in pairs), 3),
        "pairs": [[round(value, 3) for value in pair] for pair in pairs],
        "python": platform.python_version(),
        "cores": 1,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
