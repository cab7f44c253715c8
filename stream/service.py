"""
The long-running loop of the embedded process: take in, publish, forget what has expired.

It is the only place that writes while the process serves. Other threads read the database of
figures and a snapshot of the status, which is replaced as a whole after every step.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Final, Protocol

from zorgstroom.aggregations.policy import Protection
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.brake import RetentionHeldError
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.health import Health, behind, judged
from zorgstroom.stream.inbox import Process, Taken
from zorgstroom.stream.pulse import Pulse
from zorgstroom.stream.results import Refusal, Tally, utc_text
from zorgstroom.stream.status import snapshot

_LOG = logging.getLogger(__name__)
_LAST: Final = 20
"""Refusals that the status shows."""
_EXPIRED_ON: Final = "bewaartermijn_toegepast"
"""Property of the state: the last day on which expired dossiers were forgotten."""


class Feed(Protocol):
    """Where the messages come from: the inbox, or the simulation of a demo."""

    @property
    def problem(self) -> str | None:
        """Why nothing can be taken in now; None when all is well."""
        ...

    @property
    def backlog(self) -> tuple[int, float]:
        """How many messages or files wait, and for how many seconds the oldest does."""
        ...

    def step(self, process: Process) -> Taken:
        """Give at most one batch to `process`."""
        ...

    def status(self) -> dict[str, object]:
        """Return what the status shows of this feed."""
        ...


class Service:
    """
    Drives an open engine; what the HTTP side needs of it is `web.Provider`.

    Args:
        engine: Open; used for writing by `step` alone.
        feed: Where the messages come from.
        poll_seconds: How long to rest when there was nothing to do.
        now: A clock that never goes back (seconds).

    """

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        poll_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._feed = feed
        self._poll = poll_seconds
        self._started = utc_text(engine.clock.now())
        self._tally = Tally()
        self._refusals: deque[Refusal] = deque(engine.store.refusals(_LAST), maxlen=_LAST)
        self._problem: str | None = None
        self._expired_on = engine.store.property(_EXPIRED_ON)
        self._now = now
        self._moved = now()
        self._fresh: float | None = None
        """When the oldest message was seen whose figures are not published yet."""
        self._backlog = feed.backlog
        self._measured = False
        """Whether timeliness was derived anew since it was last published."""
        self._pulse = Pulse(engine.metrics, engine.clock, engine.settings.werkdagen)
        self.metrics.before_scrape(self._tell)
        self._snapshot = self._look()

    @property
    def metrics(self) -> Metrics:
        """The series of this process."""
        return self._engine.metrics

    @property
    def protection(self) -> Protection:
        """The policy of the figures, with its warning."""
        return self._engine.settings.protection

    @property
    def regios(self) -> Collection[str]:
        """Names of the regions."""
        return self._engine.settings.regios

    def figures(self, wanted: Filter, *, historie: bool) -> list[PublishedFigure]:
        """Return published figures; safe in any thread."""
        return self._engine.publication.figures(wanted, historie=historie)

    def emissions(self, limit: int, regio: str) -> list[PublishedEmission]:
        """Return the last emissions; safe in any thread."""
        return self._engine.publication.emissions(limit, regio)

    def status(self) -> dict[str, object]:
        """Return how the process is doing; safe in any thread, never waits."""
        now = utc_text(self._engine.clock.now())
        return {
            "gestart_op": self._started,
            "nu": now,
            **self._snapshot,
            "achterstand": dict(zip(("berichten", "seconden"), self._waiting(), strict=True)),
            "gezondheid": self.health().model_dump(),
        }

    def health(self) -> Health:
        """Return how the process is; safe in any thread, never waits."""
        waiting, seconds = self._waiting()
        return judged(
            self._now() - self._moved,
            [
                ("invoer", self._feed.problem),
                ("bij", behind(waiting, seconds)),
                ("publicatie", self._engine.problem),
            ],
        )

    def step(self) -> bool:
        """Do one round of everything; return whether there may be more to do at once."""
        seen = self._engine.processor.seen.copy()
        taken = self._feed.step(self._engine.process)
        self._tally.add(taken.tally)
        self._pulse.took_in(self._engine.processor.seen - seen, taken.seconds)
        if taken.seconds is not None and self._fresh is None:
            self._fresh = self._now() - taken.seconds
        self._refusals.extendleft(taken.refusals)
        if taken.tally.inputs:
            _LOG.info(
                "%d berichten: %d aanvaard, %d herhaald, %d afgekeurd",
                taken.tally.inputs,
                taken.tally.accepted,
                taken.tally.repeated,
                sum(taken.tally.rejected.values()),
            )
        self._expire()
        self._publish()
        self._measured |= self._engine.measure()
        if self._measured and not taken.more:
            self._publish_timeliness()
            self._measured = False
        self._snapshot = self._look()
        self._backlog = self._feed.backlog
        self._moved = self._now()
        return taken.more

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set, finishing the batch at hand; then publish what is due."""
        while not stop.is_set():
            if not self.step():
                stop.wait(self._poll)
        self._publish()

    def _expire(self) -> None:
        """Forget once a day what retention no longer keeps, also when started every day."""
        today = self._engine.clock.today().isoformat()
        if today == self._expired_on:
            return
        try:
            count = self._engine.expire()
        except RetentionHeldError as error:
            _LOG.warning("%s", error)
            count = 0
        self._engine.store.set_property(_EXPIRED_ON, today)
        self._expired_on = today
        if count:
            _LOG.info("%d dossiers vergeten: de bewaartermijn is voorbij", count)

    def _publish(self) -> None:
        """Write what is due, which after midnight is every region; log when that begins to fail."""
        emissions = self._engine.publish_if_due()
        if emissions and self._fresh is not None:
            self.metrics.fresh("gepubliceerd", self._now() - self._fresh)
            self._fresh = None
        problem = self._engine.problem
        if problem and not self._problem:
            _LOG.error("%s De verwerking gaat door.", problem)
        elif self._problem and not problem:
            _LOG.info("Publiceren lukt weer.")
        self._problem = problem

    def _publish_timeliness(self) -> None:
        try:
            self._engine.publish_timeliness()
        except SinkUnavailableError as error:
            _LOG.warning("%s De tijdigheid wordt later gepubliceerd.", error)

    def _tell(self) -> None:
        """Set what is true of the moment of a scrape."""
        self._pulse.tell(
            self.health(),
            {("inbox", ""): self._waiting()},
            self._engine.processor.dossiers,
            self._engine.processor.signals,
        )

    def _waiting(self) -> tuple[int, float]:
        """Return the backlog as it stood after the last step, grown older since."""
        waiting, seconds = self._backlog
        return waiting, seconds + (self._now() - self._moved) if waiting else 0.0

    def _look(self) -> dict[str, object]:
        return snapshot(
            self._engine,
            self._tally,
            self._refusals,
            self._feed.status(),
            (self._engine.problem, self._feed.problem),
        ) | {
            "tijdigheid": self._engine.monitor.status(),
            "aanbieders": self._engine.monitor.silent(),
            "versheid_seconden": self._pulse.freshness,
        }
