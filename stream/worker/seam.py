"""
Where this program takes over from Faust, and why; only this file and `consumer` know its inside.

Faust (pinned: 0.15.3) gives the app, the agents, the consumer group, the tables and their
changelogs. Four things are done differently, because as they are they lose or double data:

* *Records are fetched* by `consumer.Consumer`, which says why.
* *Changelogs are written in transactions*, one producer a partition (`writer.py`), so that a worker
  that lost its partition cannot overwrite what the next one wrote. So they are read with
  `read_committed`. Faust's recovery waits for the last offset, which is now a mark of the end of a
  transaction and is never delivered: it would wait for ever. Ours reads up to the same place
  itself, in bulk, which is also some ten times quicker.
* *Offsets are committed in the same transactions* or after what they cover is safe, never by
  Faust, which acknowledges what a rebalance made it skip. Our topics have `acks=False`.
* *No folder is made*: Faust would make one in the working folder, for stores that we do not use.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import faust
from faust.app.base import BootStrategy as FaustBootStrategy
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from zorgstroom.stream.worker.consumer import Consumer, Gaps, Queue
from zorgstroom.stream.worker.sequence import HandedOut

Partitions = frozenset[int]
Assigned = Callable[[Partitions, int], Awaitable[None]]
"""Told which partitions of `gebeurtenissen` are this worker's, and in which generation."""
Action = Callable[[], Awaitable[None]]

_QUIET: Final = 3600.0
"""Interval of Faust's own commits, which have nothing to commit."""


class _Transport(driver.Transport):
    Consumer = Consumer


class _Recovery(Recovery):
    """Leaves the reading of changelogs to the app's own callbacks."""

    app: "App"

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        mine = frozenset(tp.partition for tp in assigned if tp.topic == self.app.events_topic)
        await self.app.on_owned(mine, generation_id)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def _wait(self, coro: Any, timeout: Any = None) -> None:
        # Without the time limit: past it Faust would go on as if everything had been read.
        await super()._wait(coro)

    async def _build_highwaters(
        self, consumer: Any, tps: Any, destination: Any, title: str
    ) -> None:
        destination.clear()  # nothing is left for Faust to read
        if title == "active":
            await self.app.on_load()

    async def _seek_offsets(self, consumer: Any, tps: Any, offsets: Any, title: str) -> None:
        return None


class _Tables(TableManager):
    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = _Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class App(faust.App):
    """
    A Faust app whose state is read and whose offsets are committed by us.

    Args:
        name: Consumer group; the changelogs' names begin with it.
        queues: What was fetched, by topic; the agents take from there.
        handed_out: Told of everything that goes into the queues; the agents acknowledge by it.
        on_gaps: Told of records that are gone, before reading goes on behind them.
        events_topic: Topic whose partitions the state goes by.
        on_owned: Called in a rebalance with what is owned now, before anything is read.
        on_load: Called after that to read the state; cancelled when another rebalance begins.

    """

    def __init__(
        self,
        name: str,
        *,
        queues: Mapping[str, Queue],
        handed_out: HandedOut,
        on_gaps: Gaps,
        events_topic: str,
        on_owned: Assigned,
        on_load: Action,
        **settings: Any,
    ) -> None:
        self.queues = queues
        self.handed_out = handed_out
        self.on_gaps = on_gaps
        self.events_topic = events_topic
        self.on_owned = on_owned
        self.on_load = on_load
        super().__init__(
            name,
            autodiscover=False,
            store="memory://",
            TableManager=_Tables,
            table_standby_replicas=0,
            topic_allow_declare=False,
            topic_disable_leader=True,
            broker_commit_interval=_QUIET,
            stream_wait_empty=False,
            web_enabled=False,
            **settings,
        )

    class BootStrategy(FaustBootStrategy):
        """Starts no web pages."""

        enable_web = False

    def _new_transport(self) -> driver.Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        return None

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> None:
        """Commit the next offsets to read; those of partitions that went are left out."""
        consumer: Any = self.consumer
        await consumer._commit(offsets)

    async def is_behind(self) -> bool:
        """Return whether there are records that nobody has acknowledged yet."""
        consumer: Any = self.consumer
        behind: bool = await consumer.is_behind()
        return behind

    async def wait_until_crashed(self) -> BaseException:
        """Return why a service of Faust gave up, once one does."""
        await self._crashed.wait()
        return self.crash_reason or RuntimeError("een onderdeel van Faust is gestopt")
