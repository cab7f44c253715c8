"""When a worker publishes: less often while it has to catch up, never on a clock that jumped."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.stream.worker.events import start
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.brake import ClockWatch
from zorgstroom.stream.clock import ManualClock, SystemClock
from zorgstroom.stream.kafka.wire import Bericht
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.worker import publishing as module
from zorgstroom.stream.worker.partition import Partition, Tables
from zorgstroom.stream.worker.publishing import Places, Publishing


def away() -> Places:
    raise SinkUnavailableError("weg")


def publishing(opened: Callable[[], Places] = away) -> Publishing:
    settings = Settings.model_validate({"protection": {"policy": "geen"}})
    public = PublicFigures(settings.protection)
    clock = SystemClock(date(2026, 3, 15))
    return Publishing(settings, public, clock, opened, 1, metrics=Metrics())


def test_the_rest_ends_when_it_has_caught_up_or_must_stop() -> None:
    async def run() -> None:
        made = publishing()
        answers = iter((True, True, False))
        made.is_behind = lambda: next(answers)
        begun = time.monotonic()
        await asyncio.wait_for(made._let_count(600), 60)
        assert next(answers, None) is None
        assert time.monotonic() - begun > 0.2, "it rested while it was behind"
        made.is_behind = lambda: True
        resting = asyncio.ensure_future(made._let_count(600))
        await asyncio.sleep(0)
        await made.close()
        await asyncio.wait_for(resting, 60)

    asyncio.run(run())


def test_a_database_that_is_away_is_told_and_ends_nothing() -> None:
    async def run() -> None:
        made = publishing()
        await made.step()
        assert made.problem == "weg"
        await made.close()

    asyncio.run(run())


def test_a_database_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_ANSWER", 0.2)
    answer = threading.Event()

    def silent() -> Places:
        answer.wait(60)
        raise SinkUnavailableError("weg")

    async def run() -> None:
        made = publishing(silent)
        step = asyncio.ensure_future(made.step())
        await asyncio.sleep(0.05)
        assert made.problem is None
        await asyncio.sleep(0.5)
        assert made.problem is not None and "antwoordt al" in made.problem
        answer.set()
        await step
        assert made.problem == "weg"

    asyncio.run(run())


def to_memory(clock: ManualClock, place: MemoryPublication, partitions: int = 1) -> Publishing:
    settings = Settings.model_validate({"protection": {"policy": "geen"}})
    return Publishing(
        settings,
        PublicFigures(settings.protection),
        clock,
        lambda: (place, None),
        partitions,
        metrics=Metrics(process=False),
    )


def take(partition: Partition, number: int, gemeente: str = "0153") -> None:
    events = (start(number, gemeente, begin=date(2026, 3, 1)),)
    told = Bericht(schema=2, sleutel="abc", ontvangen_ms=None, gebeurtenissen=events)
    partition.take(partition.step([told], "abc"))


def test_a_clock_that_jumps_publishes_nothing_and_is_told() -> None:
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    clock = ManualClock(now)
    place = MemoryPublication()
    made = to_memory(clock, place)
    jumped = timedelta()

    def passed() -> float:
        return (clock.moment - now - jumped).total_seconds()

    made._watch = ClockWatch(clock, passed)
    partition = Partition(0, Definitions(), Tables({}, {}))

    async def step() -> int | None:
        clock.moment += timedelta(minutes=1)
        await made.step()
        return place.last_version("0153", ["0153"])

    async def run() -> None:
        nonlocal jumped
        take(partition, 1)
        made.add(partition)
        first = await step()
        assert first and made.problem is None
        take(partition, 2)
        jumped = timedelta(days=3652)
        clock.moment += jumped
        assert await step() == first, "nothing was published ten years ahead"
        assert made.problem is not None and "De klok is versprongen" in made.problem
        clock.moment -= jumped
        jumped = timedelta()
        assert (await step() or 0) > first and made.problem is None
        await made.close()

    asyncio.run(run())


def test_what_one_partition_published_vouches_for_all_of_them() -> None:
    clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    place = MemoryPublication()
    partitions = [Partition(number, Definitions(), Tables({}, {})) for number in (0, 1)]

    async def run() -> None:
        former = to_memory(clock, place, 2)
        take(partitions[1], 1)
        former.add(partitions[1])
        await former.step()
        await former.close()
        # A start with a clock that is years ahead; its first partition never published anything.
        clock.moment += timedelta(days=3652)
        made = to_memory(clock, place, 2)
        made._watch = ClockWatch(clock, lambda: 0.0)
        take(partitions[0], 2, gemeente="1999")
        for partition in partitions:
            made.add(partition)
        await made.step()
        assert made.problem is not None and "De klok staat op 2036" in made.problem
        assert "1999" not in place.gebieden()
        await made.close()

    asyncio.run(run())


def test_the_latest_message_that_the_changelogs_hold_vouches_for_the_date() -> None:
    partition = Partition(0, Definitions(), Tables({}, {}))
    events = (start(1, begin=date(2026, 3, 1)),)
    told = Bericht(schema=2, sleutel="abc", ontvangen_ms=None, gebeurtenissen=events)
    made = partition.step([told], "abc")
    partition.take(made)
    again = Partition(0, Definitions(), Tables({}, {}))
    for _ in again.restore({k: v for k, v in made.dossiers.items() if v is not None}, {}):
        pass
    assert partition.latest == again.latest == date(2026, 3, 1).toordinal()


def test_a_region_that_a_stranger_took_is_claimed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_RETAKE", 0.3)
    clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    place = MemoryPublication()
    made = to_memory(clock, place)
    partition = Partition(0, Definitions(), Tables({}, {}))

    async def step() -> int:
        clock.moment += timedelta(minutes=1)
        await made.step()
        return place.last_version("0153", ["0153"])

    async def run() -> None:
        take(partition, 1)
        made.add(partition)
        first = await step()
        [name] = made.names()
        place.claim(name, "zombie", 0, clock.now())
        take(partition, 2)
        assert await step() == first and "Een ander proces" in (made.problem or "")
        assert await step() == first, "not at once: it may be the other's by now"
        await asyncio.sleep(0.4)
        assert await step() > first and made.problem is None
        took = [one.waarde for one in place.figures(Filter(maat=("instroom",)))]
        assert 2 in took, "what came in between is published too"
        await made.close()

    asyncio.run(run())
