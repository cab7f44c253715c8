"""The grid of time: whole hours of werkdagen, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from zorgstroom.aggregations.disclosure.grid import Grid, Passed
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.werkdagen import is_werkdag

GRID = Grid()
NOTHING, HOUR, DAY = Passed(False, False), Passed(True, False), Passed(True, True)
NEW_MONTH, EVERYTHING = Passed(True, False, True), Passed(True, True, True)


def at(text: str) -> datetime:
    """Read a local time of Amsterdam."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


def test_ten_whole_hours_a_werkdag() -> None:
    monday = GRID.moments(date(2025, 3, 3))
    assert [m.hour for m in monday] == list(range(8, 18))
    assert {(m.minute, m.second, m.microsecond) for m in monday} == {(0, 0, 0)}
    assert Grid(eerste_uur=9, laatste_uur=9).moments(date(2025, 3, 3)) == [at("2025-03-03T09:00")]


def test_no_moment_in_a_weekend_or_on_a_holiday() -> None:
    for day in ("2025-03-01", "2025-03-02", "2025-04-18", "2025-04-21", "2025-12-25", "2026-01-01"):
        assert GRID.moments(date.fromisoformat(day)) == []
    # Maundy Thursday at 17:00 is the last moment before Easter; the next is Tuesday's first.
    assert GRID.next(at("2025-04-17T17:00")) == at("2025-04-22T08:00")
    assert GRID.passed(at("2025-04-17T17:00"), at("2025-04-22T07:59")) == NOTHING
    assert GRID.passed(at("2025-04-17T17:00"), at("2025-04-22T08:00")) == HOUR


def test_hours_are_those_of_amsterdam_also_when_summer_time_begins_and_ends() -> None:
    winter, summer = GRID.moments(date(2025, 3, 28)), GRID.moments(date(2025, 3, 31))
    assert winter[0].astimezone(UTC).hour == 7 and summer[0].astimezone(UTC).hour == 6
    assert GRID.next(at("2025-03-28T17:00")).astimezone(UTC) == datetime(2025, 3, 31, 6, tzinfo=UTC)
    autumn = GRID.next(at("2025-10-24T17:00"))
    assert autumn.astimezone(UTC) == datetime(2025, 10, 27, 7, tzinfo=UTC)
    assert GRID.passed(at("2025-10-24T17:00"), datetime(2025, 10, 27, 6, 30, tzinfo=UTC)) == NOTHING


def test_a_moment_is_used_once() -> None:
    eight = at("2025-03-03T08:00")
    assert GRID.passed(at("2025-02-28T17:00"), eight) == NEW_MONTH
    assert GRID.passed(eight, eight + timedelta(minutes=59)) == NOTHING
    assert GRID.passed(eight + timedelta(seconds=3), at("2025-03-03T09:00")) == HOUR
    assert GRID.passed(at("2025-03-03T16:00"), at("2025-03-03T17:00")) == DAY
    assert GRID.passed(at("2025-03-03T17:00"), at("2025-03-03T23:59")) == NOTHING


def test_whoever_was_asleep_has_passed_what_there_was() -> None:
    assert GRID.passed(None, at("2025-03-02T12:00")) == EVERYTHING, "nothing was ever made"
    assert GRID.passed(at("2025-02-24T12:00"), at("2025-03-02T03:00")) == DAY
    assert GRID.passed(at("2025-02-28T16:30"), at("2025-03-03T07:00")) == DAY
    assert GRID.passed(at("2020-01-01T00:00"), at("2025-03-03T08:30")) == EVERYTHING


def test_a_month_begins_with_its_first_moment() -> None:
    # The first of March is a Saturday; in UTC the evening of 31 December is still the old year.
    assert GRID.passed(at("2025-02-28T17:00"), at("2025-03-03T07:59")) == NOTHING
    assert GRID.passed(at("2025-02-28T16:00"), at("2025-03-03T08:00")) == EVERYTHING
    assert GRID.passed(at("2025-03-03T08:00"), at("2025-03-31T17:00")) == DAY
    assert GRID.passed(at("2025-12-31T17:00"), at("2026-01-02T08:00")) == NEW_MONTH
    assert GRID.passed(at("2026-01-01T00:30"), at("2026-01-02T08:00")) == HOUR


def test_a_clock_that_was_set_back_has_passed_nothing() -> None:
    assert GRID.passed(at("2025-03-04T12:00"), at("2025-03-03T17:00")) == NOTHING
    assert GRID.passed(at("2025-03-04T12:00"), at("2025-03-04T12:00")) == NOTHING


instants = st.integers(0, 400 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
grids = st.tuples(st.integers(0, 23), st.integers(0, 23)).map(
    lambda hours: Grid(eerste_uur=min(hours), laatste_uur=max(hours))
)


@settings(deadline=None, max_examples=60)
@given(grids, instants, st.integers(-3, 12 * 24 * 60))
def test_what_passed_is_what_lies_between(grid: Grid, after: datetime, minutes: int) -> None:
    now = after + timedelta(minutes=minutes)
    hours = [
        local
        for step in range(max(0, minutes) // 60 + 2)
        if (local := _hour(after, step)) > after.astimezone(AMSTERDAM)
        and local.astimezone(UTC) <= now
        and is_werkdag(local.date())
        and grid.eerste_uur <= local.hour <= grid.laatste_uur
        and not _repeated(local)
    ]
    was = after.astimezone(AMSTERDAM)
    assert grid.passed(after, now) == Passed(
        bool(hours),
        any(local.hour == grid.laatste_uur for local in hours),
        any((local.year, local.month) != (was.year, was.month) for local in hours),
    )
    following = grid.next(now)
    assert following > now
    assert grid.passed(now, following).moment
    assert not grid.passed(now, following - timedelta(microseconds=1)).moment


def _hour(after: datetime, step: int) -> datetime:
    """Return the whole hour so many hours after the one that `after` lies in, by elapsed time."""
    whole = after.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (whole + timedelta(hours=step)).astimezone(AMSTERDAM)


def _repeated(local: datetime) -> bool:
    """The second 2:00 of the night in which summer time ends; that night is no werkdag's."""
    return local.fold == 1
