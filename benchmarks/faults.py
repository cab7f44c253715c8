"""
The fault matrix in its long form: `python -m benchmarks.faults`.

Every point of `tests/faults/points.py`, for its first call, its second and so on as far as a small
run makes any, in every way. Each case is appended to `benchmarks/results/faults.jsonl`, so that a
run that is cut off goes on where it stopped. First calls come first, so that also a part of it
says something of every point.
"""

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from deploy.local.kafka import Broker
from tests.bridge import running_bridge
from tests.faults.cases import Bench
from tests.faults.injection import Fault
from tests.faults.points import EMBEDDED, WAYS, WORKER

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "faults.jsonl"
POINTS = {"worker": WORKER, "embedded": EMBEDDED}

Key = tuple[str, str, str, int]
"""Shell, point, way and number of the call."""


def record(path: Path) -> dict[Key, bool]:
    """Return the cases that were run, and whether the call came at all in each."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    return {(r["shell"], r["point"], r["way"], r["number"]): r["struck"] for r in rows}


def left(shells: list[str], most: int, done: dict[Key, bool]) -> Iterator[Key]:
    """Yield what is still to be run; a call that did not come has no later ones."""
    for number in range(1, most + 1):
        for way in WAYS:
            for shell in shells:
                for point in POINTS[shell]:
                    came = all(done.get((shell, point, way, n), True) for n in range(1, number))
                    if came and (shell, point, way, number) not in done:
                        yield shell, point, way, number


def main() -> int:
    """Run what is left; return 1 when a case did not end with exact figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lanes", type=int, default=3, help="cases at once; most only wait")
    parser.add_argument("--most", type=int, default=12, help="the last call of each point")
    parser.add_argument("--shells", nargs="*", default=list(POINTS))
    parser.add_argument("--points", nargs="*", help="only these")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), help="only these")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    version = subprocess.check_output(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True
    ).strip()
    done = record(chosen.results)
    cases: queue.Queue[Key] = queue.Queue()
    for case in left(chosen.shells, chosen.most, done):
        if case[2] in chosen.ways and (not chosen.points or case[1] in chosen.points):
            cases.put(case)
    lock = threading.Lock()
    failed = 0

    def run(bench: Bench, broker: Broker, folder: Path) -> None:
        nonlocal failed
        while True:
            try:
                shell, point, way, number = case = cases.get_nowait()
            except queue.Empty:
                return
            with lock:
                came = all(done.get((*case[:3], n), True) for n in range(1, number))
            if not came:
                continue
            state = folder / f"fout-{uuid4().hex[:8]}" / "state"
            try:
                facts = bench.run(Fault(shell, point, way, number, str(state)), broker.address)
            except Exception as error:
                facts = dict(zip(("shell", "point", "way", "number"), case, strict=True))
                facts |= {"exact": False, "struck": True, "error": repr(error)[:1000]}
            facts |= {"version": version, "when": datetime.now(UTC).isoformat()}
            with lock:
                done[case] = facts["struck"]
                failed += not facts["exact"]
                with chosen.results.open("a") as file:
                    file.write(json.dumps(facts) + "\n")
                print({k: v for k, v in facts.items() if k != "log"}, flush=True)

    with tempfile.TemporaryDirectory(prefix="fouten-") as name:
        folder = Path(name)
        with Broker(folder / "kafka") as broker:
            lanes = []
            for number in range(chosen.lanes):
                lane = threading.Thread(target=_lane, args=(run, broker, folder / f"l{number}"))
                lane.start()
                lanes.append(lane)
            for lane in lanes:
                lane.join()
    return 1 if failed else 0


def _lane(run: Callable[[Bench, Broker, Path], None], broker: Broker, folder: Path) -> None:
    folder.mkdir()
    with running_bridge() as bridge:
        run(Bench(bridge, folder), broker, folder)


if __name__ == "__main__":
    sys.exit(main())
