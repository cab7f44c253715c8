"""
What `zorgstroom audit` reads: the history of a region and wet, its leaks, and its programmes.

Nothing but published rows is read: the main table with its history and the times of its emissions,
and `tijdigheid`.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import groupby
from typing import Final

from zorgstroom.aggregations.attack.equations import ContradictionError, Rule
from zorgstroom.aggregations.attack.families import (
    Family,
    Moment,
    few_records,
    figures_family,
    running_month,
    timeliness_family,
)
from zorgstroom.aggregations.attack.history import History
from zorgstroom.aggregations.attack.leaks import Leak, is_not_rounded
from zorgstroom.aggregations.attack.published import Publication as Published
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.timeliness import WETTEN
from zorgstroom.sinks.contract import Filter, Publication, PublishedFigure, Safeguard
from zorgstroom.stream.settings import Settings

_ALL: Final = 1 << 40


@dataclass(slots=True)
class Reach:
    """What was laid together."""

    publicaties: int = 0
    rijen: int = 0
    momenten: int = 0
    """Earlier moments whose running month is in a programme, at most."""
    vanaf: date | None = None
    tot_en_met: date | None = None
    niveaus: set[str] = field(default_factory=set)
    perioden: set[str] = field(default_factory=set)

    def add(self, first: date, latest: Moment, moments: int) -> None:
        """Add what is in one programme."""
        self.vanaf = first if self.vanaf is None else min(self.vanaf, first)
        self.tot_en_met = max(self.tot_en_met or latest.today, latest.today)
        self.momenten = max(self.momenten, moments)
        for place in latest.figures:
            self.niveaus.add(f"{place.series.gebied_soort} x {place.series.product_niveau}")
            self.perioden.add(place.series.periode_soort)


class RegionReader:
    """
    Reads what was published of regions.

    Args:
        settings: Which periods are published, and what counts.
        publication: Where it was published.
        safeguard: How it is protected.
        wetten: Which to read.
        moments: At how many earlier moments the running month is looked at as well.
        seed: Of the choice of these moments.

    """

    def __init__(
        self,
        settings: Settings,
        publication: Publication,
        safeguard: Safeguard,
        *,
        wetten: Sequence[str],
        moments: int,
        seed: int,
    ) -> None:
        self.reach = Reach()
        self._settings = settings
        self._publication = publication
        self._mark = _mark(safeguard)
        self._wetten = wetten
        self._moments = moments
        self._seed = seed
        self.rule = rule_of(safeguard)

    def families(self, region: Region, leaks: list[Leak]) -> Iterator[tuple[str, Family]]:
        """Yield the programmes of a region with their names; put what is wrong into `leaks`."""
        emissions = self._publication.emissions(_ALL, region.name)
        moments = {emission.versie: emission.tijd for emission in emissions}
        self.reach.publicaties += len(moments)
        leaks += [
            Leak("beleid", emission.versie, None, f"gepubliceerd onder {emission.beleid}")
            for emission in emissions
            if emission.beleid != self._mark
        ]
        written: set[int] = set()
        for wet in self._wetten:
            rows = self._publication.figures(
                Filter(gebied=region.gebieden, wet=(wet,)), historie=True
            )
            written |= {row.versie for row in rows}
            published = Published(region, self._rules(rows), self.rule)
            for tabel, build in (
                ("cijfers", partial(self._figures, published, rows, moments)),
                ("tijdigheid", partial(self._timeliness, region, wet)),
            ):
                naam = f"{region.name} {wet} {tabel}"
                try:
                    family = build(leaks)
                except ContradictionError:
                    leaks.append(Leak("tegenstrijdig", 0, None, naam))
                    continue
                if family is not None:
                    yield naam, family
        if len(self._wetten) == len(WETTEN):
            leaks += [
                Leak("niets nieuws", versie, None, "een publicatie zonder rijen")
                for versie in sorted(moments.keys() - written)
            ]

    def _rules(self, rows: Sequence[PublishedFigure]) -> PublicationRules:
        """Return the rules of publication; figures begin no earlier than the first there is."""
        rules = self._settings.publication
        first = min(
            (row.periode for row in rows if row.series.periode_soort == "maand"), default=date.min
        )
        return rules.model_copy(update={"vanaf": max(first, rules.vanaf or first)})

    def _figures(
        self,
        published: Published,
        rows: list[PublishedFigure],
        moments: Mapping[int, datetime],
        leaks: list[Leak],
    ) -> Family | None:
        """Go through the history of a region and wet; return the programme of its figures."""
        last = max(moments, default=0)
        # What is after the last emission that was stored whole, is half a table.
        rows = sorted((row for row in rows if row.versie <= last), key=lambda row: row.versie)
        if not rows:
            return None
        self.reach.rijen += len(rows)
        versions = sorted({row.versie for row in rows} & moments.keys())[:-1]
        chance = random.Random(self._seed)  # noqa: S311 - a sample, not a secret
        chosen = set(chance.sample(versions, min(self._moments, len(versions))))
        history = History(published, moments.keys())
        earlier: list[Moment] = []
        for versie, written in groupby(rows, key=lambda row: row.versie):
            leaks.extend(history.step(list(written)))
            if versie in chosen:
                month = running_month(history.values(), history.today)
                earlier.append(Moment(versie, history.today, month))
        latest = Moment(0, history.today, history.values())
        self.reach.add(published.rules.first(latest.today), latest, len(earlier))
        return figures_family(published, latest, earlier, self._settings.definitions)

    def _timeliness(self, region: Region, wet: str, leaks: list[Leak]) -> Family | None:
        rows = [row for row in self._publication.timeliness(region.name) if row.wet == wet]
        self.reach.rijen += len(rows)
        for row in rows:
            name = f"{row.label} {row.wet} {row.soort} {row.maand.isoformat()}"
            leaks += [
                Leak("geen veelvoud", 0, None, f"tijdigheid {name}: het cijfer {figure}")
                for figure in (row.op_tijd, row.te_laat, row.te_vroeg)
                if is_not_rounded(figure, self.rule)
            ]
            if leak := few_records(row, self.rule):
                leaks.append(leak)
        return timeliness_family(rows, region.gemeenten, self.rule) if rows else None


def rule_of(safeguard: Safeguard) -> Rule:
    """Return how counts were made public, as everybody knows it."""
    if safeguard.beleid == "kale_drempel":
        return Rule.bare_threshold(safeguard.drempel)
    return Rule.rounding(safeguard.basis, safeguard.drempel)


def _mark(safeguard: Safeguard) -> str:
    """Return what every emission says of its policy."""
    return {
        "afronden": f"afronden {safeguard.basis} {safeguard.drempel}",
        "kale_drempel": f"kale_drempel {safeguard.drempel}",
    }.get(safeguard.beleid, safeguard.beleid)
