"""
Where a worker's time goes: `python -m benchmarks.kafka_profile` (needs `pip install py-spy`).

One worker counts and publishes a backlog under py-spy, which samples what holds Python's lock. Each
sample goes to the first part of the list below of which it has a frame, so that a part's share
holds everything called from it. Results go to `benchmarks/results/kafka_profile.jsonl`.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.kafka_speed import cpu_of
from deploy.local.kafka import Broker
from tests.cluster import cluster, wait_until
from zorgstroom.stream import sources
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.kafka.client import producer

RESULTS = Path(__file__).resolve().parent / "results" / "kafka_profile.jsonl"
TODAY = date(2024, 6, 30)
PARTS = {
    "decoding": ("Decoder.decode",),
    "events to records (pack)": ("pack (wire.py",),
    "records to events (unpack)": ("unpack (wire.py",),
    "dossiers and counts (step, take)": ("Partition.step", "Partition.take"),
    "a transaction's records (commit)": ("PartitionWriter.commit", "PartitionWriter._"),
    "publishing: figures": ("Publisher.update", "Publisher.find", "RegionPublication."),
    "publishing: statements": ("statements (sinks", "encoded (sinks", "values (sinks"),
    "publishing: HTTP and the rest": ("Publisher.", "Publishing.", "ClickHousePublication."),
    "fetching (Faust and aiokafka)": ("Fetcher.", "Consumer.", "WorkerThread.run"),
    "sending (aiokafka)": ("Sender.", "AIOKafkaClient.send", "AIOKafkaConnection."),
    "intake, rest": ("Life._take_in",),
    "counting, rest": ("Life._count", "Counting."),
    "its page of status": ("web_protocol.py",),
    "the loop itself": ("BaseEventLoop.",),
}


def part_of(stack: str) -> str:
    """Return the part that a sample belongs to."""
    for part, marks in PARTS.items():
        if any(mark in stack for mark in marks):
            return part
    return "other"


def shares(samples: str) -> dict[str, float]:
    """Return the share of each part in py-spy's raw samples."""
    found: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        found[part_of(stack)] += int(count)
    whole = sum(found.values())
    return {part: round(count / whole, 3) for part, count in found.most_common()}


def main() -> None:
    """Measure and keep the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--spy", default=shutil.which("py-spy") or "py-spy")
    chosen = parser.parse_args()
    more = {"ZORGSTROOM_KAFKA__BATCH": "2000", "ZORGSTROOM_TICK_SECONDS": "1"}
    with tempfile.TemporaryDirectory(prefix="profiel-") as name:
        folder = Path(name)
        params = Params(today=TODAY, seed=5, messages=chosen.messages, regios=8)
        write(generate(params, None), folder / "s")
        with (
            Broker(folder / "kafka") as broker,
            cluster(broker.address, folder / "s", folder / "w", "profiel", **more) as running,
        ):
            worker = running.start()
            wait_until("the worker is ready", lambda: len(worker.partitions()) == 8)
            samples = folder / "samples"
            command = [chosen.spy, "record", "--gil", "--nonblocking", "-f", "raw", "-r", "200"]
            spy = subprocess.Popen(
                [*command, "-d", "3600", "-o", str(samples), "-p", str(worker.process.pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            begun = cpu_of(worker.process.pid)
            messages = [one.data for one in sources.read([folder / "s" / "berichten"])]
            with producer(running.settings.kafka) as client:
                for data in messages:
                    client.send(running.settings.kafka.berichten, data)
            running.check(300)
            cpu = cpu_of(worker.process.pid) - begun
            spy.send_signal(signal.SIGINT)
            spy.wait(60)
            found = shares(samples.read_text())
    told = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(os.getloadavg()[0], 1),
        "python": sys.version.split()[0],
        "messages": len(messages),
        "cpu_seconds": round(cpu, 1),
        "shares": found,
    }
    print(json.dumps(told, indent=1))
    with RESULTS.open("a") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
