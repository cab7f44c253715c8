"""
A simulated stream that runs by itself: its clock, faster than ours, and the feed of its messages.

Up to the present of the simulation messages are taken in at once; from there on each comes at its
own moment. When the stream is over the clock goes on, as slowly as ours.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from zorgstroom.aggregations.periods import date_of
from zorgstroom.stream.generator.run import Delivery
from zorgstroom.stream.inbox import Process, Taken
from zorgstroom.stream.sources import Input

_BATCH: Final = 500
_LONGEST: Final = 1.0
"""Seconds of ours by which the clock goes on at most at once."""


class SimulatedClock:
    """
    A `Clock` that stands still until it is started, and then goes on each time it is told to.

    It stands still in between, so that no simulated day passes while figures are being made.

    Args:
        moment: Where it stands (aware).
        monotonic: Our own seconds; for tests.

    """

    def __init__(
        self,
        moment: datetime,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.moment = moment.astimezone(UTC)
        self._monotonic = monotonic
        self._seen: float | None = None
        self._speed = 1.0
        self._until = self.moment

    def start(self, speed: float, until: datetime) -> None:
        """Run `speed` times as fast as ours from where it stands, and like ours after `until`."""
        self._speed, self._until = speed, until.astimezone(UTC)
        self._seen = self._monotonic()

    def proceed(self) -> None:
        """Go on by what has passed since the last time; `_LONGEST` seconds of ours at most."""
        if self._seen is None:
            return
        now = self._monotonic()
        passed, self._seen = min(now - self._seen, _LONGEST), now
        fast = max((self._until - self.moment).total_seconds() / self._speed, 0.0)
        if passed >= fast:
            self.moment += timedelta(seconds=fast * self._speed + passed - fast)
            return
        self.moment += timedelta(seconds=passed * self._speed)

    def now(self) -> datetime:
        """Return the moment (UTC) of the simulation."""
        return self.moment

    def today(self) -> date:
        """Return the date of that moment in Amsterdam."""
        return date_of(self.moment)


class SimulatedFeed:
    """
    The messages that come from now on, each when its moment is there: a `service.Feed`.

    Args:
        deliveries: In order of sending.
        clock: Started already.
        speed: How many times as fast as ours it runs; shown on the page.
        until: When the stream ends.

    """

    problem: str | None = None

    def __init__(
        self, deliveries: Iterable[Delivery], clock: SimulatedClock, speed: float, until: datetime
    ) -> None:
        self._coming: Iterator[Delivery] = iter(deliveries)
        self._next = next(self._coming, None)
        self._clock = clock
        self._speed = speed
        self._until = until
        self._due: deque[Delivery] = deque()

    @property
    def backlog(self) -> tuple[int, float]:
        """How many messages are due, and for how many of our seconds the oldest is."""
        late = (self._clock.now() - self._due[0].moment).total_seconds() if self._due else 0.0
        return len(self._due), max(0.0, late) / self._speed

    def step(self, process: Process) -> Taken:
        """Let the clock go on, and give what is due by now to `process`, at most one batch."""
        if not self._due:
            self._clock.proceed()
        now = self._clock.now()
        while self._next is not None and self._next.moment <= now:
            self._due.append(self._next)
            self._next = next(self._coming, None)
        batch = [self._due.popleft() for _ in range(min(_BATCH, len(self._due)))]
        tally, outcomes = process([Input(one.naam, "", one.inhoud) for one in batch])
        taken = Taken(tally, more=bool(self._due))
        taken.refusals.extend(outcome for outcome in outcomes if outcome is not None)
        return taken

    def status(self) -> dict[str, object]:
        """Return what the page shows of this feed."""
        return {
            "map": "verzonnen stroom",
            "wachtend": len(self._due),
            "genegeerd": 0,
            "stroom": {
                "snelheid": self._speed,
                "tot": self._until.astimezone(UTC).isoformat(),
                "klaar": self._next is None and not self._due,
            },
        }
