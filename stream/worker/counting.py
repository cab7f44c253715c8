"""
The second agent's work: events to dossiers and running counts, one batch at a time.

The order of safety: work out what a batch makes of the state, write that in one transaction with
the offset it rests on, and only then let the state move. Whatever ends in between, the state equals
what the changelogs hold, and every record is read again that is not in them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

from faust.types import TP

from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.kafka import wire
from zorgstroom.stream.worker.ownership import Owned, misplaced
from zorgstroom.stream.worker.partition import Partition, Step
from zorgstroom.stream.worker.sequence import HandedOut
from zorgstroom.stream.worker.writer import as_records

_LOG: Final = logging.getLogger(__name__)
_LARGEST: Final = 16_000_000
"""Bytes of a stored dossier; the changelog takes records of up to 35 MB."""


class Packed(NamedTuple):
    """One record of `gebeurtenissen`."""

    value: bytes | None
    offset: int


class Counting:
    """
    Moves the state of the partitions that are owned.

    Args:
        owned: The partitions.
        sleutel: Fingerprint of this worker's pseudonym key.
        refuse: Puts a record aside that is none of ours.
        handed_out: What may be acknowledged.
        topic: Of the records.

    """

    def __init__(
        self,
        owned: Owned,
        sleutel: str,
        refuse: Callable[[int, Packed, Reason], Awaitable[None]],
        *,
        handed_out: HandedOut,
        topic: str,
    ) -> None:
        self._handed_out = handed_out
        self._topic = topic
        self._owned = owned
        self._sleutel = sleutel
        self._refuse = refuse
        self.taken: Callable[[Step], None] = lambda step: None
        """Told of each step that is safe and taken."""
        self.accepted = 0
        self.repeated = 0

    async def take(self, batch: Mapping[int, Sequence[Packed]]) -> None:
        """
        Take in records by partition, each in the order of its offsets; return when all is safe.

        In a rebalance nothing is done: the records are read again by who owns them then.

        Raises:
            WriterError: Nothing more may be done with the state as it stands here.
            GapError: Records before these are not done.

        """
        async with self._owned.still:
            if not self._owned.serving:
                return
            ended = await asyncio.gather(
                *(self._take(number, batch[number]) for number in batch), return_exceptions=True
            )
        for error in ended:
            if error is not None:
                raise error

    async def _take(self, number: int, records: Sequence[Packed]) -> None:
        partition = self._owned.partitions.get(number)
        if partition is None:
            return
        read: list[tuple[Packed, wire.Bericht | wire.Wis]] = []
        for record in records:
            try:
                unpacked = wire.unpack(record.value)
            except wire.WireError as error:
                await self._refuse(number, record, _foreign(str(error)))
                continue
            reason = self._misfit(number, unpacked)
            if reason is None:
                read.append((record, unpacked))
            else:
                await self._refuse(number, record, reason)
        step = await self._step(partition, read)
        place, offsets = TP(self._topic, number), [record.offset for record in records]
        self._handed_out.check(place, offsets)
        await self._owned.writer(number).commit(
            as_records(step.dossiers), as_records(step.tellingen), records[-1].offset + 1
        )
        partition.take(step)
        self._handed_out.acknowledge(place, offsets)
        self.accepted += step.accepted
        self.repeated += step.repeated
        self.taken(step)

    async def _step(
        self, partition: Partition, read: list[tuple[Packed, wire.Bericht | wire.Wis]]
    ) -> Step:
        """Return what `read` makes of the state, without what makes a dossier too large to keep."""
        while True:
            step = partition.step([told for _, told in read], self._sleutel)
            large = {key for key, stored in step.dossiers.items() if len(stored or b"") > _LARGEST}
            if not large:
                return step
            for key in large:
                last = max(at for at, (_, told) in enumerate(read) if told.dossier == key)
                record, _ = read.pop(last)
                await self._refuse(partition.number, record, _TOO_LARGE)

    def _misfit(self, number: int, record: wire.Bericht | wire.Wis) -> Reason | None:
        """Return why a record of ours does not belong here; None when it does."""
        if record.sleutel != self._sleutel:
            return _OTHER_KEY
        right = self._owned.place(gemeente_of(record.dossier))
        return None if right == number else misplaced(number, right)


_TOO_LARGE: Final = Reason(
    reden="gebeurtenis",
    regel="omvang",
    element="",
    lijn=None,
    melding=f"het dossier van deze client zou groter worden dan {_LARGEST} bytes",
    oplossing="Zoek uit waarom er zoveel berichten over een client zijn; dit is geen gewone zorg.",
)

_OTHER_KEY: Final = Reason(
    reden="gebeurtenis",
    regel="sleutel",
    element="",
    lijn=None,
    melding="dit record heeft pseudoniemen van een andere sleutel dan die van de workers",
    oplossing="Bied de berichten of de beginstand opnieuw aan, met de sleutel van de workers.",
)


def _foreign(what: str) -> Reason:
    return Reason(
        reden="gebeurtenis",
        regel="programma",
        element="",
        lijn=None,
        melding=f"dit record is geen gebeurtenis van dit programma ({what})",
        oplossing="Zoek uit wie naar dit topic schrijft; alleen worker en produce mogen dat.",
    )
