"""
The exact counts of a region: as they are now, and of closed months as they were at their close.

They stay inside the process; what may be published of them is decided elsewhere.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.plan import Cell, Span, areas, last_day, months_of
from zorgstroom.aggregations.disclosure.standing import Frozen
from zorgstroom.aggregations.disclosure.table import Ints
from zorgstroom.aggregations.figures import Counts, RegionFigures
from zorgstroom.aggregations.ledger import MATEN, BaseCell, Ledger
from zorgstroom.aggregations.periods import Period
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region

_DAY: Final = timedelta(days=1)


class Counted:
    """
    Figures of one region from a ledger.

    Args:
        region: Whose.
        rules: Which periods there are.
        ledger: All counts.
        today: The date up to which counts.

    """

    def __init__(
        self, region: Region, rules: PublicationRules, ledger: Ledger, today: date
    ) -> None:
        self._region, self._rules = region, rules
        self.frozen: dict[date, Frozen] = {}
        """Counts of closed months, as long as a longer period is laid beside them."""
        self._anew(ledger, today)

    def bring_up(self, ledger: Ledger, changed: Iterable[BaseCell], today: date) -> None:
        """Count what `changed`, or all on another day."""
        if today == self.today:
            self._figures.refresh(ledger, changed)
        else:
            self._anew(ledger, today)

    def true(self, cell: Cell) -> int:
        """Return the count of a cell: of now, or of closed months as they were."""
        total = 0
        for month in months_of(Span(cell.soort, cell.start)):
            frozen = self.frozen.get(month)
            counts = self._of(cell.gebied, month) if frozen is None else frozen[cell.gebied]
            total += int(counts[cell.product, MATEN.index(cell.maat)])
        return total

    def stands(self, cell: Cell) -> int | None:
        """Return the count of a cell of a month as it is now; None when it is not counted."""
        if cell.start not in self._column:
            return None
        counts = self._of(cell.gebied, cell.start)
        return int(counts[cell.product, MATEN.index(cell.maat)])

    def values(self, cells: Sequence[Cell]) -> Ints:
        """Return the counts of `cells`, in their order."""
        return np.array([self.true(cell) for cell in cells], np.int64)

    def freeze(self, month: date) -> None:
        """Keep the counts of a month as they are now."""
        self.frozen[month] = {
            gebied: self._of(gebied, month).copy() for gebied, _ in areas(self._region)
        }

    def is_over(self, month: date, today: date) -> bool:
        """Return whether a month ended so long before `today` that it closes."""
        period = Period("maand", month, last_day(Span("maand", month)))
        return period.is_final(min(today, self.today), self._rules.naloop_dagen)

    def next_close(self, closed: Collection[Span], today: date | None) -> date | None:
        """Return the first month that is due to be closed on `today`."""
        over = [month for month in self.months if today and self.is_over(month, today)]
        return next((month for month in over if Span("maand", month) not in closed), None)

    def _anew(self, ledger: Ledger, today: date) -> None:
        self.today = today
        """The date up to which counts."""
        first = self._rules.first(today).replace(day=1)
        # From the month before: the stock at the begin of the first one is never published, but
        # follows from what is.
        self._figures = RegionFigures(self._region, first - _DAY, today)
        self._figures.refresh(
            ledger, [cell for cell in ledger.cells if cell.gemeente in self._region.gemeenten]
        )
        periods = self._figures.areas[self._region.gemeenten[0]].periods
        # The days of a whole region come after its calendar periods.
        self._column = {p.start: at for at, p in enumerate(periods) if p.soort == "maand"}
        self.counted_months = list(self._column)
        """First days of all months that are counted: one more before the published ones."""
        self.months = [month for month in self._column if month >= first]
        """First days of the published months that have begun, in order."""

    def _of(self, gebied: str, month: date) -> Counts:
        """Return the counts of one area and month now: products x measures."""
        counts: Counts = self._figures.areas[gebied].values[:, :, self._column[month]]
        return counts
