"""Working time by hand."""

from datetime import datetime

import pytest

from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.werkdagen import STANDAARD
from zorgstroom.aggregations.werktijd import working_seconds


@pytest.mark.parametrize(
    ("since", "now", "hours"),
    [
        ("2024-03-13T09:00", "2024-03-13T11:30", 2.5),
        ("2024-03-13T06:00", "2024-03-13T09:00", 1),
        ("2024-03-13T17:00", "2024-03-14T09:00", 2),
        ("2024-03-15T17:00", "2024-03-18T09:00", 2),  # a weekend
        ("2024-03-28T08:00", "2024-04-02T18:00", 20),  # Easter
        ("2024-03-30T23:00", "2024-03-31T23:00", 0),  # and the clock goes an hour ahead
        ("2024-03-13T12:00", "2024-03-13T11:00", 0),
    ],
)
def test_working_time(since: str, now: str, hours: float) -> None:
    begun, ended = (datetime.fromisoformat(t).replace(tzinfo=AMSTERDAM) for t in (since, now))
    assert working_seconds(begun, ended, STANDAARD) == hours * 3600


def test_a_very_long_silence_takes_no_time_to_count() -> None:
    begun, ended = (datetime(year, 1, 1, tzinfo=AMSTERDAM) for year in (1, 2024))
    assert working_seconds(begun, ended, STANDAARD) > 200 * 10 * 3600
