"""Working time: hours in which messages are expected, werkdagen from 8 to 18 in Amsterdam."""

from datetime import datetime, time, timedelta
from typing import Final

from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.werkdagen import Werkkalender

BEGIN: Final = time(8)
END: Final = time(18)
_MOST: Final = 366
"""Days: whoever was silent for a year has been silent long enough."""


def working_seconds(since: datetime, now: datetime, kalender: Werkkalender) -> float:
    """Return how much working time (seconds) lies between two moments (aware); 0 when reversed."""
    first, last = since.astimezone(AMSTERDAM).date(), now.astimezone(AMSTERDAM).date()
    seconds = 0.0
    for number in range(min((last - first).days, _MOST) + 1):
        day = last - timedelta(days=number)
        if kalender.is_werkdag(day):
            opened = datetime.combine(day, BEGIN, AMSTERDAM).timestamp()
            closed = datetime.combine(day, END, AMSTERDAM).timestamp()
            begun, ended = max(opened, since.timestamp()), min(closed, now.timestamp())
            seconds += max(0.0, ended - begun)
    return seconds
