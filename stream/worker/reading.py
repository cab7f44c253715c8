"""The state of partitions as the changelogs hold it, read in bulk at the start of owning them."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.settings import Kafka
from zorgstroom.stream.worker.writer import WriterError

_LONGEST_DECISION: Final = 60.0
_PAUSE: Final = 0.1
_MOST: Final = 20_000
"""Records to a turn of the loop."""

State = dict[str, bytes]


async def read_changelogs(
    kafka: Kafka, partitions: Collection[int]
) -> dict[int, tuple[State, State]]:
    """
    Return dossiers and counts of each of `partitions`, as last committed.

    Whoever could still write must have been shut out before (`PartitionWriter.open`), so that the
    end of the changelogs stands still.

    Raises:
        WriterError: A transaction of the former owner stays open.

    """
    made: dict[int, tuple[State, State]] = {number: ({}, {}) for number in partitions}
    async with _consumer(kafka, "read_committed") as consumer:
        places = {
            TopicPartition(topic, number): table
            for number, tables in made.items()
            for topic, table in zip((kafka.dossiers, kafka.tellingen), tables, strict=True)
        }
        consumer.assign(list(places))
        await consumer.seek_to_beginning(*places)
        ends = await _ends(kafka, consumer, places)
        unread = {place for place, end in ends.items() if end > 0}
        while unread:
            found = await consumer.getmany(*unread, timeout_ms=200, max_records=_MOST)
            for place, records in found.items():
                table = places[place]
                for record in records:
                    if record.value is None:
                        table.pop(record.key.decode(), None)
                    else:
                        table[record.key.decode()] = record.value
            # The end of a transaction takes an offset that is never delivered: go by position.
            unread = {at for at in unread if await consumer.position(at) < ends[at]}
    return made


async def _ends(
    kafka: Kafka, consumer: Any, places: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """
    Return where each changelog ends, once every transaction in it is decided.

    What can be read ends before the first open transaction. A broker that starts again decides
    those of before only after a while, one topic before the other: a state read up to there would
    lack what was safe.
    """
    async with _consumer(kafka, "read_uncommitted") as bare:
        until = asyncio.get_running_loop().time() + _LONGEST_DECISION
        while True:
            whole: dict[TopicPartition, int] = await bare.end_offsets(list(places))
            if await consumer.end_offsets(list(places)) == whole:
                return whole
            if asyncio.get_running_loop().time() > until:
                raise WriterError("in een changelog blijft een transactie van een ander open")
            await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def _consumer(kafka: Kafka, isolation: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        **connection(kafka),
        client_id=f"{kafka.group}-herstel",
        isolation_level=isolation,
        enable_auto_commit=False,
        max_partition_fetch_bytes=8_000_000,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
