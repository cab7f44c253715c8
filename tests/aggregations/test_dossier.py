"""The stored dossier: its form, its refusals, and the union of what arrives apart."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations

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
    Message,
    add,
    conflicts,
    dump,
    load,
)
from zorgstroom.aggregations.update import changes, gemeente_of, key_of
from zorgstroom.codecs.registry import Decoder

START = letter("2023-05-18", begin("2023-05-17"), begin("2023-05-18", nummer="5"), nr="S1")
STOP = letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19"), nr="D1")
DECODE = Decoder(KEY).decode


def stored() -> bytes:
    dossier = add(Dossier(), DECODE(START)).dossier
    return dump(add(dossier, DECODE(STOP)).dossier)


def test_nothing_stored_is_the_empty_dossier() -> None:
    assert load(None) == Dossier(SCHEMA, ())


@pytest.mark.parametrize("schema", [SCHEMA + 1, 99])
def test_a_newer_form_is_refused_by_its_number(schema: int) -> None:
    other = dump(Dossier(schema, load(stored()).messages))
    with pytest.raises(DossierError, match=f"vorm {schema};"):
        load(other)
    # Whatever that form holds: the number is read first.
    with pytest.raises(DossierError, match=f"vorm {schema};"):
        load(msgspec.msgpack.encode([schema, {"berichten": 3}, "nieuw"]))


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"{}", b"\x92\x00\x90", msgspec.msgpack.encode([1])[:1]]
)
def test_what_is_no_dossier_is_refused_and_not_guessed(data: bytes) -> None:
    with pytest.raises(DossierError, match="onleesbaar"):
        load(data)


@settings(deadline=None)
@given(st.data())
def test_damage_is_refused(data: st.DataObject) -> None:
    right = stored()
    whole = bytearray(right)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    if whole != right:
        with pytest.raises(DossierError, match="Een dossier"):
            load(bytes(whole))


def test_what_was_cut_off_is_refused() -> None:
    for length in range(1, len(stored())):
        with pytest.raises(DossierError, match="Een dossier"):
            load(stored()[:length])


def former(*messages: Message, digests: Sequence[bytes] = ()) -> bytes:
    """Return form 1 of a dossier: another digest, an emission stamp, and no checksum."""
    rows = []
    for at, message in enumerate(messages):
        row = list(msgspec.structs.astuple(message))
        row[3] = digests[at] if digests else bytes([at]) * 16
        row.insert(10, 5 << 32)
        rows.append(row)
    return msgspec.msgpack.encode([1, rows])


def test_form_1_is_read_as_what_a_decoder_of_now_gives() -> None:
    dossier = load(stored())
    assert load(former(*dossier.messages)) == dossier
    assert dump(load(former(*dossier.messages))) == stored()


def test_messages_of_form_1_that_differ_in_writing_only_become_one() -> None:
    (event,) = DECODE(STOP)
    early = event.model_copy(update={"ontvangen": datetime(2024, 1, 1, tzinfo=UTC)})
    late = event.model_copy(update={"ontvangen": datetime(2024, 1, 2, tzinfo=UTC)})
    once = add(Dossier(), [early]).dossier
    (first,) = once.messages
    (second,) = add(Dossier(), [late]).dossier.messages
    # `301` and `0301` had two digests; whichever of the two sorted first.
    for digests in ((b"a" * 16, b"b" * 16), (b"b" * 16, b"a" * 16)):
        assert load(former(second, first, digests=digests)) == once


def test_form_1_is_put_in_the_order_of_now() -> None:
    messages = [
        add(
            Dossier(), DECODE(letter("2023-05-18", begin("2023-05-17", nummer=n), nr="S1"))
        ).dossier.messages[0]
        for n in ("4", "5", "6", "7")
    ]
    for order in permutations(messages):
        assert load(former(*order)).messages == tuple(sorted(messages, key=lambda m: m.identity))


def test_the_stored_form_holds_no_bsn_and_no_name() -> None:
    for secret in (b"999996770", b"Zwaluw", b"1950-03-12"):
        assert secret in START
        assert secret not in stored()
    assert b"1950-03" in stored()


def test_an_ordinary_dossier_is_under_a_kilobyte() -> None:
    assert len(stored()) < 1000


def test_events_of_a_message_that_arrive_apart_are_one_message_again() -> None:
    whole = add(Dossier(), DECODE(START)).dossier
    first, second = DECODE(START)
    for order in ([first, second], [second, first]):
        apart = Dossier()
        known = []
        for event in order:
            apart, repeated = add(apart, [event])
            known.append(repeated)
        assert apart == whole
        assert known == [False, False]
    assert add(whole, [second]).repeated


def test_of_a_repeat_the_earliest_receipt_stays() -> None:
    (event,) = DECODE(STOP)
    late = event.model_copy(update={"ontvangen": datetime(2024, 1, 2, tzinfo=UTC)})
    early = event.model_copy(update={"ontvangen": datetime(2024, 1, 1, tzinfo=UTC)})
    for order in ([late, early, event], [event, early, late]):
        dossier = Dossier()
        for arrival in order:
            dossier = add(dossier, [arrival]).dossier
        (message,) = dossier.messages
        assert message.ontvangen == 1704067200000
    # An earlier receipt is news for the store, but the message is still a repeat.
    added = add(add(Dossier(), [late]).dossier, [early])
    assert added.repeated and added.dossier.messages[0].ontvangen == 1704067200000


def test_conflicts_are_messages_of_one_sender_type_and_number_with_other_content() -> None:
    def of(*messages: bytes) -> int:
        dossier = Dossier()
        for message in messages:
            dossier = add(dossier, DECODE(message)).dossier
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
    batch = [DECODE(START), DECODE(STOP), DECODE(START)]
    result = changes(world.dossiers, batch, world.definitions)
    assert result.repeated == [False, False, True]
    assert world.dossiers == {} and world.ledger.cells == {}
    result.settle(world.dossiers, world.ledger, world.counted)
    assert world.dossiers == result.stored
    # Two starts (17 and 18 May), of which the first ended.
    assert world.trio("2023") == (1, 2, 1)
    again = changes(world.dossiers, batch, world.definitions)
    assert (again.stored, again.derived) == ({}, [])
