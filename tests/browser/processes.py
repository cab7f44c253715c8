"""Real processes to look at: `serve` on an inbox, `demo`, and a page on figures made for a test."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.stream.page.provider import Process as Made
from zorgstroom.stream.access import Access
from zorgstroom.stream.page.routes import attach
from zorgstroom.stream.security import HttpAccess
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.web import application

_PATIENCE = 300.0


@dataclass
class Running:
    """A process of the console command, and where it answers."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def api(self, path: str) -> Any:
        """Return the JSON at `path`."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)

    def drop(self, name: str, data: bytes) -> None:
        """Let a message appear in the inbox."""
        made = self.folder / "inbox" / f".{name}"
        made.write_bytes(data)
        made.rename(self.folder / "inbox" / name)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def until(seen: Callable[[], Any], what: str, seconds: float = _PATIENCE) -> Any:
    """Return what `seen` gives once it is true."""
    end = time.monotonic() + seconds
    while True:
        if found := seen():
            return found
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


@contextmanager
def running(folder: Path, arguments: Sequence[str], **settings: str) -> Iterator[Running]:
    """Run `zorgstroom` with `arguments` in `folder`, with its data in ``data``."""
    (folder / "inbox").mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ZORGSTROOM_")}
    environment |= {f"ZORGSTROOM_{name}": value for name, value in settings.items()}
    with (folder / "uitvoer.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "zorgstroom.stream.cli", *arguments, "--data", "data"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        address = folder / "data" / "adres"
        try:

            def announced() -> bool:
                assert process.poll() is None, (folder / "uitvoer.txt").read_text("utf-8")
                return address.exists()

            until(announced, "the process answers")
            yield Running(json.loads(address.read_text("utf-8"))["url"], process, folder)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            assert process.wait(timeout=60) == 0, (folder / "uitvoer.txt").read_text("utf-8")


def serving(folder: Path, policy: str = "geen", today: str = "2026-03-15") -> Any:
    """Run `serve` on ``inbox``; policy `geen` publishes within a second."""
    arguments = ("serve", "--inbox", "inbox", "--port", "0", "--today", today)
    return running(
        folder,
        arguments,
        PROTECTION__POLICY=policy,
        INBOX__SETTLE_SECONDS="0",
        INBOX__POLL_SECONDS="0.1",
    )


@contextmanager
def showing(made: Made, settings: Settings | None = None) -> Iterator[str]:
    """Serve the page of `made` in a thread; yield the URL."""
    ready = threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        app = application(made, Access(HttpAccess()))
        attach(app, made, settings or Settings())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found["url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        found["loop"], found["end"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await found["end"].wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(20)
    try:
        yield str(found["url"])
    finally:
        found["loop"].call_soon_threadsafe(found["end"].set)
        thread.join(20)
