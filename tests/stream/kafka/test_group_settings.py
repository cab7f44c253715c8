"""No command makes a key, and whoever differs from the group sends nothing and joins nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from deploy.local.kafka import Broker
from tests.cluster import WorkerProcess, wait_until
from tests.stream.messages import bsn
from zorgstroom.stream.cli import main
from zorgstroom.stream.kafka.client import consumer
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
Run = Callable[..., str]


@pytest.fixture
def kafka(broker: Broker) -> Kafka:
    name = f"samen-{uuid4().hex[:8]}"
    return Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)


@pytest.fixture
def environment(kafka: Kafka) -> dict[str, str]:
    return {
        "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
        "ZORGSTROOM_KAFKA__GROUP": kafka.group,
        "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
        "ZORGSTROOM_KAFKA__PARTITIONS": "2",
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "COLUMNS": "500",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def call(*arguments: object, code: int = 0, text: str = "", **more: str) -> str:
        names = [str(argument) for argument in arguments]
        result = CliRunner(env=environment | more).invoke(main, names, input=text)
        assert result.exit_code == code, result.output
        return result.output

    return call


@pytest.fixture
def beginstand(tmp_path: Path) -> Path:
    path = tmp_path / "beginstand.csv"
    head = "bsn,gemeente,wet,toewijzing,categorie,code,begindatum,geboortedatum,geslacht"
    path.write_text(f"{head}\n{bsn(1)},0153,Wmo,1,02,,2025-06-01,1950-01-01,1\n")
    return path


def written(kafka: Kafka) -> int:
    """How many events were ever sent."""
    from kafka import TopicPartition

    with consumer(kafka) as reader:
        places = [TopicPartition(kafka.gebeurtenissen, number) for number in range(2)]
        return sum(reader.end_offsets(places).values())


def test_without_a_key_nothing_is_sent_and_none_is_made(
    run: Run, kafka: Kafka, beginstand: Path, tmp_path: Path
) -> None:
    run("topics")
    data = tmp_path / "leeg"
    data.mkdir()
    for told in (
        run("produce", "--beginstand", beginstand, "--data", data, code=1),
        run("erase", "--kafka", "--data", data, text=bsn(1), code=1),
        run("topics", "--instellingen", "--data", data, code=1),
        run("worker", "--data", data, code=1),
    ):
        assert f"zorgstroom keys --data {data}" in told and "Traceback" not in told
    assert not list(data.iterdir()) and written(kafka) == 0


@pytest.mark.embedded
def test_who_differs_from_the_group_sends_and_joins_nothing_until_it_is_changed_on_purpose(
    run: Run, environment: dict[str, str], kafka: Kafka, beginstand: Path, tmp_path: Path
) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    run("keys", "--data", ours)
    run("keys", "--data", other)
    run("topics")
    run("produce", "--beginstand", beginstand, "--data", ours)
    worker = WorkerProcess(os.environ | environment, ours)
    try:
        wait_until("it is counted", lambda: worker.counted() == 1)
        sent = written(kafka)
        send = ("produce", "--beginstand", beginstand, "--data")
        assert "pseudoniemsleutel" in run(*send, other, code=1)
        assert "pseudoniemsleutel" in run("erase", "--kafka", "--data", other, text=bsn(1), code=1)
        west = {"ZORGSTROOM_REGIOS": '{"west": ["0344"], "oost": ["0153"]}'}
        assert "ZORGSTROOM_REGIOS" in run(*send, ours, code=1, **west)
        assert written(kafka) == sent
        later = {"ZORGSTROOM_TODAY": "2026-03-16"}
        settle = ("topics", "--instellingen", "--data")
        assert "1 worker(s)" in run(*settle, ours, code=1, **later)
        for more in (later, {"ZORGSTROOM_DEFINITIONS__START_UIT_STOP": "true"}):
            key = {"ZORGSTROOM_KEY_FILE": str(ours / "sleutel")}
            refused = WorkerProcess(os.environ | environment | more | key, tmp_path / "w")
            assert refused.process.wait(60) == 1
            assert next(iter(more)) in refused.log and "Traceback" not in refused.log
        assert worker.process.poll() is None
        assert worker.end(15) == 0, worker.log
        assert "ZORGSTROOM_TODAY is daar 2026-03-15" in run(*settle, ours, **later)
        assert "ZORGSTROOM_REGIOS" in run(*settle, ours, code=1, **west)
        assert "dubbel tellen" in run(*settle, other, code=1)
        former = WorkerProcess(os.environ | environment, ours)
        assert former.process.wait(60) == 1, "it works with the day of before"
        worker = WorkerProcess(os.environ | environment | later, ours)
        wait_until("it goes on", lambda: worker.status().get("dossiers") == 1)
    finally:
        if worker.process.poll() is None:
            worker.end(9)
