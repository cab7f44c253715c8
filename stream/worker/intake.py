"""
The first agent's work: untouched messages to events, refusals to `afgekeurd`.

Sending the same message twice does no harm, so a batch is sent whole, then awaited, and only then
counts as read.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from zorgstroom.aggregations.regions import Regions
from zorgstroom.codecs.envelope import MAX_BYTES
from zorgstroom.codecs.errors import DecodeError, Reason
from zorgstroom.codecs.registry import Decoder
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.kafka import wire
from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.patience import answered
from zorgstroom.stream.processor import INTERNAL
from zorgstroom.stream.results import Refusal
from zorgstroom.stream.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_LAST: Final = 20
"""Refusals that the status shows; all of them are in the topic."""
_LONGEST_START: Final = 60.0
_SLOW_BYTES: Final = 1_000_000
"""A message of this size takes long enough to hold up what waits for the broker."""
_BATCH_BYTES: Final = 900_000
_LARGEST: Final = 36_000_000
"""Bytes to a request: a refused message of the largest size, with its headers."""


class Raw(NamedTuple):
    """One record of `berichten`."""

    value: bytes
    received_ms: int
    origin: wire.Origin


class Intake:
    """
    Decodes batches and sends what they give.

    Args:
        settings: Topics and regions.
        decoder: With the pseudonym key.
        sleutel: Fingerprint of that key.
        partitions: How many `gebeurtenissen` has.
        clock: Today, for rule TR135, and the time of a refusal.
        metrics: Told of refusals.

    """

    def __init__(
        self,
        settings: Settings,
        decoder: Decoder,
        sleutel: str,
        partitions: int,
        clock: Clock,
        *,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._kafka = settings.kafka
        self._regions: Regions = settings.regions
        self._decoder = decoder
        self._sleutel = sleutel
        self._partitions = partitions
        self._partition_of: dict[str, int] = {}
        self._clock = clock
        self._producer = AIOKafkaProducer(
            **connection(self._kafka),
            client_id=f"{self._kafka.group}-inname",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_LARGEST,
        )
        self.read = 0
        """Messages read since the start."""
        self.refused: Counter[str] = Counter()
        """Refusals since the start, by reason and rule."""
        self.last: deque[dict[str, object]] = deque(maxlen=_LAST)
        """The last refusals, the newest first, in the form of `results.Refusal.as_json`."""

    async def open(self) -> None:
        """Connect."""
        await answered(self._producer.start(), _LONGEST_START)

    async def close(self) -> None:
        """Disconnect; what is under way is sent first."""
        await self._producer.stop()

    async def take(self, batch: Sequence[Raw]) -> None:
        """Send what `batch` gives; return when the broker has all of it."""
        events: dict[int, list[tuple[bytes, bytes]]] = {}
        refused: list[tuple[Raw, Reason]] = []
        today = self._clock.today()
        for raw in batch:
            try:
                if len(raw.value) > _SLOW_BYTES:  # some seconds, in which others get their turn
                    found = await asyncio.to_thread(self._decoder.decode, raw.value, today=today)
                else:
                    found = self._decoder.decode(raw.value, today=today)
            except DecodeError as error:
                refused.append((raw, error.reason))
                continue
            except Exception as error:
                _LOG.error("Onverwachte fout bij het lezen: %s", type(error).__name__)
                refused.append((raw, INTERNAL))
                continue
            place = self._place(found[0].gemeente)
            packed = wire.pack_whole(found, self._sleutel, raw.received_ms)
            events.setdefault(place, []).extend(packed)
        await self._send(events)
        await asyncio.gather(*(self.refuse(raw, reason) for raw, reason in refused))
        self.read += len(batch)

    async def refuse(self, raw: Raw, reason: Reason) -> None:
        """
        Put a message aside with the reason; return when the broker has it.

        What is larger than any message can be is cut off there: with its headers it might not fit.
        """
        headers = wire.refusal_headers(reason, raw.origin, raw.value, self._clock.now())
        key = dict(headers)["hash"]
        await self._producer.send_and_wait(
            self._kafka.afgekeurd, raw.value[:MAX_BYTES], key=key, headers=headers
        )
        self.refused[f"{reason.reden} {reason.regel}"] += 1
        told = {name: value.decode() for name, value in headers}
        seen = Refusal(told["bron"], "", told["hash"], reason, told["tijd"])
        self.last.appendleft(seen.as_json())
        self._metrics.refused(reason.reden, reason.regel)

    def _place(self, gemeente: str) -> int:
        place = self._partition_of.get(gemeente)
        if place is None:
            place = wire.partition_of(gemeente, self._regions, self._partitions)
            self._partition_of[gemeente] = place
        return place

    async def _send(self, events: Mapping[int, Sequence[tuple[bytes, bytes]]]) -> None:
        """Send by whole batches: a task for each record would cost more than decoding it."""
        sent = []
        for place, records in events.items():
            batch: BatchBuilder = self._producer.create_batch()
            for key, value in records:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    sent.append(await self._send_batch(batch, place))
                    batch = self._producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            sent.append(await self._send_batch(batch, place))
        for delivered in sent:
            await delivered

    async def _send_batch(self, batch: BatchBuilder, place: int) -> Awaitable[object]:
        topic = self._kafka.gebeurtenissen
        delivered: Awaitable[object] = await self._producer.send_batch(
            batch, topic, partition=place
        )
        return delivered
