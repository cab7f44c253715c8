"""
What a change cost: this checkout beside another commit of it, in two minutes.

Run `make bench-quick COMMIT=...`, or `python -m benchmarks.quick COMMIT`. The commit is unpacked
and given an environment of its own under `build/bench`, once. Both sides then do the same through
their own console command, in turn: `ingest` of 20,000 messages, the worker on Kafka with the same,
and one message more on a history of 50,000. Policy is `geen` on both sides, so that only the work
on messages is compared; `default` is `ingest` under this checkout's default policy beside its own
`geen`. Ratios are of processor time and of wall time, this checkout over the other; the median of
the pairs counts. A shared machine makes single seconds of little worth. Results go to
`benchmarks/results/quick.jsonl`.
"""

import argparse
import io
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from deploy.local.kafka import Broker

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "quick.jsonl"
TODAY = "2026-06-30"
POLICIES = {
    "protection": "ZORGSTROOM_PROTECTION__POLICY",
    "disclosure": "ZORGSTROOM_DISCLOSURE__POLICY",
}
"""The setting of the policy, by the name under which `config` shows it."""
_KEY = "00" * 31 + "01"
_LONGEST = 300.0


class Took(NamedTuple):
    """Seconds of one measurement."""

    wall: float
    cpu: float


@dataclass
class Side:
    """One of the two programs."""

    name: str
    command: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **more: str) -> Took:
        """Run the console command to its end; return what it took, children and all."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run(
            [self.command, *arguments],
            env=self.environment | more,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        ended = time.perf_counter()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Took(ended - begun, cpu)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("commit")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--history", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--without-worker", action="store_true")
    asked = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", asked.commit],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    mine = side("this", Path(sys.executable).with_name("zorgstroom"))
    other = side(commit, environment_of(commit))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        stream, history, news = made(folder, mine, asked.messages, asked.history, asked.pairs + 1)
        ratios = {
            "ingest": paired(mine, other, asked.pairs, lambda one, _: ingest(one, folder, stream)),
            "default": against_geen(mine, asked.pairs, folder, stream),
            "one_more": one_more(mine, other, asked.pairs, folder, history, news),
        }
        if not asked.without_worker:
            with Broker(folder / "kafka") as broker:
                ratios["worker"] = paired(
                    mine,
                    other,
                    max(1, asked.pairs - 1),
                    lambda one, at: worker(one, at, folder, stream, broker, asked.messages),
                )
    report(commit, asked, ratios)


def side(name: str, command: Path) -> Side:
    """Return a side whose policy is `geen`, whatever it calls that setting."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ZORGSTROOM_")}
    environment |= {"ZORGSTROOM_TODAY": TODAY, "ZORGSTROOM_KEY": _KEY}
    shown = subprocess.run(
        [command, "config", "--json"], env=environment, check=True, capture_output=True
    )
    known = json.loads(shown.stdout)
    policy = next(variable for name, variable in POLICIES.items() if name in known)
    return Side(name, command, environment | {policy: "geen"})


def environment_of(commit: str) -> Path:
    """Unpack `commit` with an environment of its own; return its console command."""
    folder = ROOT / "build" / "bench" / commit
    command = folder / ".venv" / "bin" / "zorgstroom"
    if not command.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        packed = subprocess.run(
            ["git", "archive", commit], cwd=ROOT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder / ".venv")}
        environment.pop("VIRTUAL_ENV", None)
        subprocess.run(
            [
                ROOT / ".tools/bin/uv",
                "sync",
                "--quiet",
                "--locked",
                "--all-extras",
                "--no-default-groups",
                "--python",
                sys.executable,
            ],
            cwd=folder,
            env=environment,
            check=True,
        )
    return command


def made(
    folder: Path, mine: Side, messages: int, history: int, count: int
) -> tuple[Path, Path, list[Path]]:
    """Return the archive of the stream, that of the history, and single messages after it."""
    for name, number, seed in (("stream", messages, 1), ("history", history, 2), ("news", 60, 3)):
        mine.run(
            "generate", "--out", str(folder / name), "--messages", str(number),
            "--seed", str(seed), "--zip", "--today", TODAY,
        )  # fmt: skip
    shutil.unpack_archive(folder / "news" / "berichten.zip", folder / "news" / "los")
    single = sorted((folder / "news" / "los").rglob("*305*.xml"))[:count]
    return (
        folder / "stream" / "berichten.zip",
        folder / "history" / "berichten.zip",
        single,
    )


def paired(
    mine: Side, other: Side, pairs: int, measure: Callable[[Side, int], Took]
) -> list[tuple[Took, Took]]:
    """Measure both sides in turn, after one pair that does not count."""
    taken = []
    for at in range(pairs + 1):
        taken.append((measure(mine, at), measure(other, at)))
        print(f"  {at}: {taken[-1]}", flush=True)
    return taken[1:]


def ingest(one: Side, folder: Path, stream: Path, **more: str) -> Took:
    with fresh(folder) as data:
        return one.run("ingest", str(stream), "--data", str(data), "--json", **more)


def against_geen(mine: Side, pairs: int, folder: Path, stream: Path) -> list[tuple[Took, Took]]:
    """Measure this checkout under its default policy beside its own `geen`."""
    default = Side("default", mine.command, dict(mine.environment))
    for variable in POLICIES.values():
        default.environment.pop(variable, None)
    return paired(default, mine, pairs, lambda one, _: ingest(one, folder, stream))


def one_more(
    mine: Side, other: Side, pairs: int, folder: Path, history: Path, news: list[Path]
) -> list[tuple[Took, Took]]:
    """Measure the ingest of one message into a state that is there."""
    states = {}
    for one in (mine, other):
        states[one.name] = folder / f"state-{one.name}"
        one.run("ingest", str(history), "--data", str(states[one.name]), "--json")
    return paired(
        mine,
        other,
        pairs,
        lambda one, at: one.run("ingest", str(news[at]), "--data", str(states[one.name]), "--json"),
    )


def worker(one: Side, at: int, folder: Path, stream: Path, broker: Broker, messages: int) -> Took:
    """Measure a worker from its start until it has taken in all messages and has ended."""
    group = f"{one.name}-{at}"
    port = free_port()
    more = {
        "ZORGSTROOM_KAFKA__BROKERS": broker.address,
        "ZORGSTROOM_KAFKA__GROUP": group,
        "ZORGSTROOM_KAFKA__PREFIX": f"{group}-",
    }
    with fresh(folder) as data:
        one.run("topics", **more)
        one.run("produce", str(stream), "--data", str(data), **more)
        begun = time.perf_counter()
        process = subprocess.Popen(
            [one.command, "worker", "--data", str(data), "--port", str(port)],
            env=one.environment | more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while taken_in(port) < messages:
                if time.perf_counter() - begun > _LONGEST or process.poll() is not None:
                    raise RuntimeError(f"{one.name}: the worker did not take in all messages")
                time.sleep(0.1)
            cpu = cpu_of(process.pid)
            ended = time.perf_counter()
        finally:
            process.terminate()
            process.wait()
    return Took(ended - begun, cpu)


def cpu_of(pid: int) -> float:
    """Return the seconds of processor that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def taken_in(port: int) -> int:
    """Return how many messages a worker has counted or refused; 0 as long as it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=5) as answer:
            counts = json.load(answer).get("tellers", {}).get("sinds_start", {})
    except OSError:
        return 0
    return sum(count for name, count in counts.items() if name != "gelezen")


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    data = Path(tempfile.mkdtemp(dir=folder))
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


def report(
    commit: str, asked: argparse.Namespace, ratios: dict[str, list[tuple[Took, Took]]]
) -> None:
    line: dict[str, object] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "beside": commit,
        "messages": asked.messages,
        "history": asked.history,
        "pairs": asked.pairs,
        "load": round(os.getloadavg()[0], 1),
        "python": sys.version.split()[0],
    }
    print(f"\nthis checkout over {commit} (medians of pairs)")
    for name, pairs in ratios.items():
        cpu = median(one.cpu / two.cpu for one, two in pairs)
        wall = median(one.wall / two.wall for one, two in pairs)
        mine = median(one.cpu for one, _ in pairs)
        beside = "its own geen" if name == "default" else commit
        print(f"{name:10s} cpu {cpu:5.2f}   wall {wall:5.2f}   ({mine:.2f} s cpu; over {beside})")
        line[name] = {"cpu": round(cpu, 3), "wall": round(wall, 3), "cpu_seconds": round(mine, 2)}
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
