"""
Which partitions this worker owns, and their state: taken over, read, kept, given up.

In a rebalance everything stands still. A partition that stays needs nothing. One that comes is
first closed to its former owner, then read; one that goes is forgotten wholly, so that nothing of
it is ever published from here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from zorgstroom.aggregations.dossier import DossierError
from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.asking import State
from zorgstroom.stream.kafka.wire import Origin, partition_of
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.worker.partition import Partition, Tables
from zorgstroom.stream.worker.reading import find_damage, find_offsets, read_changelogs
from zorgstroom.stream.worker.writer import PartitionWriter, UndecidedError, as_records

_LOG: Final = logging.getLogger(__name__)
_SLICE: Final = 2000
"""Dossiers of a former form to a transaction."""

SetAside = Callable[[Origin, bytes, Reason], Awaitable[None]]


class OtherKeyError(OperatorError):
    """The pseudonyms were made with another key."""


class Owned:
    """
    The partitions that are this worker's now.

    Args:
        settings: All of them.
        tables: The Faust tables of dossiers and of counts.
        sleutel: Fingerprint of this worker's pseudonym key.
        partitions: How many there are in all.
        set_aside: Puts a dossier into `afgekeurd` that stands in the wrong partition.
        recent: Told of every dossier and of what changes.

    """

    def __init__(
        self,
        settings: Settings,
        tables: Tables,
        sleutel: str,
        partitions: int,
        *,
        set_aside: SetAside,
        recent: Recent | None = None,
    ) -> None:
        self._set_aside = set_aside
        self._recent = recent
        self._settings = settings
        self._tables = tables
        self._sleutel = sleutel
        self._count = partitions
        self._places: dict[str, int] = {}
        self._generation: int | None = None
        self._loading: asyncio.Future[None] | None = None
        self._writers: dict[int, PartitionWriter] = {}
        self.partitions: dict[int, Partition] = {}
        """Those that are read and may be worked on."""
        self.still = asyncio.Lock()
        """Held while a batch moves the state; a rebalance waits for it."""
        self.serving = False
        """Whether batches may move the state: not from the loss of partitions to their reading."""
        self.corrected = 0
        """Counts that a recovery found wrong and put right."""
        self.loaded: Callable[[Partition], None] = lambda partition: None
        """Told of each partition that has been read."""
        self.dropped: Callable[[Partition], None] = lambda partition: None
        """Told of each partition that was given up."""

    def place(self, gemeente: str) -> int:
        """Return the partition that holds `gemeente`."""
        place = self._places.get(gemeente)
        if place is None:
            place = partition_of(gemeente, self._settings.regions, self._count)
            self._places[gemeente] = place
        return place

    @property
    def is_loading(self) -> bool:
        """Whether changelogs are being read, which takes as long as it takes."""
        return self._loading is not None and not self._loading.done()

    @property
    def dossiers(self) -> Mapping[str, bytes]:
        """The dossiers of all partitions together, by key."""
        return self._tables.dossiers

    def writer(self, number: int) -> PartitionWriter:
        """Return what makes batches of this partition safe."""
        return self._writers[number]

    async def pause(self) -> None:
        """Let the batch at hand end, and no other begin, before the group divides again."""
        async with self.still:
            self.serving = False

    async def own(self, numbers: frozenset[int], generation: int) -> None:
        """Give up what went; shut the former owner out of what came."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        async with self.still:
            self.serving = False
            # Whoever missed a generation may have missed another owner.
            kept = self._generation is not None and generation == self._generation + 1
            self._generation = generation
            gone = [n for n in self._writers if n not in numbers or not kept]
            await self._give_up(gone)
            fresh = {
                n: PartitionWriter(self._settings.kafka, n) for n in numbers - {*self._writers}
            }
            self._writers |= fresh
            await asyncio.gather(*(writer.open() for writer in fresh.values()))
        if gone or fresh:
            _LOG.info("Partities: %s (erbij %s, weg %s)", sorted(numbers), [*fresh], gone)

    async def load(self) -> None:
        """Read the state of what came; another rebalance ends it, and then it begins again."""
        self._loading = asyncio.ensure_future(self._load())
        try:
            await asyncio.wait([self._loading])
        finally:
            self._loading.cancel()
        if not self._loading.cancelled():
            self._loading.result()

    async def _load(self) -> None:
        async with self.still:
            missing = [number for number in self._writers if number not in self.partitions]
            found = await self._read(missing) if missing else {}
            self._purge(missing)  # what a reading that was cut off has left
            for number in missing:
                dossiers, tellingen = found.pop(number)
                await self._clear_astray(number, dossiers)
                made = Partition(
                    number,
                    self._settings.definitions,
                    self._tables,
                    recent=self._recent,
                )
                try:
                    for _ in made.restore(dossiers, tellingen):
                        await asyncio.sleep(0)
                except DossierError:
                    damage = await find_damage(self._settings.kafka, number)
                    if damage is not None:
                        raise damage from None
                    raise
                self._check_key(made)
                await self._store_converted(made)
                await self._put_right(made)
                self.partitions[number] = made
                self.loaded(made)
                _LOG.info("Partitie %d: %d dossiers gelezen", number, made.size)
            self.serving = True

    async def _read(self, numbers: Collection[int]) -> dict[int, tuple[State, State]]:
        """Return what the changelogs hold; decide first what the broker left open in them."""
        kafka = self._settings.kafka
        try:
            return await read_changelogs(kafka, numbers)
        except UndecidedError:
            _LOG.warning(
                "De broker heeft een transactie in een changelog niet afgemaakt; dat gebeurt nu. "
                "Er is niets verloren."
            )
            await asyncio.gather(*(self.writer(number).settle() for number in numbers))
            return await read_changelogs(kafka, numbers)

    async def close(self) -> None:
        """Give up everything."""
        async with self.still:
            await self._give_up(list(self._writers))

    async def _give_up(self, numbers: Sequence[int]) -> None:
        self._purge(numbers)
        for number in numbers:
            partition = self.partitions.pop(number, None)
            if partition is not None:
                self.dropped(partition)
        await asyncio.gather(*(self._writers.pop(number).close() for number in numbers))

    async def _store_converted(self, partition: Partition) -> None:
        """Write dossiers of a former form in that of now; again, if this is cut off."""
        items = iter(partition.converted.items())
        while part := dict(islice(items, _SLICE)):
            await self.writer(partition.number).commit(as_records(part), (), None)
        if partition.converted:
            count = len(partition.converted)
            _LOG.info("Partitie %d: %d dossiers omgezet", partition.number, count)
            partition.converted = {}

    async def _put_right(self, partition: Partition) -> None:
        wrong = partition.differing()
        if wrong:
            self.corrected += len(wrong)
            _LOG.warning("Partitie %d: %d tellingen hersteld", partition.number, len(wrong))
            await self.writer(partition.number).commit((), as_records(wrong), None)
            partition.put_right(wrong)

    def _purge(self, numbers: Collection[int]) -> None:
        """Forget what the tables hold of partitions; they hold all of them together."""
        if not numbers:
            return
        for table in self._tables:
            for key in list(table):
                if self.place(gemeente_of(key)) in numbers:
                    del table[key]

    async def _clear_astray(self, number: int, dossiers: State) -> None:
        """
        Put aside and forget dossiers that belong in another partition, and take them off.

        The group has agreed on the regions before anything is read, so these came by a record that
        was sent under another list, or to the wrong partition.
        """
        astray = [key for key in dossiers if self.place(gemeente_of(key)) != number]
        if not astray:
            return
        kafka = self._settings.kafka
        offsets = await find_offsets(kafka, number, astray)
        for key in astray:
            origin = Origin(kafka.dossiers, number, offsets.get(key, 0))
            reason = misplaced(number, self.place(gemeente_of(key)))
            await self._set_aside(origin, dossiers.pop(key), reason)
        gone: dict[str, bytes | None] = dict.fromkeys(astray)
        await self.writer(number).commit(as_records(gone), (), None)
        _LOG.warning("Partitie %d: %d dossiers hoorden elders; zie afgekeurd", number, len(astray))

    def _check_key(self, partition: Partition) -> None:
        if partition.sleutel not in (None, self._sleutel):
            raise OtherKeyError(
                "De pseudoniemsleutel van deze worker is een andere dan waarmee de dossiers zijn "
                "gemaakt: iedereen zou dubbel tellen. Zet de oude terug; zie 'Sleutel wisselen' in "
                "docs/operating.md."
            )


def misplaced(number: int, right: int) -> Reason:
    """Return the reason for what stands in partition `number` and belongs in `right`."""
    return Reason(
        reden="gebeurtenis",
        regel="partitie",
        element="",
        lijn=None,
        melding=f"dit record staat in partitie {number} en hoort volgens de regio's in {right}",
        oplossing="Bied de berichten of de beginstand opnieuw aan, met de regio's van de workers.",
    )
