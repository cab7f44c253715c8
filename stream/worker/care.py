"""
Timeliness in the worker: gauges at a tick, and the rows of `tijdigheid`.

Both read the dossiers of the partitions that are owned, region by region, so that the messages get
their turn in between; the database is waited for in a thread.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import islice
from time import perf_counter
from typing import Final

from zorgstroom.aggregations.dossier import Dossier, load
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.sinks.errors import OwnershipLostError, SinkError
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.monitor import Monitor
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.timeliness_publication import (
    Destination,
    RegionReports,
    TimelinessPublication,
)
from zorgstroom.stream.worker.ownership import Owned
from zorgstroom.stream.worker.partition import Partition
from zorgstroom.stream.worker.publishing import Publishing

_SLICE: Final = 2000
"""Dossiers to a slice, between which others get their turn."""
_POLL: Final = 1.0


class Care:
    """
    Derives and publishes timeliness of the regions that are owned.

    Args:
        settings: All of them.
        public: Makes counts public.
        clock: Today and now.
        owned: The partitions with their dossiers.
        publishing: Knows the database, and which regions this process writes.
        recent: What was reported lately in the owned partitions.
        metrics: Where the gauges go.

    """

    def __init__(
        self,
        settings: Settings,
        public: PublicFigures,
        clock: Clock,
        owned: Owned,
        *,
        publishing: Publishing,
        recent: Recent,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._owned = owned
        self._publishing = publishing
        self._recent = recent
        self._metrics = metrics
        self._timeliness = TimelinessPublication(settings.publication, public)
        self.monitor = Monitor(settings, recent, metrics)

    def left(self, partition: Partition, published: Collection[str]) -> None:
        """Tell nothing more of `partition` and the regions `published` from it: it has gone."""
        regions = self._settings.regions
        codes = {cell.gemeente for cell in partition.ledger.cells}
        for code in codes:
            self._recent.leave(code)
        gone = {regions.of(code).name for code in codes} | {*published}
        self.monitor.keep_only(self.monitor.names - gone)
        for name in gone:
            self._metrics.drop(name)
            self._timeliness.forget(name)

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(min(_POLL, self._settings.tijdigheid.tick_seconds))

    async def step(self) -> None:
        """Derive the gauges if a tick has passed, and publish `tijdigheid` where it changed."""
        now, today = self._clock.now(), self._clock.today()
        if not self._owned.serving or not self.monitor.due(now):
            return
        begun = perf_counter()
        if self._recent.take_changed():
            self._timeliness.note_change()
        self.monitor.refresh(self._read, now, today)
        regions = self._regions()
        for region in regions:
            self.monitor.measure(region, today)
            await asyncio.sleep(0)
        # What went in the meantime was dropped already, and must not come back.
        kept = {region.name for region in self._regions()}
        self.monitor.keep_only(kept)
        self.monitor.took(perf_counter() - begun)
        with suppress(SinkError):  # told by the publishing of figures
            await self._publish(regions)

    async def _publish(self, regions: Sequence[Region]) -> None:
        now, today = self._clock.now(), self._clock.today()
        begun = perf_counter()
        publication, places = self._timeliness, self._publishing.places
        if places is None or not publication.is_due(regions, today, begun):
            return
        if self._publishing.clock_problem() is not None:
            return
        publication.begin()
        for region in regions:
            gathered = RegionReports(
                region.gemeenten, publication.first(today), self._settings.werkdagen
            )
            await self._gather(region, gathered)
            claim, versie = self._publishing.held(region.name)
            if claim is None:
                continue
            to = Destination(places[0], claim, versie)
            with suppress(OwnershipLostError):  # the others are still ours
                await asyncio.to_thread(publication.publish, region, gathered, to, now, today)
        publication.end(today, begun, perf_counter())

    async def _gather(self, region: Region, gathered: RegionReports) -> None:
        codes = frozenset(region.gemeenten)
        keys = iter([key for key in self._owned.dossiers if gemeente_of(key) in codes])
        while part := list(islice(keys, _SLICE)):
            for key in part:
                gathered.add(key, self._read(key))
            await asyncio.sleep(0)

    def _read(self, key: str) -> Dossier:
        return load(self._owned.dossiers.get(key))

    def _regions(self) -> list[Region]:
        """Return the regions that this process publishes."""
        named = {region.name: region for region in self._settings.regions.named}
        found = []
        for name in sorted(self._publishing.names()):
            if name in named:
                found.append(named[name])
            elif name.isdigit():
                found.append(self._settings.regions.of(name))
        return found
