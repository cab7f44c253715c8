"""A `serve` that is killed at any moment, again and again: nothing lost, nothing counted twice."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.stream.messages import archive, tree
from zorgstroom.stream import client
from zorgstroom.stream.address import Address
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
KILLS = int(os.environ.get("ZORGSTROOM_TEST_KILLS", "4"))
SERVE = """
import logging, os, signal, sys, threading
from pathlib import Path
from zorgstroom.stream import processor
from zorgstroom.stream.serve import serve
from zorgstroom.stream.settings import Settings

logging.basicConfig(level=logging.INFO)
processor.BATCH = 20
data, inbox, moment, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
death = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
death.daemon = True
if moment == "start":
    death.start()
sys.exit(serve(Settings(), data, inbox, ready=lambda _: moment == "ready" and death.start()))
"""
SETTINGS = {
    "ZORGSTROOM_TODAY": "2026-03-15",
    "ZORGSTROOM_PROTECTION__POLICY": "geen",
    "ZORGSTROOM_TICK_SECONDS": "0.05",
    "ZORGSTROOM_HTTP__PORT": "0",
    "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0",
    "ZORGSTROOM_INBOX__PATIENCE_SECONDS": "0",
    "ZORGSTROOM_INBOX__POLL_SECONDS": "0.05",
}
QUESTIONS = (
    {"gebied": "twente", "periode_soort": "maand,jaar"},
    {"product_niveau": "totaal", "periode_soort": "maand"},
)


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    figures: list[dict[str, object]]
    status: dict[str, object]
    files: dict[str, bytes]
    log: str


def start(folder: Path, moment: str = "never", seconds: float = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            SERVE,
            str(folder / "data"),
            str(folder / "in"),
            moment,
            f"{seconds}",
        ],
        env={k: v for k, v in os.environ.items() if "ZORGSTROOM" not in k} | SETTINGS,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path) -> Outcome:
    """Run undisturbed until nothing waits and everything is published."""
    process = start(folder)
    try:
        while (found := client.running(folder / "data")) is None:
            assert process.poll() is None, process.communicate()
        rests = 0
        while any((folder / "in").glob("*.*")):
            rest(process)
            rests += 1
            assert rests < 2400, "the inbox does not become empty"
        seen = {client.fetch_status(found)["stand_van"]}
        while len(seen) < 4:
            rest(process)
            seen.add(client.fetch_status(found)["stand_van"])
        status = client.fetch_status(found)
        figures = [row for asked in QUESTIONS for row in rows(found, asked)]
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate()
    assert process.returncode == 0, log
    return Outcome(figures, status, tree(folder / "in"), log)


def rest(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(process.communicate())


def rows(process: Address, asked: dict[str, str]) -> list[dict[str, object]]:
    answer = client.fetch_figures(process, asked)
    assert answer["afgekapt"] is False
    found = answer["cijfers"]
    assert isinstance(found, list)
    for row in found:
        del row["versie"], row["bijgewerkt_op"]
    return found


def fill(inbox: Path, messages: list[bytes]) -> None:
    inbox.mkdir(parents=True)
    for number, data in enumerate(messages[:-120]):
        (inbox / f"{number:04}.xml").write_bytes(data)
    for number in range(3):
        part = messages[len(messages) - 120 + number * 40 :][:40]
        members = {f"lid/{place}.xml": data for place, data in enumerate(part)}
        (inbox / f"lading{number}.zip").write_bytes(archive(members))


def test_kills_change_nothing(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    number = 400 + 60 * KILLS  # enough for every kill to find work
    simulation = generate(Params(today=date(2026, 3, 15), seed=7, messages=number), None)
    messages = [delivery.inhoud for delivery in simulation.deliveries()]
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        fill(folder / "in", messages)
    dropped = tree(calm / "in")
    undisturbed = finish(calm)

    chance = random.Random(20260315)
    logs = []
    for number in range(KILLS):
        moment, most = ("start", 1.5) if number % 4 == 3 else ("ready", 0.6)
        process = start(rough, moment, chance.uniform(0.0, most))
        _, log = process.communicate()
        assert process.returncode == -signal.SIGKILL, log
        logs.append(log)
    left = len(list((rough / "in").glob("*.*")))
    assert left < len(dropped), "the kills did not all come before the first batch"
    killed = finish(rough)

    assert killed.figures == undisturbed.figures
    assert {row["waarde"] for row in killed.figures} > {0, 1, 2}
    assert killed.files.keys() == undisturbed.files.keys(), "nothing left behind, nothing lost"
    moved = Counter(name.rpartition("/")[2] for name in killed.files if name.count("/") == 1)
    assert {name for name in moved if not name.endswith(".reden.json")} == dropped.keys()
    assert all(count == 1 for count in moved.values())
    for name, data in dropped.items():
        assert data in {killed.files.get(f"verwerkt/{name}"), killed.files.get(f"afgekeurd/{name}")}
    ever = [totals(outcome) for outcome in (undisturbed, killed)]
    repeats = {name: ever[1].pop(name, 0) - ever[0].pop(name, 0) for name in REPEATS}
    assert ever[0] == ever[1], "each is counted once"
    assert all(0 <= count <= 20 * KILLS for count in repeats.values()), "a batch for each kill"
    assert undisturbed.status["dossiers"] == killed.status["dossiers"]
    bsns = {bsn.decode() for data in messages for bsn in find_bsns(data)}
    for text in (*logs, killed.log, json.dumps(killed.status)):
        assert not [bsn for bsn in bsns if bsn in text]


REPEATS = ("herhaald", "afgekeurd_herhaald")


def totals(outcome: Outcome) -> Counter[str]:
    counters = outcome.status["tellers"]
    assert isinstance(counters, dict)
    return Counter(counters["totaal"])


def find_bsns(data: bytes) -> list[bytes]:
    found = data.split(b"Bsn>")[1:2]
    return [part.partition(b"<")[0] for part in found if part[:9].isdigit()]
