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

from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.kafka import wire
from zorgstroom.stream.worker.ownership import OtherKeyError, Owned
from zorgstroom.stream.worker.partition import Step
from zorgstroom.stream.worker.sequence import HandedOut
from zorgstroom.stream.worker.writer import as_records

_LOG: Final = logging.getLogger(__name__)


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
            OtherKeyError: Pseudonyms of another key.

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
        read = []
        for record in records:
            try:
                read.append(wire.unpack(record.value))
            except wire.WireError as error:
                await self._refuse(number, record, _foreign(str(error)))
        for told in read:
            if told.sleutel != (partition.sleutel or self._sleutel):
                raise OtherKeyError(
                    f"In partitie {number} van de gebeurtenissen staan pseudoniemen van een andere "
                    "sleutel: iedereen zou dubbel tellen. Geef alle workers en `produce` dezelfde."
                )
        step = partition.step(read, self._sleutel)
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


def _foreign(what: str) -> Reason:
    return Reason(
        reden="gebeurtenis",
        regel="programma",
        element="",
        lijn=None,
        melding=f"dit record is geen gebeurtenis van dit programma ({what})",
        oplossing="Zoek uit wie naar dit topic schrijft; alleen worker en produce mogen dat.",
    )
