"""Workers on brokers as administrators run them: compressed, cleaned up, made anew, grown."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local.kafka import Broker
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import message
from tests.stream.worker.events import start as event
from zorgstroom.aggregations.dossier import Dossier, add, dump
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.cli import main
from zorgstroom.stream.kafka import rejected, topics
from zorgstroom.stream.kafka.client import admin, producer
from zorgstroom.stream.kafka.wire import pack, pack_wis
from zorgstroom.stream.settings import Kafka
from zorgstroom.stream.worker.reading import find_damage, read_changelogs

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
SLEUTEL = PseudonymKey.from_text(KEY).fingerprint
SOON = 20.0
"""Seconds; a client of Kafka looks at its topics every five minutes by default."""


@pytest.fixture
def kafka(broker: Broker) -> Kafka:
    name = f"broker-{uuid4().hex[:8]}"
    made = Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)
    topics.carry_out(made, topics.look(made))
    return made


@pytest.fixture
def environment(kafka: Kafka) -> dict[str, str]:
    return {
        "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
        "ZORGSTROOM_KAFKA__GROUP": kafka.group,
        "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
        "ZORGSTROOM_KAFKA__PARTITIONS": str(kafka.partitions),
        "ZORGSTROOM_KAFKA__SESSION_SECONDS": "2",
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "ZORGSTROOM_KEY": KEY,
    }


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], WorkerProcess]]:
    begun: list[WorkerProcess] = []

    def begin() -> WorkerProcess:
        begun.append(WorkerProcess(os.environ | environment, tmp_path / uuid4().hex))
        return begun[-1]

    yield begin
    for worker in begun:
        if worker.process.poll() is None:
            worker.end(9)


Start = Callable[[], WorkerProcess]


def command(environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    result = CliRunner(env=environment | {"COLUMNS": "500"}).invoke(main, arguments)
    assert result.exit_code == code, result.output
    return result.output


def send(kafka: Kafka, *numbers: int) -> None:
    with producer(kafka) as client:
        for number in numbers:
            client.send(kafka.berichten, message(number), partition=0)


def health(worker: WorkerProcess) -> dict[str, str]:
    """What is not well, by part; `begin` before it answers."""
    lines = [line for line in worker.log.splitlines() if "Gestart op" in line]
    if not lines:
        return {"begin": ""}
    try:
        with urllib.request.urlopen(f"{lines[-1].split()[-1]}/health/ready", timeout=5) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        told = json.load(error)
    except OSError:
        return {"begin": ""}
    return {part["onderdeel"]: part["reden"] for part in told["onderdelen"] if not part["goed"]}


def refusals(kafka: Kafka) -> list[str]:
    return sorted(one.reden["regel"] for one in rejected.listed(kafka))


def test_compressed_batches_are_read_by_worker_and_tools_from_every_topic(
    kafka: Kafka, environment: dict[str, str], start: Start
) -> None:
    codecs = itertools.cycle(("zstd", "lz4", "snappy"))
    with admin(kafka) as client:
        for name in set(topics.wished(kafka)) - {kafka.berichten}:  # compressed by the broker
            configs = {"compression.type": next(codecs)}
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)])
    limits: dict[str, Any] = {"max_request_size": 8_000_000, "linger_ms": 100}
    larges = []
    for number, codec in enumerate(("zstd", "lz4", "snappy", "gzip")):
        larges.append(b"<x>" + b"q" * 3_000_000 + codec.encode() + b"</x>")
        sender = KafkaProducer(bootstrap_servers=kafka.brokers, compression_type=codec, **limits)
        for data in (message(2 * number + 1), message(2 * number + 2), larges[-1]):
            sender.send(kafka.berichten, data)
        sender.close()
    assert json.loads(command(environment, "lag", "--json"))["achter"] == 12
    worker = start()
    wait_until("all is counted", lambda: worker.counted() == 8)
    wait_until("the others are refused", lambda: len(rejected.listed(kafka)) == 4)
    hashes = [one.hash for one in rejected.listed(kafka)]
    assert sorted(rejected.contents(kafka, hashes).values()) == sorted(larges)
    assert worker.end(15) == 0, worker.log
    again = start()
    wait_until("the changelogs are read", lambda: again.status().get("dossiers") == 8)


def test_a_library_that_is_missing_is_named_by_worker_and_tools(
    kafka: Kafka, environment: dict[str, str], tmp_path: Path
) -> None:
    with admin(kafka) as client:
        configs = {"compression.type": "lz4"}
        resource = ConfigResource(ConfigResourceType.TOPIC, kafka.berichten, configs=configs)
        client.alter_configs([resource])
    send(kafka, 1)
    for name in ("cramjam", "snappy", "zstandard", "lz4"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    more = os.environ | environment | path
    worker = WorkerProcess(more, tmp_path / "w")
    try:
        wait_until("it is told", lambda: "Installeer cramjam" in worker.log)
    finally:
        worker.end(9)
    asked = subprocess.run(
        [sys.executable, "-m", "zorgstroom.stream.cli", "lag"],
        env=more,
        check=False,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 1 and "Installeer" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_records_that_fit_no_key_or_partition_are_put_aside_and_stop_no_worker(
    kafka: Kafka, environment: dict[str, str], start: Start
) -> None:
    worker = start()
    send(kafka, 1)
    wait_until("one is counted", lambda: worker.counted() == 1)
    wis = "0153" + "a" * 32
    with producer(kafka) as client:
        for partition, (key, value) in (
            (1, pack([event(1)], SLEUTEL, None)),  # Twente stands in partition 0
            (0, pack([event(2)], "een-andere", None)),
            (1, pack_wis(wis, SLEUTEL)),
            (0, pack_wis(wis, "een-andere")),
            (0, (b"x", b"geen gebeurtenis")),
        ):
            client.send(kafka.gebeurtenissen, value, key=key, partition=partition)
    expected = ["partitie", "partitie", "programma", "sleutel", "sleutel"]
    wait_until("all are put aside", lambda: refusals(kafka) == expected)
    send(kafka, 2)
    wait_until("the next is counted", lambda: worker.counted() == 2)
    assert worker.process.poll() is None
    assert worker.end(15) == 0, worker.log
    again = start()
    wait_until("it starts again", lambda: again.status().get("dossiers") == 2)
    command(environment, "rejected", "replay", "--all")
    told = command(environment, "rejected", "replay", rejected.listed(kafka)[0].hash, code=1)
    assert "kan niet opnieuw worden aangeboden" in " ".join(told.split())
    assert refusals(kafka) == expected


def count_one(kafka: Kafka, worker: WorkerProcess) -> None:
    send(kafka, 1)
    wait_until("one is counted", lambda: worker.counted() == 1)
    assert worker.status()["dossiers"] == 1
    assert worker.end(15) == 0, worker.log


def test_a_dossier_that_went_astray_into_the_changelog_is_put_aside_once(
    kafka: Kafka, start: Start
) -> None:
    astray = dump(add(Dossier(), [event(7)]).dossier)
    key = ("0153" + event(7).client).encode()
    with producer(kafka) as client:
        client.send(kafka.dossiers, astray, key=key, partition=1).get(30)
    count_one(kafka, start())
    count_one(kafka, start())
    (refused,) = rejected.listed(kafka)
    assert refused.reden["regel"] == "partitie" and refused.aantal == 1
    assert refused.bron == f"{kafka.dossiers}/1/0"
    assert rejected.contents(kafka, [refused.hash]) == {refused.hash: astray}
    (dossiers, _) = asyncio.run(read_changelogs(kafka, [1]))[1]
    assert dossiers == {}


def spoiled(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


def leave(kafka: Kafka, number: int, stored: bytes) -> None:
    """Leave a dossier in the changelog."""
    with producer(kafka) as client:
        key = ("0153" + event(number).client).encode()
        client.send(kafka.dossiers, stored, key=key, partition=0).get(30)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoiled, "controlesom"),
        (lambda _: dump(Dossier(7, ())), "vorm 7"),
        (lambda _: b"onzin", "onleesbaar"),
    ],
)
def test_what_cannot_be_read_in_a_changelog_is_found_unless_it_was_written_over(
    kafka: Kafka, spoil: Callable[[bytes], bytes], told: str
) -> None:
    good = dump(add(Dossier(), [event(1)]).dossier)
    leave(kafka, 1, good)
    assert asyncio.run(find_damage(kafka, 0)) is None
    leave(kafka, 1, spoil(good))
    found = str(asyncio.run(find_damage(kafka, 0)))
    assert f"Topic {kafka.dossiers}, partitie 0, offset 1:" in found and told in found
    leave(kafka, 1, good)
    assert asyncio.run(find_damage(kafka, 0)) is None


def test_a_worker_ends_and_names_the_place_of_a_dossier_that_it_cannot_read(
    kafka: Kafka, start: Start
) -> None:
    for number, change in ((1, bytes), (2, spoiled)):
        leave(kafka, number, change(dump(add(Dossier(), [event(number)]).dossier)))
    worker = start()
    assert worker.process.wait(60) == 1
    log = " ".join(worker.log.split())
    assert f"Topic {kafka.dossiers}, partitie 0, offset 1:" in log and "controlesom" in log
    assert "Traceback" not in log and event(2).client not in log


def test_messages_that_are_gone_before_they_are_read_are_told_until_it_is_acknowledged(
    kafka: Kafka, environment: dict[str, str], start: Start
) -> None:
    first = start()
    send(kafka, *range(1, 10))
    wait_until("nine are counted", lambda: first.counted() == 9)
    assert first.end(15) == 0, first.log
    send(kafka, *range(10, 16))
    with admin(kafka) as client:
        client.delete_records({TopicPartition(kafka.berichten, 0): 12})
    before = json.loads(command(environment, "lag", "--json"))
    assert [row["verloren"] for row in before["partities"] if row["verloren"]] == [3]
    worker = start()
    wait_until("what is left is counted", lambda: worker.counted() == 3)
    wait_until("it is told", lambda: set(health(worker)) == {"verlies"})
    assert "9 t/m 11" in health(worker)["verlies"] and "9 t/m 11" in worker.log
    status = worker.status()
    assert not status["gereed"] and "9 t/m 11" in status["probleem"]
    assert [(loss["van"], loss["tot"]) for loss in status["verloren"]] == [(9, 12)]
    assert 'zorgstroom_lost_messages{partition="0"' in metrics(worker)
    assert "9 t/m 11" in command(environment, "lag")
    assert worker.end(15) == 0, worker.log
    again = start()
    wait_until("it is still told after a restart", lambda: set(health(again)) == {"verlies"})
    assert "Bevestigd" in command(environment, "lag", "--gezien")
    wait_until("it is ready", lambda: health(again) == {}, SOON)
    assert 'zorgstroom_lost_messages{partition="0"' not in metrics(again)
    assert json.loads(command(environment, "lag", "--json"))["verloren"] == []


def test_messages_that_go_under_a_running_worker_are_told_and_a_shorter_topic_is_read_anew(
    kafka: Kafka, environment: dict[str, str], start: Start
) -> None:
    worker = start()
    send(kafka, 1, 2)
    wait_until("two are counted", lambda: worker.counted() == 2)
    worker.process.send_signal(signal.SIGSTOP)
    send(kafka, *range(3, 9))
    with admin(kafka) as client:
        client.delete_records({TopicPartition(kafka.berichten, 0): 5})
    worker.process.send_signal(signal.SIGCONT)
    wait_until("what is left is counted", lambda: worker.counted() == 5)
    wait_until("it is told", lambda: "2 t/m 4" in health(worker).get("verlies", ""))
    command(environment, "lag", "--gezien")
    wait_until("it is ready", lambda: health(worker) == {}, SOON)
    worker.process.send_signal(signal.SIGSTOP)
    with admin(kafka) as client:
        client.delete_topics([kafka.berichten])
    wait_until("it is gone", lambda: kafka.berichten in topics.look(kafka).create)
    command(environment, "topics")
    send(kafka, 8, 9)
    worker.process.send_signal(signal.SIGCONT)
    wait_until("the new topic is read from its beginning", lambda: worker.counted() == 7)
    assert worker.status()["dossiers"] == 6


def metrics(worker: WorkerProcess) -> str:
    url = next(line for line in worker.log.splitlines() if "Gestart op" in line).split()[-1]
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_messages_of_weeks_ago_by_their_own_clock_are_kept_and_counted(
    kafka: Kafka, start: Start
) -> None:
    with producer(kafka) as client:
        for number in range(3):
            sent = client.send(kafka.berichten, message(number + 1), timestamp_ms=1_600_000_000_000)
            assert sent.get(30).timestamp > 1_700_000_000_000, "the broker's own time was not used"
    worker = start()
    wait_until("all are counted", lambda: worker.counted() == 3)


def test_topics_that_are_deleted_made_anew_and_grown_are_noticed_within_seconds(
    kafka: Kafka, environment: dict[str, str], start: Start
) -> None:
    worker = start()
    send(kafka, 1, 2, 3)
    wait_until("all is counted", lambda: worker.counted() == 3)
    with admin(kafka) as client:
        client.delete_topics([kafka.berichten])
    wait_until("it is told", lambda: kafka.berichten in health(worker).get("topics", ""), SOON)
    assert kafka.berichten in str(worker.status()["probleem"]) and kafka.berichten in worker.log
    command(environment, "topics")
    send(kafka, 3, 4)
    wait_until("the new topic is read from its beginning", lambda: worker.counted() == 5, SOON)
    wait_until("it is ready", lambda: health(worker) == {}, SOON)
    with admin(kafka) as client:
        client.create_partitions({kafka.berichten: 3})
        client.describe_topics([kafka.berichten])
    with producer(kafka) as client:
        client.send(kafka.berichten, message(5), partition=2).get(30)
    wait_until("the new partition is read", lambda: worker.counted() == 6, SOON)
    with admin(kafka) as client:
        client.create_partitions({kafka.gebeurtenissen: 3})
    told = f"{kafka.gebeurtenissen} 3"
    wait_until("it is told", lambda: told in health(worker).get("topics", ""), SOON)
    advice = command(environment, "topics", "--check", code=1)
    assert told in advice and "ZORGSTROOM_KAFKA__GROUP" in advice
