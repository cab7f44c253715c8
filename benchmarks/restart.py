"""
How long a start takes with many dossiers, and what a dossier costs in memory and on disk.

Real dossiers of a simulation are stored again under other pseudonyms until there are enough; then a
new process opens the state and rebuilds its counts. Run `python -m benchmarks.restart`; results go
to `benchmarks/results/restart.jsonl`.
"""

import argparse
import json
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from itertools import cycle, islice
from pathlib import Path

from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

RESULTS = Path(__file__).parent / "results" / "restart.jsonl"
TODAY = date(2026, 6, 30)


def settings() -> Settings:
    return Settings.model_validate({"today": TODAY, "protection": {"policy": "geen"}})


def fill(data: Path, dossiers: int) -> float:
    """Return the mean size of a stored dossier, in bytes."""
    made = generate(Params(today=TODAY, seed=1, messages=20_000), None)
    with Engine(settings(), data, SystemClock(TODAY)) as engine:
        engine.process([Input(d.naam, "", d.inhoud) for d in made.deliveries()])
        engine.publish()
        real = list(engine.store.dossiers.stored())
        more = islice(cycle(real), max(0, dossiers - len(real)))
        while batch := list(islice(more, 10_000)):
            copies = {key[:4] + secrets.token_hex(16): stored for key, stored in batch}
            engine.store.commit(copies, [], [], {})
        return sum(len(stored) for _, stored in real) / len(real)


def peak_kb() -> int:
    """Return the most memory this process had; rusage would count its parent's before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def opened(data: Path) -> None:
    before = peak_kb()
    begun = time.perf_counter()
    with Engine(settings(), data, SystemClock(TODAY)) as engine:
        seconds = time.perf_counter() - begun
        after = peak_kb()
        begun = time.perf_counter()
        engine.publish()
        published = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "publish": published, "mb": (after - before) / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dossiers", type=int, default=200_000)
    parser.add_argument("--open", type=Path)
    asked = parser.parse_args()
    if asked.open:
        opened(asked.open)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        size = fill(data, asked.dossiers)
        disk = (data / "dossiers.sqlite").stat().st_size / asked.dossiers
        command = [sys.executable, "-m", "benchmarks.restart", "--open", folder]
        runs = [
            json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            for _ in range(3)
        ]
    best = min(runs, key=lambda run: float(run["seconds"]))
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "dossiers": asked.dossiers,
        "seconds": [round(run["seconds"], 2) for run in runs],
        "publish_seconds": round(best["publish"], 2),
        "process_mb_more": round(best["mb"]),
        "bytes_stored": round(size),
        "bytes_on_disk": round(disk),
        "python": platform.python_version(),
    }
    print(json.dumps(line, indent=2))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
