"""The stored dossier: its form, its refusals, and the union of what arrives apart."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import ENSCHEDE, KEY, World
from zorgstroom.aggregations.dossier import (
    SCHEMA,
    Dossier,
    DossierError,
    add,
    conflicts,
    dump,
    load,
)
from zorgstroom.aggregations.update import Addition, changes, gemeente_of, key_of
from zorgstroom.codecs.registry import Decoder

START = letter("2023-05-18", begin("2023-05-17"), begin("2023-05-18", nummer="5"), nr="S1")
STOP = letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19"), nr="D1")
DECODE = Decoder(KEY).decode


def stored() -> bytes:
    dossier = add(Dossier(), DECODE(START), 7).dossier
    return dump(add(dossier, DECODE(STOP), 8).dossier)


def test_nothing_stored_is_the_empty_dossier() -> None:
    assert load(None) == Dossier(SCHEMA, ())


@pytest.mark.parametrize("schema", [SCHEMA - 1, SCHEMA + 1, 99])
def test_another_form_is_refused_by_its_number(schema: int) -> None:
    other = dump(Dossier(schema, load(stored()).messages))
    with pytest.raises(DossierError, match=f"vorm {schema};"):
        load(other)
    # Whatever that form holds: the number is read first.
    with pytest.raises(DossierError, match=f"vorm {schema};"):
        load(msgspec.msgpack.encode([schema, {"berichten": 3}, "nieuw"]))


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"{}", stored()[:-1], msgspec.msgpack.encode([1])[:1]]
)
def test_what_is_no_dossier_is_refused_and_not_guessed(data: bytes) -> None:
    with pytest.raises(DossierError, match="onleesbaar"):
        load(data)


@settings(deadline=None)
@given(st.data())
def test_damage_is_refused_or_read_but_never_crashes(data: st.DataObject) -> None:
    whole = bytearray(stored())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(load(bytes(whole)), Dossier)
    except DossierError as error:
        assert "Een dossier" in str(error)


def test_the_stored_form_holds_no_bsn_and_no_name() -> None:
    for secret in (b"999996770", b"Zwaluw", b"1950-03-12"):
        assert secret in START
        assert secret not in stored()
    assert b"1950-03" in stored()


def test_an_ordinary_dossier_is_under_a_kilobyte() -> None:
    assert len(stored()) < 1000


def test_events_of_a_message_that_arrive_apart_are_one_message_again() -> None:
    whole = add(Dossier(), DECODE(START), 3).dossier
    first, second = DECODE(START)
    for order in ([first, second], [second, first]):
        apart = Dossier()
        known = []
        for event in order:
            apart, repeated = add(apart, [event], 3)
            known.append(repeated)
        assert apart == whole
        assert known == [False, False]
    assert add(whole, [second], 3).repeated


def test_of_a_repeat_the_earliest_receipt_and_emission_stay() -> None:
    (event,) = DECODE(STOP)
    late = event.model_copy(update={"ontvangen": datetime(2024, 1, 2, tzinfo=UTC)})
    early = event.model_copy(update={"ontvangen": datetime(2024, 1, 1, tzinfo=UTC)})
    for order in ([(late, 5), (early, 9), (event, 7)], [(event, 7), (early, 9), (late, 5)]):
        dossier = Dossier()
        for told, emissie in order:
            dossier = add(dossier, [told], emissie).dossier
        (message,) = dossier.messages
        assert (message.ontvangen, message.emissie) == (1704067200000, 5)
    # An earlier receipt is news for the store, but the message is still a repeat.
    added = add(add(Dossier(), [late], 5).dossier, [early], 5)
    assert added.repeated and added.dossier.messages[0].ontvangen == 1704067200000


def test_conflicts_are_messages_of_one_sender_type_and_number_with_other_content() -> None:
    def of(*messages: bytes) -> int:
        dossier = Dossier()
        for message in messages:
            dossier = add(dossier, DECODE(message), 0).dossier
        return conflicts(dossier)

    other = letter("2023-05-19", begin("2023-05-17"), nr="S1")
    third = letter("2023-05-20", begin("2023-05-17"), nr="S1")
    assert of(START, START) == 0
    assert of(START, other) == 1
    assert of(START, other, third) == 2
    assert of(START, letter("2023-05-19", begin("2023-05-17"), nr="S1", van="1" * 8)) == 0
    assert of(START, STOP.replace(b">D1<", b">S1<")) == 0


def test_the_key_of_a_dossier_is_its_gemeente_and_pseudonym() -> None:
    (event,) = DECODE(STOP)
    assert key_of(event) == ENSCHEDE + event.client
    assert gemeente_of(key_of(event)) == ENSCHEDE
    assert len(key_of(event)) == 36


def test_nothing_moves_until_a_batch_is_settled() -> None:
    world = World()
    batch = [Addition(DECODE(START), 0), Addition(DECODE(STOP), 0), Addition(DECODE(START), 0)]
    result = changes(world.dossiers, batch, world.definitions)
    assert result.repeated == [False, False, True]
    assert world.dossiers == {} and world.ledger.cells == {}
    result.settle(world.dossiers, world.ledger, world.counted)
    assert world.dossiers == result.stored
    # Two starts (17 and 18 May), of which the first ended.
    assert world.trio("2023") == (1, 2, 1)
    again = changes(world.dossiers, batch, world.definitions)
    assert (again.stored, again.derived) == ({}, [])
