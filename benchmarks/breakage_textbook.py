"""
The textbook Faust job under the same blows: `python -m benchmarks.breakage_textbook --runs 20`.

It is fed a stream without corrections and repeats, so that its counts must add up to the number of
records. Each run is appended to `benchmarks/results/breakage_textbook.jsonl`: how many records
there were, and how many it counted. `--guarantee exactly_once` tries Faust's transactions.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from deploy.local.kafka import Broker
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream import sources
from zorgstroom.stream.generator.model import Params, Rates
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.kafka import lag
from zorgstroom.stream.kafka.client import admin, consumer, group_offsets, producer
from zorgstroom.stream.settings import Kafka

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "breakage_textbook.jsonl"
KINDS = (
    *("kill", "term", "join_leave", "both_killed", "broker_restart"),
    *("changelog_fails", "zombie", "twice", "undisturbed"),
)
SECONDS = 3.0
SESSION = 2.0
STUCK = 25.0
"""Seconds without any movement after which what is left counts as never to be read."""
LONGEST = 300.0


class Run:
    """One group of textbook workers, with topics of its own."""

    def __init__(self, broker: Broker, folder: Path, name: str, guarantee: str) -> None:
        self.kafka = Kafka(brokers=broker.address, group=name, prefix=f"{name}-")
        self.changelog = f"{name}-tellingen-changelog"
        self.guarantee = guarantee
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        with admin(self.kafka) as client:
            topics = (self.kafka.berichten, self.kafka.gebeurtenissen)
            made = {topic: {"num_partitions": 8, "replication_factor": 1} for topic in topics}
            client.create_topics(made, wait_for_metadata=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker; return when the group has one member more."""
        before = self.members()
        data = self.folder / f"{self.kafka.group}-{len(self.processes)}"
        environment = os.environ | {
            "PEER_GROUP": self.kafka.group,
            "PEER_BROKER": self.kafka.brokers,
            "PEER_SESSION": str(SESSION),
            "PEER_GUARANTEE": self.guarantee,
            "PEER_DATA": str(data),
        }
        command = [sys.executable, "-m", "benchmarks.peers.textbook_faust"]
        made = subprocess.Popen(
            [*command, "worker", "--without-web", "-l", "error"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(made)
        until = time.monotonic() + 30
        while self.members() <= before and time.monotonic() < until:
            time.sleep(0.3)
        return made

    def members(self) -> int:
        """Return how many members the group has now."""
        group_offsets(self.kafka)  # waits until a new broker knows of groups
        with admin(self.kafka) as client:
            told = client.describe_groups([self.kafka.group])
        (group,) = told.values() if isinstance(told, dict) else told
        return len(group.get("members") or ())

    def produce(self, messages: list[bytes], seconds: float) -> None:
        """Send `messages`, spread over some `seconds`."""
        with producer(self.kafka) as client:
            for number, data in enumerate(messages, 1):
                client.send(self.kafka.berichten, data, key=data[-30:])
                if number % 50 == 0:
                    time.sleep(seconds * 50 / len(messages))

    def settle(self) -> tuple[int, int]:
        """
        Wait until everything is read, or nothing moves for long.

        Return the sum of all counts, and how many records were never read.

        Patience is on its side: a busy machine must not pass for a loss.
        """
        last: tuple[int, int] = (-1, -1)
        behind = 0
        moved = time.monotonic()
        until = moved + LONGEST
        while (now := time.monotonic()) < until:
            seen = (sum(group_offsets(self.kafka).values()), self.counted())
            if seen != last:
                last, moved = seen, now
            behind = sum(one.achter for one in lag.measure(self.kafka, datetime.now(UTC)))
            if now - moved > (STUCK if behind else 4):
                break
            time.sleep(1)
        return last[1], behind

    def counted(self) -> int:
        """Return what the changelog adds up to, the last value of each key counting."""
        from kafka import TopicPartition

        values: dict[bytes, int] = {}
        with consumer(self.kafka) as reader:
            numbers = sorted(reader.partitions_for_topic(self.changelog) or ())
            places = [TopicPartition(self.changelog, number) for number in numbers]
            if not places:
                return 0
            ends = reader.end_offsets(places)
            reader.assign(places)
            reader.seek_to_beginning(*places)
            while any(reader.position(place) < ends[place] for place in places):
                for records in reader.poll(timeout_ms=500).values():
                    for record in records:
                        values[record.key] = int(record.value or 0)
        return sum(values.values())

    def limit(self, size: str) -> None:
        """Have the broker refuse larger batches in the changelog."""
        from kafka.admin import ConfigResource, ConfigResourceType

        configs = {"max.message.bytes": size}
        resource = ConfigResource(ConfigResourceType.TOPIC, self.changelog, configs=configs)
        with admin(self.kafka) as client:
            client.alter_configs([resource])

    def close(self) -> None:
        """End everything and remove the topics."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        with admin(self.kafka) as client:
            names = [name for name in client.list_topics() if name.startswith(self.kafka.group)]
            client.delete_topics(names)


def strike(kind: str, run: Run, broker: Broker, chance: random.Random) -> None:
    """Do to the workers what `kind` says; the messages are coming in meanwhile."""
    time.sleep(chance.uniform(0.3, SECONDS - 0.5))
    first = run.processes[0]
    if kind == "kill":
        first.kill()
    elif kind == "term":
        first.terminate()
    elif kind == "join_leave":
        second = run.start()
        time.sleep(SESSION)
        second.terminate()
    elif kind == "both_killed":
        for process in run.processes:
            process.kill()
        time.sleep(SESSION)
        run.start()
    elif kind == "broker_restart":
        broker.stop()
        broker.start()
    elif kind == "changelog_fails":
        run.limit("10")
        time.sleep(1)
        run.limit("1048588")
    elif kind == "zombie":
        first.send_signal(signal.SIGSTOP)
        time.sleep(3 * SESSION)
        first.send_signal(signal.SIGCONT)


def one_run(
    kind: str, number: int, broker: Broker, folder: Path, messages: list[bytes], guarantee: str
) -> dict[str, Any]:
    """Break the workers once; return what they counted."""
    decoder = Decoder(PseudonymKey(b"k" * 32))
    records = 0
    for data in messages:
        try:
            records += len(decoder.decode(data))
        except DecodeError:
            continue
    run = Run(
        broker, folder, f"tb{kind[:4]}{number}-{int(time.time())}".replace("_", "-"), guarantee
    )
    chance = random.Random(f"{kind}{number}")
    try:
        run.start()
        if kind not in ("join_leave", "changelog_fails", "twice", "undisturbed"):
            run.start()
        time.sleep(2)
        from threading import Thread

        sending = Thread(target=run.produce, args=(messages, SECONDS))
        sending.start()
        strike(kind, run, broker, chance)
        sending.join()
        if kind == "twice":
            run.produce(messages, 0)
        counted, behind = run.settle()
        alive = sum(process.poll() is None for process in run.processes)
    finally:
        run.close()
    return {
        "kind": kind,
        "run": number,
        "when": datetime.now(UTC).isoformat(),
        "guarantee": guarantee,
        "records": records,
        "counted": counted,
        "unread": behind,
        "alive": alive,
    }


def main() -> None:
    """Run until every kind has as many runs as asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--guarantee", default="at_least_once")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    chosen = parser.parse_args()
    none = Rates(
        correctie_start=0,
        correctie_stop=0,
        intrekking_start=0,
        intrekking_stop=0,
        dubbel=0,
        wees_verwijdering=0,
        identiteit_hergebruikt=0,
        herhaling=0,
        herhaling_envelop=0,
        fout=0,
    )
    with tempfile.TemporaryDirectory(prefix="leerboek-") as name:
        folder = Path(name)
        params = Params(today=date(2024, 6, 30), seed=9, messages=2000, regios=8, rates=none)
        write(generate(params, None), folder / "stroom")
        messages = [one.data for one in sources.read([folder / "stroom" / "berichten"])]
        with Broker(folder / "kafka") as broker:
            for number in range(1, chosen.runs + 1):
                for kind in chosen.kinds:
                    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
                    seen = Counter(
                        json.loads(line)["kind"]
                        for line in lines
                        if json.loads(line)["guarantee"] == chosen.guarantee
                    )
                    if seen[kind] >= number:
                        continue
                    told = one_run(kind, number, broker, folder, messages, chosen.guarantee)
                    with RESULTS.open("a") as file:
                        file.write(json.dumps(told) + "\n")
                    print(told, flush=True)


if __name__ == "__main__":
    main()
