"""The broker without Docker, apart from its jars: it comes up, keeps its data, and goes."""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from deploy.local.kafka import JARS, PROTOCOLS, VERSION, Broker, BrokerError, java
from tests.broker import ExternalBroker, need_kafka

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "proef"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that these tests may stop and kill, in a folder with a difficult name."""
    need_kafka()
    with Broker(tmp_path_factory.mktemp("één broker")) as running:
        create(running.address)
        yield running


def create(address: str, **security: Any) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=address, **security)
    admin.create_topics(
        {TOPIC: {"num_partitions": 1, "replication_factor": 1, "configs": {}}},
        wait_for_metadata=True,
    )
    admin.close()


def produce(address: str, *values: bytes, **security: Any) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=address, **security)
    told = [producer.send(TOPIC, value) for value in values]
    for future in told:
        future.get(30)
    producer.close()


def consume(address: str, **security: Any) -> list[bytes]:
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(
        bootstrap_servers=address,
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
        **security,
    )
    place = TopicPartition(TOPIC, 0)
    consumer.assign([place])
    consumer.seek_to_beginning()
    end = consumer.end_offsets([place])[place]
    found = [next(consumer).value for _ in range(end)]
    consumer.close()
    return found


def ask(address: str) -> socket.socket:
    """Send an ApiVersions request, the first that any client sends."""
    host, port = address.split(":")
    made = socket.create_connection((host, int(port)), 30)
    made.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
    return made


@contextmanager
def python(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run Python in the project's folder, with what it prints; it ends with the test."""
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process, process.stdout
        finally:
            process.kill()


def is_gone(pid: int) -> bool:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([process], [], [], 30)
    os.close(process)
    return bool(ended)


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process listens, as the kernel writes them."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1].split(":")[0])
    return found


def test_the_list_of_jars_is_that_of_the_version() -> None:
    lines = [line for line in JARS.read_text("ascii").splitlines() if not line.startswith("#")]
    assert sum(line.startswith(f"org.apache.kafka:kafka_2.13:{VERSION} ") for line in lines) == 1
    for line in lines:
        name, digest = line.split()
        assert name.count(":") == 2 and len(bytes.fromhex(digest)) == 32
        assert not name.startswith("org.apache.kafka:") or name.endswith(f":{VERSION}")


@pytest.mark.parametrize(
    ("version", "said"), [("11.0.2", "is versie 11"), ("1.8.0_202", "versie 1")]
)
def test_an_old_java_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BrokerError, match=f"{said}.*deploy/local/install kafka"):
        java()


def test_without_java_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=r"Java 17 .* nodig\. .*deploy/local/install kafka"):
        java()


@pytest.mark.kafka
def test_without_jars_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_kafka()
    monkeypatch.setenv("ZORGSTROOM_TEST_KAFKA_JARS", str(tmp_path / "leeg"))
    with pytest.raises(BrokerError, match=r"deploy/local/kafka\.py fetch"):
        Broker(tmp_path / "broker").start()


@pytest.mark.kafka
def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    need_kafka()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"Poort {port} is al in gebruik"):
            Broker(tmp_path, port).start()


@pytest.mark.kafka
@pytest.mark.slow
def test_the_broker_of_the_session_answers(broker: Broker | ExternalBroker) -> None:
    with ask(broker.address) as asked:
        assert len(asked.recv(4)) == 4


@pytest.mark.kafka
@pytest.mark.slow
def test_it_listens_on_loopback_only(own: Broker) -> None:
    assert listening(own.pid) <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert listening(own.pid)


@pytest.mark.kafka
@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_a_restart_and_after_a_crash(own: Broker) -> None:
    address, sent = own.address, [b"%d" % number for number in range(500)]
    before = len(consume(address))
    produce(address, *sent[:200])
    own.stop()
    own.start()
    produce(address, *sent[200:])
    own.kill()
    own.start()
    assert own.address == address
    assert consume(address)[before:] == sent


@pytest.mark.kafka
@pytest.mark.slow
def test_a_second_start_is_refused_and_does_no_harm(own: Broker) -> None:
    with pytest.raises(BrokerError, match="draait al"):
        own.start()
    with ask(own.address) as asked:
        assert asked.recv(4)


@pytest.mark.kafka
@pytest.mark.slow
def test_a_paused_broker_is_silent_and_answers_later(own: Broker) -> None:
    own.pause()
    with ask(own.address) as asked:
        asked.settimeout(0.3)
        with pytest.raises(TimeoutError):
            asked.recv(4)
        own.resume()
        asked.settimeout(30)
        assert len(asked.recv(4)) == 4


@pytest.mark.kafka
@pytest.mark.slow
def test_a_paused_broker_stops_in_good_order_too(own: Broker) -> None:
    pid = own.pid
    own.pause()
    own.stop()
    assert is_gone(pid)
    assert (own.folder / "data" / ".kafka_cleanshutdown").exists()
    own.start()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    need_kafka()
    with Broker(tmp_path):
        pass
    other = Broker(tmp_path, extra={"node.id": "2"})
    with pytest.raises(BrokerError, match=r"(?s)startte niet.*kafka\.log.*node id 2"):
        other.start()
    other.stop()


@pytest.mark.kafka
@pytest.mark.slow
def test_more_properties_can_ask_for_a_password(tmp_path: Path) -> None:
    need_kafka()
    from kafka.errors import KafkaError

    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    users = 'user_zorg="kt-81"'
    extra = {
        "listener.security.protocol.map": PROTOCOLS.replace(
            "CLIENTS:PLAINTEXT", "CLIENTS:SASL_PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.clients.plain.sasl.jaas.config": f"{login} {users};",
    }
    security: dict[str, Any] = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "zorg",
        "sasl_plain_password": "kt-81",
    }
    with Broker(tmp_path, extra=extra) as guarded:
        create(guarded.address, **security)
        produce(guarded.address, b"1", **security)
        assert consume(guarded.address, **security) == [b"1"]
        wrong = {**security, "sasl_plain_password": "mis", "bootstrap_timeout_ms": 2000}
        with pytest.raises(KafkaError):
            produce(guarded.address, b"2", **wrong)
        assert consume(guarded.address, **security) == [b"1"]


STARTER = """
import concurrent.futures, pathlib, signal, sys
from deploy.local.kafka import Broker
with concurrent.futures.ThreadPoolExecutor(1) as threads:  # its thread ends, the broker stays
    broker = threads.submit(Broker(pathlib.Path(sys.argv[1])).start).result()
print(broker.pid, broker.address, flush=True)
signal.pause()
"""


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part in it is Linux's")
def test_no_broker_is_left_when_its_parent_is_killed(tmp_path: Path) -> None:
    need_kafka()
    with python("-c", STARTER, str(tmp_path)) as (parent, printed):
        pid, address = printed.readline().split()
        with ask(address) as asked:
            assert asked.recv(4)
        parent.kill()
        assert is_gone(int(pid))


@pytest.mark.kafka
@pytest.mark.slow
def test_the_command_runs_one_until_it_is_interrupted(tmp_path: Path) -> None:
    need_kafka()
    command = ["deploy/local/kafka.py", "run", "--port", "0", "--data", str(tmp_path)]
    with python(*command) as (running, printed):
        address = printed.readline().split(" luistert op ")[1].split(";")[0]
        with ask(address) as asked:
            assert asked.recv(4)
        running.send_signal(signal.SIGINT)
        rest = printed.read()
        assert running.wait(40) == 0
    assert f"ZORGSTROOM_KAFKA__BROKERS={address}" in rest
    with pytest.raises(ConnectionRefusedError):
        ask(address)
