"""
What published rows are about: from a row of `publicatie.cijfers` to a count and what it tells.

Only what an outsider knows is used: the rows themselves, which gemeenten a region has, which
categorieen a product has, and the rules of publication and definition, which are public.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Protocol

from zorgstroom.aggregations.attack.cells import Count
from zorgstroom.aggregations.attack.equations import Reading, Rule
from zorgstroom.aggregations.attack.places import Place, ended_parts
from zorgstroom.aggregations.ledger import STOCKS
from zorgstroom.aggregations.periods import MONTHS, month_before
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import PeriodeSoort, Series, Status

_CATEGORIEEN: Final = {
    (product.wet, product.niveau, product.product): frozenset(product.categorieen)
    for product in PRODUCTS
}


class PublishedRow(Protocol):
    """One row of `publicatie.cijfers` or its history."""

    @property
    def series(self) -> Series:
        """What it is about, without the period."""
        ...

    @property
    def periode(self) -> date:
        """First day of the period."""
        ...

    @property
    def waarde(self) -> int | None:
        """The figure; None is n.b."""
        ...

    @property
    def tot_en_met(self) -> date | None:
        """Last day that the sum of a running period reaches."""
        ...

    @property
    def status(self) -> Status:
        """Whether it is final."""
        ...

    @property
    def versie(self) -> int:
        """The emission that wrote it."""
        ...

    @property
    def bijgewerkt_op(self) -> datetime:
        """When that was (UTC)."""
        ...


class Publication:
    """
    How a region is published, as far as that is public.

    Args:
        region: Its gemeenten.
        rules: Which periods.
        rule: How counts are rounded.

    """

    def __init__(self, region: Region, rules: PublicationRules, rule: Rule) -> None:
        self.region = region
        self.rules = rules
        self.rule = rule
        self._gemeenten = {
            name: frozenset(region.identity(name).gemeenten) for name in region.gebieden
        }
        self._same: dict[Series, list[Series]] = {}

    def is_kept(self, place: Place, today: date) -> bool:
        """
        Return whether a figure is still renewed; what is not tells of former counts.

        Args:
            place: Where it stands.
            today: The day as of which figures are looked at.

        """
        if place.series.periode_soort == "dag":
            first_month = month_before(today, self.rules.dag_maanden - 1)
            return place.periode >= max(self.rules.first(today), first_month)
        return place.end >= self.rules.first(today)

    def count(self, place: Place, today: date, moment: int = 0) -> Count:
        """
        Return the count behind a figure, as it stood on `today`.

        Raises:
            KeyError: There is no such area or product.

        """
        series = place.series
        first, last = max(place.periode, self.rules.first(today)), place.end
        if series.maat in STOCKS:
            first = last = min(last, today)
        categorieen = _CATEGORIEEN[series.wet, series.product_niveau, series.product]
        return Count(self._gemeenten[series.gebied], categorieen, series.maat, first, last, moment)

    def copies(self, place: Place, today: date) -> list[Place]:
        """Return every place of the count that stands in `place`, itself among them."""
        count = self.count(place, today)
        kinds: tuple[PeriodeSoort, ...] = ("dag", *MONTHS) if count.is_stock else (*MONTHS,)
        others = (place.of_kind(soort, count.last) for soort in kinds)
        return [
            Place(alias, other.periode)
            for other in others
            if not other.is_sum(today) and self.count(other, today) == count
            for alias in self._aliases(other.series)
        ]

    def parts(self, place: Place, today: date) -> list[Place]:
        """Return the ended periods inside that of `place`, by their start, the longest first."""
        first = max(place.periode, self.rules.first(today))
        parts = ended_parts(place.series.periode_soort, place.periode, first, today)
        return [place.of_kind(soort, start) for soort, start in parts]

    def _aliases(self, series: Series) -> list[Series]:
        """Return every series about the same thing, periods and measure as `series`."""
        aliases = self._same.get(series)
        if aliases is None:
            gemeenten = self._gemeenten[series.gebied]
            categorieen = _CATEGORIEEN[series.wet, series.product_niveau, series.product]
            aliases = self._same[series] = [
                replace(
                    series,
                    gebied_soort=self.region.identity(gebied).soort,
                    gebied=gebied,
                    product_niveau=niveau,
                    product=product,
                )
                for gebied, own in self._gemeenten.items()
                if own == gemeenten
                for (wet, niveau, product), parts in _CATEGORIEEN.items()
                if wet == series.wet and parts == categorieen
            ]
        return aliases

    def readings(
        self, figures: Mapping[Place, int | None], today: date, moment: int = 0
    ) -> list[Reading]:
        """
        Return what `figures` tell an outsider; sums of figures tell nothing new.

        Args:
            figures: All figures as they stood after one emission.
            today: Its day.
            moment: Its number, or 0 for the last one.

        """
        return [
            self.rule.reading(self.count(place, today, moment), figure)
            for place, figure in figures.items()
            if self.is_kept(place, today) and not place.is_sum(today)
        ]
