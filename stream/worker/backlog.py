"""How far this worker is behind, by partition, in messages and in seconds."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from zorgstroom.stream.pulse import Lag
from zorgstroom.stream.worker.consumer import Queue


class Backlog:
    """
    Measures the lag of the partitions that are owned.

    Args:
        queues: What was fetched and not yet taken, by topic.

    """

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self._queues = queues
        self._since: dict[tuple[str, str], float] = {}
        self.lag: dict[tuple[str, str], tuple[int, float]] = {}
        """As it was last measured; see `pulse.Lag`."""

    @property
    def total(self) -> tuple[int, float]:
        """All messages that wait, and the age of the oldest in seconds."""
        found: Lag = self.lag
        return (
            sum(count for count, _ in found.values()),
            max((age for _, age in found.values()), default=0.0),
        )

    async def measure(self, consumer: Any, now: float) -> None:
        """
        Ask `consumer` how far it is.

        What was fetched has the time at which it was written to the topic; what was not has waited
        at least since it was first seen here.

        Args:
            consumer: Of the app.
            now: The present moment, in seconds since 1970.

        """
        loop = asyncio.get_running_loop()
        places = [place for place in consumer.assignment() if place.topic in self._queues]
        ends = await consumer.highwaters(*places) if places else {}
        found: dict[tuple[str, str], tuple[int, float]] = {}
        for place in places:
            key = (place.topic, str(place.partition))
            position = await consumer.position(TopicPartition(*place)) or 0
            waiting, oldest = self._queues[place.topic].of(place.partition)
            count = max(0, ends[place] - position) + waiting
            if not count:
                self._since.pop(key, None)
                found[key] = (0, 0.0)
                continue
            since = self._since.setdefault(key, loop.time())
            age = now - oldest / 1000 if oldest is not None else loop.time() - since
            found[key] = (count, max(0.0, age))
        self.lag = found
        self._since = {key: since for key, since in self._since.items() if key in found}
