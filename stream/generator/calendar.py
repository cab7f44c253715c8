"""
Days as the generator needs them: werkdagen, the release in force, and likely days for a start.

Holidays are left out on purpose: a message sent within 5 weekdays is within 5 werkdagen.
"""

from datetime import date, timedelta
from itertools import accumulate
from typing import Final

from zorgstroom.codecs.catalog import Release, Wet

_SATURDAY: Final = 5
_SEASON: Final[dict[Wet, tuple[float, ...]]] = {
    "Wmo": (1.25, 1.0, 1.05, 0.95, 0.95, 1.0, 0.85, 0.8, 1.05, 1.1, 1.05, 0.8),
    "Jw": (1.3, 1.05, 1.1, 1.0, 1.0, 0.95, 0.6, 0.55, 1.3, 1.2, 1.1, 0.75),
}
_WEEKEND: Final = 0.04
_GROWTH_A_YEAR: Final = 0.03


def add_weekdays(day: date, count: int) -> date:
    """Return the weekday that lies `count` weekdays after `day`; 0 moves a weekend to Monday."""
    if day.weekday() >= _SATURDAY:
        day += timedelta(days=7 - day.weekday())
        count = max(count - 1, 0)
    weeks, rest = divmod(count, 5)
    if day.weekday() + rest >= _SATURDAY:
        rest += 2
    return day + timedelta(days=7 * weeks + rest)


def release_on(day: date) -> Release:
    """Return the release in force on `day` (domain reference 2.4)."""
    if day < date(2022, 4, 1):
        return "3.0"
    return "3.1" if day < date(2023, 4, 1) else "3.2"


def arrival_weights(first: date, last: date, wet: Wet) -> tuple[list[date], list[float]]:
    """Return the days from `first` to `last` and their running sums of likeliness for a start."""
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    season = _SEASON[wet]
    weights = (
        season[day.month - 1]
        * (_WEEKEND if day.weekday() >= _SATURDAY else 1.0)
        * (2.0 if day.day == 1 else 1.0)
        * (1 + _GROWTH_A_YEAR * i / 365)
        for i, day in enumerate(days)
    )
    return days, list(accumulate(weights))
