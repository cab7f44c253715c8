"""
How records come from Kafka to the agents, in place of Faust's own way, which loses some.

Faust (0.15.3) reads positions that the broker's client moves when records are fetched, and clears
its buffers in a rebalance. Records that were fetched before a rebalance and arrive after it are
taken for new ones: what lay between the committed offset and them is then dropped as old, and lost.
A partition without a committed offset is not put back at all, and where the broker has dropped
records the client goes on behind them without a word. Here every partition has one next
offset, which moves when records are handed over and is put back to what was committed after each
rebalance; whatever was fetched across that moment is thrown away and fetched again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from zorgstroom.stream.kafka.losses import next_offset
from zorgstroom.stream.worker.sequence import HandedOut

_LONGEST_FETCH_MS: Final = 40
"""
A request waits this long for idle partitions; Faust says 1500. A busy partition that was emptied in
the meantime has to wait for the answer too, which held it up to some 1,500 messages a second.
"""
_PAUSE: Final = 0.01
_LOOKS: Final = 5

Gaps = Callable[[Mapping[Any, int | None], Mapping[Any, int], Mapping[Any, int]], Awaitable[None]]
"""Told of places what was read, the first record that is there, and the end; see `losses`."""


class Delivered(NamedTuple):
    """One record as Kafka gave it (`ConsumerRecord`), and the generation it was fetched in."""

    record: Any
    generation: int


class Queue:
    """
    What was fetched of one topic and not yet taken.

    Args:
        size: Records from which on no more is fetched.
        most_bytes: The same in bytes; a message may take 25 MB, most take 3 kB.

    """

    def __init__(self, size: int, most_bytes: int) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self._waiting: list[Delivered] = []
        self._filled = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Whether more should be fetched; memory is bounded by this."""
        return len(self._waiting) < self._size and self._bytes < self._most_bytes

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self._waiting)

    @property
    def is_empty(self) -> bool:
        """Whether everything was taken."""
        return not self._waiting

    def of(self, partition: int) -> tuple[int, int | None]:
        """Return how many records of a partition wait, and the timestamp (ms) of the first."""
        found = [one.record for one in self._waiting if one.record.partition == partition]
        return len(found), found[0].timestamp if found else None

    def put(self, records: list[Delivered]) -> None:
        """Add records, those of a partition in the order of their offsets."""
        self._waiting += records
        self._bytes += sum(map(_size, records))
        self._filled.set()

    def clear(self) -> None:
        """Forget everything: it will be fetched again."""
        self._waiting = []
        self._bytes = 0
        self._filled.clear()

    async def take(self, most: int, linger: float) -> list[Delivered]:
        """
        Return at most `most` records; a batch that is not full waits `linger` seconds.

        It does not wait when there is no room for more.
        """
        loop = asyncio.get_running_loop()
        await self._filled.wait()
        until = loop.time() + linger
        while (
            len(self._waiting) < most
            and self._bytes < self._most_bytes
            and (left := until - loop.time()) > 0
        ):
            await asyncio.sleep(min(left, _PAUSE))
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        self._bytes -= sum(map(_size, taken))
        if not self._waiting:
            self._filled.clear()
        return taken


def _size(one: Delivered) -> int:
    return len(one.record.value or b"")


class _Thread(driver.AIOKafkaConsumerThread):
    """Reads what is committed only, and answers soon."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = _LONGEST_FETCH_MS
        return consumer


class Consumer(driver.Consumer):
    """Fetches into the queues of the app's topics; the app is `seam.App`."""

    _next: dict[TP, int]
    _seeks = 0
    """How often the positions were put back since the start."""
    _seeking = 0
    """More than 0 while they are: what is fetched meanwhile may be from before or after."""

    def _new_consumer_thread(self) -> _Thread:
        self._next = {}
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _queues(self) -> Mapping[str, Queue]:
        app: Any = self.app
        queues: Mapping[str, Queue] = app.queues
        return queues

    @property
    def _handed_out(self) -> HandedOut:
        app: Any = self.app
        handed_out: HandedOut = app.handed_out
        return handed_out

    async def is_behind(self) -> bool:
        """Return whether there are records that were not handed over, or not acknowledged, yet."""
        if not self._handed_out.is_empty:
            return True
        places = [place for place in self.assignment() if place.topic in self._queues]
        ends = await self.highwaters(*places) if places else {}
        for place in places:
            # By position: the end of a transaction takes an offset that is never delivered.
            if (await self.position(TopicPartition(*place)) or 0) < ends[place]:
                return True
        return False

    async def perform_seek(self) -> None:
        """Put every partition back to what was committed, and forget what was fetched."""
        self._seeking += 1
        try:
            committed = await self.seek_to_committed()
            self._next = await self._where_to_read(
                {TP(*at): offset for at, offset in committed.items() if at.topic in self._queues}
            )
            self._put_back()
            for queue in self._queues.values():
                queue.clear()
            self._handed_out.clear()
        finally:
            self._seeks += 1
            self._seeking -= 1

    async def _where_to_read(self, committed: Mapping[TP, int | None]) -> dict[TP, int]:
        """Return the next offset of each place, after telling of records that are gone unread."""
        if not committed:
            return {}
        firsts = await self.earliest_offsets(*committed)
        for _ in range(_LOOKS):
            ends = await self.highwaters(*committed)
            if all((read or 0) <= ends[place] for place, read in committed.items()):
                break
            await self.sleep(1.0)  # a leader that is new knows its end only after a while
        await self._on_gaps(committed, firsts, ends)
        return {
            place: next_offset(read, firsts[place], ends[place])
            for place, read in committed.items()
        }

    @property
    def _moment(self) -> tuple[int, int]:
        app: Any = self.app
        return self._seeks, app.consumer_generation_id

    def _is_stale(self, moment: tuple[int, int]) -> bool:
        """Return whether positions may have been put back since `moment`."""
        return bool(self._seeking) or not self.flow_active or moment != self._moment

    async def _tell_gaps(self, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Tell of records that the client went past by itself because they are gone."""
        for at, records in fetched.items():
            place, first = TP(*at), records[0].offset
            expected = self._next.get(place, first)
            if first < expected:  # the topic was cut off, and is read from its beginning
                await self._on_gaps({place: expected}, {}, {place: first})
            elif first > expected:  # most often the end of a transaction, which is no record
                await self._on_gaps({place: expected}, await self.earliest_offsets(place), {})

    @property
    def _on_gaps(self) -> Gaps:
        app: Any = self.app
        on_gaps: Gaps = app.on_gaps
        return on_gaps

    def _put_back(self) -> None:
        """Move the client's positions back to the next offsets."""
        assigned = self.assignment()
        for place, offset in list(self._next.items()):
            if place in assigned:
                self._thread.seek(TopicPartition(*place), offset)

    async def _drain_messages(self, fetcher: Any) -> None:
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait_first(self.can_resume_flow.wait(), timeout=1.0)
                continue
            wanted = {
                place
                for place in self._get_active_partitions()
                if place.topic in self._queues and self._queues[place.topic].has_room
            }
            if not wanted or self._seeking:
                await self.sleep(_PAUSE)
                continue
            moment = self._moment
            fetched = await self._thread.getmany(wanted, timeout=0.2)
            if not fetched:
                continue
            if not self._is_stale(moment):
                await self._tell_gaps(fetched)
            if self._seeking:
                continue
            if self._is_stale(moment):
                self._put_back()
                continue
            for place, records in fetched.items():
                found = [Delivered(record, moment[1]) for record in records]
                self._handed_out.add(TP(*place), [record.offset for record in records])
                self._queues[place.topic].put(found)
                self._next[TP(*place)] = records[-1].offset + 1
