"""On a broker that makes topics by itself nothing is made by asking, and what it made is mended."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.kafka import Broker
from tests.broker import need_kafka
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import bsn, message
from zorgstroom.stream.cli import main
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import admin
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    need_kafka()
    properties = {"auto.create.topics.enable": "true", "num.partitions": "1"}
    with Broker(tmp_path / "kafka", extra=properties) as running:
        yield Kafka(brokers=running.address, partitions=3)


def names(kafka: Kafka) -> set[str]:
    with admin(kafka) as client:
        return {name for name in client.list_topics() if not name.startswith("__")}


def test_no_command_and_no_worker_makes_a_topic_and_topics_of_the_wrong_size_are_made_anew(
    kafka: Kafka, tmp_path: Path
) -> None:
    environment = {
        "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
        "ZORGSTROOM_KAFKA__PARTITIONS": "3",
        "ZORGSTROOM_KAFKA__SESSION_SECONDS": "2",
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "ZORGSTROOM_KEY": KEY,
        "COLUMNS": "500",
    }
    file = tmp_path / "a.xml"
    file.write_bytes(message(1))

    def run(*arguments: str, code: int = 0, text: str = "") -> str:
        result = CliRunner(env=environment).invoke(main, arguments, input=text)
        assert result.exit_code == code, result.output
        return result.output

    for told in (
        run("produce", str(file), code=1),
        run("produce", "--beginstand", str(file), code=1),
        run("erase", "--kafka", code=1, text=bsn(1)),
        run("lag", code=1),
        run("rejected", "list", code=1),
        run("topics", "--check", code=1) + "zorgstroom topics",
    ):
        assert "zorgstroom topics" in told and "Traceback" not in told
    worker = WorkerProcess(os.environ | environment, tmp_path / "w")
    assert worker.process.wait(60) == 1
    assert "zorgstroom topics" in worker.log
    assert names(kafka) == set()

    with admin(kafka) as client:  # as another client's question makes them
        client.create_topics({name: {"num_partitions": 1} for name in topics.wished(kafka)})
    assert "gebeurtenissen: opnieuw maken, 3 partities" in run("topics")
    assert "zoals zij horen" in run("topics", "--check")

    worker = WorkerProcess(os.environ | environment, tmp_path / "w")
    try:
        run("produce", str(file))
        wait_until("it is counted", lambda: worker.counted() == 1)
        with admin(kafka) as client:
            client.delete_topics([kafka.berichten])
        wait_until("it is told", lambda: "zijn weg" in str(worker.status().get("probleem")))
        assert kafka.berichten not in names(kafka), "the worker's question made it"
        run("topics")
        run("produce", str(file))
        wait_until("it is read on", lambda: worker.counted() == 2)
    finally:
        worker.end(9)
