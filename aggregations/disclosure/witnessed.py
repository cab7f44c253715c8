"""What an outsider sees of a publication, and what can be found in it: the values of `replay`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from zorgstroom.aggregations.disclosure.attack import Interval
from zorgstroom.aggregations.disclosure.plan import Cell
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.table import Ints, Mask
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.results import Emission, Series, Status

Kind = Literal[
    "onbeschermd",
    "zonder emissie",
    "getoond",
    "buiten het plan",
    "niet afgeleid",
    "teruggezet",
    "ontbreekt",
    "certificaat",
    "herleidbaar",
    "te smal",
]


_PRODUCT_ROW: Final = {(p.wet, p.niveau, p.product): row for row, p in enumerate(PRODUCTS)}


class Entry(NamedTuple):
    """One row of the published history."""

    waarde: int | None
    status: Status
    tijd: datetime
    """When the value was made."""


@dataclass(frozen=True, slots=True)
class Written:
    """One emission of a region as it stands in the database."""

    versie: int
    tijd: datetime
    certificaat: str
    rows: Mapping[Cell, Entry]
    is_cut: bool = False
    """Whether a crash cut it off: part of its rows may be there, its proof is not."""

    @classmethod
    def of(cls, emission: Emission) -> "Written":
        """Return what `emission` writes."""
        rows: dict[Cell, Entry] = {}
        for values in emission.values:
            tijden = values.tijden or [emission.tijd] * len(values.perioden)
            for start, waarde, status, tijd in zip(
                values.perioden, values.waarden, values.statussen, tijden, strict=True
            ):
                rows[cell_of(values.series, start)] = Entry(waarde, status, tijd)
        return cls(emission.versie, emission.tijd, emission.certificaat, rows)


def cell_of(series: Series, start: date) -> Cell:
    """Return the cell of a row of figures; a `KeyError` for a product that there is not."""
    product = _PRODUCT_ROW[series.wet, series.product_niveau, series.product]
    return Cell(series.gebied, product, series.maat, series.periode_soort, start)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may not be, or that somebody could find out."""

    soort: Kind
    cell: Cell | None = None
    systeem: str = ""
    interval: Interval | None = None
    uitleg: str = ""
    """What else is to be told; never a value that was not published."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """A system of cells of which figures were made at one moment."""

    frame: Frame
    shown: Mask
    """Made at this moment, or known from a close before."""
    values: Ints
    proof: str | None
    is_close: bool
    is_cut: bool
    """Whether a crash kept the proof from being stored."""


@dataclass(slots=True)
class Moment:
    """What one emission comes down to."""

    written: Written
    threshold: int
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    """What is to be told and is no disclosure."""
    systems: list[Weighed] = field(default_factory=list)
    fresh: int = 0
    """Figures made at this moment, without those that follow from others."""
    derived: int = 0
