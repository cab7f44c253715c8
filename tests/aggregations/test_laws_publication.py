"""Laws of policy `geen`: in whatever steps it comes, the table holds the figures of now."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.desk import Desk, sizes
from tests.aggregations.strategies import Events, histories

pytestmark = pytest.mark.slow

DATES = (
    date(2024, 4, 2),
    date(2024, 4, 3),
    date(2024, 5, 1),  # another month
    date(2024, 9, 30),  # a gap of months
    date(2025, 1, 1),  # another year
    date(2025, 1, 2),
)

steps = st.lists(
    st.tuples(histories(3), st.integers(0, 2), st.booleans(), st.booleans()),
    min_size=1,
    max_size=4,
)
"""Messages, how far the calendar goes on, whether the emission is stored, and whether a restart."""


@settings(deadline=None, max_examples=12)
@given(steps)
def test_emissions_into_an_empty_table_give_the_figures_of_now(
    told: list[tuple[list[Events], int, bool, bool]],
) -> None:
    desk = Desk()
    at = 0
    for history, onward, stored, restarted in told:
        at = min(at + onward, len(DATES) - 1)
        desk.tell(history)
        if restarted:
            desk.restart()
        if stored:
            desk.publish(DATES[at])
        else:
            desk.emission(DATES[at])  # lost: never written, never confirmed
    desk.publish(DATES[at])
    shown, expected = desk.shown(), desk.expected(DATES[at])
    # Periods that left the window (the year before) stay in the table as they were.
    assert {key: shown[key] for key in expected} == expected
    assert desk.publish(DATES[at]) is None


@settings(deadline=None, max_examples=8)
@given(histories(6, min_size=2), histories(2, min_size=1))
def test_a_restart_emits_nothing_when_nothing_changed_and_else_only_differences(
    history: list[Events], later: list[Events]
) -> None:
    today = DATES[0]
    desk = Desk()
    desk.tell(history)
    desk.publish(today)
    desk.restart()
    assert desk.publish(today) is None
    before = desk.shown()
    desk.restart()
    desk.tell(later)
    emission = desk.publish(today)
    after = desk.shown()
    changed = {key for key, value in after.items() if before[key] != value}
    assert (0 if emission is None else sizes(emission.values)) == len(changed)
    assert after == desk.expected(today)
