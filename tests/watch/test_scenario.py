"""
The whole chain: a real `serve`, Prometheus and Alertmanager, and two aanbieders that fail.

The rules are the shipped ones; only how long something must last is made short, but for the alert
about a process that is gone: this one is started again on purpose, for the calendar to go on.
"""

import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.watch import tools
from tests.watch.scene import BAD_UNTIL, END, QUIET_UNTIL, Letter, Scene, scene

pytestmark = [pytest.mark.prometheus, pytest.mark.embedded, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
BOARDS = [ROOT / f"deploy/grafana/dashboards/{name}.json" for name in ("operatie", "tijdigheid")]
EMPTY = {"zorgstroom_lost_messages", "zorgstroom_restarts_total"}
"""What tells of failures that do not happen here."""
EXPECTED = {"MeldingenTeLaat", "MeldingenTeLaatGemeente", "AanbiederStil"}
WITHIN = 120.0
"""Seconds in which an alert must be with whoever is to be woken up, after the figures tell it."""


class Pager:
    """Whoever is woken up: keeps what Alertmanager tells it."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pager.told += json.loads(body)["alerts"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def names(self, status: str) -> set[str]:
        return {one["labels"]["alertname"] for one in self.told if one["status"] == status}

    @contextmanager
    def listening(self) -> Iterator["Pager"]:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.server.shutdown()


class Chain:
    """The services, the folders, and the process that is started again for each act."""

    def __init__(self, folder: Path, play: Scene, pager: Pager) -> None:
        self.folder, self.play, self.pager = folder, play, pager
        self.port = tools.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.prometheus: tools.Prometheus

    def act(self, today: date, letters: Sequence[Letter]) -> None:
        """Go on with `today` as the date, take `letters` in, and wait until they are counted."""
        self.stop()
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        settings = {
            "ZORGSTROOM_TODAY": today.isoformat(),
            "ZORGSTROOM_HTTP__PORT": str(self.port),
            "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0",
            "ZORGSTROOM_INBOX__POLL_SECONDS": "0.2",
            "ZORGSTROOM_TIJDIGHEID__TICK_SECONDS": "0.5",
        }
        command = [sys.executable, "-m", "zorgstroom.stream.cli", "serve"]
        command += ["--data", str(self.folder / "data"), "--inbox", str(inbox)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={k: v for k, v in os.environ.items() if "ZORGSTROOM" not in k} | settings,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        tools.wait_until(self.ready, "serve is ready")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number, letter in enumerate(letters):
                archive.writestr(f"{number}.xml", letter.data)
        part = inbox / f"{today}.zip.part"
        part.write_bytes(packed.getvalue())
        part.rename(inbox / f"{today}.zip")
        tools.wait_until(
            lambda: self.taken() >= len(letters), f"the letters of {today} are counted"
        )
        tools.wait_until(self.ready, "serve has caught up")
        self.look_again(3)

    def ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)

    def taken(self) -> int:
        counters = tools.get(f"{self.url}/api/status")["tellers"]["sinds_start"]
        return sum(count for name, count in counters.items() if name != "identiteit_dubbel")

    def look_again(self, times: int) -> None:
        """Wait until the rules were evaluated so many times more, on figures of now."""
        for _ in range(times):
            self.wait_for_evaluation(time.time())

    def wait_for_evaluation(self, since: float) -> None:
        tools.wait_until(lambda: self.prometheus.evaluations() > since, "another evaluation")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(60) == 0
            self.process = None


def short(rules: dict[str, Any]) -> dict[str, Any]:
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "for" in rule and rule["alert"] != "ProcesWeg":
                rule["for"] = "2s"
    return rules


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    tools.need()
    pytest.importorskip("chdb")
    folder = tmp_path_factory.mktemp("keten")
    play = scene(14_000, seed=4)
    shipped = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
    (folder / "alerts.yml").write_text(yaml.safe_dump(short(shipped)), "utf-8")
    with ExitStack() as held:
        pager = held.enter_context(Pager().listening())
        routing = {
            "route": {
                "receiver": "pager",
                "group_by": ["alertname", "regio", "wet", "soort"],
                "group_wait": "1s",
                "group_interval": "1s",
            },
            "receivers": [
                {"name": "pager", "webhook_configs": [{"url": pager.url, "send_resolved": True}]}
            ],
        }
        address = held.enter_context(tools.alertmanager(folder, yaml.safe_dump(routing)))
        made = Chain(folder, play, pager)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [
                {
                    "job_name": "zorgstroom",
                    "static_configs": [{"targets": [f"127.0.0.1:{made.port}"]}],
                },
            ],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]},
        }
        made.prometheus = held.enter_context(tools.prometheus(folder, yaml.safe_dump(config)))
        try:
            yield made
        finally:
            made.stop()


def test_loading_two_years_of_history_fires_nothing(chain: Chain) -> None:
    chain.act(QUIET_UNTIL, chain.play.quiet)
    assert len(chain.play.quiet) > 12_000
    chain.look_again(4)
    assert chain.prometheus.alerts() == set()
    assert chain.pager.told == []


def panels() -> list[tuple[str, str]]:
    return [
        (f"{path.stem}: {panel['title']}", target["expr"].replace("$regio", "twente"))
        for path in BOARDS
        for panel in json.loads(path.read_text("utf-8"))["panels"]
        for target in panel.get("targets", [])
    ]


@pytest.mark.parametrize(("title", "expr"), panels(), ids=[f"{n}" for n in range(len(panels()))])
def test_a_panel_shows_something_of_the_real_process(chain: Chain, title: str, expr: str) -> None:
    found = chain.prometheus.query(expr)
    if not any(name in expr for name in EMPTY):
        assert found, title


def test_late_and_silent_aanbieders_are_told_of_and_nothing_else_is(chain: Chain) -> None:
    chain.act(BAD_UNTIL, chain.play.bad)
    begun = time.monotonic()
    tools.wait_until(lambda: chain.pager.names("firing") >= EXPECTED, "the pager is told", WITHIN)
    assert time.monotonic() - begun < WITHIN
    chain.look_again(4)
    assert chain.prometheus.alerts() == EXPECTED
    assert chain.pager.names("firing") == EXPECTED
    (regio,) = tools.get(f"{chain.url}/api/status")["aanbieders"]
    assert regio["stil"] == [chain.play.silent]


def test_they_resolve_when_the_aanbieders_report_again(chain: Chain) -> None:
    chain.act(END, chain.play.good)
    tools.wait_until(lambda: chain.pager.names("resolved") >= EXPECTED, "all is well", WITHIN)
    assert chain.prometheus.alerts() == set()
    assert chain.pager.names("firing") == EXPECTED
