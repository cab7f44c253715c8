"""The commands for Kafka on a real broker, from topics to a replay that is counted once."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from deploy.local.kafka import Broker
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import ACHTERNAAM, archive, bsn, message
from zorgstroom.stream.cli import main
from zorgstroom.stream.kafka import rejected, topics
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
Run = Callable[..., Any]


@pytest.fixture
def environment(broker: Broker) -> Iterator[dict[str, str]]:
    name = f"tools-{uuid4().hex[:8]}"
    yield {
        "ZORGSTROOM_KAFKA__BROKERS": broker.address,
        "ZORGSTROOM_KAFKA__GROUP": name,
        "ZORGSTROOM_KAFKA__PREFIX": f"{name}-",
        "ZORGSTROOM_KAFKA__PARTITIONS": "2",
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": "2026-03-15",
        "ZORGSTROOM_HTTP__PORT": "0",
        "ZORGSTROOM_KEY": KEY,
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def call(*arguments: str, code: int = 0, **more: str) -> Any:
        result = CliRunner(env=environment | more).invoke(main, arguments)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if "--json" in arguments else result.output

    return call


def kafka_of(environment: dict[str, str]) -> Kafka:
    return Kafka(
        brokers=environment["ZORGSTROOM_KAFKA__BROKERS"],
        group=environment["ZORGSTROOM_KAFKA__GROUP"],
        prefix=environment["ZORGSTROOM_KAFKA__PREFIX"],
        partitions=2,
    )


def broken(number: int) -> bytes:
    return message(number).replace(b">2026-01-05<", b">2026-13-05<")


def test_topics_are_made_checked_and_a_change_that_breaks_the_state_is_refused(
    run: Run, environment: dict[str, str]
) -> None:
    assert len(run("topics", "--check", "--json", code=1)["maken"]) == 6
    run("topics")
    assert "zoals zij horen" in run("topics", "--check")
    kafka = kafka_of(environment)
    with producer(kafka) as client:  # what nothing was ever written to may be made anew
        for name in topics.wished(kafka):
            client.send(name, b"x", key=b"x").get(30)
    told = run("topics", "--json", code=1, ZORGSTROOM_KAFKA__PARTITIONS="3")
    (reason,) = told["geweigerd"]
    assert "ZORGSTROOM_KAFKA__PARTITIONS op 2" in reason and told["uitbreiden"]
    assert not told["opnieuw_maken"]


def test_without_a_broker_the_text_says_what_to_do(run: Run) -> None:
    told = run("lag", code=1, ZORGSTROOM_KAFKA__BROKERS="127.0.0.1:1")
    assert "ZORGSTROOM_KAFKA__BROKERS" in told and "Traceback" not in told


@pytest.mark.embedded
def test_a_refused_message_is_listed_shown_and_offered_again_and_counted_once(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    run("topics")
    folder = tmp_path / "berichten"
    folder.mkdir()
    (folder / "a.xml").write_bytes(message(1))
    (folder / "b.xml").write_bytes(broken(2))
    (folder / "c.zip").write_bytes(archive({"d.xml": message(3), "e.xml": b"geen xml"}))
    (folder / "f.zip").write_bytes(b"PK\x03\x04 afgebroken")
    made = run("produce", str(folder), "--json", code=1)
    assert made["berichten"] == 4 and len(made["overgeslagen"]) == 1
    assert run("lag", "--json")["achter"] == 4
    worker = WorkerProcess(os.environ | environment, tmp_path / "data")
    try:
        wait_until("all is counted", lambda: worker.counted() == 2)
        wait_until("all is read", lambda: run("lag", "--json")["achter"] == 0)
        listed = {one["regel"]: one for one in run("rejected", "list", "--json")}
        assert len(listed) == 2
        hashes = [one["hash"] for one in listed.values()]
        for one in hashes:
            text = run("rejected", "show", one[:10])
            assert bsn(2) not in text and ACHTERNAAM not in text
        assert "geef meer tekens" in run("rejected", "replay", "", code=1)
        run("rejected", "replay", *hashes)
        (folder / "g.xml").write_bytes(message(4))
        run("produce", str(folder / "g.xml"), str(folder / "a.xml"))
        wait_until(
            "the replay is refused again",
            lambda: all(one["aantal"] == 2 for one in run("rejected", "list", "--json")),
        )
        wait_until("the repeat is known", lambda: worker.counted() == 4)
        assert worker.status()["dossiers"] == 3
        assert "Geen" not in run("rejected", "replay", "--all")
        assert run("rejected", "show", "ffffffffff", code=1)
    finally:
        worker.end(9)


@pytest.mark.embedded
def test_a_beginstand_is_counted_and_holds_no_bsn_on_the_topics(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    run("topics")
    table = tmp_path / "beginstand.csv"
    head = "bsn,gemeente,wet,toewijzing,categorie,code,begindatum,geboortedatum,geslacht"
    rows = [f"{bsn(n)},0153,Wmo,{n},02,,2025-06-0{n},1950-01-01,1" for n in range(1, 6)]
    table.write_text("\n".join([head, *rows, "123456789,0153,Wmo,1,02,,2025-06-01,1950-01-01,1"]))
    made = run("produce", "--beginstand", str(table), "--json", code=1)
    assert made["beginstand"] == 5 and len(made["overgeslagen"]) == 1
    worker = WorkerProcess(os.environ | environment, tmp_path / "data")
    try:
        wait_until("all rows are counted", lambda: worker.counted() == 5)
        assert worker.status()["dossiers"] == 5
        erased = CliRunner(env=environment).invoke(main, ["erase", "--kafka"], input=bsn(2))
        assert erased.exit_code == 0 and bsn(2) not in erased.output
        assert "1 dossier(s) gevonden" in erased.output
        wait_until("one is forgotten", lambda: worker.status()["dossiers"] == 4)
        again = CliRunner(env=environment).invoke(main, ["erase", "--kafka"], input=bsn(2))
        assert again.exit_code == 1 and "Geen dossier gevonden" in again.output
    finally:
        worker.end(9)


HOSTILE = (
    b"<a><!-- 999990019 --><Code>999990019</Code></a>",
    b'<a x="999990019"><Achternaam>Jansen</Achternaam><Code>Jansen</Code></a>',
    b"<a><Code>999990019",
    b"<_999990019><Code>JANSEN</Code></_999990019>",
    b"<a><Afzender>99999</Afzender><Bsn>999990019</Bsn><Begindatum>999990019</Begindatum></a>",
    b"\xff\xfe",
)


@pytest.mark.parametrize("data", HOSTILE)
def test_what_is_shown_of_a_message_holds_no_bsn_and_no_name(data: bytes) -> None:
    shown = "\n".join(rejected.outline(data))
    assert "99999001" not in shown and "jansen" not in shown.lower()
