"""Records that are gone before they were read: what is one, and where reading goes on."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.stream.kafka.losses import Loss, find_losses, next_offset

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
PLACE = ("berichten", 3)


def losses(read: int | None, first: int, end: int) -> list[Loss]:
    return find_losses({PLACE: read}, {PLACE: first}, {PLACE: end}, NOW)


def test_records_that_went_before_they_were_read_are_named_by_their_offsets() -> None:
    (loss,) = losses(9, 12, 15)
    assert (loss.topic, loss.partitie, loss.van, loss.tot) == ("berichten", 3, 9, 12)
    assert loss.oorzaak == "verwijderd" and loss.most == 3
    assert "9 t/m 11" in loss.told() and loss.key == "verlies/berichten/3/9"


def test_a_group_without_a_position_misses_what_is_gone_and_may_have_read_it() -> None:
    (loss,) = losses(None, 5, 5)
    assert (loss.van, loss.tot, loss.oorzaak) == (0, 5, "onbekend_gelezen")
    assert losses(0, 5, 5)[0].oorzaak == "verwijderd"


def test_a_topic_that_ends_before_what_was_read_was_cut_off() -> None:
    (loss,) = losses(9, 0, 4)
    assert (loss.van, loss.tot, loss.oorzaak) == (4, 9, "afgekapt")
    assert "onbekend" in loss.told()
    assert next_offset(9, 0, 4) == 0


@given(st.none() | st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_reading_goes_on_without_a_word_only_where_nothing_is_missing(
    read: int | None, first: int, length: int
) -> None:
    end = first + length
    begin = next_offset(read, first, end)
    assert first <= begin <= end
    if not losses(read, first, end):
        assert begin == (read or 0)
    else:
        assert begin == first


def test_retention_of_what_was_read_is_no_loss() -> None:
    assert losses(12, 12, 15) == [] and losses(12, 5, 12) == [] and losses(None, 0, 0) == []
