"""
One fault in one small run, from the start to figures that equal those of an undisturbed run.

Around the process stands what stands around it in service: what ends with a failure is started
again, and what says that it is not alive, or does not answer, is killed and started again. A fault
that lasts is mended once the process has said that something is wrong.
"""

import json
import multiprocessing
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.bridge import Bridge
from tests.faults.injection import Fault
from tests.faults.program import AGAIN, PRELOADED, VARIABLE, begin
from tests.published_rules import cell_of
from tests.stream.messages import message, refused
from zorgstroom.sinks.clickhouse import ClickHousePublication, open_server
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkError
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.truth import Cell
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import admin, consumer, producer
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

Facts = dict[str, Any]
Figures = dict[Cell, int | None]
LONGEST = 300.0
"""Seconds within which a fault that does not last must be overcome."""
_SILENT = 60.0
"""Seconds without an answer after which whoever watches the process kills it."""
_BEFORE = dict(os.environ)
_variables = threading.Lock()
_OPERATOR = 45.0
"""Seconds after a problem was told in which an operator starts the process again."""
_SETTLED = 12.0
"""Seconds after which a call that did not come is not waited for."""
TODAY = date(2026, 2, 15)
GEMEENTEN = ("0153", "0344")
KEY = "6b" * 32

MESSAGES: list[bytes] = [
    *(
        message(n, gemeente=GEMEENTEN[n % 2], begin=date(2026, 1 + n % 2, 1 + n % 13))
        for n in range(1, 41)
    ),
    *(refused(n) for n in (50, 51, 52)),
    *(message(n, gemeente=GEMEENTEN[n % 2], begin=date(2026, 2, 1)) for n in range(60, 80)),
]
REFUSED = {sha256(data).hexdigest() for data in MESSAGES[40:43]}

SMALL = {
    "ZORGSTROOM_TODAY": TODAY.isoformat(),
    "ZORGSTROOM_REGIOS": json.dumps({"een": [GEMEENTEN[0]], "twee": [GEMEENTEN[1]]}),
    "ZORGSTROOM_PUBLICATION__JAREN": "1",
    "ZORGSTROOM_PUBLICATION__VANAF": "2026-02-01",
    "ZORGSTROOM_PUBLICATION__NALOOP_DAGEN": "0",
    "ZORGSTROOM_PUBLICATION__DAG_MAANDEN": "1",
    "ZORGSTROOM_PROTECTION__POLICY": "geen",
    "ZORGSTROOM_TICK_SECONDS": "0.3",
    "ZORGSTROOM_TIJDIGHEID__TICK_SECONDS": "1",
    "ZORGSTROOM_CLICKHOUSE__LONGEST_INSERT_SECONDS": "0.5",
    "ZORGSTROOM_KAFKA__PARTITIONS": "2",
    "ZORGSTROOM_KAFKA__BATCH": "8",
    "ZORGSTROOM_KAFKA__SESSION_SECONDS": "1",
    "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0.1",
    "ZORGSTROOM_INBOX__PATIENCE_SECONDS": "20",
    "ZORGSTROOM_INBOX__POLL_SECONDS": "0.1",
    "ZORGSTROOM_HTTP__PORT": "0",
    "ZORGSTROOM_KEY": KEY,
}


def settings_of(environment: dict[str, str]) -> Settings:
    """Return the settings that a process with this environment has."""
    with _variables:  # cases run side by side
        os.environ.update(environment)
        try:
            return Settings()
        finally:
            os.environ.clear()
            os.environ.update(_BEFORE)


def published(publication: ClickHousePublication) -> Figures:
    """Return every published figure that is not 0; nothing as long as there is no database."""
    try:
        figures = publication.figures(Filter())
    except SinkError:
        return {}
    return {cell_of(figure): figure.waarde for figure in figures if figure.waarde != 0}


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


@dataclass
class Process:
    """A process of `program.py`, and whoever watches it."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    ends: list[int] = field(default_factory=list)
    reason: str = ""
    """The first that it said of why it does not go on."""
    kills: int = 0
    restarts: int = 0

    def begin(self) -> None:
        """Start it."""
        self._answered = time.monotonic()
        self.log.touch()
        self._begun_at = self.log.stat().st_size
        environment = _BEFORE | self.environment | {"COLUMNS": "500"}
        environment["_ZORGSTROOM_BEGUN"] = f"{self.restarts} 0"
        arguments = (self.command, environment, self.log)
        self.process = _context.Process(target=begin, args=arguments, daemon=True)
        self.process.start()

    def watch(self, *, is_struck: bool) -> None:
        """Look how it is: start it again if it ended, kill it if it is not alive."""
        code = self.process.exitcode
        if code is not None:
            said = self._said().strip().splitlines()
            if code == AGAIN:
                self.restarts += 1
            else:
                self.ends.append(code)
            self.reason = self.reason or f"ended with {code}: {said[-1] if said else ''}"
            self.begin()
            return
        status = self._status()
        health = status.get("gezondheid", {})
        if status:
            self._answered = time.monotonic()
        wrong = [one["reden"] for one in health.get("onderdelen", ()) if not one["goed"]]
        if is_struck and not self.reason:
            restarts = status.get("herstarts")
            again = f"begun again {restarts} times" if restarts else ""
            self.reason = str(status.get("probleem") or (wrong and wrong[0]) or again)
        is_silent = time.monotonic() - self._answered > _SILENT
        if is_silent or health.get("levend") is False:
            self.reason = self.reason or "does not answer"
            self.kills += 1
            self.end()
            self.begin()

    def _said(self) -> str:
        return self.log.read_bytes()[self._begun_at :].decode(errors="replace")

    def _status(self) -> dict[str, Any]:
        urls = [
            line.split()[-1] for line in self._said().splitlines() if " Gestart op http" in line
        ]
        if not urls:
            return {}
        try:
            with urllib.request.urlopen(f"{urls[-1]}/api/status", timeout=3) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return {}

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join(30)


class Bench:
    """
    The database, and the figures of an undisturbed run.

    Args:
        bridge: Of this bench alone.
        folder: For the states.

    """

    def __init__(self, bridge: Bridge, folder: Path) -> None:
        self._folder = folder
        self._environment = SMALL | {
            "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
            "ZORGSTROOM_CLICKHOUSE__USER": bridge.user,
            "ZORGSTROOM_CLICKHOUSE__PASSWORD": bridge.password,
        }
        self._publication = open_server(bridge.url, bridge.user, bridge.password)
        settings = settings_of(self._environment)
        with Engine(settings, folder / "undisturbed", SystemClock(TODAY)) as engine:
            engine.process([Input(f"{n}.xml", "", data) for n, data in enumerate(MESSAGES)])
            until = time.monotonic() + _SILENT
            while not (figures := published(self._publication)) and time.monotonic() < until:
                engine.publish()  # a busy database may not answer at once
        self.truth = figures
        assert len(self.truth) > 100, "this truth proves nothing"
        self._clear()

    def _clear(self) -> None:
        self._publication._connection.run("DROP DATABASE IF EXISTS publicatie")

    def run(self, fault: Fault, broker: str) -> Facts:
        """Let `fault` happen; return what came of it."""
        state = Path(fault.state)
        state.mkdir(parents=True)
        environment = self._environment | {VARIABLE: json.dumps(fault.as_dict())}
        shell = _worker if fault.shell == "worker" else _embedded
        begun = time.monotonic()
        try:
            with shell(environment, broker, state) as (command, waiting):
                process = Process(command, environment, state / "log")
                process.begin()
                try:
                    facts = self._follow(process, fault, waiting)
                finally:
                    process.end()
        finally:
            self._clear()
        return {
            "shell": fault.shell,
            "point": fault.point,
            "way": fault.way,
            "number": fault.number,
            **facts,
            "seconds": round(time.monotonic() - begun, 1),
        }

    def _follow(self, process: Process, fault: Fault, waiting: "Waiting") -> Facts:
        begun = time.monotonic()
        until = begun + LONGEST
        is_mended = fault.way != "always"
        is_right = by_hand = False
        told_at: float | None = None
        while time.monotonic() < until:
            process.watch(is_struck=fault.struck)
            if not is_mended and fault.struck and process.reason:
                fault.mend()
                is_mended = True
                until = time.monotonic() + LONGEST
            is_right = published(self._publication) == self.truth
            if is_right and not is_mended and fault.struck and time.monotonic() > begun + _SETTLED:
                fault.mend()  # it touches no figure; what it holds up must come after it
                is_mended = True
            told_at = (told_at or time.monotonic()) if process.reason else None
            silent = time.monotonic() - told_at if told_at and fault.way == "hangs" else 0
            if silent > _OPERATOR and not by_hand:
                # What hangs in a thread hangs for ever; it says so, and an operator acts.
                by_hand = True
                process.end()
                process.begin()
            # A fault of a call that comes seldom, or at the end, is not waited for without end.
            is_settled = time.monotonic() > begun + _SETTLED
            if is_right and ((fault.struck and is_mended) or is_settled):
                break
            time.sleep(0.2)
        left = waiting.left()
        facts: Facts = {
            "exact": is_right and not left,
            "struck": fault.struck,
            "calls": fault.calls,
            "reason": process.reason,
            "ends": process.ends,
            "kills": process.kills,
            "by_hand": by_hand,
            "restarts": process.restarts,
        }
        if not facts["exact"]:
            got = published(self._publication)
            wrong = [k for k in got.keys() | self.truth.keys() if got.get(k) != self.truth.get(k)]
            facts |= {"wrong": len(wrong), "left": left, "log": process.log.read_text()[-3000:]}
        return facts


@dataclass
class Waiting:
    """What must have happened to the messages besides being counted."""

    refused: Any

    def left(self) -> list[str]:
        """Return what did not happen within some seconds."""
        until = time.monotonic() + 40
        while missing := REFUSED - set(self.refused()):
            if time.monotonic() > until:
                return [f"refused and not put aside: {len(missing)}"]
            time.sleep(0.5)
        return []


@contextmanager
def _worker(
    environment: dict[str, str], broker: str, state: Path
) -> Iterator[tuple[list[str], Waiting]]:
    name = f"{state.parent.name}-{uuid4().hex[:6]}"
    environment |= {
        "ZORGSTROOM_KAFKA__BROKERS": broker,
        "ZORGSTROOM_KAFKA__GROUP": name,
        "ZORGSTROOM_KAFKA__PREFIX": f"{name}-",
    }
    kafka = settings_of(environment).kafka
    topics.carry_out(kafka, topics.look(kafka))
    with producer(kafka) as client:
        for data in MESSAGES:
            client.send(kafka.berichten, data)

    def put_aside() -> Sequence[str]:
        from kafka import TopicPartition

        with consumer(kafka) as client:
            place = TopicPartition(kafka.afgekeurd, 0)
            client.assign([place])
            client.seek_to_beginning(place)
            found = client.poll(2000)
            return [sha256(one.value).hexdigest() for one in found.get(place, ())]

    try:
        yield ["worker", "--data", str(state / "worker")], Waiting(put_aside)
    finally:
        with admin(kafka) as client:
            client.delete_topics(list(topics.wished(kafka)))


@contextmanager
def _embedded(
    environment: dict[str, str], broker: str, state: Path
) -> Iterator[tuple[list[str], Waiting]]:
    inbox = state / "inbox"
    inbox.mkdir()
    for number, data in enumerate(MESSAGES):
        (inbox / f"{number:03}.xml").write_bytes(data)

    def put_aside() -> Sequence[str]:
        folder = inbox / "afgekeurd"
        left = [path for path in inbox.iterdir() if path.suffix == ".xml"]
        return [sha256(one.read_bytes()).hexdigest() for one in folder.glob("*.xml") if not left]

    yield ["serve", "--inbox", str(inbox), "--data", str(state / "data")], Waiting(put_aside)
