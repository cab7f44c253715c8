import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stream.messages import archive, message, refused, traces, tree
from zorgstroom.aggregations.policy import Protection
from zorgstroom.aggregations.results import Emission
from zorgstroom.sinks.contract import Claim, Filter
from zorgstroom.sinks.errors import SinkRefusedError, SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream import engine as engines
from zorgstroom.stream.brake import RetentionHeldError
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.inbox import Inbox
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.service import Service
from zorgstroom.stream.settings import Inbox as Rules
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

SETTINGS = Settings(
    protection=Protection(policy="geen"),
    inbox=Rules(settle_seconds=0, patience_seconds=0),
)


class Places(MemoryPublication):
    """A publication that can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        self._fail()
        super().write(emission, claim)

    def last_version(self, regio: str, gebieden: Sequence[str]) -> int:
        self._fail()
        return super().last_version(regio, gebieden)

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


@dataclass
class Process:
    """A service that stands still between steps."""

    engine: Engine
    service: Service
    clock: ManualClock
    inbox: Path
    places: Places

    def drop(self, name: str, data: bytes) -> None:
        (self.inbox / name).write_bytes(data)

    def step(self, seconds: float = 5) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        self.service.step()

    def instroom(self) -> int | None:
        found = self.service.figures(
            Filter(
                gebied=("twente",),
                wet=("Wmo",),
                product_niveau=("totaal",),
                maat=("instroom",),
                periode_soort=("jaar",),
                periode_vanaf=datetime(2026, 1, 1, tzinfo=UTC).date(),
            ),
            historie=False,
        )
        return found[0].waarde if found else None


Start = Callable[[], Process]


def seconds(clock: ManualClock) -> float:
    return clock.moment.timestamp()


class _NoConnection:
    place = "het geheugen"

    def close(self) -> None:
        pass


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start (again) a process whose figures stay in memory."""
    places = Places()
    monkeypatch.setattr(engines, "connect", lambda *_: _NoConnection())
    monkeypatch.setattr(engines, "ClickHousePublication", lambda *_: places)
    opened: list[Engine] = []

    def begin() -> Process:
        while opened:
            opened.pop().close()
        clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
        # Timeliness rests by how long it took; a clock that stands still makes that no time.
        monkeypatch.setattr(engines, "perf_counter", lambda: seconds(clock))
        engine = Engine(SETTINGS, tmp_path / "data", clock)
        opened.append(engine)
        feed = Inbox(tmp_path / "inbox", SETTINGS.inbox, lambda: seconds(clock))
        return Process(engine, Service(engine, feed, 0.5), clock, tmp_path / "inbox", places)

    yield begin
    while opened:
        opened.pop().close()


def test_what_is_dropped_is_in_the_figures_after_a_step(start: Start) -> None:
    process = start()
    process.step()
    assert process.instroom() is None
    process.drop("a.xml", message(1))
    process.drop("b.zip", archive({"1.xml": message(2), "2.xml": message(1)}))
    process.step()
    assert process.instroom() == 2
    process.drop("c.xml", message(3))
    process.step(0)
    assert process.instroom() == 2, "not before the next tick"
    process.step(1)
    assert process.instroom() == 3


@pytest.mark.embedded
def test_figures_are_in_the_embedded_database(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    with Engine(SETTINGS, tmp_path / "data", clock) as engine:
        feed = Inbox(tmp_path / "inbox", SETTINGS.inbox, lambda: 0.0)
        process = Process(engine, Service(engine, feed, 0.5), clock, tmp_path / "inbox", Places())
        process.drop("a.xml", message(1))
        process.drop("b.xml", refused(2))
        process.step()
        assert process.instroom() == 1
        process.drop("c.xml", message(3))
        process.step()
        assert process.instroom() == 2
        assert traces([json.dumps(process.service.status()).encode()], range(4)) == []
    assert traces(tree(tmp_path / "data").values(), range(4)) == []


def test_after_midnight_in_amsterdam_everything_is_published_anew(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.clock.moment = datetime(2026, 3, 15, 22, 30, tzinfo=UTC)
    process.step()
    days = Filter(gebied=("twente",), wet=("Wmo",), periode_soort=("dag",), maat=("actief",))
    before = process.service.figures(days, historie=False)
    process.clock.moment = datetime(2026, 3, 15, 23, 0, 1, tzinfo=UTC)
    process.step(0)
    after = process.service.figures(days, historie=False)
    assert process.service.status()["vandaag"] == "2026-03-16"
    assert {figure.periode for figure in after} - {figure.periode for figure in before} == {
        datetime(2026, 3, 16, tzinfo=UTC).date()
    }


@pytest.mark.slow
def test_without_its_database_the_process_goes_on(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    process.places.failure = SinkUnavailableError("De database is weg.")
    for number in range(2, 5):
        process.drop(f"{number}.xml", message(number, gemeente="0153"))
        process.drop(f"elders-{number}.xml", message(number, gemeente="0363"))
        process.step(120)
    status = process.service.status()
    assert status["probleem"] == "De database is weg."
    assert status["dossiers"] == 7
    assert process.instroom() == 1
    assert sum("De database is weg." in text for text in caplog.messages) == 1, "said once"
    process.places.failure = None
    process.step(120)
    assert process.instroom() == 4
    assert process.service.status()["probleem"] is None
    elders = process.service.figures(Filter(gebied=("0363",), maat=("instroom",)), historie=False)
    assert {figure.waarde for figure in elders} == {0, 3}


def test_a_database_that_refuses_stops_the_process(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.places.failure = SinkRefusedError("Geen recht.")
    with pytest.raises(SinkRefusedError):
        process.step()


@pytest.mark.slow
def test_the_status_counts_since_the_start_and_since_ever(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.drop("b.xml", refused(2))
    process.step()
    process = start()
    process.drop("c.xml", message(3))
    process.drop("d.xml", message(1))
    process.drop("e.xml", refused(4))
    process.drop("notitie.txt", b"")
    process.step()
    status = json.loads(json.dumps(process.service.status()))
    rule = next(name for name in status["tellers"]["totaal"] if name.startswith("afgekeurd"))
    assert status["tellers"] == {
        "totaal": {"aanvaard": 2, "herhaald": 1, rule: 2},
        "sinds_start": {"aanvaard": 1, "herhaald": 1, rule: 1},
    }
    assert status["gestart_op"] == "2026-03-15T12:00:00.000+00:00"
    assert status["nu"] == status["stand_van"] == "2026-03-15T12:00:05.000+00:00"
    assert (status["beleid"], status["dossiers"], status["probleem"]) == ("geen", 2, None)
    assert status["inbox"] == {"map": str(process.inbox), "wachtend": 0, "genegeerd": 1}
    assert [refusal["pad"][-5:] for refusal in status["afgekeurd"]] == ["e.xml", "b.xml"]
    assert [region["regio"] for region in status["regios"]] == ["twente"]
    assert status["regios"][0]["laatste_emissie"] == status["nu"]
    assert status["regios"][0]["versie"] > 1 << 32
    assert traces([json.dumps(status).encode()], range(5)) == []


def test_signals_are_named(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.drop("b.xml", message(1).replace(b">B1<", b">B9<"))
    process.step()
    signals = process.service.status()["signalen"]
    assert signals == [
        {"code": "9074", "omschrijving": "Record dat er al was, opnieuw aangeleverd", "aantal": 1}
    ]


def test_retention_is_applied_once_a_day(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[str] = []

    def expire(engine: Engine) -> int:
        applied.append(engine.clock.today().isoformat())
        return 0

    monkeypatch.setattr(Engine, "expire", expire)
    process = start()
    for _ in range(3):
        process.step()
    process = start()
    process.step()
    for _ in range(3):
        process.step(18 * 3600)
    assert applied == ["2026-03-15", "2026-03-16", "2026-03-17"]


def test_retention_that_is_held_is_said_and_stops_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def expire(engine: Engine) -> int:
        raise RetentionHeldError("Dat zijn er te veel.")

    monkeypatch.setattr(Engine, "expire", expire)
    process = start()
    for _ in range(3):
        process.step()
    assert [record.message for record in caplog.records].count("Dat zijn er te veel.") == 1


def test_a_clock_that_is_not_believed_is_in_status_and_health(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.engine.clock_problem = "De klok is versprongen."
    process.step()
    process.step()
    status = process.service.status()
    assert status["probleem"] == "De klok is versprongen."
    assert not process.service.health().gereed
    assert not process.engine.publisher.last, "nothing was published"
    process.engine.clock_problem = None
    process.step()
    assert process.service.status()["probleem"] is None and process.engine.publisher.last


def test_the_loop_ends_after_the_batch_and_publishes_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start()
    stop = threading.Event()
    take_in = Engine.process

    def stopped(engine: Engine, inputs: Sequence[Input]) -> tuple[Tally, list[Refusal | None]]:
        stop.set()
        return take_in(engine, inputs)

    monkeypatch.setattr(Engine, "process", stopped)
    process.drop("a.xml", message(1))
    process.clock.moment += timedelta(seconds=5)
    process.service.run(stop)
    assert (process.inbox / "verwerkt/a.xml").exists()
    assert process.instroom() == 1


def test_the_loop_rests_only_when_there_is_nothing_to_do(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start()
    monkeypatch.setattr("zorgstroom.stream.processor.BATCH", 1)
    rests: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout or 0)
            self.set()
            return True

    for number in range(3):
        process.drop(f"{number}.xml", message(number))
    process.service.run(Stop())
    assert rests == [0.5]
    assert process.service.status()["dossiers"] == 3


def test_an_unforeseen_error_leaves_the_loop(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start()
    process.drop("a.xml", message(1))

    def fail(*_: object) -> None:
        raise KeyError("999000012")

    monkeypatch.setattr(Engine, "process", fail)
    with pytest.raises(KeyError):
        process.service.run(threading.Event())
    assert (process.inbox / "a.xml").exists()


def test_the_log_tells_counts_and_no_content(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    process = start()
    process.drop("a.xml", message(1))
    process.drop("b.xml", refused(2))
    process.step()
    assert "2 berichten: 1 aanvaard, 0 herhaald, 1 afgekeurd" in caplog.text
    assert traces([caplog.text.encode()], range(4)) == []
