"""The state of partitions as the changelogs hold it, read in bulk at the start of owning them."""

from collections.abc import Collection

from aiokafka import TopicPartition

from zorgstroom.aggregations.dossier import DossierError, load
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.asking import OpenTransactionError, State, latest, located
from zorgstroom.stream.settings import Kafka
from zorgstroom.stream.worker.writer import UndecidedError, WriterError


class ChangelogError(OperatorError):
    """A dossier in the changelog is damaged, or a newer version wrote it."""


async def read_changelogs(
    kafka: Kafka, partitions: Collection[int]
) -> dict[int, tuple[State, State]]:
    """
    Return dossiers and counts of each of `partitions`, as last committed.

    Whoever could still write must have been shut out before (`PartitionWriter.open`), so that the
    end of the changelogs stands still.

    Raises:
        UndecidedError: A transaction of the former owner stays open.
        WriterError: The broker does not answer.
        OperatorError: A record is not of this program.

    """
    places = [
        TopicPartition(topic, number)
        for number in partitions
        for topic in (kafka.dossiers, kafka.tellingen)
    ]
    try:
        states = await latest(kafka, places)
    except OpenTransactionError as error:
        raise UndecidedError(str(error)) from None
    except TimeoutError as error:
        raise WriterError(f"een changelog kan niet worden gelezen ({error})") from None
    return {
        number: (
            states[TopicPartition(kafka.dossiers, number)],
            states[TopicPartition(kafka.tellingen, number)],
        )
        for number in partitions
    }


async def find_damage(kafka: Kafka, partition: int) -> ChangelogError | None:
    """Return what cannot be read in a changelog of dossiers and where; None: nothing any more."""
    place = TopicPartition(kafka.dossiers, partition)
    damaged: dict[str, tuple[int, str]] = {}
    async for key, record in located(kafka, place):
        damaged.pop(key, None)
        if record is not None:
            try:
                load(record.value)
            except DossierError as error:
                damaged[key] = (record.offset, str(error))
    if not damaged:
        return None
    offset, why = min(damaged.values())
    others = f" In deze partitie zijn er zo {len(damaged)}." if len(damaged) > 1 else ""
    return ChangelogError(
        f"Topic {kafka.dossiers}, partitie {partition}, offset {offset}: {why}{others} Er is niets "
        "gewijzigd; zie 'Een beschadigde changelog' in docs/operating.md."
    )


async def find_offsets(kafka: Kafka, partition: int, keys: Collection[str]) -> dict[str, int]:
    """Return where the last record of each of `keys` stands in a changelog of dossiers."""
    place = TopicPartition(kafka.dossiers, partition)
    return {
        key: record.offset
        async for key, record in located(kafka, place)
        if record is not None and key in keys
    }
