"""
The long-running loop of the embedded process: take in, publish, forget what has expired.

It is the only place that writes while the process serves. Other threads read the database of
figures and a snapshot of the status, which is replaced as a whole after every step.
"""

import logging
import threading
from collections import deque
from collections.abc import Collection
from typing import Final, Protocol

from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.inbox import Process, Taken
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

    """

    def __init__(self, engine: Engine, feed: Feed, poll_seconds: float) -> None:
        self._engine = engine
        self._feed = feed
        self._poll = poll_seconds
        self._started = utc_text(engine.clock.now())
        self._tally = Tally()
        self._refusals: deque[Refusal] = deque(engine.store.refusals(_LAST), maxlen=_LAST)
        self._problem: str | None = None
        self._expired_on = engine.store.property(_EXPIRED_ON)
        self._snapshot = self._look()

    @property
    def disclosure(self) -> Disclosure:
        """The policy of the figures, with its warning."""
        return self._engine.settings.disclosure

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
        return {"gestart_op": self._started, "nu": now, **self._snapshot}

    def step(self) -> bool:
        """Do one round of everything; return whether there may be more to do at once."""
        taken = self._feed.step(self._engine.process)
        self._tally.add(taken.tally)
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
        self._snapshot = self._look()
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
        count = self._engine.expire()
        self._engine.store.set_property(_EXPIRED_ON, today)
        self._expired_on = today
        if count:
            _LOG.info("%d dossiers vergeten: de bewaartermijn is voorbij", count)

    def _publish(self) -> None:
        """Write what is due, which after midnight is every region; log when that begins to fail."""
        self._engine.publish_if_due()
        problem = self._engine.publisher.problem
        if problem and not self._problem:
            _LOG.error("%s De verwerking gaat door.", problem)
        elif self._problem and not problem:
            _LOG.info("Publiceren lukt weer.")
        self._problem = problem

    def _look(self) -> dict[str, object]:
        return snapshot(
            self._engine,
            self._tally,
            self._refusals,
            self._feed.status(),
            (self._engine.publisher.problem, self._feed.problem),
        )
