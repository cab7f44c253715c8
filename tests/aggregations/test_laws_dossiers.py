"""Laws of dossiers and their derivation: nothing depends on order, repetition or division."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.strategies import (
    Events,
    arrivals_again,
    definitions,
    dossier_of,
    histories,
)
from tests.aggregations.world import World
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.dossier import Dossier, add, dump, load, merge
from zorgstroom.aggregations.ledger import same
from zorgstroom.aggregations.update import changes

pytestmark = pytest.mark.slow

EMPTY = Dossier()
DAY = timedelta(days=1)


def told(*batches: list[Events], chosen: Definitions) -> World:
    world = World(**dict(chosen))
    for batch in batches:
        changes(world.dossiers, batch, chosen).settle(world.dossiers, world.ledger, world.counted)
    return world


@settings(deadline=None, max_examples=150)
@given(st.data(), histories(8, min_size=2), definitions)
def test_order_repetition_and_division_change_nothing(
    data: st.DataObject, history: list[Events], chosen: Definitions
) -> None:
    once = told(*([arrival] for arrival in history), chosen=chosen)
    again = told(*data.draw(arrivals_again(history)), chosen=chosen)
    assert again.dossiers == once.dossiers
    assert same(again.ledger, once.ledger)
    assert again.signals == once.signals


@settings(deadline=None, max_examples=60)
@given(st.data(), histories(6, min_size=2))
def test_only_the_receipt_of_a_repeat_leaves_a_trace_and_this_is_the_earliest(
    data: st.DataObject, history: list[Events]
) -> None:
    later = [
        [
            event.model_copy(update={"ontvangen": event.ontvangen and event.ontvangen + DAY})
            for event in arrival
        ]
        for arrival in history
    ]
    once = told(history, chosen=Definitions())
    assert told(*data.draw(arrivals_again([*history, *later])), chosen=Definitions()).dossiers == (
        once.dossiers
    )


@settings(deadline=None, max_examples=150)
@given(histories(12, min_size=3), definitions)
def test_the_running_ledger_is_what_a_rebuild_gives(
    history: list[Events], chosen: Definitions
) -> None:
    world = told(*([arrival] for arrival in history), chosen=chosen)
    rebuilt = world.rebuilt()
    assert rebuilt.definitions == chosen
    assert same(rebuilt.ledger, world.ledger)
    assert rebuilt.signals == world.signals
    # Removing every dossier again leaves an empty ledger: no difference was lost on the way.
    for key, stored in world.dossiers.items():
        gone = derive(load(stored), chosen).indicaties
        world.ledger.apply(key[:4], gone, frozenset())
    assert not any(any(days) for days in world.ledger.cells.values())


@settings(deadline=None, max_examples=80)
@given(*[histories(4, one_client=True, min_size=1)] * 3)
def test_merge_is_associative_commutative_and_idempotent(
    a: list[Events], b: list[Events], c: list[Events]
) -> None:
    x, y, z = dossier_of(a), dossier_of(b), dossier_of(c)
    assert merge(x, merge(y, z)) == merge(merge(x, y), z)
    assert merge(x, y) == merge(y, x)
    assert merge(x, x) == x == merge(x, EMPTY)
    assert merge(x, y) == dossier_of([*a, *b])


@settings(deadline=None, max_examples=60)
@given(histories(6, one_client=True, min_size=1))
def test_the_stored_form_gives_the_dossier_back(history: list[Events]) -> None:
    dossier = dossier_of(history)
    assert load(dump(dossier)) == dossier
    assert dump(load(dump(dossier))) == dump(dossier)
    assert list(dossier.messages) == sorted(dossier.messages, key=lambda m: m.identity)


@settings(deadline=None, max_examples=60)
@given(st.data(), histories(6, one_client=True, min_size=1))
def test_adding_a_known_message_gives_the_very_same_dossier(
    data: st.DataObject, history: list[Events]
) -> None:
    dossier = dossier_of(history)
    known = data.draw(st.sampled_from(history))
    added = add(dossier, known)
    assert added.repeated
    assert added.dossier is dossier


@settings(deadline=None, max_examples=60)
@given(histories(8, one_client=True, min_size=1), definitions)
def test_signals_are_counted_by_their_return_code(
    history: list[Events], chosen: Definitions
) -> None:
    derived = derive(dossier_of(history), chosen)
    counted = told(history, chosen=chosen).signals
    assert Counter(derived.signals) == Counter(counted)
    # What counts has nothing to do with what is signalled.
    assert derived.signals == derive(dossier_of(history), Definitions()).signals
