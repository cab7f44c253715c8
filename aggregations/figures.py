"""
Exact figures of one region: every product, measure and period, for the region and its gemeenten.

Figures are sums of the day ledger; only what changed is summed again. They are exact and stay
inside the process: what may be published is decided in `policy.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.ledger import MATEN, BaseCell, Days, Ledger
from zorgstroom.aggregations.periods import Period, calendar_periods, days
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region

Counts = npt.NDArray[np.int32]

_CATEGORIE_ROW: Final = {
    (product.wet, product.product): row
    for row, product in enumerate(PRODUCTS)
    if product.niveau == "categorie"
}
_SUMS: Final = [
    (row, product.wet, [_CATEGORIE_ROW[product.wet, c] for c in product.categorieen])
    for row, product in enumerate(PRODUCTS)
    if product.niveau != "categorie"
]


class AreaFigures:
    """Figures of one area: `values[product, maat, period]`, in the orders of the module."""

    def __init__(self, periods: Sequence[Period], today: date) -> None:
        self.periods = tuple(periods)
        self.values: Counts = np.zeros((len(PRODUCTS), len(MATEN), len(periods)), np.int32)
        self._before = np.array([p.start.toordinal() - 1 for p in periods])
        # Nothing after today counts, so that a replay under an earlier date sees what was known.
        self._until = np.array([p.peildatum(today).toordinal() for p in periods])

    def set(self, wet: str, categorie: str, cell: tuple[Days, Days, Days]) -> None:
        """Count one categorie anew from its days; call `add_up` after the last one."""
        actief, instroom, uitstroom = cell
        row = self.values[_CATEGORIE_ROW[wet, categorie]]
        row[0] = _running(actief, self._until)
        row[1] = _running(instroom, self._until) - _running(instroom, self._before)
        row[2] = _running(uitstroom, self._until) - _running(uitstroom, self._before)

    def add_up(self, wetten: Iterable[str]) -> None:
        """Make the levels above categorie of `wetten` agree with it."""
        for row, wet, parts in _SUMS:
            if wet in wetten:
                self.values[row] = self.values[parts].sum(axis=0)


class RegionFigures:
    """Figures of a region on one day: of its gemeenten and, by day as well, of the whole."""

    def __init__(self, region: Region, first: date, today: date) -> None:
        self.region = region
        self.today = today
        periods = calendar_periods(first, today)
        self.areas: dict[str, AreaFigures] = {}
        if region.total:
            self.areas[region.name] = AreaFigures([*periods, *days(first, today)], today)
        for gemeente in region.gemeenten:
            self.areas[gemeente] = AreaFigures(periods, today)

    def refresh(self, ledger: Ledger, changed: Iterable[BaseCell]) -> None:
        """Count the `changed` cells of this region anew."""
        touched: dict[str, set[str]] = {}
        whole: set[tuple[str, str]] = set()
        for cell in changed:
            area = self.areas.get(cell.gemeente)
            if area is None or cell.gemeente not in self.region.gemeenten:
                continue
            area.set(cell.wet, cell.categorie, ledger.cells[cell])
            touched.setdefault(cell.gemeente, set()).add(cell.wet)
            whole.add((cell.wet, cell.categorie))
        for gemeente, wetten in touched.items():
            self.areas[gemeente].add_up(wetten)
        if self.region.total and whole:
            total = self.areas[self.region.name]
            for wet, categorie in whole:
                total.set(wet, categorie, self._sum(ledger, wet, categorie))
            total.add_up({wet for wet, _ in whole})

    def _sum(self, ledger: Ledger, wet: str, categorie: str) -> tuple[Days, Days, Days]:
        summed: tuple[Days, Days, Days] = ({}, {}, {})
        for gemeente in self.region.gemeenten:
            cell = ledger.cells.get(BaseCell(gemeente, wet, categorie))
            if cell is not None:
                for total, part in zip(summed, cell, strict=True):
                    for day, count in part.items():
                        total[day] = total.get(day, 0) + count
        return summed


def _running(changes: Days, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the sum of all changes on or before each day of `at`."""
    if not changes:
        return np.zeros(len(at), np.int64)
    order = sorted(changes)
    totals = np.zeros(len(order) + 1, np.int64)
    np.cumsum([changes[day] for day in order], out=totals[1:])
    found: npt.NDArray[np.int64] = totals[np.searchsorted(order, at, side="right")]
    return found
