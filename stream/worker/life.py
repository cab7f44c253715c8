"""
One life of the worker: from connecting to the topics to a stop, or to a failure.

Everything it knows is in the topics, so a failure needs no repair: the next life begins from what
is safe (`run.py`). A message goes by `intake`, `counting` and `publishing`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from faust.types import TP

from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.recent import Recent
from zorgstroom.codecs.errors import Reason
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.sinks.metrics import Metrics, Outcome
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.kafka.access import credentials
from zorgstroom.stream.kafka.wire import Origin
from zorgstroom.stream.pulse import Pulse
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.worker.backlog import Backlog
from zorgstroom.stream.worker.batches import batches
from zorgstroom.stream.worker.care import Care
from zorgstroom.stream.worker.consumer import Queue
from zorgstroom.stream.worker.counting import Counting, Packed
from zorgstroom.stream.worker.intake import Intake, Raw
from zorgstroom.stream.worker.oversight import Oversight
from zorgstroom.stream.worker.ownership import Owned
from zorgstroom.stream.worker.partition import Partition, Step, Tables
from zorgstroom.stream.worker.publishing import Places, Publishing
from zorgstroom.stream.worker.seam import App
from zorgstroom.stream.worker.sequence import HandedOut

_LOG: Final = logging.getLogger(__name__)

_GOODBYE: Final = 5.0
"""Seconds that each part has to close."""
_SHORTEST_STALL: Final = 20.0
_TURNS: Final = 8
"""Looks at the progress within the time that something may stand still."""
_MOST_BYTES: Final = 64_000_000
"""Fetched ahead of a topic; a fetch may go over it by 4 MB, or one record, a partition."""
_METADATA_MS: Final = 5_000
"""How soon a topic that was made anew or grew is noticed; five minutes by default."""
_MEASURE: Final = 2.0
"""Seconds between two looks at how far this worker is behind."""


class StalledError(Exception):
    """Nothing moves though there is work: begin again."""


class Life:
    """
    The parts of the worker, put together; `run` it once.

    Args:
        settings: All of them.
        key: Replaces BSNs.
        public: Makes counts public.
        clock: Today and now.
        open_places: Opens the database, in a thread.
        partitions: How many `gebeurtenissen` has (`startcheck`).
        metrics: Told of everything that happens.

    """

    def __init__(
        self,
        settings: Settings,
        key: PseudonymKey,
        public: PublicFigures,
        clock: Clock,
        *,
        open_places: Callable[[], Places],
        partitions: int,
        metrics: Metrics,
    ) -> None:
        self._clock, self._metrics = clock, metrics
        kafka = self._kafka = settings.kafka
        loop = self._loop = asyncio.get_running_loop()
        self._failed: asyncio.Future[None] = loop.create_future()
        self._moved_at = loop.time()
        self.intake = Intake(
            settings, Decoder(key), key.fingerprint, partitions, clock, metrics=metrics
        )
        self.publishing = Publishing(
            settings, public, clock, open_places, partitions, metrics=metrics
        )
        self.publishing.is_behind = self._is_behind
        self._queues = {
            topic: Queue(2 * kafka.batch, _MOST_BYTES)
            for topic in (kafka.berichten, kafka.gebeurtenissen)
        }
        self._handed_out = HandedOut()
        self.oversight = Oversight(settings, key.fingerprint, partitions, clock)
        self.app = App(
            kafka.group,
            broker=[f"kafka://{address}" for address in kafka.brokers.split(",")],
            broker_credentials=credentials(kafka),
            broker_session_timeout=kafka.session_seconds,
            broker_heartbeat_interval=kafka.session_seconds / 8,
            broker_max_poll_records=kafka.batch,
            consumer_max_fetch_size=4_000_000,
            queues=self._queues,
            consumer_metadata_max_age_ms=_METADATA_MS,
            handed_out=self._handed_out,
            on_gaps=self.oversight.note,
            events_topic=kafka.gebeurtenissen,
            on_owned=self._own,
            on_load=self._load,
        )
        dossiers: Any = self.app.Table("dossiers", partitions=partitions)
        tellingen: Any = self.app.Table("tellingen", partitions=partitions)
        tables = Tables(dossiers.data, tellingen.data)
        recent = Recent(settings.werkdagen, clock.today())
        self.owned = Owned(
            settings,
            tables,
            key.fingerprint,
            partitions,
            set_aside=self._set_aside,
            recent=recent,
        )
        self.care = Care(
            settings,
            public,
            clock,
            self.owned,
            publishing=self.publishing,
            recent=recent,
            metrics=metrics,
        )
        self.owned.loaded = self.publishing.add
        self.owned.dropped = self._drop
        self.pulse = Pulse(metrics, clock, settings.werkdagen)
        self.backlog = Backlog(self._queues)
        self.counting = Counting(
            self.owned,
            key.fingerprint,
            self._refuse,
            handed_out=self._handed_out,
            topic=kafka.gebeurtenissen,
        )
        self.counting.taken = self._taken
        self._intake_still = asyncio.Lock()
        self.app.on_partitions_revoked.connect(self._pause, weak=False)
        raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw", "acks": False}
        self.app.agent(self.app.topic(kafka.berichten, **raw), name="inname")(self._take_in)
        self.app.agent(self.app.topic(kafka.gebeurtenissen, **raw), name="tellen")(self._count)

    @property
    def ready(self) -> bool:
        """Whether the group has given this worker its partitions, and they are read."""
        return bool(self.app.tables.actives_ready) and not self.app.rebalancing

    @property
    def silent(self) -> float:
        """Seconds without progress though there is work; safe in any thread."""
        return self._loop.time() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """
        Work until `stop` is set; then finish the batch at hand, publish and give up everything.

        Raises:
            OperatorError: Something must be set right first.
            Exception: Anything else; begin a new life.

        """
        tasks: list[asyncio.Future[Any]] = []
        try:
            await self.intake.open()
            tasks.append(asyncio.ensure_future(stop.wait()))
            tasks.append(asyncio.ensure_future(self._work()))
            tasks.append(asyncio.ensure_future(self._watch()))
            tasks.append(asyncio.ensure_future(self._measure()))
            tasks.append(asyncio.ensure_future(self.care.run()))
            tasks.append(asyncio.ensure_future(self.oversight.run()))
            # Not cancelled: it may be waiting for a thread, and ends by `close`.
            publishing = asyncio.ensure_future(self.publishing.run())
            waited = {*tasks, publishing, self._failed}
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            await self._end(tasks)

    async def _end(self, tasks: list[asyncio.Future[Any]]) -> None:
        """Close what can be closed in good order; nothing may hold up the next life for long."""
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE)
        for close in (
            self.owned.pause,
            self.publishing.close,
            self.app.stop,
            self.owned.close,
            self.intake.close,
        ):
            with contextlib.suppress(Exception):
                await asyncio.wait_for(close(), _GOODBYE)
        if self._failed.done() and not self._failed.cancelled():
            self._failed.exception()

    async def _watch(self) -> None:
        """
        End this life when it stands still though there is work.

        Consumers of Faust have been seen to stop without a word; so progress is watched, not
        presence. Reading the changelogs takes as long as it takes.
        """
        limit = max(_SHORTEST_STALL, 4 * self._kafka.session_seconds)
        moved_at, turns = self._moved_at, 0
        while turns <= _TURNS:
            await asyncio.sleep(limit / _TURNS)
            now = asyncio.get_running_loop().time()
            if self.owned.is_loading:
                self._moved_at = now
            elif self.ready:
                with contextlib.suppress(Exception):
                    if not await asyncio.wait_for(self.app.is_behind(), limit / _TURNS):
                        self._moved_at = now
            # By turns: a long step of our own, such as a very large message, is one.
            turns = turns + 1 if self._moved_at == moved_at else 0
            moved_at = self._moved_at
        raise StalledError(f"al {limit:.0f} s geen voortgang")

    def _is_behind(self) -> bool:
        """Return whether half a batch or more waits here; at a usual rate it never does."""
        return any(2 * queue.waiting >= self._kafka.batch for queue in self._queues.values())

    async def _measure(self) -> None:
        """Keep an eye on how far this worker is behind."""
        while True:
            await asyncio.sleep(_MEASURE)
            if self.ready:
                with contextlib.suppress(Exception):  # of a rebalance: the next one will do
                    measured = self.backlog.measure(
                        self.app.consumer, self._clock.now().timestamp()
                    )
                    await asyncio.wait_for(measured, 4 * _MEASURE)

    def _taken(self, step: Step) -> None:
        seen: dict[str, int] = {}
        for (again, wet, soort, release), count in step.outcomes.items():
            outcome: Outcome = "herhaald" if again else "aanvaard"
            self._metrics.message(outcome, wet, soort, release, count)
            seen[soort] = seen.get(soort, 0) + count
        seconds = None
        if step.oldest_ms is not None:
            seconds = self._clock.now().timestamp() - step.oldest_ms / 1000
        self.pulse.took_in(seen, seconds)

    def _drop(self, partition: Partition) -> None:
        self.care.left(partition, self.publishing.drop(partition))

    async def _work(self) -> None:
        """Run Faust; ends only by what went wrong there."""
        await self.app.start()
        raise await self.app.wait_until_crashed()

    async def _pause(self, *_: object, **__: object) -> None:
        """Let the batches at hand end: after this the group gives their partitions to others."""
        await self._guarded(self.owned.pause)()
        async with self._intake_still:
            pass

    async def _own(self, mine: frozenset[int], generation: int) -> None:
        await self._guarded(self.owned.own)(mine, generation)

    async def _load(self) -> None:
        await self._guarded(self.owned.load)()

    async def _take_in(self, stream: object) -> None:
        async def work() -> None:
            queue = self._queues[self._kafka.berichten]
            async for records in batches(self.app, queue, self._kafka):
                offsets: dict[TP, list[int]] = {}
                raws = []
                for one in records:
                    origin = Origin(one.topic, one.partition, one.offset)
                    raws.append(Raw(one.value or b"", one.timestamp, origin))
                    offsets.setdefault(TP(one.topic, one.partition), []).append(one.offset)
                async with self._intake_still:
                    if self.owned.serving:
                        await self.intake.take(raws)
                        await self._acknowledge(offsets)
                        self._moved_at = asyncio.get_running_loop().time()

        await self._whole(work)

    async def _acknowledge(self, offsets: Mapping[TP, Sequence[int]]) -> None:
        """Commit that `offsets` are done, if nothing before them is not."""
        for place, done in offsets.items():
            self._handed_out.check(place, done)
        await self.app.commit_offsets({place: done[-1] + 1 for place, done in offsets.items()})
        for place, done in offsets.items():
            self._handed_out.acknowledge(place, done)

    async def _count(self, stream: object) -> None:
        async def work() -> None:
            queue = self._queues[self._kafka.gebeurtenissen]
            async for records in batches(self.app, queue, self._kafka):
                found: dict[int, list[Packed]] = {}
                for one in records:
                    found.setdefault(one.partition, []).append(Packed(one.value, one.offset))
                await self.counting.take(found)
                self._moved_at = asyncio.get_running_loop().time()

        await self._whole(work)

    async def _refuse(self, number: int, record: Packed, reason: Reason) -> None:
        origin = Origin(self._kafka.gebeurtenissen, number, record.offset)
        await self._set_aside(origin, record.value or b"", reason)

    async def _set_aside(self, origin: Origin, value: bytes, reason: Reason) -> None:
        await self.intake.refuse(Raw(value, 0, origin), reason)

    async def _whole(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """
        Do an agent's work; when Faust cuts it off, what it had taken must be read again.

        After a failure it waits for the end of this life: Faust would begin an agent that ends
        again, and that one would take the records behind those that failed.
        """
        try:
            if not self._failed.done():
                with contextlib.suppress(Exception):  # `run` raises it
                    await self._guarded(work)()
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self._fail(StalledError("een agent is afgebroken"))
            raise

    def _fail(self, error: Exception) -> None:
        self._handed_out.close()
        if not self._failed.done():
            self._failed.set_exception(error)

    def _guarded(
        self, action: Callable[..., Coroutine[Any, Any, None]]
    ) -> Callable[..., Coroutine[Any, Any, None]]:
        """Return `action` such that its failure ends this life; Faust would go on without it."""

        async def run(*arguments: Any) -> None:
            try:
                await action(*arguments)
            except Exception as error:
                self._fail(error)
                raise

        return run
