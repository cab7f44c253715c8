"""A partition: a step changes nothing until it is taken, and a reading gives the state back."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.strategies import Events, histories
from tests.stream.worker.events import start
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.ledger import same
from zorgstroom.aggregations.tellingen import counted
from zorgstroom.aggregations.update import key_of
from zorgstroom.stream.kafka.wire import KEY_RECORD, Bericht, Wis
from zorgstroom.stream.worker import partition as module
from zorgstroom.stream.worker.partition import Partition, Step, Tables

SLEUTEL = "abc"
Record = Bericht | Wis


def fresh() -> Partition:
    return Partition(0, Definitions(), Tables({}, {}))


def told(events: Events) -> Bericht:
    return Bericht(schema=2, sleutel=SLEUTEL, ontvangen_ms=None, gebeurtenissen=tuple(events))


def forget(events: Events) -> Wis:
    return Wis(schema=2, sleutel=SLEUTEL, wis=key_of(events[0]))


def step(partition: Partition, records: Sequence[Record]) -> Step:
    return partition.step(records, SLEUTEL)


def stored(steps: Sequence[Step]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What the changelogs hold after `steps`."""
    dossiers: dict[str, bytes | None] = {}
    tellingen: dict[str, bytes | None] = {}
    for one in steps:
        dossiers |= one.dossiers
        tellingen |= one.tellingen
    return (
        {key: value for key, value in dossiers.items() if value is not None},
        {key: value for key, value in tellingen.items() if value is not None},
    )


@settings(deadline=None)
@given(st.data(), histories(8, min_size=2), st.integers(1, 3))
def test_what_the_changelogs_hold_gives_the_same_state_again(
    data: st.DataObject, history: list[Events], slice_size: int
) -> None:
    records: list[Record] = [
        forget(one) if data.draw(st.integers(0, 9)) == 0 else told(one) for one in history
    ]
    running, steps = fresh(), []
    while records:
        size = data.draw(st.integers(1, len(records)))
        made = step(running, records[:size])
        running.take(made)
        steps.append(made)
        records = records[size:]
    again = fresh()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SLICE", slice_size)
        for _ in again.restore(*stored(steps)):
            pass
    assert same(again.ledger, running.ledger)
    assert +again.signals == +running.signals
    assert again.dossiers == running.dossiers
    assert again.size == running.size == len(running.dossiers)
    assert again.sleutel == running.sleutel
    assert again.differing() == {}


@settings(deadline=None, max_examples=50)
@given(histories(5, min_size=1))
def test_a_step_that_is_not_taken_leaves_the_state_as_it_was(history: list[Events]) -> None:
    partition = fresh()
    first = step(partition, [told(one) for one in history])
    assert not partition.dossiers and not partition.ledger.cells and partition.size == 0
    second = step(partition, [told(one) for one in history])
    assert first.dossiers == second.dossiers and first.tellingen == second.tellingen


@settings(deadline=None, max_examples=50)
@given(histories(5, min_size=1))
def test_records_that_come_again_write_nothing(history: list[Events]) -> None:
    partition = fresh()
    partition.take(step(partition, [told(one) for one in history]))
    again = step(partition, [told(one) for one in reversed(history)])
    assert again.dossiers == {} and again.tellingen == {}
    assert again.repeated == len(history)


def test_counts_that_are_wrong_are_named_and_the_dossiers_win() -> None:
    history = _one_history()
    partition = fresh()
    made = step(partition, [told(one) for one in history])
    dossiers, tellingen = stored([made])
    cell = next(name for name in tellingen if name != KEY_RECORD)
    tellingen[cell] = b"7 7 7"
    tellingen["9999|Wmo|02|2024-01"] = b"1 1 0"
    tellingen["9998|Wmo|02|2024-01"] = b"beschadigd"
    again = fresh()
    for _ in again.restore(dossiers, tellingen):
        pass
    wrong = again.differing()
    gone = {"9999|Wmo|02|2024-01": None, "9998|Wmo|02|2024-01": None}
    assert wrong == {cell: made.tellingen[cell], **gone}
    again.put_right(wrong)
    assert set(stored([Step(tellingen=wrong)])[1]) == {cell}


def test_a_forgotten_client_is_gone_from_dossiers_and_counts() -> None:
    history = _one_history()
    partition = fresh()
    partition.take(step(partition, [told(one) for one in history]))
    gone = step(partition, [forget(one) for one in history])
    partition.take(gone)
    assert set(gone.dossiers.values()) == {None}
    assert not partition.dossiers and partition.size == 0
    assert counted(partition.ledger) == {}
    assert set(gone.tellingen.values()) == {None}


def _one_history() -> list[Events]:
    return [[start(number)] for number in range(3)]


def test_a_message_of_several_records_counts_once_also_when_it_is_repeated() -> None:
    events = [start(1).model_copy(update={"positie": p, "toewijzing": p}) for p in range(1, 8)]
    whole, split = fresh(), fresh()
    whole.take(step(whole, [told(events)]))
    parts = [told(events[at : at + 3]) for at in (0, 3, 6)]
    made = step(split, parts[:1])
    split.take(made)
    assert (made.accepted, made.repeated) == (1, 0)
    made = step(split, parts[1:])
    split.take(made)
    assert (made.accepted, made.repeated) == (0, 0)
    assert split.dossiers == whole.dossiers and same(split.ledger, whole.ledger)
    made = step(split, parts)
    assert (made.accepted, made.repeated, made.dossiers) == (0, 1, {})
    assert made.outcomes.total() == 1
