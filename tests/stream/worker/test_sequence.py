"""Only the first of what was handed out can be acknowledged; what offsets skip is not missed."""

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.stream.worker.sequence import GapError, HandedOut

PLACE, OTHER = TP("berichten", 0), TP("berichten", 1)


def handed(*offsets: int) -> HandedOut:
    made = HandedOut()
    made.add(PLACE, offsets)
    return made


def test_what_comes_first_is_acknowledged_and_then_the_rest() -> None:
    made = handed(3, 4, 5, 6)
    made.acknowledge(PLACE, [3, 4])
    assert not made.is_empty
    made.acknowledge(PLACE, [5, 6])
    assert made.is_empty


@pytest.mark.parametrize("offsets", [[5], [4, 5], [3, 5], [4, 3], [3, 3], [3, 4, 5, 6]], ids=str)
def test_nothing_behind_a_hole_or_out_of_order_is_acknowledged(offsets: list[int]) -> None:
    made = handed(3, 4, 5)
    with pytest.raises(GapError):
        made.acknowledge(PLACE, offsets)
    made.acknowledge(PLACE, [3, 4, 5])


def test_the_hole_stays_for_whoever_comes_next() -> None:
    made = handed(1, 2, 3, 4)
    for behind in ([3, 4], [3], [4]):  # an agent that was started again takes the next batches
        with pytest.raises(GapError):
            made.check(PLACE, behind)
    made.add(PLACE, [5, 6])
    with pytest.raises(GapError):
        made.check(PLACE, [5, 6])


@pytest.mark.parametrize(
    ("offsets", "why"),
    [
        ([7, 9, 12], "ends of transactions"),
        ([3, 90, 91], "aborted or compacted records"),
        ([5, 6, 1000], "records that retention took"),
        ([900, 901, 2, 3], "a reset to the beginning"),
    ],
)
def test_gaps_in_the_numbers_are_not_missed(offsets: list[int], why: str) -> None:
    made = handed(*offsets)
    made.acknowledge(PLACE, offsets[:1])
    made.acknowledge(PLACE, offsets[1:])
    assert made.is_empty, why


def test_partitions_do_not_wait_for_each_other_and_a_seek_forgets_all() -> None:
    made = handed(1, 2)
    made.add(OTHER, [8])
    made.acknowledge(OTHER, [8])
    with pytest.raises(GapError):
        made.acknowledge(OTHER, [9])
    made.clear()
    assert made.is_empty
    made.add(PLACE, [1, 2])
    made.acknowledge(PLACE, [1, 2])


@given(
    st.lists(st.integers(0, 10**6), unique=True, max_size=60),
    st.lists(st.tuples(st.integers(1, 7), st.booleans()), max_size=20),
)
def test_however_batches_fail_what_is_acknowledged_is_a_prefix(
    offsets: list[int], batches: list[tuple[int, bool]]
) -> None:
    made = handed(*offsets)
    at, done = 0, []
    for size, succeeds in batches:
        batch = offsets[at : at + size]
        at += size
        if succeeds:
            try:
                made.acknowledge(PLACE, batch)
            except GapError:
                continue
            done += batch
    assert done == offsets[: len(done)]
