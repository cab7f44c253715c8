"""
How long a fresh worker takes to own a large state, and what a dossier costs in memory.

The time runs from the start of the process; `cpu_seconds` leaves out what a start takes anyway, and
memory what an empty worker has.

Run `python -m benchmarks.kafka_state --dossiers 200000 --regions 8`, or `--dossiers 3000000
--regions 40`. The dossiers are synthetic (one start each, one in two also a stop) and are written
straight to the changelog. Results go to `benchmarks/results/kafka_state.jsonl`.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from aiokafka import AIOKafkaProducer

from benchmarks.kafka_speed import cpu_of
from deploy.local.kafka import Broker
from tests.bridge import running_bridge
from tests.cluster import KEY, WorkerProcess, wait_until
from zorgstroom.aggregations.dossier import Dossier, Message, Record, dump
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.wire import partition_of
from zorgstroom.stream.settings import Settings

RESULTS = Path(__file__).resolve().parent / "results" / "kafka_state.jsonl"
DAY = date(2024, 3, 1).toordinal()


def dossier(number: int) -> bytes:
    """Return one stored dossier."""
    begin = DAY + number % 700
    start = Record(1, 1, number % 10**9, f"{number % 16 + 1:02}", None, begin, begin)
    told = [message(number, "start", begin, start)]
    if number % 2:
        end = Record(1, 1, start.toewijzing, start.categorie, None, begin, begin, "19", begin + 90)
        told.append(message(number, "stop", begin + 95, end))
    return dump(Dossier(messages=tuple(told)))


def message(number: int, soort: str, day: int, record: Record) -> Message:
    """Return one message of a dossier."""
    digest = (number * 2 + (soort == "stop")).to_bytes(16)
    sender = f"{number % 200:08}"
    identity = f"B{number % 10**9}{soort[2]}"
    return Message(
        day, sender, identity, digest, "Wmo", soort, "3.2", "1950-01", "1", None, (record,)
    )


def keys(count: int, codes: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the key and content of each dossier."""
    for number in range(count):
        yield f"{codes[number % len(codes)]}{number * 2654435761 % 2**128:032x}", dossier(number)


async def fill(settings: Settings, count: int, codes: list[str]) -> int:
    """Write `count` dossiers to the changelog; return their bytes."""
    kafka = settings.kafka
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, max_batch_size=900_000)
    await producer.start()
    places = {code: partition_of(code, settings.regions, kafka.partitions) for code in codes}
    batches = {place: producer.create_batch() for place in set(places.values())}
    size = 0
    for key, value in keys(count, codes):
        size += len(value)
        place = places[key[:4]]
        if batches[place].append(key=key.encode(), value=value, timestamp=None) is None:
            await producer.send_batch(batches[place], kafka.dossiers, partition=place)
            batches[place] = producer.create_batch()
            batches[place].append(key=key.encode(), value=value, timestamp=None)
    for place, batch in batches.items():
        await producer.send_batch(batch, kafka.dossiers, partition=place)
    await producer.flush()
    await producer.stop()
    return size


def memory(pid: int, what: str = "VmRSS") -> int:
    """Return the resident bytes of a process, now or (`VmHWM`) at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Measure and keep the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dossiers", type=int, default=200_000)
    parser.add_argument("--regions", type=int, default=8)
    chosen = parser.parse_args()
    regios = {
        f"regio-{n:02}": [f"{6000 + n * 10 + k:04}" for k in range(2 + n % 9)]
        for n in range(chosen.regions)
    }
    codes = [code for gemeenten in regios.values() for code in gemeenten]
    with tempfile.TemporaryDirectory(prefix="toestand-") as name:
        folder = Path(name)
        with (
            Broker(folder / "kafka", extra={"log.segment.bytes": "268435456"}) as broker,
            running_bridge() as bridge,
        ):
            os.environ |= {
                "ZORGSTROOM_KAFKA__BROKERS": broker.address,
                "ZORGSTROOM_KAFKA__PARTITIONS": str(chosen.regions),
                "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
                "ZORGSTROOM_CLICKHOUSE__USER": bridge.user,
                "ZORGSTROOM_CLICKHOUSE__PASSWORD": bridge.password,
                "ZORGSTROOM_REGIOS": json.dumps(regios),
                "ZORGSTROOM_PROTECTION__POLICY": "geen",
                "ZORGSTROOM_TODAY": "2026-03-15",
                "ZORGSTROOM_TICK_SECONDS": "100000",
                "ZORGSTROOM_HTTP__PORT": "0",
                "ZORGSTROOM_KEY": KEY,
            }
            settings = Settings()
            topics.carry_out(settings.kafka, topics.look(settings.kafka))

            def own(folder: Path, dossiers: int) -> WorkerProcess:
                made = WorkerProcess(dict(os.environ), folder)
                wait_until(
                    "the state is owned",
                    lambda: (
                        len(made.partitions()) == chosen.regions
                        and made.status()["dossiers"] == dossiers
                    ),
                    1500,
                )
                return made

            empty = own(folder / "w0", 0)
            base, start = memory(empty.process.pid), cpu_of(empty.process.pid)
            empty.end(15)
            size = asyncio.run(fill(settings, chosen.dossiers, codes))
            bridge.fail(1_000_000, "503")  # what publishing takes is not asked here
            begun = time.monotonic()
            worker = own(folder / "w1", chosen.dossiers)
            seconds = time.monotonic() - begun
            cpu = cpu_of(worker.process.pid) - start
            used, most = (memory(worker.process.pid, what) for what in ("VmRSS", "VmHWM"))
            worker.end(9)
    told = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": round(os.getloadavg()[0], 1),
        "dossiers": chosen.dossiers,
        "regions": chosen.regions,
        "seconds_to_own": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "stored_bytes_each": round(size / chosen.dossiers),
        "memory_bytes": used,
        "most_memory_bytes": most,
        "memory_bytes_each": round((used - base) / chosen.dossiers),
    }
    print(json.dumps(told, indent=1))
    with RESULTS.open("a") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
