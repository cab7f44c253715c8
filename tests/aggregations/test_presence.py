"""Presence of a record: a table of what was said on which day, and what must follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.aggregations.presence import SINGLE, presence

D1, D2, D3 = 1, 2, 3


@pytest.mark.parametrize(
    ("said", "present", "signals"),
    [
        # (day, +1 delivery / -1 removal); u: removed_unknown, a: delivered_again, r: removed
        ([], False, ""),
        ([(D1, 1)], True, ""),
        ([(D1, -1)], False, "u"),
        ([(D1, 1), (D2, -1)], False, "r"),
        ([(D1, -1), (D2, 1)], True, "u"),  # the removal of something older, unknown to us
        ([(D1, 1), (D1, -1)], False, "r"),  # one day has no order: 1 - 1
        ([(D1, 1), (D1, 1), (D1, -1)], True, "r"),
        ([(D1, 1), (D1, -1), (D1, -1)], False, "r"),
        ([(D1, 1), (D1, 1)], True, "a"),
        ([(D1, 1), (D2, 1)], True, "a"),
        ([(D1, 1), (D2, 1), (D3, -1)], False, "ar"),  # clipped to 1: one removal is enough
        ([(D1, -1), (D2, -1), (D3, 1)], True, "u"),  # clipped to 0: one delivery is enough
        ([(D1, 1), (D2, -1), (D3, 1)], True, "r"),
        ([(D1, 1), (D2, -1), (D3, -1)], False, "ru"),
        ([(D1, 1), (D2, 1), (D2, -1)], True, "r"),  # corrected within one day
        ([(D1, 1), (D2, 1), (D2, -1), (D2, -1)], False, "r"),  # the removal told twice
    ],
)
def test_presence_follows_from_the_days(
    said: list[tuple[int, int]], present: bool, signals: str
) -> None:
    found = presence(said)
    assert found[:3] == (present, "u" in signals, "a" in signals)
    assert bool(found.removed) == ("r" in signals)
    assert presence(reversed(said)) == found


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([(D1, -1), (D2, 1)], ()),  # nothing was there to remove
        ([(D1, 1), (D2, -1), (D3, -1)], (D2,)),
        ([(D1, 1), (D1, -1), (D2, 1), (D3, -1)], (D1, D3)),
    ],
)
def test_only_a_removal_that_took_effect_has_a_day(
    said: list[tuple[int, int]], days: tuple[int, ...]
) -> None:
    assert presence(said).removed == days


def test_a_record_delivered_once_is_the_usual_case() -> None:
    assert presence([(D1, 1)]) == SINGLE


@given(st.data(), st.lists(st.tuples(st.integers(1, 3), st.sampled_from((1, -1))), max_size=8))
def test_order_does_not_matter(data: st.DataObject, said: list[tuple[int, int]]) -> None:
    assert presence(data.draw(st.permutations(said))) == presence(said)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from((1, -1))), max_size=8))
def test_a_last_day_with_deliveries_only_leaves_a_record_present(
    said: list[tuple[int, int]],
) -> None:
    assert presence([*said, (4, 1)]).present
    assert not presence([*said, (4, -1)]).present
