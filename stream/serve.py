"""
`zorgstroom serve` put together: engine, inbox, loop, HTTP, address file and signals.

The loop runs in one thread, HTTP in the main one. When either fails the process ends with an exit
code: systemd or whoever started it decides about starting again.
"""

import asyncio
import logging
import signal
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from aiohttp import web

from zorgstroom.sinks.errors import SinkError
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream import address
from zorgstroom.stream.access import Access
from zorgstroom.stream.clock import Clock, SystemClock
from zorgstroom.stream.ending import end_on_signals
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.filing import claimed
from zorgstroom.stream.health import health_routes
from zorgstroom.stream.inbox import Inbox
from zorgstroom.stream.metrics_http import metrics_routes
from zorgstroom.stream.page.routes import attach
from zorgstroom.stream.processor import Progress
from zorgstroom.stream.service import Service
from zorgstroom.stream.settings import Http, Settings
from zorgstroom.stream.web import Provider, application

_LOG = logging.getLogger(__name__)
_GOODBYE_SECONDS: Final = 2.0
"""How long open connections may take to end."""

Routes = Callable[[Provider], Iterable[web.AbstractRouteDef]]
"""Makes more routes: metrics, health."""


class ListenError(OperatorError):
    """The address to serve on cannot be used."""


def serve(
    settings: Settings,
    data: Path,
    inbox: Path,
    *,
    clock: Clock | None = None,
    progress: Callable[[int], Progress] | None = None,
    ready: Callable[[str], None] | None = None,
    routes: Routes | None = None,
    stop: threading.Event | None = None,
) -> int:
    """
    Process what appears in `inbox` until a signal; return the exit code: 0, or 1 after a failure.

    Args:
        settings: All of them.
        data: Folder of the state.
        inbox: Folder where messages appear.
        clock: Today and now; the system's when not given.
        progress: Told how far the rebuild at the start is; see `Engine`.
        ready: Called with the URL once it answers.
        routes: More routes than ``/api`` and the page.
        stop: Ends it when set; without one SIGTERM and SIGINT do.

    Raises:
        OperatorError: It cannot start; the text says why. A `SinkError` likewise.

    """
    metrics = Metrics(version("zorgstroom"), settings.protection.policy)
    clock = clock or SystemClock(settings.today)
    with Engine(settings, data, clock, progress, metrics=metrics) as engine:
        feed = Inbox(inbox, settings.inbox, time.monotonic)
        service = Service(engine, feed, settings.inbox.poll_seconds)
        with claimed(feed.folder):  # two processes would share out the messages
            return run(service, settings, data, ready=ready, routes=routes, stop=stop)


def run(
    service: Service,
    settings: Settings,
    data: Path,
    *,
    ready: Callable[[str], None] | None = None,
    routes: Routes | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Run `service` with its HTTP side; see `serve`, which opens the engine as well."""
    extra: list[web.AbstractRouteDef] = [
        *health_routes(service),
        *metrics_routes(service.metrics),
        *(routes(service) if routes else ()),
    ]
    access = Access(settings.http)
    app = application(service, access, extra)
    attach(app, service, settings)
    return asyncio.run(
        _run(service, app, settings.http, data, token=access.own_token, ready=ready, stop=stop)
    )


async def _run(
    service: Service,
    app: web.Application,
    http: Http,
    data: Path,
    *,
    token: str,
    ready: Callable[[str], None] | None,
    stop: threading.Event | None,
) -> int:
    if stop is None:
        stop = threading.Event()
        _stop_on_signals(stop)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_SECONDS)
    await runner.setup()
    try:
        url = await listen(runner, http)
        with address.announced(data, url, token):
            _LOG.info("Gestart op %s", url)
            if ready:
                ready(url)
            await asyncio.to_thread(service.run, stop)
    except OperatorError:
        raise
    except Exception as error:
        _LOG.critical("Gestopt door een fout. %s", told(error))
        return 1
    finally:
        await runner.cleanup()
    _LOG.info("Gestopt")
    return 0


async def listen(runner: web.AppRunner, http: Http) -> str:
    """Serve where `http` says; return the URL. Raises a `ListenError`."""
    try:
        await web.TCPSite(runner, http.host, http.port).start()
    except OSError as error:
        raise ListenError(
            f"Op {http.host} poort {http.port} kan niet worden geluisterd ({error.strerror}). "
            "Stop wat daar draait, of kies een andere poort met --port."
        ) from None
    return address.url_of(http.host, int(runner.addresses[0][1]))


def _stop_on_signals(stop: threading.Event) -> None:
    def asked(number: signal.Signals) -> None:
        _LOG.info("%s ontvangen; de lopende batch wordt afgemaakt", number.name)
        stop.set()

    end_on_signals(asked)


def told(error: BaseException) -> str:
    """
    Return what a log may say of `error`: its kind and where it came from.

    The text of an unforeseen error may quote what it was working on: only known kinds are quoted.
    """
    kind = type(error).__name__
    text = f": {error}" if isinstance(error, SinkError | OSError | sqlite3.Error) else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{kind}{text}\n{places}"
