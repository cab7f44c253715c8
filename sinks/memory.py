"""
A publication in memory, for tests and dry runs of whoever uses this package.

It passes the same contract suite as ClickHouse (`tests/contracts/test_publication.py`), and keeps
nothing when the process ends.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from zorgstroom.aggregations.results import Emission, Series, SeriesValues, Status
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.sinks.contract import (
    Claim,
    Filter,
    PublishedEmission,
    PublishedFigure,
    Safeguard,
    check_emission,
)
from zorgstroom.sinks.errors import OwnershipLostError

Cell: TypeAlias = tuple[Series, date]


@dataclass(frozen=True, slots=True)
class Stored:
    """What one emission said of one cell."""

    waarde: int | None
    tot_en_met: date | None
    status: Status
    tijd: datetime


class MemoryPublication:
    """A `Publication` that lives as long as the object; safe to use from several threads."""

    def __init__(self) -> None:
        self._cells: dict[Cell, dict[int, Stored]] = {}
        self._emissions: dict[str, dict[int, datetime]] = {}
        self._policies: dict[tuple[str, int], str] = {}
        self._safeguard: Safeguard | None = None
        self._owners: dict[str, Claim] = {}
        self._timeliness: dict[tuple[str | date, ...], tuple[int, TimelinessRow]] = {}
        self._lock = threading.Lock()

    def last_version(self, regio: str, gebieden: Sequence[str]) -> int:
        """Return the highest version stored for `regio` (areas: `gebieden`); 0 when none."""
        with self._lock:
            versions = list(self._emissions.get(regio, ()))
            for (series, _), stored in self._cells.items():
                if series.gebied in gebieden:
                    versions.extend(stored)
            return max(versions, default=0)

    def last_emission(self, regio: str) -> datetime | None:
        """Return when `regio` was last written in full (UTC), None when never."""
        with self._lock:
            emissions = self._emissions.get(regio)
            return emissions[max(emissions)] if emissions else None

    def gebieden(self) -> frozenset[str]:
        """Return the names of the areas with a figure."""
        with self._lock:
            return frozenset(series.gebied for series, _ in self._cells)

    def safeguards(self) -> list[Safeguard]:
        """Return how the figures here are protected."""
        with self._lock:
            return [] if self._safeguard is None else [self._safeguard]

    def keep_safeguard(self, safeguard: Safeguard, now: datetime) -> None:
        """Store how the figures here are protected, unless something is stored already."""
        with self._lock:
            self._safeguard = self._safeguard or safeguard

    def published(self, gebieden: Sequence[str]) -> Iterable[SeriesValues]:
        """Yield the latest value of every cell of `gebieden`, periods in order."""
        found: dict[Series, list[PublishedFigure]] = {}
        if gebieden:
            for figure in self.figures(Filter(gebied=tuple(gebieden))):
                found.setdefault(figure.series, []).append(figure)
        for series, figures in found.items():
            yield SeriesValues(
                series,
                [figure.periode for figure in figures],
                [figure.waarde for figure in figures],
                [figure.status for figure in figures],
                [figure.tot_en_met for figure in figures],
            )

    def claim(self, regio: str, eigenaar: str, at_least: int, now: datetime) -> Claim:
        """Become the one writer of `regio`; nothing of a former owner can be under way here."""
        with self._lock:
            former = self._owners.get(regio)
            epoch = max(former.epoch + 1 if former else 1, at_least)
            self._owners[regio] = Claim(regio, epoch, eigenaar)
            return self._owners[regio]

    def release(self, claim: Claim, now: datetime) -> None:
        """Do nothing: nobody waits here."""

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        """Store `emission`; raises `ValueError` when it breaks its contract."""
        check_emission(emission)
        if claim and self._owners.get(claim.regio) != claim:
            raise OwnershipLostError(f"Een ander proces publiceert nu {claim.regio}.")
        tijd = _cut(emission.tijd)
        with self._lock:
            for values in emission.values:
                reaches = values.tot_en_met or [None] * len(values.perioden)
                for periode, waarde, status, reach in zip(
                    values.perioden, values.waarden, values.statussen, reaches, strict=True
                ):
                    versions = self._cells.setdefault((values.series, periode), {})
                    versions[emission.versie] = Stored(waarde, reach, status, tijd)
            self._emissions.setdefault(emission.regio, {})[emission.versie] = tijd
            self._policies[emission.regio, emission.versie] = emission.beleid

    def figures(self, wanted: Filter, *, historie: bool = False) -> list[PublishedFigure]:
        """Return the latest figures, or every version ever published, ordered by cell."""
        with self._lock:
            found = [
                PublishedFigure(
                    series,
                    periode,
                    stored.waarde,
                    stored.tot_en_met,
                    stored.status,
                    versie,
                    stored.tijd,
                )
                for (series, periode), versions in self._cells.items()
                if asked(wanted, series, periode)
                for versie, stored in chosen(versions, historie=historie)
            ]
        found.sort(key=order)
        return found if wanted.limit is None else found[: wanted.limit]

    def emissions(self, limit: int, regio: str = "") -> list[PublishedEmission]:
        """Return the last `limit` emissions, of `regio` or of all regions, the newest first."""
        with self._lock:
            found = [
                PublishedEmission(name, versie, tijd, self._policies[name, versie])
                for name, emissions in self._emissions.items()
                if not regio or name == regio
                for versie, tijd in emissions.items()
            ]
        found.sort(key=lambda one: one.regio)
        found.sort(key=lambda one: (one.tijd, one.versie), reverse=True)
        return found[:limit]

    def write_timeliness(
        self, rows: Sequence[TimelinessRow], versie: int, tijd: datetime, claim: Claim | None = None
    ) -> None:
        """Store `rows` of one region."""
        if claim and self._owners.get(claim.regio) != claim:
            raise OwnershipLostError(f"Een ander proces publiceert nu {claim.regio}.")
        with self._lock:
            for row in rows:
                known, _ = self._timeliness.get(row.key, (0, row))
                if versie >= known:
                    self._timeliness[row.key] = (versie, row)

    def timeliness(self, regio: str) -> list[TimelinessRow]:
        """Return the rows that `regio` published, in the order of their key."""
        with self._lock:
            found = [row for _, row in self._timeliness.values() if row.regio == regio]
        return sorted(found, key=lambda row: row.key)

    def close(self) -> None:
        """Do nothing; the figures stay readable."""


def _cut(time: datetime) -> datetime:
    """Return `time` in UTC, cut to whole milliseconds."""
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def asked(wanted: Filter, series: Series, periode: date) -> bool:
    """Return whether `wanted` asks for this cell."""
    return (
        (not wanted.gebied or series.gebied in wanted.gebied)
        and (not wanted.wet or series.wet in wanted.wet)
        and (not wanted.product_niveau or series.product_niveau in wanted.product_niveau)
        and (not wanted.product or series.product in wanted.product)
        and (not wanted.maat or series.maat in wanted.maat)
        and (not wanted.periode_soort or series.periode_soort in wanted.periode_soort)
        and (wanted.periode_vanaf is None or periode >= wanted.periode_vanaf)
        and (wanted.periode_tot_en_met is None or periode <= wanted.periode_tot_en_met)
    )


def chosen(versions: dict[int, Stored], *, historie: bool) -> Iterator[tuple[int, Stored]]:
    """Yield all versions of a cell, or only the highest."""
    if historie:
        yield from versions.items()
    else:
        yield max(versions.items(), key=lambda item: item[0])


def order(figure: PublishedFigure) -> tuple[object, ...]:
    """Return the place of a figure among others: its cell as stored in ClickHouse, its version."""
    series = figure.series
    return (
        series.gebied_soort,
        series.gebied,
        series.wet,
        series.product_niveau,
        series.product,
        series.maat,
        series.periode_soort,
        figure.periode,
        figure.versie,
    )
