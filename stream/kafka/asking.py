"""
Questions to the broker that workers and tools share, through aiokafka; asking makes no topic.

A broker that makes topics by itself makes one of any size for whoever asks for its name.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Container, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.metadata import MetadataRequest

from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.patience import answered
from zorgstroom.stream.settings import Kafka

_LONGEST_DECISION: Final = 60.0
_LONGEST_ANSWER: Final = 60.0
"""Seconds to one question; reading it all takes as long as it takes."""
_PAUSE: Final = 0.1
_MOST: Final = 20_000
"""Records to a turn of the loop."""

State = dict[str, bytes]
"""What a compacted topic holds: the last value of each key."""


class OpenTransactionError(Exception):
    """Somebody's transaction stays open, so that nobody can tell what is in the topic."""


class Located(NamedTuple):
    """A record and where it stands."""

    offset: int
    value: bytes


def make_no_topics() -> None:
    """Have every client of aiokafka in this process ask for topics without making them."""
    # It has no setting for this; the argument that is left out is the one that makes topics.
    MetadataRequest.__init__.__defaults__ = (None, False)


async def topic_sizes(kafka: Kafka, names: Sequence[str]) -> dict[str, int]:
    """Return how many partitions each of the topics `names` has; those that are missing are not."""
    make_no_topics()
    admin = AIOKafkaAdminClient(**connection(kafka))
    try:
        await answered(admin.start(), _LONGEST_ANSWER)
        described = await answered(admin.describe_topics(list(names)), _LONGEST_ANSWER)
    finally:
        await answered(admin.close(), _LONGEST_ANSWER)
    sizes = {topic["topic"]: len(topic["partitions"]) for topic in described}
    return {name: size for name, size in sizes.items() if size}


async def latest(
    kafka: Kafka, places: Collection[TopicPartition], wanted: Container[str] | None = None
) -> dict[TopicPartition, State]:
    """
    Return the last committed value of each key that the compacted `places` hold.

    Args:
        kafka: Where the broker is.
        places: Partitions to read whole.
        wanted: Keys to keep; None keeps all.

    Raises:
        OpenTransactionError: A transaction stays open.
        OperatorError: A record has no readable key.

    """
    states: dict[TopicPartition, State] = {place: {} for place in places}
    async for place, record in _records(kafka, places):
        key = _key(place, record)
        if wanted is not None and key not in wanted:
            continue
        if record.value is None:
            states[place].pop(key, None)
        else:
            states[place][key] = record.value
    return states


async def located(kafka: Kafka, place: TopicPartition) -> AsyncIterator[tuple[str, Located | None]]:
    """Yield every record of a compacted partition as `latest` reads it; None takes a key away."""
    async for _, record in _records(kafka, [place]):
        found = None if record.value is None else Located(record.offset, record.value)
        yield _key(place, record), found


async def count_dossiers(kafka: Kafka, keys: Collection[str]) -> int:
    """Return how many of the dossiers `keys` the changelog holds, in whatever partition."""
    size = (await topic_sizes(kafka, [kafka.dossiers])).get(kafka.dossiers, 0)
    places = [TopicPartition(kafka.dossiers, number) for number in range(size)]
    return sum(map(len, (await latest(kafka, places, frozenset(keys))).values()))


async def _records(
    kafka: Kafka, places: Collection[TopicPartition]
) -> AsyncIterator[tuple[TopicPartition, Any]]:
    make_no_topics()
    if not places:
        return
    async with _consumer(kafka, "read_committed") as consumer:
        consumer.assign(list(places))
        await answered(consumer.seek_to_beginning(*places), _LONGEST_ANSWER)
        ends = await _ends(kafka, consumer, places)
        unread = {place for place, end in ends.items() if end > 0}
        while unread:
            question = consumer.getmany(*unread, timeout_ms=200, max_records=_MOST)
            fetched = await answered(question, _LONGEST_ANSWER)
            for place, records in fetched.items():
                for record in records:
                    yield place, record
            # The end of a transaction takes an offset that is never delivered: go by position.
            unread = {
                at
                for at in unread
                if await answered(consumer.position(at), _LONGEST_ANSWER) < ends[at]
            }


async def _ends(
    kafka: Kafka, consumer: Any, places: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """
    Return where each partition ends, once every transaction in it is decided.

    What can be read ends before the first open transaction. A broker that starts again decides
    those of before only after a while, one topic before the other: a state read up to there would
    lack what was safe.
    """
    async with _consumer(kafka, "read_uncommitted") as bare:
        until = asyncio.get_running_loop().time() + _LONGEST_DECISION
        while True:
            whole: dict[TopicPartition, int] = await answered(
                bare.end_offsets(list(places)), _LONGEST_ANSWER
            )
            if await answered(consumer.end_offsets(list(places)), _LONGEST_ANSWER) == whole:
                return whole
            if asyncio.get_running_loop().time() > until:
                raise OpenTransactionError("in een changelog blijft een transactie open")
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
    await answered(consumer.start(), _LONGEST_ANSWER)
    try:
        yield consumer
    finally:
        await answered(consumer.stop(), _LONGEST_ANSWER)


def _key(place: TopicPartition, record: Any) -> str:
    try:
        key: str = record.key.decode()
    except (AttributeError, UnicodeDecodeError):
        raise OperatorError(
            f"Topic {place.topic}, partitie {place.partition}, offset {record.offset}: dit record "
            "heeft geen leesbare sleutel en is niet van dit programma. Zoek uit wie er schrijft; "
            "zie 'Een beschadigde changelog' in docs/operating.md."
        ) from None
    return key
