"""What an operator must set right ends the worker with code 1 and a text, before it counts."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.bridge import Bridge, running_bridge
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import message
from zorgstroom.sinks.clickhouse import open_server
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import admin, producer
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
Start = Callable[..., WorkerProcess]


@pytest.fixture
def kafka(broker: Broker) -> Kafka:
    name = f"weigering-{uuid4().hex[:8]}"
    return Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    with running_bridge() as started:
        yield started


@pytest.fixture
def start(kafka: Kafka, tmp_path: Path) -> Start:
    def begin(**more: str) -> WorkerProcess:
        environment = os.environ | {
            "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
            "ZORGSTROOM_KAFKA__GROUP": kafka.group,
            "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
            "ZORGSTROOM_PROTECTION__POLICY": "geen",
            "ZORGSTROOM_TODAY": "2026-03-15",
            "ZORGSTROOM_HTTP__PORT": "0",
            "ZORGSTROOM_KEY": KEY,
        }
        return WorkerProcess(environment | more, tmp_path / uuid4().hex)

    return begin


def made(kafka: Kafka) -> None:
    topics.carry_out(kafka, topics.look(kafka))


def counted_once(kafka: Kafka, start: Start) -> None:
    """Leave a state of one dossier behind."""
    made(kafka)
    with producer(kafka) as client:
        client.send(kafka.berichten, message(1))
    worker = start()
    wait_until("one message is counted", lambda: worker.counted() == 1)
    assert worker.end(15) == 0, worker.log


def test_missing_topics_are_named(start: Start) -> None:
    worker = start()
    assert worker.process.wait(60) == 1
    assert "zorgstroom topics" in worker.log and "Traceback" not in worker.log


def test_partitions_that_do_not_fit_are_refused(kafka: Kafka, start: Start) -> None:
    made(kafka)
    with admin(kafka) as client:
        client.create_partitions({kafka.gebeurtenissen: 3})
    worker = start()
    assert worker.process.wait(60) == 1
    assert "evenveel partities" in worker.log and "Traceback" not in worker.log


def test_another_key_is_refused(kafka: Kafka, start: Start) -> None:
    counted_once(kafka, start)
    worker = start(ZORGSTROOM_KEY="ab" * 32)
    assert worker.process.wait(60) == 1
    assert "pseudoniemsleutel" in worker.log and "Traceback" not in worker.log


def test_another_list_of_regions_is_refused(kafka: Kafka, start: Start) -> None:
    counted_once(kafka, start)
    regions = json.dumps({"nieuw": ["0001"], "twente": ["0153", "0164"]})
    worker = start(ZORGSTROOM_REGIOS=regions)
    assert worker.process.wait(60) == 1
    assert "ZORGSTROOM_REGIOS" in worker.log and "Traceback" not in worker.log


ROUNDED = {"ZORGSTROOM_PROTECTION__POLICY": "afronden", "ZORGSTROOM_ROUNDING__KEY": "c3" * 32}


def test_a_rounding_key_is_asked_for_and_never_made(kafka: Kafka, start: Start) -> None:
    made(kafka)
    worker = start(ZORGSTROOM_PROTECTION__POLICY="afronden")
    assert worker.process.wait(60) == 1
    assert "zorgstroom keys" in worker.log and "Traceback" not in worker.log
    assert not list(worker.data.glob("afrondsleutel*"))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"ZORGSTROOM_ROUNDING__KEY": "d4" * 32}, "andere afrondsleutel"),
        ({"ZORGSTROOM_PROTECTION__POLICY": "geen"}, "ZORGSTROOM_PROTECTION__"),
    ],
)
def test_a_worker_that_protects_otherwise_publishes_nothing_and_ends(
    kafka: Kafka, start: Start, bridge: Bridge, other: dict[str, str], told: str
) -> None:
    made(kafka)
    place = {
        "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
        "ZORGSTROOM_CLICKHOUSE__USER": bridge.user,
        "ZORGSTROOM_CLICKHOUSE__PASSWORD": bridge.password,
    }
    running = start(**ROUNDED, **place)
    wait_until("it publishes", lambda: bool(running.status().get("gereed")))
    publication = open_server(bridge.url, bridge.user, bridge.password)
    wait_until("its protection is recorded", lambda: bool(publication.safeguards()))
    worker = start(**{**ROUNDED, **place, **other})
    assert worker.process.wait(60) == 1
    assert told in " ".join(worker.log.split()) and "Traceback" not in worker.log
    assert running.process.poll() is None
    (kept,) = publication.safeguards()
    assert (kept.beleid, kept.basis, kept.drempel) == ("afronden", 5, 10)
    publication.close()
    assert running.end(15) == 0, running.log
