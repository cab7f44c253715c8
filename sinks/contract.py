"""
What a place of publication must do, and how a reader asks it for figures.

The values that cross into it are those of `aggregations.results`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from zorgstroom.aggregations.results import Emission, Series, SeriesValues, Status
from zorgstroom.aggregations.timeliness_rows import TimelinessRow


def check_emission(emission: Emission) -> None:
    """
    Raise a `ValueError` when `emission` cannot be meant.

    That is: no version or one over 64 bits, a naive time, ragged rows, or a count that is negative
    or over 32 bits (of which the engine would store the remainder without a word).
    """
    if not 0 < emission.versie < 1 << 64:
        raise ValueError(f"versie {emission.versie} is not a positive number of 64 bits")
    if emission.tijd.tzinfo is None:
        raise ValueError("tijd has no time zone")
    for values in emission.values:
        if not len(values.perioden) == len(values.waarden) == len(values.statussen):
            raise ValueError(f"{values.series}: periods, values and statuses differ in number")
        if len(values.tot_en_met) not in (0, len(values.perioden)):
            raise ValueError(f"{values.series}: not every value has its last day")
        counts = [waarde for waarde in values.waarden if waarde is not None]
        if counts and not 0 <= min(counts) <= max(counts) < 1 << 32:
            raise ValueError(f"{values.series}: a count is negative or over 32 bits")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which figures a reader asks for; an empty tuple or None asks for all."""

    gebied: tuple[str, ...] = ()
    wet: tuple[str, ...] = ()
    product_niveau: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    maat: tuple[str, ...] = ()
    periode_soort: tuple[str, ...] = ()
    periode_vanaf: date | None = None
    periode_tot_en_met: date | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One row of `publicatie.cijfers` or of its history, as a reader sees it."""

    series: Series
    periode: date
    waarde: int | None
    tot_en_met: date | None
    """Last day that the sum of a running period reaches; None for every other figure."""
    status: Status
    versie: int
    bijgewerkt_op: datetime = field(compare=False)


@dataclass(frozen=True, slots=True)
class PublishedEmission:
    """One row of `publicatie.emissies`: a publication of a region that was stored whole."""

    regio: str
    versie: int
    tijd: datetime
    beleid: str
    """The policy that it was made under."""


@dataclass(frozen=True, slots=True)
class Safeguard:
    """How the figures of a database are protected; it holds one for ever."""

    beleid: str
    basis: int
    drempel: int
    sleutel: str
    """Fingerprint of the rounding key; empty under a policy without."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one process to write one region, until another process claims it."""

    regio: str
    epoch: int
    """Higher than every epoch before, also of processes that are gone."""
    eigenaar: str
    """Name of the process; no two processes have the same."""
    wait_seconds: float = field(default=0.0, compare=False)
    """How long an insert of the former owner may still be under way: read and write after that."""


class Publication(Protocol):
    """Where emissions are kept and can be read; the contract suite is in `tests/contracts`."""

    def last_version(self, regio: str, gebieden: Sequence[str]) -> int:
        """Return the highest version stored for `regio` (areas: `gebieden`); 0 when none."""
        ...

    def last_emission(self, regio: str) -> datetime | None:
        """Return when `regio` was last written (UTC), None when never."""
        ...

    def gebieden(self) -> frozenset[str]:
        """Return the names of the areas with a figure, also of an emission that was cut off."""
        ...

    def safeguards(self) -> list[Safeguard]:
        """Return how the figures here are protected; more than one was never meant to be."""
        ...

    def keep_safeguard(self, safeguard: Safeguard, now: datetime) -> None:
        """Store how the figures here are protected, unless something is stored already."""
        ...

    def published(self, gebieden: Sequence[str]) -> Iterable[SeriesValues]:
        """Yield the latest value of every cell of `gebieden`, for a writer to go on from."""
        ...

    def claim(self, regio: str, eigenaar: str, at_least: int, now: datetime) -> Claim:
        """
        Become the one writer of `regio`; whoever was before writes nothing from now on.

        Args:
            regio: The region.
            eigenaar: Name of this process.
            at_least: Lowest epoch to take.
            now: The present moment, which is kept for people to read.

        """
        ...

    def release(self, claim: Claim, now: datetime) -> None:
        """Say that nothing of `claim` is under way any more: the next owner need not wait."""
        ...

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        """
        Store `emission`; return only when it is safe. Raises a `SinkError`.

        With a `claim` nothing at all is stored once another process owns the region: then it raises
        an `OwnershipLostError`.
        """
        ...

    def figures(self, wanted: Filter, *, historie: bool = False) -> list[PublishedFigure]:
        """Return the latest figures, or every version ever published, in a stable order."""
        ...

    def emissions(self, limit: int, regio: str = "") -> list[PublishedEmission]:
        """Return the last `limit` emissions, of `regio` or of all regions, the newest first."""
        ...

    def write_timeliness(
        self, rows: Sequence[TimelinessRow], versie: int, tijd: datetime, claim: Claim | None = None
    ) -> None:
        """
        Store `rows` of one region; return only when it is safe, like `write`.

        Args:
            rows: At least one; a row of before with the same key is replaced.
            versie: Last version of the region; the highest holds.
            tijd: When the rows were made (aware).
            claim: Nothing is stored once another process owns the region.

        """
        ...

    def timeliness(self, regio: str) -> list[TimelinessRow]:
        """Return the rows that `regio` published, in the order of their key."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...
