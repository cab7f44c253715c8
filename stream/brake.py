"""
A brake on the clock: what follows from the date and cannot be undone waits until it is plausible.

A clock that is wrong by years would publish periods that do not exist yet and forget every dossier
as too old. Two things outside the clock tell about the date: the latest Dagtekening among the
messages, and the last emission in the database. A clock that jumps while the process runs is seen
by the time that passed since the machine started.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from zorgstroom.aggregations.periods import date_of
from zorgstroom.stream.clock import Clock, SystemClock
from zorgstroom.stream.errors import OperatorError

NEAR: Final = timedelta(days=31)
"""How far the date may lie from what vouches for it."""
_LEAST_JUMP: Final = 3600.0
"""Seconds; less is a clock that is put right."""
_SHARE: Final = 0.01
_FEW: Final = 100
"""Dossiers that may be forgotten at once, or `_SHARE` of all when that is more."""


class RetentionHeldError(OperatorError):
    """Dossiers are past their retention, and are kept because something does not add up."""


def seconds_since_boot() -> float:
    """Return seconds that passed, those of a suspended machine included, whatever the clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockWatch:
    """
    Tells whether the date of a clock may be believed.

    Args:
        clock: The clock of the machine.
        seconds: A clock that never jumps.

    """

    @classmethod
    def of(cls, clock: Clock) -> "ClockWatch | None":
        """Watch a machine's clock; a date set by hand, a simulation and a test have their own."""
        is_watched = isinstance(clock, SystemClock) and clock.fixed is None
        return cls(clock) if is_watched else None

    def __init__(self, clock: Clock, seconds: Callable[[], float] = seconds_since_boot) -> None:
        self._clock = clock
        self._seconds = seconds
        self._last = (clock.now(), seconds())
        self._jump: timedelta | None = None

    def problem(self, latest: date | None, emission: date | None) -> str | None:
        """
        Return why nothing may be published now; None when the date is plausible.

        Args:
            latest: The latest Dagtekening; None without messages.
            emission: The day of the last emission; None when there was never one.

        """
        now = self._clock.now()
        today = date_of(now)
        self._look()
        if self._jump is not None:
            before = date_of(now - self._jump)
            # Believed once a message or an emission lies nearer to the new date than to the old.
            if not any(day and abs(today - day) < abs(before - day) for day in (latest, emission)):
                return (
                    f"De klok is versprongen ({_words(self._jump)}) en staat nu op {today}. Er "
                    "wordt niets gepubliceerd tot de klok terug is, of tot er een bericht met een "
                    "Dagtekening rond die dag is. Klopt de klok, start dan opnieuw."
                )
            self._jump = None
        if emission is None or is_near(today, emission) or is_near(today, latest):
            return None
        return (
            f"De klok staat op {today}, maar de laatste publicatie is van {emission} en het "
            f"laatste bericht {_of(latest)}. Er wordt niets gepubliceerd tot er een bericht van "
            "de laatste 31 dagen is. Zet de klok goed. Klopt hij, publiceer dan eenmaal met "
            f"`zorgstroom ingest ... --today {today}`."
        )

    def _look(self) -> None:
        """Notice a jump to another day since the last look, and one that was undone."""
        now, seconds = self._clock.now(), self._seconds()
        moment, at = self._last
        self._last = (now, seconds)
        jump = (now - moment) - timedelta(seconds=seconds - at)
        if abs(jump.total_seconds()) < _LEAST_JUMP:
            return
        total = jump + (self._jump or timedelta())
        is_undone = abs(total.total_seconds()) < _LEAST_JUMP
        self._jump = None if is_undone or date_of(now - total) == date_of(now) else total


def is_near(today: date, day: date | None) -> bool:
    """Return whether `day` vouches for `today`."""
    return day is not None and abs(today - day) <= NEAR


def check_retention(
    expired: int, total: int, *, today: date, latest: date | None, emission: date | None
) -> None:
    """
    Check that `expired` of `total` dossiers may be forgotten without anyone asking for it.

    Raises:
        RetentionHeldError: The date is not plausible, or they are many at once.

    """
    check_date(today, latest, emission)
    if expired > max(_FEW, total * _SHARE):
        raise RetentionHeldError(
            f"De bewaartermijn is voorbij voor {expired} van {total} dossiers. Dat zijn er te veel "
            "om zonder opdracht te vergeten; ze zijn bewaard. Kloppen klok en bewaartermijn, "
            "stop dan dit proces en geef de opdracht: `zorgstroom expire`."
        )


def check_date(today: date, latest: date | None, emission: date | None) -> None:
    """Check that messages and emissions vouch for `today`. Raises a `RetentionHeldError`."""
    if not (is_near(today, latest) and is_near(today, emission)):
        raise RetentionHeldError(
            f"De bewaartermijn is niet toegepast: de klok staat op {today}, het laatste bericht is "
            f"{_of(latest)} en de laatste publicatie {_of(emission)}. Dossiers worden pas vergeten "
            "als die hoogstens 31 dagen van vandaag liggen. Controleer de klok."
        )


def _of(day: date | None) -> str:
    return "er niet" if day is None else f"van {day}"


def _words(jump: timedelta) -> str:
    hours = round(abs(jump.total_seconds()) / 3600)
    amount = f"{hours} uur" if hours < 48 else f"{round(hours / 24)} dagen"
    return f"{amount} {'vooruit' if jump > timedelta() else 'terug'}"
