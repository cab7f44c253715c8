"""
Figures of one area as an array of lines and periods, beside what was published of them.

A line is one product and measure; a column is one period.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.ledger import STOCKS
from zorgstroom.aggregations.periods import Period
from zorgstroom.aggregations.policy import NB, UNKNOWN, Counts, Offsets, PublicFigures
from zorgstroom.aggregations.products import PRODUCTS, Product
from zorgstroom.aggregations.regions import AreaIdentity
from zorgstroom.aggregations.results import Maat, PeriodeSoort, Series, SeriesValues, Status
from zorgstroom.aggregations.rounding import area_name, flow_name, product_name, stock_name
from zorgstroom.aggregations.running_sums import Reaches, RunningSums

_NEVER: Final = -2
"""Stands for a cell that was never published."""
_STATUS: Final[tuple[Status, ...]] = ("voorlopig", "definitief")
_STATUS_NAMES: Final = np.array(_STATUS, dtype=object)
_PRODUCT_NAMES: Final = {p: product_name(p.wet, p.categorieen) for p in PRODUCTS}


class _Cells(NamedTuple):
    """What is shown of cells: figures, reaches of sums, and statuses, in arrays of one shape."""

    figures: Counts
    reaches: Reaches
    statuses: Counts

    def at(self, index: npt.NDArray[Any] | tuple[int, npt.NDArray[Any]]) -> "_Cells":
        """Return a copy of the cells that `index` selects."""
        return _Cells(*(np.array(part[index]) for part in self))


class FigureBlock:
    """
    Lines over periods: what may be shown of them now, and what was published.

    Args:
        identity: The area.
        lines: The lines, in the order of `counts`.
        periods: The columns.
        counts: Exact counts, changed from outside.
        public: Makes them public.
        first: The first published day, from which a flow's name counts.
        final: For each period whether it is final: 0 or 1.
        sums: Fills the running periods of flows; None where each has a figure of its own.

    """

    def __init__(
        self,
        *,
        identity: AreaIdentity,
        lines: Sequence[tuple[Product, Maat]],
        periods: Sequence[Period],
        counts: Counts,
        public: PublicFigures,
        first: date,
        final: Counts,
        sums: RunningSums | None,
    ) -> None:
        self._identity = identity
        self._area = area_name(identity.gemeenten)
        self._lines = lines
        self._periods = periods
        self._counts = counts
        self._public = public
        self._first = first
        self._sums = sums
        self._final = final
        self._is_flow = np.array([maat not in STOCKS for _, maat in lines], np.bool_)
        self._offsets: Offsets = np.full(counts.shape, UNKNOWN, np.int8)
        self._needs_offset = np.ones(counts.shape, np.bool_)
        if sums is not None:
            for column in sums.columns:
                self._needs_offset[self._is_flow, column] = False
        self._row = {
            (product.wet, product.niveau, product.product, maat): at
            for at, (product, maat) in enumerate(lines)
        }
        self._column = {(p.soort, p.start): at for at, p in enumerate(periods)}
        self._starts = np.array([p.start for p in periods], dtype=object)
        self._kinds: list[tuple[PeriodeSoort, slice]] = []
        for soort, group in groupby(enumerate(periods), key=lambda item: item[1].soort):
            places = [at for at, _ in group]
            self._kinds.append((soort, slice(places[0], places[-1] + 1)))
        self._published = _Cells(
            np.full(counts.shape, _NEVER, np.int32),
            np.zeros(counts.shape, np.int32),
            np.zeros(counts.shape, np.int32),
        )
        self._pending: tuple[npt.NDArray[np.bool_], _Cells] | None = None

    def take_over(self, former: "FigureBlock") -> None:
        """Take over what `former`, the same area on an earlier day, had published."""
        shared = [key for key in self._column if key in former._column]
        if shared:
            here = [self._column[key] for key in shared]
            there = [former._column[key] for key in shared]
            for mine, theirs in zip(self._published, former._published, strict=True):
                mine[:, here] = theirs[:, there]
            # Names do not change from one day to the next, so neither do offsets.
            self._offsets[:, here] = former._offsets[:, there]

    def restore(self, published: SeriesValues) -> None:
        """Take over what a place of publication holds of one series."""
        series = published.series
        row = self._row.get((series.wet, series.product_niveau, series.product, series.maat))
        if row is None:
            return
        reaches = published.tot_en_met or [None] * len(published.perioden)
        for start, waarde, status, reach in zip(
            published.perioden, published.waarden, published.statussen, reaches, strict=True
        ):
            column = self._column.get((series.periode_soort, start))
            if column is not None:
                self._published.figures[row, column] = NB if waarde is None else waarde
                self._published.statuses[row, column] = _STATUS.index(status)
                self._published.reaches[row, column] = 0 if reach is None else reach.toordinal()

    def changes(self) -> Iterator[SeriesValues]:
        """Yield what differs from what is published, until `mark_stored` the same again."""
        current = self._current()
        changed = np.zeros(self._counts.shape, np.bool_)
        for now, before in zip(current, self._published, strict=True):
            changed |= now != before
        if not changed.any():
            return
        for row in np.flatnonzero(changed.any(axis=1)).tolist():
            for soort, columns in self._kinds:
                at = np.flatnonzero(changed[row, columns]) + columns.start
                if len(at):
                    yield self._series(row, soort, at, current.at((row, at)))
        # Copies: figures may move on before the emission is stored. Until then nobody knows what
        # is published, also when the figures return to what was, or the day changes.
        self._pending = (changed, current.at(changed))
        self._published.figures[changed] = _NEVER

    def mark_stored(self) -> None:
        """Record that what `changes` gave last is stored."""
        if self._pending is not None:
            changed, stored = self._pending
            for published, now in zip(self._published, stored, strict=True):
                published[changed] = now
            self._pending = None

    def _current(self) -> _Cells:
        """Return what may be shown now: the one place where the main table becomes public."""
        self._fill_offsets()
        figures = self._public.shown_array(self._counts, self._offsets)
        reaches = np.zeros(figures.shape, np.int32)
        if self._sums is not None:
            flows, flow_reaches = figures[self._is_flow], reaches[self._is_flow]
            self._sums.fill(flows, flow_reaches)
            figures[self._is_flow], reaches[self._is_flow] = flows, flow_reaches
        return _Cells(figures, reaches, np.broadcast_to(self._final, figures.shape))

    def _fill_offsets(self) -> None:
        """Make the offsets that are needed now; most cells are too small to ever need one."""
        above = self._public.needs_offset_above
        if above is None:
            return
        missing = (self._counts > above) & (self._offsets == UNKNOWN) & self._needs_offset
        for row in np.flatnonzero(missing.any(axis=1)).tolist():
            product, maat = self._lines[row]
            product_part = _PRODUCT_NAMES[product]
            if not self._is_flow[row]:
                name = stock_name(self._area, product_part, maat)
                self._offsets[row] = self._public.offset(name)
                continue
            for column in np.flatnonzero(missing[row]).tolist():
                period = self._periods[column]
                first = max(period.start, self._first)
                name = flow_name(self._area, product_part, maat, first, period.end)
                self._offsets[row, column] = self._public.offset(name)

    def _series(
        self,
        row: int,
        soort: PeriodeSoort,
        at: npt.NDArray[np.intp],
        cells: _Cells,
    ) -> SeriesValues:
        product, maat = self._lines[row]
        reaches = [date.fromordinal(day) if day else None for day in cells.reaches.tolist()]
        return SeriesValues(
            Series(
                self._identity.soort,
                self._identity.name,
                product.wet,
                product.niveau,
                product.product,
                soort,
                maat,
            ),
            self._starts[at].tolist(),
            [None if figure < 0 else figure for figure in cells.figures.tolist()],
            _STATUS_NAMES[cells.statuses].tolist(),
            reaches if any(reaches) else (),
        )
