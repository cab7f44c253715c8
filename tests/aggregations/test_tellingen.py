"""The counts per cell and month follow the dossiers as a count from nothing would."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.strategies import Events, definitions, histories
from tests.aggregations.world import World
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.tellingen import (
    NOTHING,
    Telling,
    Tellingen,
    added,
    counted,
    differing,
    moves,
)
from zorgstroom.aggregations.update import changes


@settings(deadline=None)
@given(st.data(), histories(8, min_size=1), definitions)
def test_counts_kept_by_batches_equal_a_count_of_the_ledger(
    data: st.DataObject, history: list[Events], chosen: Definitions
) -> None:
    world = World(**dict(chosen))
    kept: Tellingen = {}
    while history:
        size = data.draw(st.integers(1, len(history)))
        batch, history = history[:size], history[size:]
        made = changes(world.dossiers, batch, chosen)
        moved = moves(made.derived, einddatum_telt_mee=chosen.einddatum_telt_mee)
        kept |= added(kept, moved)
        made.settle(world.dossiers, world.ledger, world.counted)
        assert {cell: t for cell, t in kept.items() if t != NOTHING} == counted(world.ledger)
        assert not differing(kept, counted(world.ledger))


def test_actief_on_the_last_day_of_a_month_is_the_sum_up_to_it() -> None:
    kept = {
        "0153|Wmo|02|2024-01": Telling(5, 6, 1),
        "0153|Wmo|02|2024-02": Telling(-2, 0, 2),
    }
    moved = {"0153|Wmo|02|2024-02": Telling(1, 1, 0), "0141|Jw|45|2024-02": Telling(1, 1, 0)}
    assert added(kept, moved) == {
        "0153|Wmo|02|2024-02": Telling(-1, 1, 2),
        "0141|Jw|45|2024-02": Telling(1, 1, 0),
    }


def test_what_differs_is_named_with_the_right_counts_and_zeros_where_nothing_is_left() -> None:
    right = {"a": Telling(1, 1, 0), "b": Telling(2, 2, 0)}
    kept = {"a": Telling(1, 1, 0), "b": Telling(9, 2, 0), "c": Telling(1, 0, 0)}
    assert differing(kept, right) == {"b": Telling(2, 2, 0), "c": NOTHING}
