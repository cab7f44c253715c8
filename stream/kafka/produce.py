"""Messages from files into `berichten`; care that was running already into `gebeurtenissen`."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import Reason
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream import sources
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.kafka.wire import pack, partition_of
from zorgstroom.stream.settings import Settings

if TYPE_CHECKING:
    from kafka import KafkaProducer

_UNDER_WAY: Final = 64_000_000
"""Bytes that may be under way to the broker."""
_PATIENCE: Final = 120.0
"""Seconds in which a record must be delivered."""

Told = Callable[[int], None]
"""Called with a number of inputs done."""


@dataclass(slots=True)
class Produced:
    """What a run sent, and what it could not."""

    messages: int = 0
    events: int = 0
    """Rows of the beginstand."""
    skipped: list[tuple[str, Reason]] = field(default_factory=list)
    """Where, and why not."""


def produce_messages(settings: Settings, paths: Iterable[Path], told: Told) -> Produced:
    """
    Send every message of `paths` untouched; return when the broker has all of them.

    What cannot be read from disk is skipped and named; whether a message is right, the worker says.
    The same message always goes to the same partition. Raises a `BrokerError`.
    """
    made = Produced()
    with producer(settings.kafka) as client:
        sender = _Sender(client)
        for item in sources.read(paths):
            if item.problem is not None:
                where = item.pad + (f" [{item.lid}]" if item.lid else "")
                made.skipped.append((where, item.problem))
            else:
                key = hashlib.sha256(item.data).hexdigest()[:16].encode()
                sender.send(settings.kafka.berichten, key, item.data)
                made.messages += 1
            told(1)
        sender.wait()
    return made


def produce_beginstand(
    settings: Settings, path: Path, key: PseudonymKey, clock: Clock, told: Told
) -> Produced:
    """
    Send care that was running already, with pseudonyms made here; wrong rows are named.

    Raises a `DecodeError` for a file that is no beginstand at all, and a `BrokerError`.
    """
    made = Produced()
    kafka, regions = settings.kafka, settings.regions
    rows = read_rows(path.read_bytes(), key, clock.today())
    with producer(kafka) as client:
        sender = _Sender(client)
        count = len(client.partitions_for(kafka.gebeurtenissen))
        for line, row in rows:
            if isinstance(row, Reason):
                made.skipped.append((f"{path} regel {line}", row))
            else:
                place = partition_of(row.gemeente, regions, count)
                name, value = pack((row,), key.fingerprint, None)
                sender.send(kafka.gebeurtenissen, name, value, place)
                made.events += 1
            told(1)
        sender.wait()
    return made


class _Sender:
    """Sends without waiting for each record, with a bound on what is under way."""

    def __init__(self, client: "KafkaProducer") -> None:
        self._client = client
        self._under_way: deque[tuple[Any, int]] = deque()
        self._bytes = 0

    def send(self, topic: str, key: bytes, value: bytes, partition: int | None = None) -> None:
        """Send one record; a failure of an earlier one is raised here or in `wait`."""
        sent = self._client.send(topic, value, key=key, partition=partition)
        self._under_way.append((sent, len(value)))
        self._bytes += len(value)
        while self._bytes > _UNDER_WAY or (self._under_way and self._under_way[0][0].is_done):
            self._take_one()

    def wait(self) -> None:
        """Return when the broker has everything."""
        self._client.flush()
        while self._under_way:
            self._take_one()

    def _take_one(self) -> None:
        sent, size = self._under_way.popleft()
        sent.get(timeout=_PATIENCE)
        self._bytes -= size
