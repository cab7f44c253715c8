"""Factories of emissions for tests of places of publication."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from zorgstroom.aggregations.results import Emission, Series, SeriesValues, Status

WMO_TOTAAL = Series("gemeente", "0153", "Wmo", "totaal", "", "maand", "instroom")
JANUARI, FEBRUARI = date(2024, 1, 1), date(2024, 2, 1)


def series(**changed: str) -> Series:
    """Return the instroom of Enschede, Wmo, per month, with these parts `changed`."""
    return replace(WMO_TOTAAL, **changed)  # type: ignore[arg-type]


def values(
    of: Series = WMO_TOTAAL,
    waarden: Sequence[int | None] = (7,),
    *,
    eerste: date = JANUARI,
    status: Status = "voorlopig",
    tot_en_met: Sequence[date | None] = (),
) -> SeriesValues:
    """Return months from `eerste` on with these `waarden`."""
    months = [eerste.year * 12 + eerste.month - 1 + number for number in range(len(waarden))]
    perioden = [date(month // 12, month % 12 + 1, 1) for month in months]
    return SeriesValues(of, perioden, waarden, [status] * len(waarden), tot_en_met)


def emission(
    versie: int,
    *of: SeriesValues,
    regio: str = "twente",
    tijd: datetime | None = None,
    beleid: str = "afronden 5 10",
) -> Emission:
    """Return an emission; its time follows from `versie`, so that it can be made again."""
    when = tijd or datetime(2024, 3, 1, tzinfo=UTC) + timedelta(seconds=versie % 100_000)
    return Emission(regio, versie, when, of, beleid)


def many(versie: int, count: int, length: int) -> Emission:
    """Return an emission of `count` series with `length` months each, one count in five hidden."""
    chance = random.Random(versie)
    made = []
    for number in range(count):
        waarden = [None if chance.random() < 0.2 else chance.randrange(5000) for _ in range(length)]
        of = series(gebied=f"{number % 14:04}", product_niveau="categorie", product=f"{number:05}")
        made.append(values(of, waarden, eerste=date(1990, 1, 1)))
    return emission(versie, *made)
