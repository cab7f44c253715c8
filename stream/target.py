"""A database where figures are published, what this process holds there, and who it is."""

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.publication import PublicationRules, RegionPublication
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, SeriesValues
from zorgstroom.sinks.contract import Claim, Publication, Safeguard
from zorgstroom.stream.errors import OperatorError


class SafeguardError(OperatorError):
    """The figures of this database are protected in another way than the settings say."""


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
    public: PublicFigures
    is_exact: bool = False
    """Whether figures of running periods are counted as they stand, instead of summed."""
    regions: dict[str, RegionPublication] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    waiting: dict[str, Emission] = field(default_factory=dict)
    """Emissions that are made and not stored yet, by region."""

    def open_region(self, region: Region, rules: PublicationRules) -> None:
        """Go on with `region` from what stands here."""
        self.regions[region.name] = RegionPublication(
            region,
            rules,
            self.public,
            self.publication.published(region.gebieden),
            sums_running_periods=not self.is_exact,
        )

    def check_safeguard(self, now: datetime) -> None:
        """
        Record how the figures here are protected, or hold it against what was recorded before.

        It is recorded before the first figure is written. Another policy, base or threshold would
        show other figures of the same counts, and another key a second reading of each of them.

        Raises:
            SafeguardError: They are protected in another way.

        """
        mine = safeguard(self.public)
        if not self.publication.safeguards():
            self.publication.keep_safeguard(mine, now)
        for kept in self.publication.safeguards():
            if kept != mine:
                raise SafeguardError(_difference(kept, mine))

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
            claim = place.claim(gebied, owner.name, owner.epoch, now)
            versie = max(place.last_version(gebied, [gebied]), claim.epoch << 32) + 1
            place.write(Emission(gebied, versie, now, values, self.public.protection.mark), claim)


def safeguard(public: PublicFigures) -> Safeguard:
    """Return what a database remembers of how its figures are protected."""
    protection = public.protection
    rounds = protection.policy == "afronden"
    has_threshold = protection.policy != "geen"
    return Safeguard(
        protection.policy,
        protection.base if rounds else 0,
        protection.threshold if has_threshold else 0,
        public.fingerprint,
    )


def _difference(kept: Safeguard, mine: Safeguard) -> str:
    if (kept.beleid, kept.basis, kept.drempel) == (mine.beleid, mine.basis, mine.drempel):
        return (
            "De cijfers in deze database zijn afgerond met een andere afrondsleutel (vingerafdruk "
            f"{kept.sleutel}) dan die van dit proces ({mine.sleutel}). Zet de oude terug: met twee "
            "sleutels zijn kleine aantallen te herleiden. Is hij verloren, publiceer dan in een "
            "nieuwe database, met ZORGSTROOM_PUBLICATION__VANAF op een dag na alles wat al "
            "gepubliceerd is. Zie docs/operating.md, 'Afrondsleutel'."
        )
    return (
        f"De cijfers in deze database zijn gepubliceerd onder beleid {_words(kept)}, en de "
        f"instellingen zeggen {_words(mine)}. Zet ZORGSTROOM_PROTECTION__ terug, of publiceer in "
        "een nieuwe database (ingebed: verplaats de map chdb). Zijn er ooit exacte cijfers "
        "gepubliceerd, zet dan ZORGSTROOM_PUBLICATION__VANAF op een dag na die periodes. De "
        "cijfers worden uit de dossiers opnieuw gemaakt."
    )


def _words(one: Safeguard) -> str:
    match one.beleid:
        case "afronden":
            return f"'afronden' (basis {one.basis}, drempel {one.drempel})"
        case "geen":
            return "'geen'"
        case _:
            return f"'{one.beleid}' (drempel {one.drempel})"
