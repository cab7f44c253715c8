"""Which dates are believed, and how many dossiers may be forgotten without a command."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from zorgstroom.stream.brake import ClockWatch, RetentionHeldError, check_retention
from zorgstroom.stream.clock import ManualClock

BEGIN = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = BEGIN.date()


@dataclass
class Machine:
    """A machine of which time passes, and whose clock can be set apart from that."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN))
    seconds: float = 1000.0

    def __post_init__(self) -> None:
        self.watch = ClockWatch(self.clock, lambda: self.seconds)

    def passes(self, time: timedelta) -> None:
        self.clock.moment += time
        self.seconds += time.total_seconds()

    def jumps(self, time: timedelta) -> None:
        self.clock.moment += time

    def problem(self, latest: date | None = TODAY, emission: date | None = TODAY) -> str:
        return self.watch.problem(latest, emission) or ""


def test_time_that_passes_is_no_jump_however_long_nobody_looks() -> None:
    machine = Machine()
    for _ in range(40):
        machine.passes(DAY)
        assert not machine.problem(emission=machine.clock.today())
    machine.passes(20 * DAY)
    assert not machine.problem(emission=machine.clock.today() - 20 * DAY)


@pytest.mark.parametrize("jump", [-400 * DAY, -2 * DAY, 2 * DAY, 30 * DAY, 3652 * DAY])
def test_a_jump_to_another_day_is_said_and_holds_until_it_is_undone(jump: timedelta) -> None:
    machine = Machine()
    machine.jumps(jump)
    way = "vooruit" if jump > 0 * DAY else "terug"
    assert way in machine.problem() and str(machine.clock.today()) in machine.problem()
    machine.passes(timedelta(hours=1))
    assert machine.problem(), "it does not pass by waiting"
    machine.jumps(-jump)
    assert not machine.problem()


def test_a_jump_is_believed_once_a_message_of_that_time_comes() -> None:
    # Such as a virtual machine that was paused for three days and got its time back.
    machine = Machine()
    machine.jumps(3 * DAY)
    assert machine.problem(latest=TODAY + DAY)
    assert not machine.problem(latest=TODAY + 2 * DAY)
    assert not machine.problem(latest=TODAY), "it was believed"


@pytest.mark.parametrize("jump", [timedelta(seconds=3000), timedelta(hours=-5)])
def test_a_jump_within_a_day_does_nothing(jump: timedelta) -> None:
    machine = Machine()
    machine.jumps(jump)
    assert not machine.problem()


@pytest.mark.parametrize(
    ("latest", "emission", "held"),
    [
        (TODAY - 31 * DAY, TODAY - 500 * DAY, False),
        (TODAY - 500 * DAY, TODAY - 31 * DAY, False),
        (TODAY - 32 * DAY, TODAY - 32 * DAY, True),
        (TODAY + 32 * DAY, TODAY + 32 * DAY, True),
        (None, TODAY - 32 * DAY, True),
        (TODAY - 5000 * DAY, None, False),  # nothing was ever published here
    ],
)
def test_at_the_start_a_message_or_an_emission_vouches_for_the_date(
    latest: date | None, emission: date | None, held: bool
) -> None:
    assert bool(Machine().problem(latest, emission)) is held


@pytest.mark.parametrize(
    ("expired", "total", "held"),
    [
        (100, 100, False),
        (101, 772, True),
        (385, 772, True),
        (200, 20_000, False),
        (201, 20_000, True),
    ],
)
def test_a_hundred_dossiers_or_one_percent_are_forgotten_without_a_command(
    expired: int, total: int, held: bool
) -> None:
    def check() -> None:
        check_retention(expired, total, today=TODAY, latest=TODAY, emission=TODAY)

    if held:
        with pytest.raises(RetentionHeldError, match=f"{expired} van {total}"):
            check()
    else:
        check()


@pytest.mark.parametrize(
    ("latest", "emission"),
    [
        (TODAY - 32 * DAY, TODAY),
        (TODAY, TODAY - 32 * DAY),
        (TODAY, TODAY + 32 * DAY),
        (None, TODAY),
        (TODAY, None),
    ],
)
def test_nothing_is_forgotten_unless_both_vouch_for_the_date(
    latest: date | None, emission: date | None
) -> None:
    with pytest.raises(RetentionHeldError, match="Controleer de klok"):
        check_retention(1, 1000, today=TODAY, latest=latest, emission=emission)
