"""A batch of events is written first and taken after that; what does not fit is put aside."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from faust.types import TP

from tests.stream.worker.events import start
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.dossier import add, dump, load
from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.kafka.wire import pack, pack_wis
from zorgstroom.stream.worker import counting as module
from zorgstroom.stream.worker.counting import Counting, Packed
from zorgstroom.stream.worker.ownership import Owned
from zorgstroom.stream.worker.partition import Partition, Tables
from zorgstroom.stream.worker.sequence import GapError, HandedOut
from zorgstroom.stream.worker.writer import WriterError

PLACE = TP("g", 0)


class Writer:
    """Stands for the broker: keeps what is written, or fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.written: list[tuple[dict[bytes, bytes | None], int | None]] = []
        self.partition: Partition | None = None

    async def commit(self, dossiers: Any, tellingen: Any, offset: int | None) -> None:
        assert self.partition is not None
        assert not self.partition.dossiers, "the state moved before it was safe"
        if self.failure:
            raise self.failure
        self.written.append((dict(dossiers), offset))


class OwnedOne(Owned):
    """Owns partition 0 with a writer of the test."""

    def __init__(self, writer: Writer) -> None:
        self.writer_of_test = writer
        self.still = asyncio.Lock()
        self.serving = True
        made = Partition(0, Definitions(), Tables({}, {}))
        writer.partition = made
        self.partitions = {0: made}
        self.places: dict[str, int] = {}

    def place(self, gemeente: str) -> int:
        return self.places.get(gemeente, 0)

    def writer(self, number: int) -> Any:
        return self.writer_of_test


def counting(
    writer: Writer,
    refused: list[int],
    reasons: list[str] | None = None,
    offsets: Sequence[int] = (41,),
) -> tuple[Counting, OwnedOne]:
    async def refuse(number: int, record: Packed, reason: Reason) -> None:
        refused.append(record.offset)
        if reasons is not None:
            reasons.append(reason.regel)

    owned = OwnedOne(writer)
    handed_out = HandedOut()
    handed_out.add(PLACE, offsets)
    return Counting(owned, "k1", refuse, handed_out=handed_out, topic="g"), owned


def batch(*numbers: int, sleutel: str = "k1") -> Mapping[int, list[Packed]]:
    return {0: [Packed(pack([start(n)], sleutel, None)[1], 40 + n) for n in numbers]}


def test_a_batch_is_written_with_the_offset_after_it_and_then_taken() -> None:
    writer, refused = Writer(), list[int]()
    made, owned = counting(writer, refused, offsets=[41, 42, 41])
    asyncio.run(made.take(batch(1, 2, 1)))
    ((dossiers, offset),) = writer.written
    assert len(dossiers) == 2 and offset == 42
    assert owned.partitions[0].size == 2
    assert (made.accepted, made.repeated) == (2, 1)


def test_what_could_not_be_written_is_not_taken() -> None:
    writer = Writer()
    writer.failure = WriterError("weg")
    made, owned = counting(writer, [])
    with pytest.raises(WriterError):
        asyncio.run(made.take(batch(1)))
    assert owned.partitions[0].size == 0 and not owned.partitions[0].ledger.cells
    assert made.accepted == 0


def test_records_of_another_key_are_put_aside_and_the_rest_is_counted() -> None:
    writer, refused, reasons = Writer(), list[int](), list[str]()
    made, owned = counting(writer, refused, reasons, [41, 42, 50])
    other = batch(1, sleutel="k2")[0]
    forget = Packed(pack_wis("0153" + "a" * 32, "k2")[1], 50)
    asyncio.run(made.take({0: [*other, *batch(2)[0], forget]}))
    assert refused == [41, 50] and reasons == ["sleutel", "sleutel"]
    assert owned.partitions[0].size == 1 and writer.written[0][1] == 51


def test_records_in_the_wrong_partition_are_put_aside_and_the_rest_is_counted() -> None:
    writer, refused, reasons = Writer(), list[int](), list[str]()
    made, owned = counting(writer, refused, reasons, [7, 8, 42])
    owned.places["0344"] = 3
    event = Packed(pack([start(1, "0344")], "k1", None)[1], 7)
    forget = Packed(pack_wis("0344" + "a" * 32, "k1")[1], 8)
    asyncio.run(made.take({0: [event, forget, *batch(2)[0]]}))
    assert refused == [7, 8] and reasons == ["partitie", "partitie"]
    assert owned.partitions[0].size == 1


def test_a_foreign_record_is_put_aside_and_the_rest_is_counted() -> None:
    writer, refused = Writer(), list[int]()
    made, owned = counting(writer, refused, offsets=[7, 41, 99])
    records = [Packed(b"{}", 7), *batch(1)[0], Packed(None, 99)]
    asyncio.run(made.take({0: records}))
    assert refused == [7, 99]
    assert owned.partitions[0].size == 1
    assert writer.written[0][1] == 100


def test_nothing_is_written_over_a_batch_that_failed() -> None:
    writer = Writer()
    writer.failure = WriterError("weg")
    made, owned = counting(writer, [], offsets=[41, 42, 43])
    with pytest.raises(WriterError):
        asyncio.run(made.take(batch(1)))
    writer.failure = None
    for behind in ((2,), (2, 3), (3,)):
        with pytest.raises(GapError):
            asyncio.run(made.take(batch(*behind)))
    assert not writer.written and owned.partitions[0].size == 0
    asyncio.run(made.take(batch(1, 2, 3)))
    assert writer.written[0][1] == 44


def test_in_a_rebalance_and_for_partitions_of_others_nothing_is_done() -> None:
    writer = Writer()
    made, owned = counting(writer, [])
    asyncio.run(made.take({5: batch(1)[0]}))
    owned.serving = False
    asyncio.run(made.take(batch(1)))
    assert not writer.written and owned.partitions[0].size == 0


def test_what_makes_a_dossier_too_large_to_keep_is_put_aside_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer, refused, reasons = Writer(), list[int](), list[str]()
    made, owned = counting(writer, refused, reasons, [41, 42, 43, 44])
    size = len(dump(add(load(None), [start(1)]).dossier))
    monkeypatch.setattr(module, "_LARGEST", size + 20)
    more = start(1).model_copy(update={"identificatie": "ANDER", "digest": "f" * 32})
    records = [
        *batch(1)[0],
        Packed(pack([more], "k1", None)[1], 42),
        *batch(3)[0],
        Packed(pack([more], "k1", None)[1], 44),
    ]
    asyncio.run(made.take({0: records}))
    assert sorted(refused) == [42, 44] and reasons == ["omvang", "omvang"]
    assert owned.partitions[0].size == 2 and writer.written[0][1] == 45
