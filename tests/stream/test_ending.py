"""SIGTERM ends every process in time, also at the worst moments."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.bridge import running_bridge
from tests.broker import need_kafka
from tests.cluster import KEY, wait_until
from tests.stream.messages import archive, message
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.settings import Kafka

IN_TIME = 30.0
STUBBORN = """
import sys, threading, time
from zorgstroom.stream import ending

ending.LONGEST, ending._REST = 1, 1
{setting}
ending.end_on_signals(lambda number: {ask})
print("ready", flush=True)
{work}
"""
WAITING = "while True: time.sleep(0.1)"


def end(process: subprocess.Popen[bytes], within: float = IN_TIME) -> int:
    """Send SIGTERM; return the exit code, if it ends `within` so many seconds."""
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    try:
        return process.wait(within)
    finally:
        process.kill()
        process.wait()
        assert time.monotonic() - begun < within


@contextmanager
def program(
    command: list[str], log: Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], bool]]]:
    """Start `zorgstroom`; yield it and a look whether its output has a text."""
    settings = {
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "ZORGSTROOM_KEY": KEY,
        "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0",
        "COLUMNS": "300",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "zorgstroom.stream.cli", *command],
            env=os.environ | settings | environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield process, lambda text: text in log.read_text(errors="replace")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("ask", "code"), [("None", 0), ("sum(range(10**15))", -signal.SIGALRM)])
def test_whatever_does_not_end_by_itself_is_ended(ask: str, code: int) -> None:
    # The second one is a call into C that lasts for weeks, in which no thread gets its turn.
    source = STUBBORN.format(setting="", ask=ask, work=WAITING)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert end(process, 20) == code


def test_a_second_signal_ends_it_at_once() -> None:
    source = STUBBORN.format(setting="ending.LONGEST = 60", ask="None", work=WAITING)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        assert end(process, 5) == -signal.SIGTERM


@pytest.mark.slow
@pytest.mark.embedded
def test_serve_amid_its_first_load(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(6000):
        (inbox / f"{number}.xml").write_bytes(message(number))
    command = ["serve", "--data", str(tmp_path / "data"), "--inbox", str(inbox)]
    with program(command, tmp_path / "log") as (process, says):
        wait_until("it takes in", lambda: says("aanvaard"))
        assert end(process) == 0


@pytest.mark.slow
@pytest.mark.embedded
def test_serve_amid_a_large_zip(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "veel.zip").write_bytes(archive((f"{n}.xml", message(n)) for n in range(20_000)))
    command = ["serve", "--data", str(tmp_path / "data"), "--inbox", str(inbox)]
    with program(command, tmp_path / "log") as (process, says):
        wait_until("it takes in", lambda: says("aanvaard"))
        assert end(process) == 0


@pytest.mark.slow
@pytest.mark.embedded
def test_serve_whose_database_hangs(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    command = ["serve", "--data", str(tmp_path / "data"), "--inbox", str(inbox)]
    with running_bridge() as bridge:
        server = {
            "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
            "ZORGSTROOM_CLICKHOUSE__USER": bridge.user,
            "ZORGSTROOM_CLICKHOUSE__PASSWORD": bridge.password,
        }
        with program(command, tmp_path / "log", **server) as (process, says):
            wait_until("it has begun", lambda: says("Gestart op"))
            bridge.fail(1_000_000, "slow600")
            (inbox / "1.xml").write_bytes(message(1))
            wait_until("it takes in", lambda: says("aanvaard"))
            assert end(process) == 0


@pytest.mark.slow
@pytest.mark.embedded
def test_ingest_amid_a_large_zip(tmp_path: Path) -> None:
    (tmp_path / "veel.zip").write_bytes(archive((f"{n}.xml", message(n)) for n in range(20_000)))
    data = tmp_path / "data"
    command = ["ingest", "--data", str(data), str(tmp_path / "veel.zip")]
    with program(command, tmp_path / "log") as (process, _):
        wait_until("it has begun", (data / "dossiers.sqlite").exists)
        time.sleep(3)
        assert end(process) in {0, -signal.SIGTERM, 143}


@pytest.mark.slow
@pytest.mark.embedded
def test_a_demo(tmp_path: Path) -> None:
    command = ["demo", "--data", str(tmp_path / "data"), "--speed", "86400"]
    with program(command, tmp_path / "log") as (process, _):
        time.sleep(8)
        assert end(process) in {0, -signal.SIGTERM}


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.embedded
@pytest.mark.parametrize("moment", ["rebuild", "broker away"])
def test_a_worker(moment: str, tmp_path: Path) -> None:
    need_kafka()
    name = f"einde-{uuid4().hex[:8]}"
    with Broker(tmp_path / "kafka") as broker:
        kafka = Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)
        topics.carry_out(kafka, topics.look(kafka))
        with producer(kafka) as client:
            for number in range(20_000):
                client.send(kafka.berichten, message(number))
        environment = {
            "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
            "ZORGSTROOM_KAFKA__GROUP": kafka.group,
            "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
            "ZORGSTROOM_PROTECTION__POLICY": "geen",
        }
        command = ["worker", "--data", str(tmp_path / "data")]
        with program(command, tmp_path / "log", **environment) as (process, says):
            wait_until("it has its partitions", lambda: says("dossiers gelezen"))
            time.sleep(5)
            if moment == "broker away":
                broker.pause()
                time.sleep(1)
            assert end(process) == 0
            if moment == "broker away":
                broker.resume()
        if moment == "rebuild":
            with program(command, tmp_path / "log", **environment) as (process, says):
                wait_until("it reads", lambda: says("Partities:"))
                assert end(process) == 0
