"""
`zorgstroom worker` put together: key, topics, one life after another, HTTP and signals.

After a failure the process begins again, as the same process with everything forgotten: threads and
connections that hang are gone, and the state is read from the topics. What an operator must set
right (a key, the topics, the regions) ends it with an exit code.
"""

import asyncio
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

from aiohttp import web
from aiokafka.errors import UnsupportedCodecError

from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.sinks.clickhouse import DATABASE, ClickHousePublication
from zorgstroom.sinks.contract import (
    Filter,
    Publication,
    PublishedEmission,
    PublishedFigure,
)
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.measured import MeasuredPublication
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.sinks.series import LOST_MESSAGES
from zorgstroom.stream import keyfile
from zorgstroom.stream.access import Access
from zorgstroom.stream.clock import Clock, SystemClock
from zorgstroom.stream.ending import end_on_signals
from zorgstroom.stream.engine import connect
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.health import Health, behind, health_routes, judged
from zorgstroom.stream.kafka.client import CODECS
from zorgstroom.stream.metrics_http import metrics_routes
from zorgstroom.stream.page.routes import attach
from zorgstroom.stream.results import utc_text
from zorgstroom.stream.serve import listen, told
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.web import application
from zorgstroom.stream.worker.life import Life, StalledError
from zorgstroom.stream.worker.publishing import Places
from zorgstroom.stream.worker.startcheck import BrokerError, check_start
from zorgstroom.stream.worker.status import snapshot
from zorgstroom.stream.worker.writer import WriterError

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 30.0
_QUIET_SECONDS: Final = 60.0
"""After a life of this length the pauses begin small again."""
_BEGUN: Final = "_ZORGSTROOM_BEGUN"
"""Variable by which the process tells itself how often it began again."""
_GOODBYE_SECONDS: Final = 2.0
_PAUSES: Final = (0.1, 0.3)
"""Of one statement; after those the publisher waits, and longer each time."""


@dataclass(slots=True)
class Begun:
    """How often this process began again, and how often in a row without a quiet time."""

    restarts: int = 0
    pauses: int = 0

    @classmethod
    def known(cls) -> "Begun":
        """Return what the life before this one has left."""
        told = os.environ.get(_BEGUN, "0 0").split()
        return cls(*(int(part) for part in told))

    def again(self) -> NoReturn:
        """Begin this process anew, with everything forgotten but these numbers."""
        os.environ[_BEGUN] = f"{self.restarts + 1} {self.pauses}"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves


class Worker:
    """
    One process: it waits for the broker and lives once; what HTTP needs of it is `web.Provider`.

    Args:
        settings: All of them.
        data: Folder of the keys and, without a server, of the embedded database.
        clock: Today and now.
        begun: How often the process began again.

    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock | None = None,
        begun: Begun | None = None,
    ) -> None:
        self.settings = settings
        self._data = data
        self._clock = clock or SystemClock(settings.today)
        self._started = utc_text(self._clock.now())
        self._key: PseudonymKey = keyfile.obtain(settings, data, None, may_make_key=False)
        self._public: PublicFigures = keyfile.public_figures(settings, data, may_make_key=False)
        self._life: Life | None = None
        self._begun = begun or Begun()
        self._problem: str | None = None
        self.metrics = Metrics(version("zorgstroom"), settings.protection.policy)
        self.metrics.restarted(self._begun.restarts)
        self.metrics.before_scrape(self._tell)
        self.stop = asyncio.Event()

    @property
    def protection(self) -> Protection:
        """The policy of the figures, with its warning."""
        return self.settings.protection

    @property
    def regios(self) -> Collection[str]:
        """Names of the regions."""
        return self.settings.regios

    def figures(self, wanted: Filter, *, historie: bool) -> list[PublishedFigure]:
        """Return published figures; safe in any thread."""
        return self._publication().figures(wanted, historie=historie)

    def emissions(self, limit: int, regio: str) -> list[PublishedEmission]:
        """Return the last emissions; safe in any thread."""
        return self._publication().emissions(limit, regio)

    def _publication(self) -> Publication:
        places = self._life.publishing.places if self._life else None
        if places is None:
            raise SinkUnavailableError("De database is nog niet geopend; probeer het zo weer.")
        return places[0]

    def status(self) -> dict[str, object]:
        """Return how the process is doing."""
        return {
            "gestart_op": self._started,
            "nu": utc_text(self._clock.now()),
            **snapshot(self.settings, self._clock, self._life, self._begun.restarts, self._problem),
            "gezondheid": self.health().model_dump(),
        }

    def health(self) -> Health:
        """Return how the process is; a worker that waits for the broker lives, and is not ready."""
        life = self._life
        if life is None:
            return judged(0.0, [("toewijzing", self._problem or "de worker begint nog")])
        assigned = None if life.ready else "de groep heeft nog geen partities toegewezen"
        return judged(
            life.silent,
            [
                ("toewijzing", self._problem or assigned),
                ("topics", life.oversight.problem),
                ("verlies", life.oversight.lost),
                ("bij", behind(*life.backlog.total)),
                ("publicatie", life.publishing.problem),
            ],
        )

    def _tell(self) -> None:
        """Set what is true of the moment of a scrape."""
        life = self._life
        if life is None:
            return
        signals: Counter[str] = Counter()
        dossiers = 0
        for partition in list(life.owned.partitions.values()):
            signals.update(dict(partition.signals))  # copied whole: this is another thread
            dossiers += partition.size
        life.pulse.tell(self.health(), life.backlog.lag, dossiers, signals)
        lost: Counter[tuple[str, ...]] = Counter()
        for loss in life.oversight.losses:
            lost[loss.topic, str(loss.partitie)] += loss.most
        self.metrics.gauge(LOST_MESSAGES, lost)

    async def run(self) -> bool:
        """
        Work until `stop` is set; return whether the process must begin again after a failure.

        Raises:
            OperatorError: Something must be set right first.

        """
        while not self.stop.is_set():
            begun = asyncio.get_running_loop().time()
            try:
                partitions = await check_start(self.settings, self._key.fingerprint)
                self._life = Life(
                    self.settings,
                    self._key,
                    self._public,
                    self._clock,
                    open_places=self._open_places,
                    partitions=partitions,
                    metrics=self.metrics,
                )
                self._problem = None
                await self._life.run(self.stop)
                return False
            except OperatorError:
                raise
            except BrokerError as error:
                self._problem = f"{error} Er gaat niets verloren; het wordt opnieuw geprobeerd."
            except Exception as error:
                self._problem = (
                    f"De worker begint opnieuw na een fout ({type(error).__name__}: "
                    f"{_said(error)}). Er is niets verloren: alles wordt uit de topics gelezen."
                )
                _LOG.debug("Oorzaak", exc_info=error)
            if asyncio.get_running_loop().time() - begun > _QUIET_SECONDS:
                self._begun.pauses = 0
            pause = min(0.5 * 2**self._begun.pauses, _LONGEST_PAUSE)
            self._begun.pauses += 1
            _LOG.error("%s Pauze van %.1f s.", self._problem, pause)
            await _first(self.stop.wait(), asyncio.sleep(pause))
            if self._life is not None:
                return not self.stop.is_set()
        return False

    def _open_places(self) -> Places:
        connection = connect(self.settings, self._data, _PAUSES)
        connection.retried = self.metrics.retried
        try:
            publication = MeasuredPublication(
                ClickHousePublication(connection, DATABASE, close_connection=True), self.metrics
            )
            exact = None
            if self.settings.exact_database:
                exact = ClickHousePublication(connection, self.settings.exact_database)
        except BaseException:
            connection.close()
            raise
        return publication, exact


def _said(error: Exception) -> str:
    """Return the text of our own errors; those of others may quote what they were working on."""
    if isinstance(error, UnsupportedCodecError):
        return CODECS
    return str(error) if isinstance(error, WriterError | StalledError) else "zie het logboek"


async def _first(*waited: object) -> None:
    tasks = {asyncio.ensure_future(one) for one in waited}  # type: ignore[call-overload]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


def run(settings: Settings, data: Path, ready: Callable[[str], None] | None = None) -> NoReturn:
    """
    Run a worker with its HTTP side until SIGTERM or SIGINT, and end this process with its code.

    Raises:
        OperatorError: It cannot start, or something must be set right first; the text says what.

    """
    begun = Begun.known()
    with asyncio.Runner() as runner:
        code = runner.run(_run(settings, data, begun, ready))
        # Everything is closed. A thread that still waits for a silent database would hold up the
        # end of the runner, and of Python, for minutes.
        logging.shutdown()
        if code is None:
            begun.again()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


async def _run(
    settings: Settings, data: Path, begun: Begun, ready: Callable[[str], None] | None
) -> int | None:
    """Return the exit code, or None when the process must begin again."""
    worker = Worker(settings, data, begun=begun)
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        loop.call_soon_threadsafe(worker.stop.set)

    end_on_signals(asked)
    routes = [*health_routes(worker), *metrics_routes(worker.metrics)]
    app = application(worker, Access(settings.http), routes)
    attach(app, worker, settings)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_GOODBYE_SECONDS,
    )
    await runner.setup()
    try:
        url = await listen(runner, settings.http)
        _LOG.info("Gestart op %s", url)
        if ready:
            ready(url)
        if await worker.run():
            return None
    except OperatorError:
        raise
    except Exception as error:
        _LOG.critical("Gestopt door een fout. %s", told(error))
        return 1
    finally:
        await runner.cleanup()
    _LOG.info("Gestopt")
    return 0
