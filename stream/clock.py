"""The clock as a parameter: the system's, or the simulation's in a demo. No test sleeps."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from zorgstroom.aggregations.periods import date_of


class Clock(Protocol):
    """Tells the moment; the calendar follows from it or is fixed by a setting."""

    def now(self) -> datetime:
        """Return the present moment (aware, UTC)."""
        ...

    def today(self) -> date:
        """Return the date that the calendar of figures and rule TR135 go by."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock; `fixed` is the setting ZORGSTROOM_TODAY."""

    fixed: date | None = None

    def now(self) -> datetime:
        """Return the present moment (UTC)."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Return the fixed date, or that of Europe/Amsterdam."""
        return self.fixed or date_of(self.now())


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is set: tests and the simulation."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment

    def today(self) -> date:
        """Return the date of that moment in Amsterdam."""
        return date_of(self.moment)
