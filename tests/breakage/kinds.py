"""
Twelve ways to break the workers while they count, each with a check that it really happened.

Every kind is a function of a cluster whose messages stand ready on Kafka; it returns facts for the
record. `Cluster.check` then demands every figure exact.
"""

import asyncio
import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.local.kafka import Broker
from tests.cluster import Cluster, WorkerProcess, wait_until
from tests.faults.injection import Fault
from tests.faults.program import VARIABLE
from tests.stream.messages import many_products
from zorgstroom.stream.kafka.client import admin, producer

Facts = dict[str, Any]
Kind = Callable[[Cluster, Broker, random.Random], Facts]
SECONDS = 3.0
"""Over which the messages are sent, so that every blow falls amid them."""
ALL_PARTITIONS = set(range(8))


def both_ready(cluster: Cluster) -> tuple[WorkerProcess, WorkerProcess]:
    """Start two workers; return them once they share all partitions."""
    one, other = cluster.start(), cluster.start()
    wait_until(
        "two workers share the partitions",
        lambda: (
            one.partitions() | other.partitions() == ALL_PARTITIONS
            and bool(one.partitions())
            and bool(other.partitions())
            and not one.partitions() & other.partitions()
        ),
    )
    return one, other


def alone_ready(cluster: Cluster) -> WorkerProcess:
    """Start one worker; return it once it has all partitions."""
    made = cluster.start()
    owns_all(made)
    return made


def owns_all(worker: WorkerProcess) -> None:
    """Wait until `worker` has all partitions."""
    wait_until("one worker has all partitions", lambda: worker.partitions() == ALL_PARTITIONS)


def amid(cluster: Cluster, worker: WorkerProcess, chance: random.Random) -> int:
    """Begin to send the messages; return when `worker` has counted some, with more to come."""
    total = cluster.produce_slowly(SECONDS)
    target = chance.uniform(0.02, 0.3) * total
    wait_until("a part is counted", lambda: worker.counted() >= target)
    return worker.counted()


def kill(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Kill -9 one of two workers amid a batch."""
    struck, left = both_ready(cluster)
    had = struck.partitions()
    counted = amid(cluster, struck, chance)
    struck.end(signal.SIGKILL)
    owns_all(left)
    return {"counted": counted, "moved": len(had)}


def term(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Ask one of two workers to stop, amid a batch; it ends in good order."""
    struck, left = both_ready(cluster)
    had = struck.partitions()
    counted = amid(cluster, struck, chance)
    assert struck.end(signal.SIGTERM) == 0, struck.log
    owns_all(left)
    return {"counted": counted, "moved": len(had)}


def join_leave(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Let a second worker join while the first counts, and leave again."""
    first = alone_ready(cluster)
    counted = amid(cluster, first, chance)
    second = cluster.start()
    wait_until("the second has partitions", lambda: bool(second.partitions()))
    moved = len(second.partitions())
    second.end(chance.choice((signal.SIGTERM, signal.SIGKILL)))
    owns_all(first)
    return {"counted": counted, "moved": moved}


def both_killed(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Kill both workers at once; a new one goes on."""
    one, other = both_ready(cluster)
    counted = amid(cluster, one, chance)
    one.process.send_signal(signal.SIGKILL)
    other.end(signal.SIGKILL)
    one.process.wait(60)
    owns_all(cluster.start())
    return {"counted": counted, "moved": len(ALL_PARTITIONS)}


def broker_restart(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Stop or kill the broker under the workers, and start it again on its data."""
    one, other = both_ready(cluster)
    counted = amid(cluster, one, chance)
    hard = chance.random() < 0.5
    broker.kill() if hard else broker.stop()
    time.sleep(chance.uniform(0, 2))
    broker.start()
    wait_until(
        "both go on",
        lambda: one.partitions() | other.partitions() == ALL_PARTITIONS,
    )
    assert one.process.poll() is None and other.process.poll() is None, "a worker gave up"
    return {"counted": counted, "killed": hard}


def changelog_fails(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Let the broker refuse what the workers write to the changelog of dossiers, for a while."""
    worker = alone_ready(cluster)
    counted = amid(cluster, worker, chance)
    limit_changelog(cluster, "100")
    wait_until("the worker notices", lambda: worker.status().get("herstarts", 0) > 0)
    time.sleep(chance.uniform(0, 2))
    limit_changelog(cluster, "35000000")
    owns_all(worker)
    return {"counted": counted, "lives": worker.status()["herstarts"] + 1}


def limit_changelog(cluster: Cluster, size: str) -> None:
    """Have the broker refuse batches over `size` bytes in the changelog of dossiers."""
    from kafka.admin import ConfigResource, ConfigResourceType

    with admin(cluster.settings.kafka) as client:
        topic = cluster.settings.kafka.dossiers
        configs = {"max.message.bytes": size}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])


def zombie(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Pause a worker until it has lost its partitions, and let it go on: it may write nothing."""
    struck, left = both_ready(cluster)
    had = struck.partitions()
    counted = amid(cluster, struck, chance)
    struck.process.send_signal(signal.SIGSTOP)
    owns_all(left)
    session = cluster.settings.kafka.session_seconds
    time.sleep(session + chance.uniform(0, 2))
    cluster.sent()
    cluster.read()
    time.sleep(2)
    epochs = cluster.epochs()
    oldest = min(epochs.values())
    before = {name: cluster.history(name, epoch) for name, epoch in epochs.items()}
    struck.process.send_signal(signal.SIGCONT)
    wait_until("it takes part again", lambda: bool(struck.partitions()))
    time.sleep(2)
    for name, epoch in epochs.items():
        assert cluster.history(name, epoch) == before[name], f"a row of the zombie for {name}"
    return {"counted": counted, "moved": len(had), "epoch": oldest}


def sink_away(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Let the database refuse everything for some seconds."""
    worker = alone_ready(cluster)
    counted = amid(cluster, worker, chance)
    cluster.bridge.fail(1_000_000, "503")
    wait_until("the worker says so", lambda: bool(worker.status().get("probleem")))
    cluster.sent()
    cluster.read()  # it goes on counting
    time.sleep(chance.uniform(0, 3))
    cluster.bridge.fail(0, "503")
    return {"counted": counted}


def twice(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Send the whole input twice, the second time while the first is being counted."""
    worker = alone_ready(cluster)
    counted = amid(cluster, worker, chance)
    again = cluster.produce()
    cluster.sent()
    cluster.read()
    assert worker.status()["tellers"]["sinds_start"]["herhaald"] > 0.9 * again
    return {"counted": counted, "again": again}


def send_times_out(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Let one answer of the broker to the intake stay out, while all messages wait."""
    number = chance.randint(2, 8)
    fault = Fault("worker", "intake delivered", "once", number, str(cluster.folder / "fault"))
    Path(fault.state).mkdir()
    cluster.produce()
    worker = cluster.start("tests.faults.program", **{VARIABLE: json.dumps(fault.as_dict())})
    wait_until("the worker notices", lambda: worker.status().get("herstarts", 0) > 0)
    assert fault.struck
    owns_all(worker)
    return {"number": number, "lives": worker.status()["herstarts"] + 1}


def fenced(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Shut the worker out of the transactions of some partitions, amid counting."""
    worker = alone_ready(cluster)
    counted = amid(cluster, worker, chance)
    kafka = cluster.settings.kafka
    chosen = chance.sample(sorted(ALL_PARTITIONS), chance.randint(1, 4))

    async def take_over() -> None:
        for number in chosen:
            other = AIOKafkaProducer(
                bootstrap_servers=kafka.brokers, transactional_id=f"{kafka.group}-{number}"
            )
            await other.start()
            await other.stop()

    asyncio.run(take_over())
    wait_until("the worker notices", lambda: worker.status().get("herstarts", 0) > 0)
    owns_all(worker)
    return {"counted": counted, "fenced": chosen, "lives": worker.status()["herstarts"] + 1}


def large_message(cluster: Cluster, broker: Broker, chance: random.Random) -> Facts:
    """Send a valid message of over 16 MB among the others; its removals change no figure."""
    worker = alone_ready(cluster)
    data = many_products(1, 38_000, status=3)
    assert len(data) > 16_000_000
    counted = amid(cluster, worker, chance)
    with producer(cluster.settings.kafka) as client:
        client.send(cluster.settings.kafka.berichten, data)
    cluster.sent()
    cluster.read(400)
    assert not worker.status()["tellers"]["sinds_start"].get("afgekeurd: structuur", 0)
    return {"counted": counted, "bytes": len(data), "lives": worker.status()["herstarts"] + 1}


KINDS: dict[str, Kind] = {
    "kill": kill,
    "term": term,
    "join_leave": join_leave,
    "both_killed": both_killed,
    "broker_restart": broker_restart,
    "changelog_fails": changelog_fails,
    "zombie": zombie,
    "sink_away": sink_away,
    "twice": twice,
    "send_times_out": send_times_out,
    "fenced": fenced,
    "large_message": large_message,
}
