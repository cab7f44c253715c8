"""The records of the topics: what goes in comes out, and what is foreign is refused unquoted."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aggregations.strategies import Events, histories
from tests.stream.worker.events import start
from zorgstroom.aggregations.regions import Regions
from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.kafka import wire
from zorgstroom.stream.kafka.wire import (
    Bericht,
    Origin,
    WireError,
    Wis,
    pack,
    pack_wis,
    partition_of,
    read_headers,
    refusal_headers,
    unpack,
)


@given(histories(3, min_size=1), st.none() | st.integers(0, 1 << 42))
def test_events_come_back_as_they_went(history: list[Events], received: int | None) -> None:
    for events in history:
        key, value = pack(events, "ab12", received)
        record = unpack(value)
        assert isinstance(record, Bericht)
        assert list(record.gebeurtenissen) == list(events)
        assert (record.sleutel, record.ontvangen_ms) == ("ab12", received)
        assert key.decode() == events[0].gemeente + events[0].client


@given(histories(3, min_size=1))
def test_a_record_of_form_1_gets_the_digest_that_its_message_has_now(history: list[Events]) -> None:
    for events in history:
        # The digest of form 1 was keyed and made of raw text: any other than that of now.
        former = [event.model_copy(update={"digest": "f0" * 16}) for event in events]
        _, value = pack(former, "ab12", 7)
        record = unpack(value.replace(b'{"schema":2', b'{"schema":1'))
        assert isinstance(record, Bericht)
        assert list(record.gebeurtenissen) == list(events)
        assert record.schema_ == 2
        kept = unpack(value)
        assert isinstance(kept, Bericht)
        assert {event.digest for event in kept.gebeurtenissen} == {"f0" * 16}, "only form 1 is"


def test_the_order_to_forget_comes_back() -> None:
    dossier = "0153" + "a" * 32
    key, value = pack_wis(dossier, "ab12")
    assert key.decode() == dossier
    assert unpack(value) == Wis(schema=2, sleutel="ab12", wis=dossier)
    assert unpack(value.replace(b'"schema": 2', b'"schema": 1')) == Wis(
        schema=1, sleutel="ab12", wis=dossier
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{}",
        b"999990019",
        b'{"schema":2,"sleutel":"x","ontvangen_ms":null,"gebeurtenissen":[]}',
        pack([start(1)], "x", None)[1].replace(b'"schema":2', b'"schema":3'),
        b'{"schema":1,"sleutel":"x","wis":"999990019"}',
        pack([start(1)], "x", None)[1].replace(b'"Wmo"', b'"999990019"'),
        pack([start(1), start(2)], "x", None)[1],
    ],
)
def test_what_is_not_ours_is_refused_and_not_quoted(value: bytes | None) -> None:
    with pytest.raises(WireError) as error:
        unpack(value)
    assert "999990019" not in str(error.value)


def test_regions_take_partitions_by_their_place_and_others_by_hash() -> None:
    regions = Regions({f"r{n}": [f"{n:04}", f"{n + 100:04}"] for n in range(10)})
    places = [partition_of(f"{n:04}", regions, 8) for n in range(10)]
    assert places == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert all(partition_of(f"{n + 100:04}", regions, 8) == places[n] for n in range(10))
    alone = partition_of("0363", regions, 8)
    assert 0 <= alone < 8 and alone == partition_of("0363", Regions({}), 8)


def test_the_headers_of_a_refusal_tell_why_and_where() -> None:
    reason = Reason(
        reden="regel", regel="TR018", element="x", lijn=4, melding="één fout", oplossing="herstel"
    )
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    headers = read_headers(refusal_headers(reason, Origin("berichten", 3, 17), b"abc", now))
    assert headers["bron"] == "berichten/3/17"
    assert headers["melding"] == "één fout" and headers["lijn"] == "4"
    assert headers["hash"].startswith("ba7816bf")


def test_a_message_with_more_events_than_a_record_takes_is_told_in_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = start(1)
    events = [first.model_copy(update={"positie": place}) for place in range(1, 8)]
    monkeypatch.setattr(wire, "MOST_EVENTS", 3)
    packed = wire.pack_whole(events, "k", 5)
    assert len(packed) == 3 and len({key for key, _ in packed}) == 1
    records = [unpack(value) for _, value in packed]
    assert [e for r in records if isinstance(r, Bericht) for e in r.gebeurtenissen] == events
    assert all(isinstance(r, Bericht) and r.ontvangen_ms == 5 for r in records)
