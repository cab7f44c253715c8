"""
From produced to queryable at a steady rate: `python -m benchmarks.kafka_fresh`.

Every message starts care for another client of one gemeente, so the k-th has become queryable when
the instroom of the year is k. The figure is asked for 50 times a second. Policy `geen`, a tick of a
second. Results go to `benchmarks/results/kafka_fresh.jsonl`.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

from deploy.local.kafka import Broker
from tests.cluster import cluster, wait_until
from tests.stream.messages import message
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.kafka.client import producer

RESULTS = Path(__file__).resolve().parent / "results" / "kafka_fresh.jsonl"
TODAY = date(2026, 3, 15)
QUERY = (
    "SELECT max(waarde) FROM publicatie.cijfers WHERE gebied = '0153' AND wet = 'Wmo' AND "
    "product_niveau = 'totaal' AND maat = 'instroom' AND periode_soort = 'jaar' "
    "AND periode = '2026-01-01'"
)


def main() -> None:
    """Measure and keep the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    chosen = parser.parse_args()
    count = chosen.rate * chosen.seconds
    messages = [message(number) for number in range(1, count + 1)]
    produced: list[float] = []
    seen: list[float] = []
    with tempfile.TemporaryDirectory(prefix="versheid-") as name:
        folder = Path(name)
        write(generate(Params(today=TODAY, seed=1, messages=200), None), folder / "stroom")
        more = {"ZORGSTROOM_TICK_SECONDS": "1", "ZORGSTROOM_KAFKA__BATCH": "2000"}
        with (
            Broker(folder / "kafka") as broker,
            cluster(broker.address, folder / "stroom", folder / "w", "vers", **more) as running,
        ):
            worker = running.start()
            wait_until("the worker is ready", lambda: len(worker.partitions()) == 8)

            def look() -> None:
                while len(seen) < count:
                    ((shown,),) = running._rows(QUERY)
                    now = time.time()
                    seen.extend([now] * (int(shown or 0) - len(seen)))
                    time.sleep(0.02)

            looking = threading.Thread(target=look, daemon=True)
            looking.start()
            with producer(running.settings.kafka) as client:
                begun = time.time()
                for number, data in enumerate(messages):
                    time.sleep(max(0.0, begun + number / chosen.rate - time.time()))
                    produced.append(time.time())
                    client.send(running.settings.kafka.berichten, data)
            looking.join(120)
    assert len(seen) == count, f"{len(seen)} of {count} became visible"
    delays = sorted(after - before for before, after in zip(produced, seen, strict=True))
    # The first seconds hold the first emission, of every cell there is.
    told = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": round(os.getloadavg()[0], 1),
        "rate": chosen.rate,
        "messages": count,
        "p50_seconds": round(delays[count // 2], 2),
        "p99_seconds": round(delays[int(count * 0.99)], 2),
        "most_seconds": round(delays[-1], 2),
    }
    print(json.dumps(told, indent=1))
    with RESULTS.open("a") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
