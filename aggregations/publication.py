"""
What a region publishes next under policy `geen`: the cells whose exact figures changed.

An `Emission` holds absolute values of the cells that changed, under the next version. The published
state is given from outside, so that a restart goes on where the last emission stopped.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from zorgstroom.aggregations.figures import AreaFigures, Counts, RegionFigures
from zorgstroom.aggregations.ledger import MATEN, BaseCell, Ledger
from zorgstroom.aggregations.periods import first_day
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import (
    Emission,
    GebiedSoort,
    PeriodeSoort,
    Series,
    SeriesValues,
    Status,
)

_NEVER: Final = -2
"""Stands for a cell that was never published."""
_WITHHELD: Final = -1
"""Stands for a cell that was published without a figure, under another policy."""
EXACT: Final = "geen"
"""What an emission says of its policy: figures are exact."""
_STATUS: Final[tuple[Status, ...]] = ("voorlopig", "definitief")
_STATUS_NAMES: Final = np.array(_STATUS, dtype=object)
_PRODUCT_ROW: Final = {(p.wet, p.niveau, p.product): row for row, p in enumerate(PRODUCTS)}


class PublicationRules(BaseModel):
    """Which periods are published, and when they are final."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jaren: int = Field(default=2, ge=0, le=20)
    """Full years before the running one of which figures are published and kept right."""

    vanaf: date | None = None
    """The first published day, where that is later: 1 January of the year the stream began in."""

    naloop_dagen: int = Field(default=90, ge=0)
    """Days after the end of a period in which late messages still come; then it is `definitief`."""

    herzie_definitief: bool = True
    """
    Whether late messages still change a figure that is `definitief`; under `drempel` by its rules
    of revision.
    """

    def first(self, today: date) -> date:
        """Return the day on which published figures begin."""
        first = first_day(today, self.jaren)
        return first if self.vanaf is None else max(first, self.vanaf)


class _Area:
    """Figures of one area beside what was published of them."""

    def __init__(self, name: str, figures: AreaFigures, total: bool) -> None:
        self.name = name
        self.soort: Final[GebiedSoort] = "regio" if total else "gemeente"
        self.figures = figures
        self.values: Counts = np.full_like(figures.values, _NEVER)
        self.status: npt.NDArray[np.int8] = np.zeros(figures.values.shape, np.int8)
        self.column = {(p.soort, p.start): at for at, p in enumerate(figures.periods)}
        self.starts = np.array([p.start for p in figures.periods], dtype=object)
        self.kinds: list[tuple[PeriodeSoort, slice]] = []
        for soort, group in groupby(enumerate(figures.periods), key=lambda item: item[1].soort):
            places = [at for at, _ in group]
            self.kinds.append((soort, slice(places[0], places[-1] + 1)))

    def take_over(self, old: "_Area") -> None:
        """Know what `old`, the same area on an earlier day, had published."""
        pairs = [(at, old.column[key]) for key, at in self.column.items() if key in old.column]
        if pairs:
            here, there = (list(column) for column in zip(*pairs, strict=True))
            self.values[:, :, here] = old.values[:, :, there]
            self.status[:, :, here] = old.status[:, :, there]


class RegionPublication:
    """
    The figures of one region and what was published of them.

    Args:
        region: Whose figures.
        rules: Which periods, and when they are final.
        published: The latest published values, as a place of publication gives them.

    """

    def __init__(
        self,
        region: Region,
        rules: PublicationRules,
        published: Iterable[SeriesValues] = (),
    ) -> None:
        self.region = region
        self._rules = rules
        self._figures: RegionFigures | None = None
        self._areas: dict[str, _Area] = {}
        self._published: list[SeriesValues] | None = list(published)
        self._pending: list[tuple[_Area, npt.NDArray[np.bool_], Counts, npt.NDArray[np.int8]]] = []
        """What the last emission holds: area, mask, and the values and statuses under the mask."""

    def update(self, ledger: Ledger, changed: Iterable[BaseCell], today: date) -> None:
        """Bring the figures up to `ledger` and `today`; `changed` tells what moved since."""
        if self._figures is None or self._figures.today != today:
            self._figures = RegionFigures(self.region, self._rules.first(today), today)
            changed = [cell for cell in ledger.cells if cell.gemeente in self.region.gemeenten]
            areas = {
                name: _Area(name, figures, self.region.total and name == self.region.name)
                for name, figures in self._figures.areas.items()
            }
            for name, area in areas.items():
                if name in self._areas:
                    area.take_over(self._areas[name])
            self._areas = areas
            if self._published is not None:
                self._restore(self._published)
                self._published = None
        self._figures.refresh(ledger, changed)

    def emission(self, versie: int, now: datetime) -> Emission | None:
        """
        Return what must be written under `versie`, or None when no cell changed.

        Call `confirm` once it is written. Until then the same cells count as not published.
        """
        if self._figures is None:
            raise RuntimeError("update comes first")
        self._pending.clear()
        values: list[SeriesValues] = []
        for area in self._areas.values():
            values.extend(self._changes(area, self._figures.today))
        if not values:
            return None
        return Emission(self.region.name, versie, now, values, EXACT)

    def confirm(self) -> None:
        """Know that the last emission is stored."""
        for area, mask, shown, status in self._pending:
            area.values[mask] = shown
            area.status[mask] = status
        self._pending.clear()

    def _changes(self, area: _Area, today: date) -> Iterable[SeriesValues]:
        shown = area.figures.values
        final = np.array(
            [p.is_final(today, self._rules.naloop_dagen) for p in area.figures.periods], np.int8
        )
        status = np.broadcast_to(final, shown.shape)
        mask = (shown != area.values) | (status != area.status)
        if not self._rules.herzie_definitief:
            mask &= (area.status == 0) | (area.values == _NEVER)
        if not mask.any():
            return
        for row, maat in np.argwhere(mask.any(axis=2)).tolist():
            product = PRODUCTS[row]
            changed, counts = mask[row, maat], shown[row, maat]
            for soort, columns in area.kinds:
                at = np.flatnonzero(changed[columns]) + columns.start
                if not len(at):
                    continue
                yield SeriesValues(
                    Series(
                        area.soort,
                        area.name,
                        product.wet,
                        product.niveau,
                        product.product,
                        soort,
                        MATEN[maat],
                    ),
                    area.starts[at].tolist(),
                    counts[at].tolist(),
                    _STATUS_NAMES[final[at]].tolist(),
                )
        # Copies: figures may move on before the emission is stored. Until then nobody knows what is
        # published, also when the figures return to what was, or the day changes.
        self._pending.append((area, mask, shown[mask], status[mask]))
        area.values[mask] = _NEVER

    def _restore(self, published: Sequence[SeriesValues]) -> None:
        for found in published:
            series = found.series
            area = self._areas.get(series.gebied)
            row = _PRODUCT_ROW.get((series.wet, series.product_niveau, series.product))
            if area is None or row is None:
                continue
            maat = MATEN.index(series.maat)
            cells = zip(found.perioden, found.waarden, found.statussen, strict=True)
            for start, waarde, status in cells:
                column = area.column.get((series.periode_soort, start))
                if column is not None:
                    area.values[row, maat, column] = _WITHHELD if waarde is None else waarde
                    area.status[row, maat, column] = _STATUS.index(status)
