"""Workers as users run them: processes on a real broker that publish to a server over HTTP."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.bridge import Bridge, running_bridge
from tests.published_rules import Moment, exact_sums
from zorgstroom.sinks.clickhouse import ClickHousePublication, open_server
from zorgstroom.stream import sources
from zorgstroom.stream.generator.truth import Cell
from zorgstroom.stream.generator.truthfile import Truth, load_truth
from zorgstroom.stream.kafka import lag, topics
from zorgstroom.stream.kafka.client import admin
from zorgstroom.stream.kafka.produce import Produced, produce_messages
from zorgstroom.stream.settings import Settings

KEY = "6b" * 32
PATIENCE = float(os.environ.get("ZORGSTROOM_TEST_PATIENCE", "120"))
"""Seconds; a machine that others keep busy needs more."""


def wait_until(
    what: str, holds: Callable[[], bool], seconds: float = PATIENCE, pause: float = 0.05
) -> None:
    """Look again and again until it `holds`; a failure names `what` was waited for."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(pause)


class WorkerProcess:
    """One `zorgstroom worker`."""

    def __init__(
        self, environment: dict[str, str], data: Path, module: str = "zorgstroom.stream.cli"
    ) -> None:
        data.mkdir(exist_ok=True)
        self.data = data
        token = environment.get("ZORGSTROOM_HTTP__TOKEN_FILE")
        secret = Path(token).read_text().strip() if token else ""
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._log = data / "worker.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "worker", "--data", str(data)],
                env=environment | {"COLUMNS": "500"},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    def status(self) -> dict[str, Any]:
        """Return its `/api/status`; empty as long as it does not answer."""
        found = re.findall(r"stand op (http://[0-9.:]+)/", self.log)  # a new one after a failure
        if not found or self.process.poll() is not None:
            return {}
        try:
            question = Request(f"{found[-1]}/api/status", headers=self._headers)
            with urlopen(question, timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except OSError:
            return {}

    def partitions(self) -> set[int]:
        """Return the partitions that it works on now; none before it is ready."""
        told = self.status()
        return set(told.get("partities", ())) if told.get("gereed") else set()

    def counted(self) -> int:
        """Return how many messages it has counted since its start."""
        counters = self.status().get("tellers", {}).get("sinds_start", {})
        return int(counters.get("aanvaard", 0)) + int(counters.get("herhaald", 0))

    def end(self, number: int) -> int:
        """Send a signal that ends it; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


class Cluster:
    """Topics, messages, a database and any number of workers under names of their own."""

    def __init__(
        self, broker: str, bridge: Bridge, stream: Path, folder: Path, name: str, **more: str
    ) -> None:
        self.bridge = bridge
        self.stream = stream
        self.folder = folder
        self.truth: Truth = load_truth(stream / "truth.json")
        regios = {name: [code for code, _ in rows] for name, rows in self.truth.regios.items()}
        self.environment = os.environ | {
            "ZORGSTROOM_KAFKA__BROKERS": broker,
            "ZORGSTROOM_KAFKA__GROUP": name,
            "ZORGSTROOM_KAFKA__PREFIX": f"{name}-",
            "ZORGSTROOM_KAFKA__SESSION_SECONDS": "2",
            "ZORGSTROOM_KAFKA__BATCH": "200",
            "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
            "ZORGSTROOM_CLICKHOUSE__USER": bridge.user,
            "ZORGSTROOM_CLICKHOUSE__PASSWORD": bridge.password,
            "ZORGSTROOM_CLICKHOUSE__LONGEST_INSERT_SECONDS": "1",
            "ZORGSTROOM_PROTECTION__POLICY": "geen",
            "ZORGSTROOM_TODAY": self.truth.today.isoformat(),
            "ZORGSTROOM_REGIOS": json.dumps(regios),
            "ZORGSTROOM_TICK_SECONDS": "0.5",
            "ZORGSTROOM_PUBLICATION__JAREN": "1",
            "ZORGSTROOM_HTTP__PORT": "0",
            "ZORGSTROOM_KEY": KEY,
            **more,
        }
        self.settings = self._settings()
        self.workers: list[WorkerProcess] = []
        self._publication: ClickHousePublication | None = None
        self._pool = ThreadPoolExecutor(1)
        self._sending: Future[Produced] | None = None
        topics.carry_out(self.settings.kafka, topics.look(self.settings.kafka))

    def _settings(self) -> Settings:
        saved = dict(os.environ)
        os.environ.update(self.environment)
        try:
            return Settings()
        finally:
            os.environ.clear()
            os.environ.update(saved)

    def produce(self, paths: Sequence[Path] | None = None) -> int:
        """Send all messages of the stream, or those of `paths`; return how many."""
        chosen = paths if paths is not None else [self.stream / "berichten"]
        return produce_messages(self.settings, chosen, lambda _: None).messages

    def produce_slowly(self, seconds: float) -> int:
        """Begin to send all messages, spread over some `seconds`; return how many there are."""
        paths = [self.stream / "berichten"]
        total = sources.count(paths)
        done = itertools.count(1)

        def told(_: int) -> None:
            if next(done) % 50 == 0:
                time.sleep(seconds * 50 / total)

        self._sending = self._pool.submit(produce_messages, self.settings, paths, told)
        return total

    def sent(self) -> None:
        """Return when everything is sent that `produce_slowly` began."""
        if self._sending is not None:
            self._sending.result(PATIENCE)
            self._sending = None

    def start(self, module: str = "zorgstroom.stream.cli", **more: str) -> WorkerProcess:
        """Start one worker more; another `module` is one that does something wrong on purpose."""
        folder = self.folder / f"worker-{len(self.workers)}"
        made = WorkerProcess(self.environment | more, folder, module)
        self.workers.append(made)
        return made

    def behind(self) -> int:
        """Return how many records are still to be read."""
        return sum(one.achter for one in lag.measure(self.settings.kafka, datetime.now(UTC)))

    def read(self, seconds: float = PATIENCE) -> None:
        """Return when everything is read; asked seldom, since asking costs the broker a lot."""
        wait_until("all messages are read", lambda: self.behind() == 0, seconds, 0.5)

    @property
    def publication(self) -> ClickHousePublication:
        """The published figures."""
        if self._publication is None:
            self._publication = open_server(
                self.bridge.url,
                self.bridge.user,
                self.bridge.password,
                ca_file=self.settings.clickhouse.ca_file,
            )
        return self._publication

    def history(self, regio: str, below: int) -> set[tuple[str, int]]:
        """Return areas and versions in the history of `regio` whose epoch is under `below`."""
        areas = [regio, *(code for code, _ in self.truth.regios[regio])]
        rows = self._rows(
            "SELECT DISTINCT gebied, versie FROM publicatie.cijfers_historie "
            f"WHERE gebied IN {tuple(areas)} AND bitShiftRight(versie, 32) < {below}"
        )
        return {(str(gebied), int(versie)) for gebied, versie in rows}

    def epochs(self) -> dict[str, int]:
        """Return the highest epoch of each region."""
        rows = self._rows("SELECT gebied, max(epoch) FROM publicatie.eigenaren GROUP BY gebied")
        return {str(gebied): int(epoch) for gebied, epoch in rows}

    def _rows(self, query: str) -> Sequence[Any]:
        return self.publication._connection.rows(query)

    @property
    def moment(self) -> Moment:
        """When and how figures are published."""
        rules, today = self.settings.publication, self.truth.today
        policy = self.settings.protection.policy
        return Moment(today, rules.first(today), policy, rules.naloop_dagen)

    def check(self, seconds: float = PATIENCE) -> None:
        """Wait until everything is read and published; then every figure must be right."""
        self.sent()
        self.read(seconds)
        wrong: list[Any] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            wrong = self.differences()
            if not wrong:
                break
            time.sleep(0.3)
        told = [worker.status() for worker in self.workers]
        assert not wrong, f"{len(wrong)} figures are wrong, such as {wrong[:3]}; {told}"

    def differences(self) -> list[tuple[Cell, int | None, int | None]]:
        """Return the cells that policy `geen` publishes otherwise than `truth.json` has them."""
        columns = ", ".join(Cell._fields)
        # What is 0 is not mentioned in the truth; most of 1.7 million cells are.
        rows = self._rows(
            f"SELECT {columns}, waarde FROM publicatie.cijfers WHERE ifNull(waarde, 1) != 0"
        )
        got = {Cell(*row[:-1]): row[-1] for row in rows}
        want = exact_sums(self.truth, self.moment)
        assert len(want) > 1000, "this truth proves nothing"
        return [
            (cell, got.get(cell), want.get(cell))
            for cell in got.keys() | want.keys()
            if got.get(cell) != want.get(cell)
        ]

    def close(self) -> None:
        """End the workers at once, and remove the topics."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.end(signal.SIGKILL)
        if self._publication is not None:
            self._publication.close()
        self._pool.shutdown(cancel_futures=True)
        with admin(self.settings.kafka) as client:
            client.delete_topics(list(topics.wished(self.settings.kafka)))


@contextmanager
def cluster(broker: str, stream: Path, folder: Path, name: str, **more: str) -> Iterator[Cluster]:
    """Open a `Cluster` with a database of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_bridge() as bridge:
        made = Cluster(broker, bridge, stream, folder, name, **more)
        try:
            yield made
        finally:
            made.close()
