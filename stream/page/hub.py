"""
What all open pages share: once a second the state of the process, and the figures they look at.

Everything is made once, however many pages there are. A page that reads slowly misses what came in
between and gets the newest: nothing is queued for anyone.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Final, NamedTuple

import msgspec

from zorgstroom.sinks.errors import SinkError
from zorgstroom.stream.page.alarms import Alarms
from zorgstroom.stream.page.lookup import Lookup, Watched
from zorgstroom.stream.page.tempo import Tempo
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.web import Provider

_LOG: Final = logging.getLogger(__name__)
_SECOND: Final = 1.0
_FIGURES_SECONDS: Final = 2.0
"""Figures are looked up no more often than this, however quickly they change."""
_UNCHANGED_SECONDS: Final = 10.0
"""... and this often when this process published nothing: another worker may have."""
_SHARE: Final = 50
"""
... and a look-up that took long is followed by a pause of so many times as long: the busier the
process is, the longer a look-up takes, and the less often there is one.
"""
MOST: Final = 500
"""Pages at once; another one is refused."""


class _Message(NamedTuple):
    """The newest of one kind, as it goes over the line, and its number."""

    number: int
    data: bytes


class Hub:
    """
    Makes the messages of the live page; `run` it beside the process.

    Args:
        provider: The process.
        settings: Regions, and where Alertmanager is.
        monotonic: Seconds; for tests.

    """

    def __init__(
        self,
        provider: Provider,
        settings: Settings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._monotonic = monotonic
        self._alarms = Alarms(settings.http.alertmanager)
        self._tempo = Tempo()
        self._numbers = 0
        self._messages: dict[object, _Message] = {}
        self._watched: Counter[Watched] = Counter()
        self._moved = asyncio.Event()
        self._progress: tuple[object, float] = (None, monotonic())
        self._looked_up = (float("-inf"), "")
        self._lookup = Lookup(provider, settings.regios)
        self._spent = 0.0
        """Seconds that the last look-up took."""
        self._today = ""
        self._emissions = ""
        """What was published last, and on what day; figures are looked up when it changes."""
        self.ending = False
        """Whether the process stops: every stream then ends."""

    @property
    def pages(self) -> int:
        """How many pages are open now."""
        return self._watched.total()

    @contextmanager
    def watching(self, wanted: Watched) -> Iterator["Watcher"]:
        """Make the figures of `wanted` for as long as somebody looks at them."""
        new = wanted not in self._watched
        self._watched[wanted] += 1
        if new:
            self._looked_up = (float("-inf"), "")
        try:
            yield Watcher(self, wanted)
        finally:
            self._watched[wanted] -= 1
            if not self._watched[wanted]:
                del self._watched[wanted]
                self._messages.pop(wanted, None)

    async def run(self) -> None:
        """Look once a second until cancelled."""
        alarms = asyncio.create_task(self._alarms.run())
        figures = asyncio.create_task(self._run_figures())
        try:
            while True:
                self.tick()
                await asyncio.sleep(_SECOND)
        finally:
            alarms.cancel()
            figures.cancel()
            self.end()

    def end(self) -> None:
        """Let every stream end."""
        self.ending = True
        self._wake()

    async def moved(self) -> None:
        """Wait until there is something newer, or the end."""
        if not self.ending:
            await self._moved.wait()

    def newest(self, key: object) -> _Message | None:
        """Return the newest message under `key`."""
        return self._messages.get(key)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def tick(self) -> None:
        """Make the state of this second, and tell every page."""
        self._look()
        self._wake()

    def _look(self) -> None:
        """Make the state of this second; a failure is part of the state, and is not raised."""
        now = self._monotonic()
        try:
            status = dict(self._provider.status())
        except Exception as error:
            _LOG.error("De stand van het proces is niet te maken: %s", type(error).__name__)
            return
        self._tempo.look(now, status)
        self._today = str(status.get("vandaag", ""))
        self._emissions = f"{status.get('regios')} {self._today}"
        if status.get("stand_van") != self._progress[0]:
            self._progress = status.get("stand_van"), now
        refusals = status.pop("afgekeurd", None)
        body: dict[str, object] = {
            "status": status,
            "tempo": self._tempo.as_json(),
            "stil_seconden": round(now - self._progress[1], 1),
        }
        if self._alarms.found is not None:
            body["alarmen"] = self._alarms.found
        self._put("stand", "stand", body)
        if refusals is not None:
            self._put("afgekeurd", "afgekeurd", {"afgekeurd": refusals})

    async def _run_figures(self) -> None:
        while True:
            now = self._monotonic()
            emissions = self._emissions
            last, known = self._looked_up
            pause = max(_FIGURES_SECONDS, _SHARE * self._spent)
            if emissions == known:
                pause = max(pause, _UNCHANGED_SECONDS)
            if self._watched and self._today and now - last >= pause:
                self._looked_up = now, emissions
                await self._look_up()
                self._spent = self._monotonic() - now
                self._wake()
            await asyncio.sleep(_SECOND / 4)

    async def _look_up(self) -> None:
        watched, today = list(self._watched), date.fromisoformat(self._today)
        try:
            bodies = await asyncio.to_thread(self._lookup.figures, watched, today)
        except SinkError as error:
            for wanted in watched:
                self._put(wanted, "fout", {"fout": str(error)})
        except Exception as error:
            _LOG.error("De cijfers van de pagina zijn niet te maken: %s", type(error).__name__)
        else:
            for wanted, body in bodies.items():
                if wanted in self._watched:
                    self._put(wanted, "cijfers", body)

    def _put(self, key: object, event: str, body: Mapping[str, object]) -> None:
        """Make `body` the newest message under `key`; the same as before is not sent again."""
        data = b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(body))
        before = self._messages.get(key)
        if before is None or before.data != data:
            self._numbers += 1
            self._messages[key] = _Message(self._numbers, data)


class Watcher:
    """One open page: knows what it has had."""

    def __init__(self, hub: Hub, wanted: Watched) -> None:
        self._hub = hub
        self._keys = ("stand", "afgekeurd", wanted)
        self._had: dict[object, int] = {}

    def take(self) -> bytes:
        """Return the newest of everything that this page has not had; empty when there is none."""
        found = b""
        for key in self._keys:
            message = self._hub.newest(key)
            if message is not None and message.number != self._had.get(key):
                self._had[key] = message.number
                found += message.data
        return found
