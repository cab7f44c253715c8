"""
Publication of `tijdigheid`: every published month, as it stands, whenever something changed.

It is counted anew from the dossiers of a region, which takes time with their number; so it rests
after each time for a multiple of what that took.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Final, NamedTuple

from zorgstroom.aggregations.dossier import Dossier
from zorgstroom.aggregations.periods import calendar_periods
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import reports
from zorgstroom.aggregations.timeliness_rows import (
    GemeenteReport,
    TimelinessRow,
    months_of,
    timeliness_rows,
)
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.sinks.errors import SinkError

_REST: Final = 20.0
"""Times what a publication took that no other one begins: at most a twentieth of the time."""
_CHUNK: Final = 5000
"""Rows to a statement."""


class RegionReports:
    """
    The reports to some gemeenten, gathered dossier by dossier.

    Args:
        gemeenten: CBS codes; what belongs to others is left out.
        first: The first published day.
        kalender: Which days are werkdagen.

    """

    def __init__(self, gemeenten: Iterable[str], first: date, kalender: Werkkalender) -> None:
        self._first = first.toordinal()
        self._kalender = kalender
        self._reports: dict[str, list[GemeenteReport]] = {code: [] for code in gemeenten}

    def add(self, key: str, dossier: Dossier) -> None:
        """Add what counts of the dossier `key`."""
        gemeente = gemeente_of(key)
        gathered = self._reports.get(gemeente)
        # Messages stand in the order of their dates.
        if gathered is None or not dossier.messages or dossier.messages[-1].dag < self._first:
            return
        gathered.extend(
            GemeenteReport(gemeente, report)
            for report in reports(dossier, self._kalender)
            if report.dag >= self._first
        )

    def of(self, region: Region) -> list[GemeenteReport]:
        """Return the reports to the gemeenten of `region`."""
        return [report for code in region.gemeenten for report in self._reports[code]]


class Destination(NamedTuple):
    """Where and as who the rows of a region are written."""

    publication: Publication
    claim: Claim | None
    versie: int


class TimelinessPublication:
    """
    Decides when a region's rows are made, and writes those that changed.

    Args:
        rules: Which months.
        public: Makes counts public.

    """

    def __init__(self, rules: PublicationRules, public: PublicFigures) -> None:
        self._rules = rules
        self._public = public
        self._published: dict[str, dict[tuple[str | date, ...], TimelinessRow]] = {}
        """What stands in the database, by region; a region that is missing was never looked up."""
        self._changed = True
        self._today: date | None = None
        self._rests_until = float("-inf")

    def note_change(self) -> None:
        """Record that a dossier changed."""
        self._changed = True

    def is_due(self, regions: Iterable[Region], today: date, at: float) -> bool:
        """
        Return whether rows may have changed, or a region is new here, and it has rested.

        Args:
            regions: Those that this process publishes.
            today: The present day.
            at: Seconds of a clock that never goes back, as those given to `end`.

        """
        if at < self._rests_until:
            return False
        is_new = any(region.name not in self._published for region in regions)
        return self._changed or is_new or today != self._today

    def first(self, today: date) -> date:
        """Return the first day whose reports count."""
        return self._rules.first(today)

    def publish(
        self, region: Region, gathered: RegionReports, to: Destination, now: datetime, today: date
    ) -> int:
        """
        Write the rows of `region` that differ from what is published; return how many.

        Raises:
            SinkError: Not all of it is written; it is due again.

        """
        first = self.first(today)
        months = months_of(calendar_periods(first, today))
        rows = {
            row.key: row
            for row in timeliness_rows(gathered.of(region), region, months, first, self._public)
        }
        if region.name not in self._published:
            stored = to.publication.timeliness(region.name)
            self._published[region.name] = {row.key: row for row in stored}
        published = self._published[region.name]
        starts = {month.start for month in months}
        # A row once published cannot be taken back: it tells from now on that nothing is left.
        rows |= {
            key: _emptied(row, self._public)
            for key, row in published.items()
            if key not in rows and row.maand in starts
        }
        changed = [row for key, row in rows.items() if published.get(key) != row]
        for begin in range(0, len(changed), _CHUNK):
            part = changed[begin : begin + _CHUNK]
            try:
                to.publication.write_timeliness(part, to.versie, now, to.claim)
            except SinkError:
                self._changed = True
                raise
            published.update((row.key, row) for row in part)
        return len(changed)

    def forget(self, regio: str) -> None:
        """Forget what is published of a region that another process has now."""
        self._published.pop(regio, None)

    def begin(self) -> None:
        """Begin a publication of every region: what changes from now on is for the next one."""
        self._changed = False

    def end(self, today: date, begun: float, ended: float) -> None:
        """Record that every region was written; `begun` and `ended` are seconds as in `is_due`."""
        self._today = today
        self._rests_until = ended + _REST * (ended - begun)


def _emptied(row: TimelinessRow, public: PublicFigures) -> TimelinessRow:
    """Return `row` as it is when none of its records is left."""
    nothing = public.shown(0, "")  # whatever the name: n.b., or 0 where counts are exact
    return replace(row, op_tijd=nothing, te_laat=nothing, te_vroeg=nothing, mediaan=None, p90=None)
