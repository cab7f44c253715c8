"""
The publication plan: which cells of a region are published, when, and what holds between them.

The plan is data, and this is the one place that turns it into tables of cells and relations, for
the protector, the check and whoever attacks the publication. A new measure is one more entry.

Each fact is published once. While care runs, figures are made per month; a running quarter,
half-year or year is the sum of months that were published, so it tells nothing new. At its close a
period gets its detail. A longer period is the sum of its months *as they stood at their closes*, so
closed figures add up, and what a late message adds to a closed month gives nobody away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from zorgstroom.aggregations.disclosure.table import Relation, total
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import GebiedSoort, Maat, Niveau, PeriodeSoort

VERSION: Final = 1
"""Number of the plan; it is part of what an emission says of its protection."""

STOCKS: Final[frozenset[Maat]] = frozenset({"actief"})
"""Measures that are counted on a day; the others are counted over a period."""
FLOWS: Final[tuple[Maat, ...]] = ("instroom", "uitstroom")
LONGER: Final[dict[PeriodeSoort, tuple[PeriodeSoort, int]]] = {
    "kwartaal": ("maand", 3),
    "halfjaar": ("kwartaal", 2),
    "jaar": ("halfjaar", 2),
}
"""Of what, and of how many of them, a longer period is the sum."""

Level = tuple[GebiedSoort, Niveau]
_REGION: Final[tuple[Level, ...]] = (("regio", "totaal"), ("regio", "hoofdgroep"))
_EVERY_REGION: Final[tuple[Level, ...]] = (*_REGION, ("regio", "categorie"))
_GEMEENTE: Final[tuple[Level, ...]] = (("gemeente", "totaal"), ("gemeente", "hoofdgroep"))
_EVERYTHING: Final[tuple[Level, ...]] = (*_EVERY_REGION, *_GEMEENTE, ("gemeente", "categorie"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is published of a region."""

    hourly: frozenset[Level] = frozenset(_REGION)
    """Renewed at every moment of the grid."""
    daily: frozenset[Level] = frozenset({("gemeente", "totaal")})
    """Renewed at the last moment of a day."""
    by_day: frozenset[Level] = frozenset({("regio", "totaal")})
    """Whose `actief` is also kept by day: as it was published at the day's last moment."""
    stock: Mapping[PeriodeSoort, frozenset[Level]] = field(
        default_factory=lambda: {
            "maand": frozenset({*_EVERY_REGION, ("gemeente", "totaal")}),
            "kwartaal": frozenset(_EVERYTHING),
            "halfjaar": frozenset(_EVERYTHING),
            "jaar": frozenset(_EVERYTHING),
        }
    )
    """Levels at the close of each kind of period, for measures that are counted on a day."""
    flow: Mapping[PeriodeSoort, frozenset[Level]] = field(
        default_factory=lambda: {
            "maand": frozenset({*_EVERY_REGION, ("gemeente", "totaal")}),
            "kwartaal": frozenset({*_EVERY_REGION, *_GEMEENTE}),
            "halfjaar": frozenset(_EVERYTHING),
            "jaar": frozenset(_EVERYTHING),
        }
    )
    """The same for measures that are counted over a period."""

    summed: frozenset[PeriodeSoort] = frozenset({"jaar"})
    """
    Kinds of period of which flows are the sum of the published parts, also at the close. A year as
    a table of its own would show a little more and take minutes to protect.
    """

    @property
    def live(self) -> frozenset[Level]:
        """Levels with figures while a period runs."""
        return self.hourly | self.daily

    @property
    def everything(self) -> frozenset[Level]:
        """All levels of which anything is published at a close."""
        return frozenset[Level]().union(*self.stock.values(), *self.flow.values())

    def closing(self, maat: Maat, soort: PeriodeSoort) -> frozenset[Level]:
        """Return the levels that are published of `maat` at the close of a period of `soort`."""
        return (self.stock if maat in STOCKS else self.flow)[soort]


DEFAULT: Final = Plan()


class Cell(NamedTuple):
    """One cell: a figure of one area, product, measure and period."""

    gebied: str
    product: int
    """Place in `PRODUCTS`."""
    maat: Maat
    soort: PeriodeSoort
    start: date

    @property
    def wet(self) -> str:
        """The wet of the product."""
        return PRODUCTS[self.product].wet


class Span(NamedTuple):
    """A calendar period by its kind and first day."""

    soort: PeriodeSoort
    start: date


class Tabel(NamedTuple):
    """What is made at one moment as one table: one wet, measure and period."""

    wet: str
    maat: Maat
    soort: PeriodeSoort
    start: date

    @property
    def label(self) -> str:
        """The name of the table in a certificate."""
        return f"{self.wet} {self.maat} {self.soort} {self.start.isoformat()}"


def areas(region: Region) -> list[tuple[str, GebiedSoort]]:
    """Return the areas of `region` with their kind, the whole first."""
    whole: list[tuple[str, GebiedSoort]] = [(region.name, "regio")] if region.total else []
    return whole + [(code, "gemeente") for code in region.gemeenten]


def levels(region: Region, wanted: Iterable[Level]) -> frozenset[Level]:
    """Return `wanted` as it applies to `region`: a gemeente by itself is its own region."""
    if region.total:
        return frozenset(wanted)
    return frozenset(("gemeente", niveau) for _, niveau in wanted)


class Shape(NamedTuple):
    """What tables of one wet at the same levels have in common."""

    pairs: tuple[tuple[str, int], ...]
    """Area and product of each cell, in a fixed order."""
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    """Which cell is the sum of which, as places in `pairs`."""


@lru_cache(maxsize=256)
def shape(region: Region, wet: str, wanted: frozenset[Level]) -> Shape:
    """
    Return the cells of a table of `wet` at the levels `wanted`, and how they add up.

    Products add up within an area, and gemeenten to their region.
    """
    here = levels(region, wanted)
    pairs = tuple(
        (gebied, row)
        for gebied, soort in areas(region)
        for row, product in enumerate(PRODUCTS)
        if product.wet == wet and (soort, product.niveau) in here
    )
    place = {pair: at for at, pair in enumerate(pairs)}
    sums: list[tuple[int, tuple[int, ...]]] = []

    def add(whole: tuple[str, int], parts: list[tuple[str, int]]) -> None:
        if whole in place and all(part in place for part in parts):
            sums.append((place[whole], tuple(place[part] for part in parts)))

    for gebied, _ in areas(region):
        for whole, parts in _SUMS:
            add((gebied, whole), [(gebied, part) for part in parts])
    if region.total:
        for row in range(len(PRODUCTS)):
            add((region.name, row), [(gemeente, row) for gemeente in region.gemeenten])
    return Shape(pairs, tuple(sums))


def cells(region: Region, tabel: Tabel, wanted: frozenset[Level]) -> list[Cell]:
    """Return the cells of `tabel` at the levels `wanted`, in a fixed order."""
    return [
        Cell(gebied, row, tabel.maat, tabel.soort, tabel.start)
        for gebied, row in shape(region, tabel.wet, wanted).pairs
    ]


def relations(
    region: Region, tabel: Tabel, wanted: frozenset[Level], first: int, label: str | None
) -> list[Relation]:
    """
    Return how the cells of one table add up.

    Args:
        region: Whose cells.
        tabel: Which table.
        wanted: Its levels.
        first: Index of its first cell in the system.
        label: Name of the table; None when only its links to others matter.

    """
    return [
        total(first + whole, [first + part for part in parts], label)
        for whole, parts in shape(region, tabel.wet, wanted).sums
    ]


def links(place: Mapping[Cell, int], spans: Iterable[Span]) -> list[Relation]:
    """Return that each longer period in `spans` is the sum of its parts, cell by cell."""
    found: list[Relation] = []
    for span in spans:
        if span.soort not in LONGER:
            continue
        of = parts_of(span)
        for cell, at in place.items():
            if (cell.soort, cell.start) != span:
                continue
            parts = [place.get(cell._replace(soort=p.soort, start=p.start)) for p in of]
            if None not in parts:
                found.append(total(at, [p for p in parts if p is not None]))
    return found


def parts_of(span: Span) -> list[Span]:
    """Return the next shorter periods of a longer one, in order."""
    soort, count = LONGER[span.soort]
    length = MONTHS_OF[soort]
    return [Span(soort, _later(span.start, length * number)) for number in range(count)]


def months_of(span: Span) -> list[date]:
    """Return the first days of the months of a period."""
    return [_later(span.start, number) for number in range(MONTHS_OF[span.soort])]


def month_before(start: date) -> date:
    """Return the month before the one that begins on `start`."""
    return _later(start, -1)


def last_day(span: Span) -> date:
    """Return the last day of a period."""
    return _later(span.start, MONTHS_OF[span.soort]) - timedelta(days=1)


def ending_with(month: date) -> list[Span]:
    """Return the periods that end with a month, the month first."""
    found = [Span("maand", month)]
    for soort in ("kwartaal", "halfjaar", "jaar"):
        length = MONTHS_OF[soort]
        if month.month % length == 0:
            found.append(Span(soort, _later(month, 1 - length)))
    return found


def names_of(cell: Cell) -> list[Cell]:
    """Return under which periods the figure of a cell of a month may stand once that is over."""
    if cell.maat not in STOCKS:
        return [cell]
    return [cell._replace(soort=s.soort, start=s.start) for s in ending_with(cell.start)]


def running(month: date) -> list[Span]:
    """Return the periods that hold a month, the month first."""
    return [
        Span(soort, date(month.year, (month.month - 1) // length * length + 1, 1))
        for soort, length in MONTHS_OF.items()
    ]


MONTHS_OF: Final[dict[PeriodeSoort, int]] = {"maand": 1, "kwartaal": 3, "halfjaar": 6, "jaar": 12}


def _later(month: date, months: int) -> date:
    year, month0 = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, month0 + 1, 1)


def _sums() -> list[tuple[int, tuple[int, ...]]]:
    """Return each product that is a sum, with the products of the next level that it is of."""
    row = {(p.wet, p.niveau, p.product): at for at, p in enumerate(PRODUCTS)}
    found: list[tuple[int, tuple[int, ...]]] = []
    for at, product in enumerate(PRODUCTS):
        if product.niveau == "totaal":
            groups = [
                other
                for other, p in enumerate(PRODUCTS)
                if p.wet == product.wet and p.niveau == "hoofdgroep"
            ]
            if groups:
                found.append((at, tuple(groups)))
                continue
        if product.niveau != "categorie":
            found.append((at, tuple(row[product.wet, "categorie", c] for c in product.categorieen)))
    return found


_SUMS: Final = _sums()
