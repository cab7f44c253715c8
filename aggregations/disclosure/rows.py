"""
What stands published of a region, cell by cell, and what an emission adds to it.

The published history is half of the state (the dossiers are the other half): after a restart all
of this is read back from it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from zorgstroom.aggregations.disclosure.plan import Cell, Span, areas, names_of
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Series, SeriesValues, Status

_PRODUCT_ROW: Final = {(p.wet, p.niveau, p.product): row for row, p in enumerate(PRODUCTS)}


class Row(NamedTuple):
    """The published state of one cell."""

    waarde: int | None
    status: Status
    versie: int
    """The emission that wrote it."""
    tijd: datetime
    """When the value was made: earlier than the emission's own time for a figure that is held."""


@dataclass(slots=True)
class Rows:
    """Everything that was published of a region and stands."""

    region: Region
    rows: dict[Cell, Row] = field(default_factory=dict)
    moments: dict[int, datetime] = field(default_factory=dict)
    """The time of each emission, by its versie."""
    closed: dict[Span, int] = field(default_factory=dict)
    """The periods that were closed, each with the `versie` of its close."""
    _versions: dict[datetime, int] = field(default_factory=dict)
    """The last emission of each time."""

    @classmethod
    def read(
        cls,
        region: Region,
        published: Iterable[SeriesValues],
        moments: Mapping[int, datetime] = MappingProxyType({}),
    ) -> "Rows":
        """Return what stands in `published`, made at `moments`: as a place of publication does."""
        found = cls(region)
        for versie, tijd in moments.items():
            found.at(versie, tijd)
        for values in published:
            series = values.series
            product = _PRODUCT_ROW.get((series.wet, series.product_niveau, series.product))
            if product is None:
                continue
            cells = zip(
                values.perioden,
                values.waarden,
                values.statussen,
                values.versies,
                values.tijden,
                strict=True,
            )
            for start, waarde, status, versie, tijd in cells:
                cell = Cell(series.gebied, product, series.maat, series.periode_soort, start)
                found.put(cell, Row(waarde, status, versie, tijd))
        # Of an emission that a crash cut off only rows tell the time. What is held carries an older
        # one; no row carries a newer one.
        cut_off: dict[int, datetime] = {}
        for row in found.rows.values():
            if row.versie not in moments:
                cut_off[row.versie] = max(row.tijd, cut_off.get(row.versie, row.tijd))
        for versie, tijd in cut_off.items():
            found.at(versie, tijd)
        return found

    def put(self, cell: Cell, row: Row) -> None:
        """Know that `row` stands for `cell`."""
        self.rows[cell] = row
        if row.status == "definitief":
            span = Span(cell.soort, cell.start)  # what is revised is younger than the close
            self.closed[span] = min(row.versie, self.closed.get(span, row.versie))

    def at(self, versie: int, tijd: datetime) -> None:
        """Know when an emission was made."""
        self.moments[versie] = tijd
        self._versions[tijd] = max(versie, self._versions.get(tijd, 0))

    @property
    def last_moment(self) -> datetime | None:
        """The time of the last emission, also of one that a crash cut off: it has been used."""
        return self.moments[max(self.moments)] if self.moments else None

    def made(self, row: Row) -> int:
        """Return the `versie` of the emission that made the figure of `row`, however often held."""
        return min(row.versie, self._versions.get(row.tijd, row.versie))

    def value(self, cell: Cell) -> int | None:
        """Return the figure that stands for `cell`; None without one."""
        row = self.rows.get(cell)
        return None if row is None else row.waarde

    def is_closed(self, cell: Cell) -> bool:
        """Return whether `cell` was published at the close of its period."""
        row = self.rows.get(cell)
        return row is not None and row.status == "definitief"

    def is_month_closed(self, month: date) -> bool:
        """Return whether a month was closed."""
        return Span("maand", month) in self.closed

    def closed_row(self, cell: Cell) -> Row | None:
        """Return the closed row of a cell under whatever period it stands; None without figure."""
        found = (self.rows[name] for name in names_of(cell) if self.is_closed(name))
        return next((row for row in found if row.waarde is not None), None)

    def is_known(self, cell: Cell) -> bool:
        """Return whether `cell` was made at the close of its period."""
        return self.is_closed(cell) and self.is_fresh(cell)

    def is_fresh(self, cell: Cell) -> bool:
        """Return whether the figure of `cell` was made by the emission that wrote it last."""
        row = self.rows.get(cell)
        return row is not None and row.waarde is not None and row.tijd == self.moments[row.versie]

    def is_withheld(self, cell: Cell) -> bool:
        """Return whether it was published that `cell` has no figure."""
        row = self.rows.get(cell)
        return row is not None and row.waarde is None


@dataclass(slots=True)
class Draft:
    """What an emission is going to write."""

    under: Rows
    versie: int
    tijd: datetime
    rows: dict[Cell, Row] = field(default_factory=dict)

    def show(self, cell: Cell, waarde: int, status: Status = "voorlopig") -> None:
        """Publish a figure that is made now."""
        self._put(cell, Row(waarde, status, self.versie, self.tijd))

    def withhold(self, cell: Cell, status: Status = "voorlopig") -> None:
        """Publish that there is no figure."""
        self._put(cell, Row(None, status, self.versie, self.tijd))

    def hold(self, cell: Cell, waarde: int, tijd: datetime, status: Status) -> None:
        """Publish a figure of before again, with the time at which it was made."""
        self._put(cell, Row(waarde, status, self.versie, tijd))

    def value(self, cell: Cell) -> int | None:
        """Return the figure that will stand for `cell`."""
        row = self.rows.get(cell)
        return self.under.value(cell) if row is None else row.waarde

    def confirm(self) -> None:
        """Know that it is written."""
        self.under.at(self.versie, self.tijd)
        for cell, row in self.rows.items():
            self.under.put(cell, row)

    def values(self) -> list[SeriesValues]:
        """Return the rows as they are written, in a fixed order."""
        return list(_grouped(self.under.region, self.rows))

    def _put(self, cell: Cell, row: Row) -> None:
        old = self.under.rows.get(cell)
        same = old is not None and (old.waarde, old.status) == (row.waarde, row.status)
        # A figure that comes out the same is still one of now; a missing one is no news.
        if not same or row.waarde is not None:
            self.rows[cell] = row


def _grouped(region: Region, rows: dict[Cell, Row]) -> Iterator[SeriesValues]:
    kinds = dict(areas(region))
    found: dict[Series, list[tuple[date, Row]]] = {}
    for cell, row in rows.items():
        product = PRODUCTS[cell.product]
        series = Series(
            kinds[cell.gebied],
            cell.gebied,
            product.wet,
            product.niveau,
            product.product,
            cell.soort,
            cell.maat,
        )
        found.setdefault(series, []).append((cell.start, row))
    for series, pairs in found.items():
        pairs.sort(key=lambda pair: pair[0])
        yield SeriesValues(
            series,
            [start for start, _ in pairs],
            [row.waarde for _, row in pairs],
            [row.status for _, row in pairs],
            [row.tijd for _, row in pairs],
        )
