"""
Exact figures of one region: every product, measure and period, for the region and its gemeenten.

Figures are sums of the day ledger; only what changed is summed again. They are exact and stay
inside the process: `publication.py` makes them public through `policy.PublicFigures`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.ledger import MATEN, BaseCell, Days, Ledger
from zorgstroom.aggregations.periods import Period, calendar_periods, days, month_before
from zorgstroom.aggregations.policy import Counts
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region

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
    """
    Figures of one area: `values[product, maat, period]`, and `actief` as `by_day[product, day]`.

    Args:
        first: The first day that counts; a period that began earlier is counted from it.
        periods: Months and longer.
        days: Days on which `actief` is wanted by itself.
        today: Nothing after it counts, so that a replay under an earlier date sees what was known.

    """

    def __init__(
        self, first: date, periods: Sequence[Period], days: Sequence[Period], today: date
    ) -> None:
        self.periods = tuple(periods)
        self.days = tuple(days)
        self.values: Counts = np.zeros((len(PRODUCTS), len(MATEN), len(periods)), np.int32)
        self.by_day: Counts = np.zeros((len(PRODUCTS), len(days)), np.int32)
        self._before = np.array([max(p.start, first).toordinal() - 1 for p in periods])
        self._until = np.array([p.peildatum(today).toordinal() for p in periods])
        self._peildata = np.array([p.start.toordinal() for p in days])

    def set(self, wet: str, categorie: str, cell: tuple[Days, Days, Days]) -> None:
        """Count one categorie anew from its days; call `add_up` after the last one."""
        actief, instroom, uitstroom = cell
        at = _CATEGORIE_ROW[wet, categorie]
        row = self.values[at]
        row[0] = _running(actief, self._until)
        row[1] = _running(instroom, self._until) - _running(instroom, self._before)
        row[2] = _running(uitstroom, self._until) - _running(uitstroom, self._before)
        self.by_day[at] = _running(actief, self._peildata)

    def add_up(self, wetten: Iterable[str]) -> None:
        """Make the levels above categorie of `wetten` agree with it."""
        for row, wet, parts in _SUMS:
            if wet in wetten:
                self.values[row] = self.values[parts].sum(axis=0)
                self.by_day[row] = self.by_day[parts].sum(axis=0)


class RegionFigures:
    """
    Figures of a region and of its gemeenten on one day.

    Args:
        region: Its gemeenten, and whether it is an area itself.
        first: The first day of which figures are made.
        today: The day on which what runs is counted.
        day_months: Calendar months, this one included, of which `actief` is counted by day.

    """

    def __init__(self, region: Region, first: date, today: date, day_months: int) -> None:
        self.region = region
        self.today = today
        periods = calendar_periods(first, today)
        by_day = days(max(first, month_before(today, day_months - 1)), today)
        self.areas: dict[str, AreaFigures] = {
            name: AreaFigures(first, periods, by_day, today) for name in region.gebieden
        }

    def refresh(self, ledger: Ledger, changed: Iterable[BaseCell]) -> set[str]:
        """Count the `changed` cells of this region anew; return the names of the areas touched."""
        touched: dict[str, set[str]] = {}
        whole: set[tuple[str, str]] = set()
        for cell in changed:
            area = self.areas.get(cell.gemeente)
            if area is None or cell.gemeente not in self.region.gemeenten:
                continue
            area.set(cell.wet, cell.categorie, ledger.cells[cell])
            touched.setdefault(cell.gemeente, set()).add(cell.wet)
            whole.add((cell.wet, cell.categorie))
        if self.region.total and whole:
            total = self.areas[self.region.name]
            for wet, categorie in whole:
                total.set(wet, categorie, self._sum(ledger, wet, categorie))
            touched[self.region.name] = {wet for wet, _ in whole}
        for name, wetten in touched.items():
            self.areas[name].add_up(wetten)
        return set(touched)

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
    sums: npt.NDArray[np.int64] = totals[np.searchsorted(order, at, side="right")]
    return sums
