"""The one place where kafka-python is opened: addresses, limits, and what a failure tells."""

import asyncio
import itertools
import logging
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from zorgstroom.codecs.envelope import MAX_BYTES
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.access import connection, refusal
from zorgstroom.stream.settings import Kafka

if TYPE_CHECKING:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import KafkaAdminClient

T = TypeVar("T")

LARGEST: Final = MAX_BYTES + 1_000_000
"""Bytes to a record: a message of the largest size in its envelope, with headers."""

CODECS: Final = (
    "Een topic is gecomprimeerd op een manier die hier niet te lezen is. Installeer cramjam, lz4, "
    "python-snappy en zstandard: pip install 'zorgstroom[kafka]'"
)
_TIMEOUT_MS: Final = 10_000
_ATTEMPTS: Final = 40


class BrokerError(OperatorError):
    """Kafka does not answer, or refuses."""


@contextmanager
def told(kafka: Kafka) -> Iterator[None]:
    """Turn what kafka-python raises into a text for the operator."""
    try:
        from kafka.errors import KafkaError  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise OperatorError(
            "Voor Kafka is een extra nodig: pip install 'zorgstroom[kafka]'"
        ) from error
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BrokerError(f"Kafka op {kafka.brokers}: {_why(kafka, error)}") from error


def ask(kafka: Kafka, question: Coroutine[Any, Any, T]) -> T:
    """Return the answer to a question of `asking` or `board`. Raises a `BrokerError`."""
    from aiokafka.errors import KafkaError  # noqa: PLC0415 - part of an extra

    from zorgstroom.stream.kafka.asking import OpenTransactionError  # noqa: PLC0415

    # It logs what it tries again, with all that an error quotes.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(question)
    except (KafkaError, OSError, OpenTransactionError) as error:
        raise BrokerError(f"Kafka op {kafka.brokers}: {_why(kafka, error)}") from error


def count_members(kafka: Kafka) -> int:
    """Return how many workers the group has now. Raises a `BrokerError`."""
    with admin(kafka) as client:
        described = client.describe_groups([kafka.group]).get(kafka.group, {})
    return len(described.get("members") or ())


def _why(kafka: Kafka, error: Exception) -> str:
    kind = type(error).__name__
    if "AuthorizationFailed" in kind:
        return f"Deze gebruiker mist rechten ({kind}); zie 'Rechten op Kafka' in docs/deploy.md."
    if kind == "UnsupportedCodecError":
        return CODECS
    if kind == "OpenTransactionError":
        return f"{error}; probeer het over een minuut opnieuw."
    return refusal(kafka) or (
        f"De broker antwoordt niet of weigert ({kind}). Draait de broker, en klopt "
        "ZORGSTROOM_KAFKA__BROKERS?"
    )


@contextmanager
def admin(kafka: Kafka) -> Iterator["KafkaAdminClient"]:
    """Open a client for topics, groups and offsets."""
    with told(kafka):
        from kafka.admin import KafkaAdminClient  # noqa: PLC0415

        client = KafkaAdminClient(**_common(kafka))
        try:
            yield client
        finally:
            client.close()


def group_offsets(kafka: Kafka) -> "dict[TopicPartition, int]":
    """Return the next offset that the workers read, by partition; those they ever read."""
    with admin(kafka) as client:
        from kafka import errors  # noqa: PLC0415

        for attempt in itertools.count():
            try:
                found = client.list_group_offsets({kafka.group: None}).get(kafka.group, {})
            except (
                errors.CoordinatorNotAvailableError,
                errors.CoordinatorLoadInProgressError,
                errors.NotCoordinatorError,
            ):
                # A broker that is new makes its own topic of offsets at the first question.
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(0.5)
            else:
                break
        return {place: known.offset for place, known in found.items() if known.offset >= 0}


@contextmanager
def producer(kafka: Kafka) -> Iterator["KafkaProducer"]:
    """Open an idempotent producer; what was sent is delivered when this ends well."""
    with told(kafka):
        from kafka import KafkaProducer  # noqa: PLC0415

        client = KafkaProducer(
            **_common(kafka),
            linger_ms=20,
            batch_size=262_144,
            max_request_size=LARGEST,
            allow_auto_create_topics=False,
        )
        try:
            yield client
            client.flush()
        finally:
            client.close(timeout=5)


@contextmanager
def consumer(kafka: Kafka) -> Iterator["KafkaConsumer"]:
    """Open a consumer outside every group; it commits nothing."""
    with told(kafka):
        from kafka import KafkaConsumer  # noqa: PLC0415

        client = KafkaConsumer(
            **_common(kafka),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST,
            allow_auto_create_topics=False,
        )
        try:
            yield client
        finally:
            client.close()


def require_topics(kafka: Kafka, *names: str) -> None:
    """Return when the topics `names` are there; asking makes none. Raises an `OperatorError`."""
    with admin(kafka) as client:
        there = {topic["name"] for topic in client.describe_topics() if not topic["error_code"]}
    if missing := [name for name in names if name not in there]:
        raise OperatorError(
            f"Deze topics ontbreken: {', '.join(missing)}. Maak ze met `zorgstroom topics`."
        )


def _common(kafka: Kafka) -> dict[str, Any]:
    return {
        **connection(kafka),
        "client_id": f"{kafka.group}-beheer",
        "request_timeout_ms": 30_000,
        "bootstrap_timeout_ms": _TIMEOUT_MS,
    }
