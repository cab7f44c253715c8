"""What is accepted can be carried: the largest messages pass, and what is larger is named."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.kafka import Broker
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import many_products, message
from zorgstroom.codecs.registry import MAX_BYTES
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import LARGEST
from zorgstroom.stream.kafka.rejected import listed
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]


def padded(data: bytes, size: int) -> bytes:
    """Return the message with more white space between its elements, up to `size` bytes."""
    head, first, rest = data.partition(b"\r\n")
    each = (size - len(data)) // rest.count(b"\r\n")
    made = head + first + rest.replace(b"\r\n", b"\r\n" + b" " * each)
    return made + b" " * (size - len(made))


async def send(kafka: Kafka, messages: list[bytes]) -> None:
    """Send all of them in their order; aiokafka does the checksum of large ones in C."""
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.brokers, max_request_size=LARGEST, request_timeout_ms=120_000
    ) as client:
        for data in messages:
            await client.send_and_wait(kafka.berichten, data, partition=0)


def test_the_largest_messages_are_counted_and_what_is_larger_is_put_aside(
    broker: Broker, tmp_path: Path
) -> None:
    name = f"groot-{uuid4().hex[:8]}"
    kafka = Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)
    topics.carry_out(kafka, topics.look(kafka))
    largest = padded(many_products(1, 5000), MAX_BYTES)
    assert len(largest) == MAX_BYTES
    many = many_products(2, 40_000)
    assert 16_000_000 < len(many) <= MAX_BYTES
    too_large = b"x" * (LARGEST - 200)
    sent = [*(message(n) for n in range(10, 30)), largest, *(message(n) for n in range(30, 40))]
    sent += [many, too_large, *(message(n) for n in range(40, 50))]
    asyncio.run(send(kafka, sent))
    environment = os.environ | {
        "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
        "ZORGSTROOM_KAFKA__GROUP": kafka.group,
        "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "ZORGSTROOM_KEY": KEY,
    }
    worker = WorkerProcess(environment, tmp_path / "worker")
    try:
        wait_until("all are counted", lambda: worker.counted() >= len(sent) - 1, 400)
        counters = worker.status()["tellers"]["sinds_start"]
        assert counters["aanvaard"] == len(sent) - 1 and counters["herhaald"] == 0
        assert worker.status()["herstarts"] == 0, worker.log
        assert worker.status()["dossiers"] == len(sent) - 1
        (put_aside,) = listed(kafka)
        assert put_aside.reden["regel"] == "OP192"
        # The state can be read back: another worker takes it over.
        assert worker.end(15) == 0
        after = WorkerProcess(environment, tmp_path / "worker")
        wait_until("it is read back", lambda: after.status().get("dossiers") == len(sent) - 1, 200)
        assert after.end(15) == 0
    finally:
        worker.process.kill()
