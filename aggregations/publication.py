"""
What a region publishes next: the cells whose public figures changed.

An `Emission` holds absolute values of the cells whose shown value, status or reach changed, under
the next version. The published state is given from outside, so that a restart goes on where the
last emission stopped.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from zorgstroom.aggregations.area_publication import AreaPublication
from zorgstroom.aggregations.figures import RegionFigures
from zorgstroom.aggregations.ledger import BaseCell, Ledger
from zorgstroom.aggregations.periods import first_day
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, SeriesValues


class PublicationRules(BaseModel):
    """Which periods are published, and when they are final."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jaren: int = Field(default=2, ge=0, le=20)
    """Full years before the running one of which figures are published and kept right."""

    vanaf: date | None = None
    """The first published day, where that is later: 1 January of the year the stream began in."""

    naloop_dagen: int = Field(default=90, ge=0)
    """Days after the end of a period in which late messages are usual; then it is `definitief`."""

    dag_maanden: int = Field(default=13, ge=1, le=60)
    """Calendar months, the running one included, of which `actief` is published by day."""

    def first(self, today: date) -> date:
        """Return the day on which published figures begin."""
        first = first_day(today, self.jaren)
        return first if self.vanaf is None else max(first, self.vanaf)


class RegionPublication:
    """
    The figures of one region and what was published of them.

    Args:
        region: Whose figures.
        rules: Which periods, and when they are final.
        public: Makes exact counts public.
        published: The latest published values, as a place of publication gives them.
        sums_running_periods: Whether a running kwartaal, halfjaar or jaar of a flow is the sum of
            published figures (`publicatie`) or counted as it stands (exact figures).

    """

    def __init__(
        self,
        region: Region,
        rules: PublicationRules,
        public: PublicFigures,
        published: Iterable[SeriesValues] = (),
        *,
        sums_running_periods: bool = True,
    ) -> None:
        self.region = region
        self._rules = rules
        self._public = public
        self._sums = sums_running_periods
        self._figures: RegionFigures | None = None
        self._areas: dict[str, AreaPublication] = {}
        self._published: Sequence[SeriesValues] = list(published)
        self._touched: set[str] = set()
        """Areas whose figures may have changed since the last emission."""
        self._emitted: set[str] = set()
        """Areas of the last emission, until it is stored."""

    def update(self, ledger: Ledger, changed: Iterable[BaseCell], today: date) -> None:
        """Bring the figures up to `ledger` and `today`; `changed` tells what moved since."""
        if self._figures is None or self._figures.today != today:
            changed = [cell for cell in ledger.cells if cell.gemeente in self.region.gemeenten]
            self._begin_day(today)
        assert self._figures is not None
        self._touched |= self._figures.refresh(ledger, changed)

    def emission(self, versie: int, now: datetime) -> Emission | None:
        """
        Return what must be written under `versie`, or None when no cell changed.

        Call `mark_stored` once it is written. Until then the same cells count as not published.
        """
        if self._figures is None:
            raise RuntimeError("update comes first")
        # What was not stored since the last emission counts as changed as well.
        self._emitted |= self._touched
        self._touched = set()
        values = [
            changed
            for name, area in self._areas.items()
            if name in self._emitted
            for changed in area.changes()
        ]
        if not values:
            self._emitted = set()
            return None
        return Emission(self.region.name, versie, now, values, self._public.protection.mark)

    def mark_stored(self) -> None:
        """Record that the last emission is stored."""
        for name in self._emitted:
            self._areas[name].mark_stored()
        self._emitted = set()

    def _begin_day(self, today: date) -> None:
        first = self._rules.first(today)
        self._figures = RegionFigures(self.region, first, today, self._rules.dag_maanden)
        areas = {
            name: AreaPublication(
                self.region.identity(name),
                figures,
                self._public,
                first=first,
                today=today,
                naloop_dagen=self._rules.naloop_dagen,
                sums_running_periods=self._sums,
            )
            for name, figures in self._figures.areas.items()
        }
        for name, area in areas.items():
            if name in self._areas:
                area.take_over(self._areas[name])
        for series in self._published:
            if series.series.gebied in areas:
                areas[series.series.gebied].restore(series)
        self._published = ()
        self._areas = areas
        self._touched = set(areas)
