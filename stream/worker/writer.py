"""
What makes a batch safe: one transaction for the dossiers, the counts and the offset they rest on.

Each partition has a producer with a name of its own (`transactional_id`). Opening it shuts out
whoever had that name before: a worker that was paused, lost its partition and wakes up cannot write
one record more, which no order of acknowledgements could promise.
"""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.patience import answered
from zorgstroom.stream.settings import Kafka

_BATCH_BYTES: Final = 900_000
"""Below the size of a batch that a broker takes by default (1 MB)."""

_LONGEST_COMMIT: Final = 30.0
"""Seconds; a broker that says nothing for so long is taken for gone."""

_NOBODY: Final = b""
"""Key of no dossier and no count."""

Records = Iterable[tuple[bytes, bytes | None]]
"""Key and value; no value forgets the key."""


class WriterError(Exception):
    """Nothing of the batch counts as written: forget the state and begin again from the topics."""


class UndecidedError(WriterError):
    """A transaction stays open in a changelog, so that nobody can tell what is in it."""


class PartitionWriter:
    """
    Writes the state of one partition; nobody else can while it is the latest that was opened.

    Args:
        kafka: Addresses and names.
        partition: Of `gebeurtenissen` and of both changelogs.

    """

    def __init__(self, kafka: Kafka, partition: int) -> None:
        self._kafka = kafka
        self._partition = partition
        self._whole = True
        """False while a transaction holds only a part, also for good when it was cut off."""
        self._producer = AIOKafkaProducer(
            **connection(kafka),
            client_id=f"{kafka.group}-{partition}",
            transactional_id=f"{kafka.group}-{partition}",
            transaction_timeout_ms=60_000,
            max_batch_size=_BATCH_BYTES,
            max_request_size=16_000_000,
        )

    async def open(self) -> None:
        """
        Shut out the former owner; returns when what that one committed can be read.

        Raises:
            WriterError: The broker does not answer or refuses.

        """
        try:
            await self._producer.start()
            await self._producer.begin_transaction()
        except (KafkaError, OSError) as error:
            raise WriterError(self._told(error)) from error

    async def commit(self, dossiers: Records, tellingen: Records, offset: int | None) -> None:
        """
        Write all of it or nothing; return when it is safe.

        Args:
            dossiers: For the changelog of dossiers.
            tellingen: For the changelog of counts.
            offset: The next record of `gebeurtenissen` to read afterwards; None leaves it.

        Raises:
            WriterError: Nothing counts as written, or another worker owns the partition.

        """
        if not self._whole:
            # The next commit would make that part safe without the rest.
            raise WriterError(f"partitie {self._partition}: een transactie is afgebroken")
        self._whole = False
        try:
            await answered(self._commit(dossiers, tellingen, offset), _LONGEST_COMMIT)
        except (KafkaError, OSError, TimeoutError) as error:
            raise WriterError(self._told(error)) from error
        self._whole = True

    async def _commit(self, dossiers: Records, tellingen: Records, offset: int | None) -> None:
        sent = await self._send(self._kafka.dossiers, dossiers)
        sent += await self._send(self._kafka.tellingen, tellingen)
        if offset is not None:
            place = TopicPartition(self._kafka.gebeurtenissen, self._partition)
            await self._producer.send_offsets_to_transaction({place: offset}, self._kafka.group)
        # aiokafka commits the rest of a transaction of which the broker refused a part.
        for delivered in sent:
            await delivered
        if sent or offset is not None:
            await self._producer.commit_transaction()
            await self._producer.begin_transaction()

    async def settle(self) -> None:
        """
        Decide what the broker left open of a transaction of a former owner.

        A broker that is stopped in the middle of a commit has been seen to note it as done without
        telling the changelogs: for good, since nobody decides a transaction twice. A next one of
        the same name, here of a key that nothing has, closes it with itself, as written. The offset
        is left out: records of a batch that was written only in part are read again, and are
        repeats then.

        Raises:
            WriterError: Nothing counts as written.

        """
        await self.commit([(_NOBODY, None)], [(_NOBODY, None)], None)

    async def close(self) -> None:
        """Give back the connections; what was not committed never happened."""
        try:
            await self._producer.stop()
        except (KafkaError, OSError):
            return  # it was shut out or the broker is gone; nothing is lost by that

    async def _send(self, topic: str, records: Records) -> list[Awaitable[object]]:
        """Hand `records` to the producer in as few batches as fit; return their deliveries."""
        sent = []
        batch = self._producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._send_batch(topic, batch))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        if batch.record_count():
            sent.append(await self._send_batch(topic, batch))
        return sent

    async def _send_batch(self, topic: str, batch: BatchBuilder) -> Awaitable[object]:
        delivered: Awaitable[object] = await self._producer.send_batch(
            batch, topic, partition=self._partition
        )
        return delivered

    def _told(self, error: BaseException) -> str:
        return f"partitie {self._partition} kan niet worden geschreven ({type(error).__name__})"


def as_records(values: Mapping[str, bytes | None]) -> Records:
    """Return `values` as records of a changelog."""
    return ((key.encode(), value) for key, value in values.items())
