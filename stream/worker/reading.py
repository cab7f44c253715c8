"""The state of partitions as the changelogs hold it, read in bulk at the start of owning them."""

from collections.abc import Collection
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.settings import Kafka

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
    """
    made: dict[int, tuple[State, State]] = {number: ({}, {}) for number in partitions}
    consumer = AIOKafkaConsumer(
        **connection(kafka),
        client_id=f"{kafka.group}-herstel",
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8_000_000,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        places = {
            TopicPartition(topic, number): table
            for number, tables in made.items()
            for topic, table in zip((kafka.dossiers, kafka.tellingen), tables, strict=True)
        }
        consumer.assign(list(places))
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(list(places))
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
    finally:
        await consumer.stop()
    return made
