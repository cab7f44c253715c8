"""
Publication of `tijdigheid`: each month once, at its close; under policy `geen` as it stands.

A month that is published is never revised (`aggregations.timeliness_rows`), so it waits until no
message about a closed month has come in for a while: history may be loading. Under whatever region
a gemeente has a row, its month is done: two lists of regions must not be subtracted.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from zorgstroom.aggregations.disclosure.table import DisclosureError
from zorgstroom.aggregations.dossier import Dossier
from zorgstroom.aggregations.periods import calendar_periods
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import reports
from zorgstroom.aggregations.timeliness_rows import Told, timeliness_rows
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.settings import Settings

_AGAIN: Final = timedelta(hours=1)
"""After a protection that failed; what a month holds does not change by itself."""


class Months:
    """
    The reports of some months, gathered dossier by dossier.

    Args:
        wanted: Which months (their first days) of which gemeente.
        kalender: Which days are werkdagen.

    """

    def __init__(self, wanted: Mapping[str, frozenset[date]], kalender: Werkkalender) -> None:
        self._wanted = wanted
        self._kalender = kalender
        self._told: dict[tuple[str, date], list[Told]] = {}

    def add(self, key: str, dossier: Dossier) -> None:
        """Take what counts of the dossier `key`."""
        gemeente = gemeente_of(key)
        wanted = self._wanted.get(gemeente)
        if not wanted or not dossier.messages:
            return
        first, last = min(wanted).toordinal(), max(wanted).toordinal() + 31
        if dossier.messages[-1].dag < first or dossier.messages[0].dag > last:
            return
        for report in reports(dossier, self._kalender):
            month = date.fromordinal(report.dag).replace(day=1)
            if month in wanted:
                self._told.setdefault((gemeente, month), []).append(Told(gemeente, report))

    def of(self, region: Region, maand: date) -> list[Told]:
        """Return the reports of `region` in a month."""
        return [told for code in region.gemeenten for told in self._told.get((code, maand), ())]


class Writer(NamedTuple):
    """Where and as who the rows of a region are written."""

    publication: Publication
    claim: Claim | None
    versie: int


class Closing:
    """
    Decides which months of which region are due, and publishes them.

    Args:
        settings: Calendar, policy and how long it must be quiet.
        metrics: Told of protections that fail.
        now: The present moment: it must be quiet from here on.

    """

    def __init__(self, settings: Settings, metrics: Metrics, now: datetime) -> None:
        self._settings = settings
        self._metrics = metrics
        self._disturbed = now
        self._looked: dict[str, date] = {}
        self._failed: dict[str, datetime] = {}
        self._changed = True
        self._told: set[str] = set()
        """Regions that were published live: one that comes later is due without a message."""

    @property
    def is_live(self) -> bool:
        """Whether months are published as they stand, whatever comes in."""
        return self._settings.disclosure.policy == "geen"

    def note(self, oldest: int | None, now: datetime, today: date) -> None:
        """Take notice of messages; the `oldest` has this Dagtekening (an ordinal), None: none."""
        if oldest is None:
            return
        self._changed = True
        late = timedelta(days=self._settings.publication.naloop_dagen)
        if date.fromordinal(oldest) < (today - late).replace(day=1):
            self._disturbed = now

    def due(
        self, region: Region, publication: Publication, now: datetime, today: date
    ) -> frozenset[date]:
        """Return the months of `region` to publish now; asks the database at most once a day."""
        first = self._settings.publication.first(today)
        months = [p for p in calendar_periods(first, today) if p.soort == "maand"]
        if self.is_live:
            is_due = self._changed or region.name not in self._told
            return frozenset(p.start for p in months) if is_due else frozenset()
        quiet = (now - self._disturbed).total_seconds()
        if quiet < self._settings.tijdigheid.rust_seconds:
            self._looked.pop(region.name, None)
            return frozenset()
        failed = self._failed.get(region.name)
        if self._looked.get(region.name) == today or (failed and now - failed < _AGAIN):
            return frozenset()
        self._looked[region.name] = today
        late = self._settings.publication.naloop_dagen
        closed = frozenset(p.start for p in months if p.is_final(today, late))
        return closed - publication.timeliness_months(region.gemeenten) if closed else closed

    def done(self) -> None:
        """Tell that what changed is published (policy `geen`)."""
        self._changed = False

    def publish(
        self, region: Region, maanden: Iterable[date], found: Months, to: Writer, now: datetime
    ) -> int:
        """
        Publish `maanden` of `region`; return how many were written.

        Months from before the first report of the region are left open: what they hold may still be
        loaded. One that cannot be protected is published by nobody; a metric says so.
        """
        written = 0
        self._told.add(region.name)
        begun = self.is_live
        before = to.publication.timeliness(region.name) if self.is_live else []
        for maand in sorted(maanden):
            told = found.of(region, maand)
            begun = begun or bool(told)
            if not begun:
                continue
            try:
                rows = timeliness_rows(told, region, maand, self._settings.disclosure)
            except DisclosureError:
                self._metrics.protection_failed(region.name)
                self._failed[region.name] = now
                self._looked.pop(region.name, None)
                continue
            rows = [row for row in rows if row not in before]
            if rows:
                to.publication.write_timeliness(rows, to.versie, now, to.claim)
                written += 1
        return written
