"""
The gauges of care, derived at a tick from what was reported lately, and their JSON for the page.

They follow from the dossiers of the last weeks alone: replaying, rebuilding or loading history
changes nothing in them but what it says about those weeks. A region that another process owns is
dropped at once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from time import perf_counter
from typing import Final

from zorgstroom.aggregations.dossier import Dossier
from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.timeliness import Senders, Spread, Timeliness, senders, timeliness
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.sinks.series import (
    ACTIVE,
    CHAIN,
    DELAY,
    LATE,
    RECORDS,
    SILENT,
    TICK,
    WAITING,
    Declared,
)
from zorgstroom.stream.settings import Settings

_DAY: Final = 86400.0

Read = Callable[[str], Dossier]
"""Gives the dossier of a key as it is now; the empty one when there is none."""
_Values = dict[Declared, dict[tuple[str, ...], float]]


class Monitor:
    """
    Gauges of the regions of one process.

    Args:
        settings: Threshold, calendar and tick.
        recent: What was reported lately; this reads again what was marked in it.
        metrics: Where the gauges go.

    """

    def __init__(self, settings: Settings, recent: Recent, metrics: Metrics) -> None:
        self._settings = settings
        self._recent = recent
        self._metrics = metrics
        self._next: datetime | None = None
        self._rows: dict[str, list[Timeliness]] = {}
        self._senders: dict[str, Senders] = {}

    def due(self, now: datetime) -> bool:
        """Return whether a tick has passed since the last measurement, or the clock was set."""
        tick = self._settings.tijdigheid.tick_seconds
        if self._next is None or not -tick <= (self._next - now).total_seconds() <= tick:
            return True
        return now >= self._next

    def refresh(self, read: Read, now: datetime, today: date) -> None:
        """Read again what changed since the last tick; `measure` every region after this."""
        self._next = now + self._settings.tijdigheid.tick
        self._recent.refresh(read, today)

    def measure(self, region: Region, today: date) -> None:
        """Derive the gauges of `region`."""
        rows = timeliness(self._recent, region, today, self._settings.protection.threshold)
        found = senders(self._recent, region, today, self._settings.werkdagen)
        self._rows[region.name], self._senders[region.name] = rows, found
        values: _Values = {gauge: {} for gauge in (RECORDS, LATE, DELAY, WAITING, CHAIN)}
        for row in rows:
            area = (region.name, row.gebied_soort, row.gebied, row.wet)
            values[RECORDS][*area, row.soort] = float(row.aantal)
            values[LATE][*area, row.soort] = row.aandeel_te_laat
            _spread(values[DELAY], (*area, row.soort), row.vertraging)
            _spread(values[CHAIN], (*area, row.soort), row.keten)
            if row.soort == "start":
                _spread(values[WAITING], area, row.wachttijd, _DAY)
        values[SILENT] = {(region.name,): float(len(found.stil))}
        values[ACTIVE] = {(region.name,): float(found.actief)}
        for gauge, of in values.items():
            self._metrics.regional(region.name, gauge, of)

    def measure_all(
        self, read: Read, regions: Iterable[Region], now: datetime, today: date
    ) -> None:
        """Derive the gauges of `regions`, and drop all other ones."""
        begun = perf_counter()
        self.refresh(read, now, today)
        names = set()
        for region in regions:
            self.measure(region, today)
            names.add(region.name)
        self.keep_only(names)
        self.took(perf_counter() - begun)

    @property
    def names(self) -> frozenset[str]:
        """The regions that are told of."""
        return frozenset(self._rows)

    def took(self, seconds: float) -> None:
        """Tell how long a tick took."""
        self._metrics.number(TICK, seconds)

    def keep_only(self, names: Iterable[str]) -> None:
        """Drop every region that is not among `names`."""
        kept = set(names)
        self._metrics.keep_only(kept)
        for known in (self._rows, self._senders):
            for name in set(known) - kept:
                known.pop(name, None)

    def status(self) -> list[dict[str, object]]:
        """Return the rows of `tijdigheid` in ``/api/status``; no counts, only shares and delays."""
        return [
            _row(name, row) for name, rows in sorted(self._rows.items()) for row in _ordered(rows)
        ]

    def silent(self) -> list[dict[str, object]]:
        """Return which aanbieders have gone silent, by region."""
        return [
            {"regio": name, "actief": found.actief, "stil": list(found.stil)}
            for name, found in sorted(self._senders.items())
        ]


def _spread(
    values: dict[tuple[str, ...], float],
    labels: tuple[str, ...],
    spread: Spread | None,
    unit: float = 1.0,
) -> None:
    if spread is not None:
        values[*labels, "mediaan"] = spread.mediaan * unit
        values[*labels, "p90"] = spread.p90 * unit


def _ordered(rows: Sequence[Timeliness]) -> list[Timeliness]:
    return sorted(rows, key=lambda r: (r.gebied_soort != "regio", r.gebied, r.wet == "Jw", r.soort))


def _row(regio: str, row: Timeliness) -> dict[str, object]:
    return {
        "regio": regio,
        "gebied_soort": row.gebied_soort,
        "gebied": row.gebied,
        "wet": row.wet,
        "soort": row.soort,
        "te_laat": round(row.aandeel_te_laat, 2),
        "vertraging_werkdagen": _pair(row.vertraging),
        "wachttijd_dagen": _pair(row.wachttijd) if row.soort == "start" else None,
        "keten_uren": _pair(row.keten, 1 / 3600),
    }


def _pair(spread: Spread | None, unit: float = 1.0) -> dict[str, float] | None:
    if spread is None:
        return None
    return {"mediaan": round(spread.mediaan * unit, 1), "p90": round(spread.p90 * unit, 1)}
