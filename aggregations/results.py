"""
The figures that leave the core, as values: what a place of publication gets to see.

A region's figures leave the process as one `Emission`: absolute values of the cells that changed,
under one rising version. Writing an emission again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

GebiedSoort = Literal["regio", "gemeente"]
Niveau = Literal["totaal", "hoofdgroep", "categorie"]
PeriodeSoort = Literal["dag", "maand", "kwartaal", "halfjaar", "jaar"]
Maat = Literal["actief", "instroom", "uitstroom"]
Status = Literal["voorlopig", "definitief"]


@dataclass(frozen=True, slots=True)
class Series:
    """What a row of figures is about, without the period: the key of a line in a table or chart."""

    gebied_soort: GebiedSoort
    gebied: str
    """Name of a region, or a CBS code such as ``0153``."""
    wet: str
    product_niveau: Niveau
    product: str
    """Empty for totaal, the CBS label for hoofdgroep, two digits or ``onbekend`` for categorie."""
    periode_soort: PeriodeSoort
    maat: Maat


@dataclass(frozen=True, slots=True)
class SeriesValues:
    """Values of one series for some periods; the three sequences run in parallel."""

    series: Series
    perioden: Sequence[date]
    """First day of each period."""
    waarden: Sequence[int | None]
    """Figures; None is n.b."""
    statussen: Sequence[Status]
    tot_en_met: Sequence[date | None] = ()
    """
    Last day that the sum of a running period of a flow reaches; None for every other figure. Empty
    when it is None for all.
    """


@dataclass(frozen=True, slots=True)
class Emission:
    """One write of a region: the cells that changed since the last one."""

    regio: str
    """Name of a region, or the CBS code of a gemeente outside any region."""
    versie: int
    """(epoch << 32) + counter, rising per region."""
    tijd: datetime
    """When these figures were made (UTC, aware)."""
    values: Sequence[SeriesValues]
    beleid: str
    """The policy under which it was made, such as ``afronden 5 10``."""
