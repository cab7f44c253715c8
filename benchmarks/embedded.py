"""
The whole embedded run, from files to published figures with state kept, as a share of the floor.

The floor is reading and `lxml.etree.fromstring` of the same files. Every contender runs in a
process of its own, on one core, in turn. `run` is from the first file to the last figure, in a
process that has its libraries loaded and its database open; `start` is that loading and opening,
which a run pays once whatever its size. Run `python -m benchmarks.embedded`; medians go to
`benchmarks/results/embedded.jsonl`.
"""

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from lxml import etree

RESULTS = Path(__file__).parent / "results" / "embedded.jsonl"
TODAY = date(2026, 6, 30)


def floor(path: Path) -> int:
    done = 0
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                done += parsed(archive.read(name))
    else:
        for folder, _, names in os.walk(path):
            for name in names:
                # Not by Path, which is slower: this is the floor.
                with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118, PTH123
                    done += parsed(file.read())
    return done


def parsed(content: bytes) -> bool:
    try:
        etree.fromstring(content)
    except (etree.XMLSyntaxError, ValueError):
        return False
    return True


def peak_kb() -> int:
    """Return the most memory this process had; rusage would count its parent's before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def contend(name: str, path: Path, policy: str) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_:
        begun = time.perf_counter()
        work = CONTENDERS[name](path, Path(folder), policy, open_)
        started = time.perf_counter()
        done = work()
        ended = time.perf_counter()
    memory = peak_kb() // 1024
    print(
        json.dumps({"start": started - begun, "run": ended - started, "done": done, "mb": memory})
    )


def bare(path: Path, data: Path, policy: str, open_: ExitStack) -> Callable[[], int]:
    return lambda: floor(path)


def naive(path: Path, data: Path, policy: str, open_: ExitStack) -> Callable[[], int]:
    from benchmarks.peers import naive as script

    client = script.opened(data / "chdb")
    open_.callback(client.close)
    return lambda: script.run(path, client)


def ours(path: Path, data: Path, policy: str, open_: ExitStack) -> Callable[[], int]:
    from zorgstroom.stream.clock import SystemClock
    from zorgstroom.stream.engine import Engine
    from zorgstroom.stream.ingest import ingest, publish_at_end
    from zorgstroom.stream.settings import Settings

    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as the command does
    settings = Settings.model_validate({"today": TODAY, "protection": {"policy": policy}})
    engine = open_.enter_context(Engine(settings, data, SystemClock(TODAY)))

    def work() -> int:
        tally, _ = ingest(engine, [path], lambda _: None)
        assert publish_at_end(engine)
        return tally.inputs

    return work


CONTENDERS = {"floor": bare, "naive": naive, "zorgstroom": ours}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--policy", default="geen")
    parser.add_argument("--contender")
    parser.add_argument("--path", type=Path)
    asked = parser.parse_args()
    if asked.contender:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        contend(asked.contender, asked.path, asked.policy)
        return
    from zorgstroom.stream.generator.model import Params
    from zorgstroom.stream.generator.run import generate
    from zorgstroom.stream.generator.write import write

    with tempfile.TemporaryDirectory() as folder:
        made = generate(Params(today=TODAY, seed=1, messages=asked.messages), None)
        write(made, Path(folder, "map"))
        write(made, Path(folder, "zip"), zipped=True)
        for kind, path in (
            ("folder", Path(folder, "map", "berichten")),
            ("archive", Path(folder, "zip", "berichten.zip")),
        ):
            report(kind, measure(path, asked.repeat, asked.policy), len(made.messages), asked)


def measure(path: Path, repeat: int, policy: str) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    command = [sys.executable, "-m", "benchmarks.embedded", "--path", str(path)]
    for _ in range(repeat + 1):
        for name in CONTENDERS:
            ended = subprocess.run(
                [*command, "--contender", name, "--policy", policy],
                capture_output=True,
                check=True,
            )
            found[name].append(json.loads(ended.stdout.splitlines()[-1]))
    return {name: runs[1:] for name, runs in found.items()}  # the first one warms the disk


def report(
    kind: str,
    found: dict[str, list[dict[str, float]]],
    messages: int,
    asked: argparse.Namespace,
) -> None:
    seconds = {name: median(run["run"] for run in runs) for name, runs in found.items()}
    start = {name: median(run["start"] for run in runs) for name, runs in found.items()}
    print(f"\n{kind}: {messages} messages, policy {asked.policy}, {asked.repeat} repetitions")
    for name in CONTENDERS:
        share = seconds["floor"] / seconds[name]
        most = max(run["mb"] for run in found[name])
        print(
            f"{name:12s} {seconds[name]:7.2f} s {100 * share:6.1f}% of the floor"
            f"   start {start[name]:5.2f} s {most:6.0f} MB"
        )
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": kind,
        "messages": messages,
        "policy": asked.policy,
        "repeat": asked.repeat,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "start": {name: round(value, 3) for name, value in start.items()},
        "share": {name: round(seconds["floor"] / seconds[name], 3) for name in CONTENDERS},
        "python": platform.python_version(),
        "chdb": version("chdb"),
        "lxml": version("lxml"),
        "cores": 1,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
