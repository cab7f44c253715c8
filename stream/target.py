"""A database where figures are published, what this process holds there, and who it is."""

import os
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from zorgstroom.aggregations.disclosure.protected import ProtectedPublication
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import RegionPublication
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, SeriesValues
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.stream.settings import Settings


@dataclass(frozen=True, slots=True)
class Owner:
    """Who publishes: the name of this process, and the lowest epoch that it may claim."""

    name: str
    epoch: int = 1

    @classmethod
    def this_process(cls, epoch: int = 1) -> "Owner":
        """Return this process under a name that no other one has, also not after a restart."""
        return cls(f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}", epoch)


@dataclass(slots=True)
class Target:
    """One database: the published figures, or the exact ones for the few who may see them."""

    publication: Publication
    disclosure: Disclosure
    regions: dict[str, RegionPublication | ProtectedPublication] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    waiting: dict[str, Emission] = field(default_factory=dict)
    """Emissions that are made and not stored yet, by region."""

    def opened(
        self, region: Region, settings: Settings
    ) -> RegionPublication | ProtectedPublication:
        """Return the publication of `region` from what stands here."""
        published = self.publication.published(region.gebieden)
        if self.disclosure.policy == "geen":
            return RegionPublication(region, settings.publication, published)
        return ProtectedPublication(
            region,
            settings.publication,
            self.disclosure,
            settings.definitions,
            published,
            self.publication.moments(region.name),
            clock=time.monotonic,
        )

    def retract(self, gebied: str, owner: Owner, now: datetime) -> None:
        """Stop showing the figures of a region that the settings no longer name."""
        place = self.publication
        values = [
            SeriesValues(
                series.series, series.perioden, [None] * len(series.perioden), series.statussen
            )
            for series in place.published([gebied])
            if any(waarde is not None for waarde in series.waarden)
        ]
        if values:
            held = place.claim(gebied, owner.name, owner.epoch, now)
            versie = max(place.last_version(gebied, [gebied]), held.epoch << 32) + 1
            place.write(Emission(gebied, versie, now, values, self.disclosure.mark), held)
