"""
The whole way on Kafka: our worker beside textbook Faust and Quix Streams, on one broker in one run.

Run `python -m benchmarks.kafka_speed`; some minutes. All messages stand in `berichten` before
anyone starts. The time runs from the first record of the second topic (events) to the end: for ours
until the last figure can be queried, for the others until their last count is in the changelog,
which is the easier end; `worker_counted` is our time to that end. A shared machine makes rates of
little worth: contenders take turns, compare the ratios. `cpu_seconds` is what the contender's own
processes used from their start to the end, without broker and (but for the embedded process)
database. Results go to `benchmarks/results/kafka_speed.jsonl`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from deploy.local.kafka import Broker
from tests.cluster import Cluster, cluster
from zorgstroom.stream import sources
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.truthfile import load_truth
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.kafka.client import admin, consumer, group_offsets, producer
from zorgstroom.stream.settings import Kafka, Settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "kafka_speed.jsonl"
TODAY = date(2024, 6, 30)
PEERS = {
    "textbook_faust": ["textbook_faust", "worker", "--without-web", "-l", "error"],
    "quix": ["quix"],
}


class Took(NamedTuple):
    """One measurement."""

    seconds: float
    cpu: float
    counted: float | None = None
    """Seconds to the last count in the changelog."""


def main() -> None:
    """Measure each contender `--rounds` times, in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="snelheid-") as name:
        folder = Path(name)
        params = Params(today=TODAY, seed=5, messages=chosen.messages, regios=8)
        write(generate(params, None), folder / "stroom")
        messages = [one.data for one in sources.read([folder / "stroom" / "berichten"])]
        found: dict[str, list[Took]] = {}
        with Broker(folder / "kafka") as broker:
            for number in range(chosen.rounds):
                contenders: dict[str, Callable[[], Took]] = {
                    "embedded": lambda: embedded(folder, messages),
                    "worker": lambda: ours(broker, folder, messages, 1),
                    "two_workers": lambda: ours(broker, folder, messages, 2),
                    "textbook_faust": lambda: peer("textbook_faust", broker, folder, messages),
                    "quix": lambda: peer("quix", broker, folder, messages),
                }
                for contender, measure in contenders.items():
                    took = measure()
                    found.setdefault(contender, []).append(took)
                    if took.counted is not None:
                        counted = Took(took.counted, took.cpu)
                        found.setdefault(f"{contender}_counted", []).append(counted)
                    print(number, contender, took, os.getloadavg(), flush=True)
    count = len(messages)
    middle = {name: round(count / median(t.seconds for t in ts)) for name, ts in found.items()}
    told: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "python": sys.version.split()[0],
        "messages": count,
        "rounds": chosen.rounds,
        "messages_per_second": middle,
        "worker_by": {n: round(middle["worker"] / rate, 2) for n, rate in middle.items()},
        "cpu_seconds": {n: round(median(t.cpu for t in ts), 1) for n, ts in found.items()},
        "all_seconds": {n: [round(t.seconds, 1) for t in ts] for n, ts in found.items()},
    }
    print(json.dumps(told, indent=1))
    with RESULTS.open("a") as file:
        file.write(json.dumps(told) + "\n")


def embedded(folder: Path, messages: list[bytes]) -> Took:
    """Measure the embedded process, from messages in memory to figures."""
    truth = load_truth(folder / "stroom" / "truth.json")
    regios = {name: [code for code, _ in rows] for name, rows in truth.regios.items()}
    settings = Settings.model_validate(
        {"today": TODAY, "protection": {"policy": "geen"}, "regios": regios}
    )
    data = Path(tempfile.mkdtemp(dir=folder))
    with Engine(settings, data, SystemClock(TODAY)) as engine:
        begun, cpu = time.monotonic(), time.process_time()
        for at in range(0, len(messages), 5000):
            part = messages[at : at + 5000]
            engine.process([sources.Input("", "", message) for message in part])
        engine.publish()
        return Took(time.monotonic() - begun, time.process_time() - cpu)


def ours(broker: Broker, folder: Path, messages: list[bytes], workers: int) -> Took:
    """Measure from the first event to the last figure."""
    name = f"wij-{workers}-{time.time_ns()}"
    more = {"ZORGSTROOM_KAFKA__BATCH": "2000", "ZORGSTROOM_PUBLICATION__JAREN": "2"}
    with cluster(broker.address, folder / "stroom", folder / name, name, **more) as running:
        with producer(running.settings.kafka) as client:
            for data in messages:
                client.send(running.settings.kafka.berichten, data, key=data[-30:])
        for _ in range(workers):
            running.start()
        running.check()
        cpu = sum(cpu_of(worker.process.pid) for worker in running.workers)
        kafka = running.settings.kafka
        begun = first(kafka, kafka.gebeurtenissen)
        return Took(ended(running) - begun, cpu, latest(kafka, kafka.tellingen) - begun)


def cpu_of(pid: int) -> float:
    """Return the seconds of processor that a process has used."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def ended(running: Cluster) -> float:
    """Return when the last figure was made."""
    made = [running.publication.last_emission(name) for name in running.truth.regios]
    return max(moment.timestamp() for moment in made if moment is not None)


def peer(name: str, broker: Broker, folder: Path, messages: list[bytes]) -> Took:
    """Measure a peer from its first event to its last count."""
    group = f"{name[:4]}{time.time_ns()}"
    kafka = Kafka(brokers=broker.address, group=group, prefix=f"{group}-")
    with admin(kafka) as client:
        topics = (kafka.berichten, kafka.gebeurtenissen)
        made = {topic: {"num_partitions": 8, "replication_factor": 1} for topic in topics}
        client.create_topics(made, wait_for_metadata=True)
    with producer(kafka) as client:
        for data in messages:
            client.send(kafka.berichten, data, key=data[-30:])
    environment = os.environ | {
        "PEER_GROUP": group,
        "PEER_BROKER": broker.address,
        "PEER_DATA": str(folder / group),
    }
    module, *arguments = PEERS[name]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.peers.{module}", *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        last, still = -1, 0
        while still < 8:
            time.sleep(0.5)
            now = sum(group_offsets(kafka).values())
            still = still + 1 if now == last and now >= len(messages) else 0
            last = now
        cpu = cpu_of(process.pid)
    finally:
        process.kill()
        process.wait()
    with admin(kafka) as client:
        names = [topic for topic in client.list_topics() if group in topic]
    changelog = next(topic for topic in names if "changelog" in topic)
    # Quix makes its second topic itself, and leaves ours empty.
    events = next((t for t in names if t.startswith("repartition__")), kafka.gebeurtenissen)
    took = Took(latest(kafka, changelog) - first(kafka, events), cpu)
    with admin(kafka) as client:
        client.delete_topics(names)
    return took


def first(kafka: Kafka, topic: str) -> float:
    """Return the time of the first record of `topic`."""
    return min(times(kafka, topic, from_end=False))


def latest(kafka: Kafka, topic: str) -> float:
    """Return the time of the last record of `topic`."""
    return max(times(kafka, topic, from_end=True))


def times(kafka: Kafka, topic: str, *, from_end: bool) -> list[float]:
    """Return the time of the first, or of the last record of each partition."""
    from kafka import TopicPartition

    made = []
    with consumer(kafka) as reader:
        for number in reader.partitions_for_topic(topic) or ():
            place = TopicPartition(topic, number)
            end = reader.end_offsets([place])[place]
            if not end:
                continue
            reader.assign([place])
            reader.seek(place, max(0, end - 50) if from_end else 0)
            for _ in range(20):
                records = reader.poll(timeout_ms=500).get(place) or []
                if records:
                    made.append(records[-1 if from_end else 0].timestamp / 1000)
                if records and (not from_end or reader.position(place) >= end):
                    break
    return made


if __name__ == "__main__":
    main()
