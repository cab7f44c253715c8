"""
From five starts dropped in the inbox of `serve` to their new row in `publicatie`.

Under the default policy and all other defaults, on a synthetic Twente that was taken in before: the
row is the running month's `actief` of one gemeente by one categorie, the finest figure there is.
The moment at which starts are dropped is random, so that they come at any place between two ticks.
Run `python -m benchmarks.live_latency`; the result goes to `benchmarks/results/live_latency.jsonl`,
and more than 15 seconds at the 99th percentile ends it with code 1.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.serve_process import STARTS, serving
from tests.stream.messages import TODAY
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.settings import Settings

RESULTS = Path(__file__).parent / "results" / "live_latency.jsonl"
GEMEENTEN = ("0153", "0164", "0141", "1742")
"""The largest of Twente: their categorie 02 has more than 15, so that five more always show."""
MOST = 15.0


def take_in(folder: Path, messages: int) -> int:
    """Ingest a generated Twente into the folder of `serve`; return how many messages it has."""
    simulation = generate(Params(today=TODAY, seed=1, messages=messages))
    write(simulation, folder / "stroom")
    command = [sys.executable, "-m", "zorgstroom.stream.cli", "ingest", "stroom/berichten"]
    environment = {name: value for name, value in os.environ.items() if "ZORGSTROOM_" not in name}
    subprocess.run(
        [*command, "--data", "data"],
        cwd=folder,
        env=environment | {"ZORGSTROOM_TODAY": TODAY.isoformat()},
        check=True,
        capture_output=True,
    )
    return len(simulation.messages)


def percentile(sorted_seconds: list[float], share: float) -> float:
    """Return the smallest value that at least this share of them does not exceed."""
    place = max(0, -int(-share * len(sorted_seconds) // 1) - 1)
    return sorted_seconds[place]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=100)
    asked = parser.parse_args()
    chance = random.Random(1)
    tick = Settings().tick
    took: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = take_in(folder, asked.messages)
        with serving(folder, {}) as process:
            for number in range(asked.times):
                time.sleep(chance.uniform(0, tick))
                took.append(process.seconds_until_shown(GEMEENTEN[number % len(GEMEENTEN)]))
                print(f"{number + 1:4} {took[-1]:6.2f} s")
    took.sort()
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "policy": Settings().protection.policy,
        "tick_seconds": tick,
        "history": history,
        "starts": STARTS,
        "times": len(took),
        "seconds": {
            "p50": round(median(took), 2),
            "p99": round(percentile(took, 0.99), 2),
            "max": round(took[-1], 2),
        },
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
        "chdb": version("chdb"),
        "cores": os.cpu_count(),
    }
    print(json.dumps(line, indent=2))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    sys.exit(percentile(took, 0.99) >= MOST)


if __name__ == "__main__":
    main()
