"""
The grid of time: when figures may be renewed, fixed in advance and never by what happened.

A figure that is renewed when something happens tells that it happened. So renewal is decided at
moments that are known beforehand: whole hours of werkdagen, of which the last one is for gemeenten
as well, the closes of periods with the first moment after they fall, and what was closed with the
first moment of a month.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.werkdagen import is_werkdag

_DAY: Final = timedelta(days=1)


class Grid(BaseModel):
    """The whole hours of werkdagen (Amsterdam) at which figures may be renewed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    eerste_uur: int = Field(default=8, ge=0, le=23)
    """The first moment of a werkdag; closes come with it."""
    laatste_uur: int = Field(default=17, ge=0, le=23)
    """The last moment of a werkdag, at which gemeenten are renewed too."""

    @model_validator(mode="after")
    def _in_order(self) -> "Grid":
        if self.laatste_uur < self.eerste_uur:
            raise ValueError("laatste_uur ligt voor eerste_uur")
        return self

    def moments(self, day: date) -> list[datetime]:
        """Return the moments of `day` (aware), in order; none when it is no werkdag."""
        if not is_werkdag(day):
            return []
        return [
            datetime.combine(day, time(hour), AMSTERDAM)
            for hour in range(self.eerste_uur, self.laatste_uur + 1)
        ]

    def passed(self, after: datetime | None, now: datetime) -> "Passed":
        """
        Return what of the grid lies after `after`, up to and including `now` (both aware).

        Without `after` (nothing was ever made) everything has passed. A clock that was set back has
        passed nothing.
        """
        if after is None:
            return Passed(moment=True, day=True, month=True)
        moment = day = month = False
        for at in self._back_from(now):
            if at <= after:
                break
            # The latest comes first: if any is of a later month, it is.
            month |= _month(at) > _month(after)
            moment = True
            if at.hour == self.laatste_uur:
                day = True
                break
        return Passed(moment, day, month)

    def next(self, now: datetime) -> datetime:
        """Return the first moment after `now` (aware)."""
        day = now.astimezone(AMSTERDAM).date()
        while True:
            for at in self.moments(day):
                if at > now:
                    return at
            day += _DAY

    def _back_from(self, now: datetime) -> Iterator[datetime]:
        """Yield the moments up to `now`, latest first, until a last one of a day was among them."""
        day = now.astimezone(AMSTERDAM).date()
        while True:
            for at in reversed(self.moments(day)):
                if at <= now:
                    yield at
            day -= _DAY


@dataclass(frozen=True, slots=True)
class Passed:
    """Which moments of the grid have passed since figures were last made."""

    moment: bool
    """Any moment: regions may be renewed, and what is due is closed."""
    day: bool
    """A last moment of a day: gemeenten may be renewed too."""
    month: bool = False
    """A first moment of a month: closed figures may be revised too."""


def _month(at: datetime) -> tuple[int, int]:
    day = at.astimezone(AMSTERDAM)
    return day.year, day.month
