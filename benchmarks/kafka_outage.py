"""
A database that is away and then slow, for minutes: `python -m benchmarks.kafka_outage`.

Messages come in at a steady rate all the time. The database first answers, then refuses everything,
then takes some seconds for each answer, then is well again. Memory of the worker, how far it is
behind with counting, and what it says are noted twice a second; at the end every figure must equal
the exact ones, and the time to that is noted. Results: `benchmarks/results/kafka_outage.jsonl`.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.kafka_state import memory
from deploy.local.kafka import Broker
from tests.cluster import Cluster, WorkerProcess, cluster, wait_until
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

RESULTS = Path(__file__).resolve().parent / "results" / "kafka_outage.jsonl"
TODAY = date(2024, 1, 31)


@dataclass
class Watch:
    """What was seen of a worker in one stretch of time."""

    counted: int = 0
    most_memory: int = 0
    problems: set[str] = field(default_factory=set)
    looks: int = 0
    with_problem: int = 0

    def look(self, worker: WorkerProcess) -> None:
        """Note how it is doing now."""
        status = worker.status()
        problem = status.get("probleem")
        self.looks += 1
        self.with_problem += bool(problem)
        if problem:
            self.problems.add(str(problem)[:200])
        self.counted = worker.counted()
        self.most_memory = max(self.most_memory, memory(worker.process.pid))

    def told(self) -> dict[str, object]:
        """Return it for the record."""
        return {
            "counted_at_the_end": self.counted,
            "most_memory": self.most_memory,
            "share_of_looks_with_a_problem": round(self.with_problem / max(1, self.looks), 2),
            "problems": sorted(self.problems)[:3],
        }


def stretch(running: Cluster, worker: WorkerProcess, seconds: float, how: str | None) -> Watch:
    """Watch for some seconds while the database answers as `how` says."""
    running.bridge.fail(0 if how is None else 1_000_000, how or "503")
    seen = Watch()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen.look(worker)
        time.sleep(0.5)
    return seen


def main() -> None:
    """Measure and keep the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--away", type=float, default=120)
    parser.add_argument("--slow", type=float, default=60)
    parser.add_argument("--slowness", type=float, default=3)
    chosen = parser.parse_args()
    before = 20.0
    seconds = before + chosen.away + chosen.slow
    count = int(chosen.rate * seconds)
    with tempfile.TemporaryDirectory(prefix="storing-") as name:
        folder = Path(name)
        write(generate(Params(today=TODAY, seed=3, messages=count, regios=8), None), folder / "s")
        with (
            Broker(folder / "kafka") as broker,
            cluster(broker.address, folder / "s", folder / "w", "storing") as running,
        ):
            worker = running.start()
            wait_until("the worker is ready", lambda: len(worker.partitions()) == 8)
            total = running.produce_slowly(seconds)
            well = stretch(running, worker, before, None)
            away = stretch(running, worker, chosen.away, "503")
            slow = stretch(running, worker, chosen.slow, f"slow{chosen.slowness}")
            running.bridge.fail(0, "503")
            begun = time.monotonic()
            ended = threading.Event()
            after = Watch()

            def watch() -> None:
                while not ended.wait(0.5):
                    after.look(worker)

            looking = threading.Thread(target=watch)
            looking.start()
            running.check(300)
            caught_up = time.monotonic() - begun
            ended.set()
            looking.join()
            behind = running.behind()
    told = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "python": sys.version.split()[0],
        "messages": total,
        "rate": chosen.rate,
        "seconds": {"away": chosen.away, "slow": chosen.slow, "each_answer": chosen.slowness},
        "well": well.told(),
        "away": away.told(),
        "slow": slow.told(),
        "after": after.told(),
        "every_figure_exact_after_seconds": round(caught_up, 1),
        "behind": behind,
    }
    print(json.dumps(told, indent=1))
    with RESULTS.open("a") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
