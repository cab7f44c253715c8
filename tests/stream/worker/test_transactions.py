"""What one transaction holds is read whole or not at all, on the real broker."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from deploy.local.kafka import Broker
from tests.broker import need_kafka
from tests.stream.worker.events import start
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.kafka import asking, topics
from zorgstroom.stream.kafka.wire import Bericht, Origin
from zorgstroom.stream.settings import Kafka, Settings
from zorgstroom.stream.worker.ownership import Owned
from zorgstroom.stream.worker.partition import Partition, Step, Tables
from zorgstroom.stream.worker.reading import read_changelogs
from zorgstroom.stream.worker.writer import (
    PartitionWriter,
    UndecidedError,
    WriterError,
    as_records,
)

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def topics_on(address: str) -> Kafka:
    name = f"geheel-{uuid4().hex[:8]}"
    made = Kafka(brokers=address, group=name, prefix=f"{name}-", partitions=1)
    topics.carry_out(made, topics.look(made))
    return made


@pytest.fixture
def kafka(broker: Broker) -> Kafka:
    return topics_on(broker.address)


def test_a_state_is_not_read_before_every_transaction_in_it_is_decided(kafka: Kafka) -> None:
    async def run() -> None:
        other = AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=kafka.group)
        await other.start()
        await other.begin_transaction()
        await other.send_and_wait(kafka.dossiers, b"d", b"sleutel", partition=0)
        reading = asyncio.ensure_future(read_changelogs(kafka, [0]))
        done, _ = await asyncio.wait([reading], timeout=2)
        assert not done, "it stopped before what was still open"
        await other.commit_transaction()
        assert await asyncio.wait_for(reading, 30) == {0: ({"sleutel": b"d"}, {})}
        await other.stop()

    asyncio.run(run())


def test_after_a_commit_that_was_cut_off_nothing_more_is_written(kafka: Kafka) -> None:
    async def run() -> None:
        writer = PartitionWriter(kafka, 0)
        await writer.open()
        await writer.commit([(b"a", b"1")], [(b"t", b"1")], None)
        commit = writer.commit([(b"a", b"2"), (b"b", b"2")], [(b"t", b"2")], None)
        cut_off = asyncio.ensure_future(commit)
        await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        assert cut_off.cancelled()
        with pytest.raises(WriterError, match="afgebroken"):
            await writer.commit([(b"c", b"3")], [], None)
        await writer.close()
        after = PartitionWriter(kafka, 0)
        await after.open()
        assert await read_changelogs(kafka, [0]) == {0: ({"a": b"1"}, {"t": b"1"})}
        await after.close()

    asyncio.run(run())


def test_what_a_broker_left_open_for_good_is_decided_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_kafka()
    monkeypatch.setattr(asking, "_LONGEST_DECISION", 2.0)
    unverified = {"transaction.partition.verification.enable": "false"}
    partition = Partition(0, Definitions(), Tables({}, {}))

    def step(number: int) -> Step:
        events = (start(number),)
        told = Bericht(schema=2, sleutel="abc", ontvangen_ms=None, gebeurtenissen=events)
        made = partition.step([told], "abc")
        partition.take(made)
        return made

    async def commit(writer: PartitionWriter, made: Step) -> None:
        await writer.commit(as_records(made.dossiers), as_records(made.tellingen), None)

    async def hang(kafka: Kafka, made: Step) -> AIOKafkaProducer:
        """Leave records of partition 0 that the coordinator of transactions knows nothing of."""
        name = f"{kafka.group}-0"
        former = AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=name)
        await former.start()
        await former.begin_transaction()
        for topic, records in ((kafka.dossiers, made.dossiers), (kafka.tellingen, made.tellingen)):
            former._txn_manager._txn_partitions.add(TopicPartition(topic, 0))
            for key, value in as_records(records):
                await former.send_and_wait(topic, value, key, partition=0)
        return former

    async def run(kafka: Kafka) -> None:
        first = PartitionWriter(kafka, 0)
        await first.open()
        await commit(first, step(1))
        await first.close()
        former = await hang(kafka, step(2))
        owned = Owned(
            Settings.model_validate({"kafka": kafka}),
            Tables({}, {}),
            "abc",
            1,
            set_aside=nobody,
        )
        await owned.own(frozenset({0}), 1)
        with pytest.raises(UndecidedError, match="blijft een transactie open"):
            await read_changelogs(kafka, [0])
        await owned.load()
        assert owned.partitions[0].size == 2 and owned.corrected == 0
        assert owned.dossiers == partition.dossiers
        await commit(owned.writer(0), step(3))
        await owned.close()
        await former.stop()
        dossiers, _ = (await read_changelogs(kafka, [0]))[0]
        assert dossiers == partition.dossiers and len(dossiers) == 3

    with Broker(tmp_path / "kafka", extra=unverified) as broker:
        asyncio.run(run(topics_on(broker.address)))


async def nobody(origin: Origin, value: bytes, reason: Reason) -> None:
    raise AssertionError(f"nothing is put aside: {reason}")
