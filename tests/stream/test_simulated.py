from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from zorgstroom.stream.generator.run import Delivery
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.simulated import SimulatedClock, SimulatedFeed
from zorgstroom.stream.sources import Input

BEGIN = datetime(2026, 3, 2, 7, tzinfo=UTC)


class Seconds:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def clock_at(moment: datetime, seconds: Seconds) -> SimulatedClock:
    return SimulatedClock(moment, monotonic=seconds)


def test_a_clock_stands_still_until_it_is_started() -> None:
    seconds = Seconds()
    clock = clock_at(BEGIN, seconds)
    seconds.now += 1000
    clock.proceed()
    assert (clock.now(), clock.today()) == (BEGIN, date(2026, 3, 2))
    clock.moment = BEGIN + timedelta(days=1)
    assert clock.now() == BEGIN + timedelta(days=1)


def test_it_runs_at_its_speed_and_after_the_stream_at_ours() -> None:
    seconds = Seconds()
    clock = clock_at(BEGIN, seconds)
    clock.start(3600, BEGIN + timedelta(hours=10))
    for passed in range(1, 41):
        seconds.now += 0.25
        assert clock.now() == BEGIN + timedelta(hours=(passed - 1) / 4)
        clock.proceed()
        assert clock.now() == BEGIN + timedelta(hours=passed / 4)
    seconds.now += 0.5
    clock.proceed()
    assert clock.now() == BEGIN + timedelta(hours=10, seconds=0.5)


def test_it_waits_while_something_takes_long() -> None:
    seconds = Seconds()
    clock = clock_at(BEGIN, seconds)
    clock.start(3600, BEGIN + timedelta(days=10))
    seconds.now += 100  # the reading of many dossiers
    assert clock.now() == BEGIN
    clock.proceed()
    assert clock.now() == BEGIN + timedelta(hours=1)


def test_the_day_is_that_of_the_netherlands() -> None:
    clock = SimulatedClock(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    assert clock.today() == date(2026, 3, 3)


def process(inputs: Sequence[Input]) -> tuple[Tally, list[Refusal | None]]:
    return Tally(accepted=len(inputs)), [None] * len(inputs)


def feed(hours: Sequence[float], speed: float = 3600) -> tuple[SimulatedFeed, Seconds]:
    seconds = Seconds()
    clock = clock_at(BEGIN, seconds)
    sent = [Delivery(BEGIN + timedelta(hours=h), f"{h}.xml", b"", "goed") for h in hours]
    end = BEGIN + timedelta(hours=max(hours, default=0))
    clock.start(speed, end)
    return SimulatedFeed(sent, clock, speed, end), seconds


def test_each_message_comes_when_its_moment_is_there() -> None:
    made, seconds = feed([1, 2, 2, 5])
    taken = []
    for _ in range(5):
        taken.append(made.step(process).tally.accepted)
        assert not made.status()["stroom"]["klaar"]  # type: ignore[index]
        seconds.now += 1
    assert taken == [0, 1, 2, 0, 0]
    assert made.step(process).tally.accepted == 1
    assert made.status()["stroom"] == {
        "snelheid": 3600,
        "tot": "2026-03-02T12:00:00+00:00",
        "klaar": True,
    }


def test_what_is_due_at_once_comes_in_batches_and_waits_visibly() -> None:
    made, seconds = feed([*(0.0005 * number for number in range(1200)), 10])
    seconds.now += 1
    first = made.step(process)
    assert (first.tally.accepted, first.more) == (500, True)
    waiting, late = made.backlog
    assert waiting == made.status()["wachtend"] == 700
    assert late == pytest.approx(1 - 0.25, abs=0.01)
    assert made.step(process).more
    assert not made.step(process).more
    assert not made.status()["stroom"]["klaar"]  # type: ignore[index]
    assert made.backlog == (0, 0.0)


def test_a_stream_without_messages_is_ready_at_once() -> None:
    made, _ = feed([])
    assert made.step(process).tally.inputs == 0
    assert made.status()["stroom"]["klaar"]  # type: ignore[index]
