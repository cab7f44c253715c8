"""The one place where kafka-python is opened: addresses, limits, and what a failure tells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from zorgstroom.codecs.envelope import MAX_BYTES
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Kafka

if TYPE_CHECKING:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.admin import KafkaAdminClient

LARGEST: Final = MAX_BYTES + 1_000_000
"""Bytes to a record: a message of the largest size in its envelope, with headers."""

_TIMEOUT_MS: Final = 10_000


class BrokerError(OperatorError):
    """Kafka does not answer, or refuses."""


@contextmanager
def told(kafka: Kafka) -> Iterator[None]:
    """Turn what kafka-python raises into a text for the operator."""
    try:
        from kafka.errors import KafkaError  # noqa: PLC0415 - part of an extra
    except ImportError as error:
        raise OperatorError(
            "Voor Kafka is een extra nodig: pip install 'zorgstroom[kafka]'"
        ) from error
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"Kafka op {kafka.brokers} antwoordt niet of weigert ({type(error).__name__}). Draait "
            "de broker, en klopt ZORGSTROOM_KAFKA__BROKERS?"
        ) from error


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
        )
        try:
            yield client
        finally:
            client.close()


def _common(kafka: Kafka) -> dict[str, Any]:
    return {
        "bootstrap_servers": kafka.brokers.split(","),
        "client_id": f"{kafka.group}-beheer",
        "request_timeout_ms": 30_000,
        "bootstrap_timeout_ms": _TIMEOUT_MS,
    }
