"""
Publication of the partitions that are owned now, each with a publisher of its own.

It waits for the database in another thread, so that a database that is slow or away holds up no
message: figures are then late, the state goes on, and the next emission has all of it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from time import monotonic
from typing import Final, ParamSpec, TypeVar

from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.sinks.errors import SinkError
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.brake import ClockWatch
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.kafka.wire import partition_of
from zorgstroom.stream.publisher import Publisher
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import Owner
from zorgstroom.stream.worker.partition import Partition

P = ParamSpec("P")
T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)
_LONGEST_ANSWER: Final = 120.0
"""Seconds; twice what the driver waits for."""
_REST: Final = 2.0
"""A worker that has to catch up rests after a step for so many times its length."""
_LONGEST_REST: Final = 10.0
_LOOK: Final = 0.2
_FIRST_RETAKE: Final = 10.0
"""Seconds until a region that another process took is claimed again; longer each time."""
_LONGEST_RETAKE: Final = 600.0

Places = tuple[Publication, Publication | None]
"""The published figures, and the exact ones if anywhere."""


class Publishing:
    """
    Writes the figures of the partitions it is told of.

    Args:
        settings: All of them.
        public: Makes counts public.
        clock: Today and now.
        open_places: Opens the database; called in a thread, again after it failed.
        partitions: How many there are in all.
        metrics: Told which regions are up to date.

    """

    def __init__(
        self,
        settings: Settings,
        public: PublicFigures,
        clock: Clock,
        open_places: Callable[[], Places],
        partitions: int,
        *,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._public = public
        self._settings = settings
        self._clock = clock
        self._watch = ClockWatch.of(clock)
        self._open_places = open_places
        self._count = partitions
        self._owner = Owner.this_process()
        self._publishers: dict[int, tuple[Partition, Publisher | None]] = {}
        self._left: list[Publisher] = []
        self._retakes: dict[int, tuple[float, float]] = {}
        """For a partition that lost a region: when it is claimed again, and the next pause."""
        self._told: str | None = None
        self._ending = asyncio.Event()
        self._stepping = asyncio.Lock()
        self.is_behind: Callable[[], bool] = lambda: False
        """Asked whether there is so much to count that figures would soon be superseded."""
        self.places: Places | None = None
        """The open database; None as long as it could not be opened."""
        self._problem: str | None = None
        self._asked_at: float | None = None
        """When the database was asked what it has not answered; None without a question."""

    @property
    def problem(self) -> str | None:
        """Why something cannot be published now; None when all is well. Safe in any thread."""
        asked_at = self._asked_at
        silent = 0.0 if asked_at is None else monotonic() - asked_at
        if silent > _LONGEST_ANSWER:
            return (
                f"De database antwoordt al {silent:.0f} s niet. Er is niets verloren: het tellen "
                "gaat door. Blijft dit zo, start dan de database en daarna de worker opnieuw."
            )
        return self._problem

    def add(self, partition: Partition) -> None:
        """Publish the regions of `partition` from now on."""
        self._publishers[partition.number] = (partition, None)

    def drop(self, partition: Partition) -> frozenset[str]:
        """
        Publish nothing of `partition` any more; return the regions that were published from it.

        What is under way is shut out by its new owner.
        """
        _, publisher = self._publishers.pop(partition.number, (None, None))
        self._retakes.pop(partition.number, None)
        if publisher is None:
            return frozenset()
        self._left.append(publisher)
        return frozenset(publisher.versions)

    def clock_problem(self) -> str | None:
        """Return why the date is not believed, so that nothing is published; None when it is."""
        if self._watch is None:
            return None
        latest = max((partition.latest for partition, _ in self._publishers.values()), default=0)
        emissions = [one for each in self.publishers() for one in list(each.last.values())]
        return self._watch.problem(
            date.fromordinal(latest) if latest else None,
            date_of(max(emissions)) if emissions else None,
        )

    def publishers(self) -> list[Publisher]:
        """Return the publishers that know what was published before."""
        return [publisher for _, publisher in self._publishers.values() if publisher is not None]

    def names(self) -> set[str]:
        """Return the regions that are published from here."""
        return {name for publisher in self.publishers() for name in publisher.claims}

    def held(self, name: str) -> tuple[Claim | None, int]:
        """Return the claim of a region and its last `versie`; None when it is not ours (yet)."""
        for publisher in self.publishers():
            if name in publisher.claims:
                return publisher.claims[name], publisher.versions[name]
        return None, 0

    async def run(self) -> None:
        """
        Publish at each tick, until `close`.

        A worker that has to catch up publishes less often: figures that are superseded in a moment
        would take the time that counting needs.
        """
        loop = asyncio.get_running_loop()
        tick = self._settings.tick
        while not self._ending.is_set():
            begun = loop.time()
            async with self._stepping:
                await self.step()
            rest = min(_REST * (loop.time() - begun), _LONGEST_REST)
            if rest > tick:
                await self._let_count(rest)
            now = self._clock.now().timestamp()
            await self._wait(max(0.01, min(tick - now % tick, 1.0)))

    async def _let_count(self, seconds: float) -> None:
        """Wait so long, or until the worker has caught up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0 and self.is_behind() and not self._ending.is_set():
            await self._wait(min(left, _LOOK))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    async def step(self) -> None:
        """Give back what left, open what is new, write what is due."""
        problems: list[str] = []
        try:
            if self.places is None:
                self.places = await self._ask(self._open_places)
            await self._release_left()
            for number in list(self._publishers):
                await self._open(number)
            # Only when all are open: what any of them published vouches for the date.
            if problem := self.clock_problem():
                problems.append(problem)
            else:
                problems += await self._publish_all()
        except SinkError as error:
            problems.append(str(error))
        self._problem = problems[0] if problems else None
        if self._problem and not self._told:
            _LOG.error("%s De verwerking gaat door.", self._problem)
        elif self._told and not self._problem:
            _LOG.info("Publiceren lukt weer.")
        self._told = self._problem

    async def close(self) -> None:
        """Publish what is due for the last time and give every region back."""
        self._ending.set()
        # What is under way ends first: two threads may not work on one publisher.
        async with self._stepping:
            with suppress(SinkError):
                await self.step()
                for partition, _ in list(self._publishers.values()):
                    self.drop(partition)
                await self._release_left()
        if self.places is not None:
            for place in filter(None, self.places):
                place.close()

    async def _ask(self, question: Callable[P, T], *of: P.args, **more: P.kwargs) -> T:
        """Wait in a thread for the database."""
        self._asked_at = monotonic()
        try:
            return await asyncio.to_thread(question, *of, **more)
        finally:
            self._asked_at = None

    async def _open(self, number: int) -> None:
        """Open what is new, or what another process took and is ours."""
        if number not in self._publishers:
            return
        partition, publisher = self._publishers[number]
        if publisher is not None and self._takes_again(number, publisher):
            self._publishers[number] = (partition, None)
            self._left.append(publisher)
            await self._release_left()
            publisher = None
        if publisher is None:
            publisher = await self._opened(partition, self._clock.now())
            if self._publishers.get(number, (None, None))[0] is not partition:
                self._left.append(publisher)  # gone in the meantime
                return
            self._publishers[number] = (partition, publisher)

    async def _publish_all(self) -> list[str]:
        """Take every partition a step further; return what is wrong with any."""
        problems: list[str] = []
        for number in list(self._publishers):
            problem = await self._publish(number)
            if problem:
                problems.append(problem)
            _, publisher = self._publishers.get(number, (None, None))
            if publisher is not None and publisher.is_refused:
                break  # the others would find the same, one after another
        return problems

    async def _publish(self, number: int) -> str | None:
        """Take one partition a step further; return what is wrong with it."""
        partition, publisher = self._publishers.get(number, (None, None))
        if partition is None or publisher is None:
            return None
        now = self._clock.now()
        if not publisher.due(now):
            self._tell(publisher, now)
            return publisher.problem
        publisher.find(partition.ledger)
        await self._ask(publisher.connect, now)
        if number not in self._publishers:
            return None
        # Up to here others had their turn; the ledger is read in one go.
        publisher.update(partition.ledger, now, self._clock.today())
        await self._ask(publisher.write, now)
        if number in self._publishers:
            self._tell(publisher, now)
        return publisher.problem

    def _takes_again(self, number: int, publisher: Publisher) -> bool:
        """
        Return whether it is time to claim again what another process took of a partition of ours.

        The group says whose a partition is. A worker that was paused and wakes up may claim a
        region before it hears that it has lost it, and then nobody would publish it. With growing
        pauses: where two groups share a database by mistake, both go on to say so.
        """
        if not publisher.has_lost:
            return False
        at, pause = self._retakes.get(number, (0.0, _FIRST_RETAKE))
        if not at:
            self._retakes[number] = (monotonic() + pause, pause)
            return False
        if monotonic() < at:
            return False
        self._retakes[number] = (0.0, min(2 * pause, _LONGEST_RETAKE))
        return True

    def _tell(self, publisher: Publisher, now: datetime) -> None:
        """Tell the metrics what is up to date."""
        if publisher.problem is None:
            for name in publisher.claims:
                self._metrics.current(name, now)

    async def _opened(self, partition: Partition, now: datetime) -> Publisher:
        assert self.places is not None
        publication, exact = self.places

        made = Publisher(self._settings, self._public, publication, exact, self._owner)
        partition.ledger.changed.update(partition.ledger.cells)
        codes = frozenset(cell.gemeente for cell in partition.ledger.cells)
        regions, count = self._settings.regions, self._count

        def mine(gebied: str) -> bool:
            return partition_of(gebied, regions, count) == partition.number

        await self._ask(made.learn, codes, now, mine)
        return made

    async def _release_left(self) -> None:
        while self._left:
            publisher = self._left[-1]
            await self._ask(publisher.release, self._clock.now())
            self._left.pop()
