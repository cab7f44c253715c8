"""
Figures of a running kwartaal, halfjaar or jaar: sums of the figures that are shown of its parts.

A flow of a long period gets a figure of its own the day after the period ended. Until then it is
the sum of the fewest shown figures that cover it from its first day to the last ended month for
which that can be done: counting it anew each month would be another reading of the same months
(docs/disclosure.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.periods import MONTHS, Period
from zorgstroom.aggregations.policy import NB, Counts
from zorgstroom.aggregations.results import PeriodeSoort

Reaches = npt.NDArray[np.int32]
"""Last days (ordinals) that sums reach; 0 where there is no sum."""
_PARTS: Final[dict[PeriodeSoort, PeriodeSoort]] = {
    "jaar": "halfjaar",
    "halfjaar": "kwartaal",
    "kwartaal": "maand",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A period by its place in the figures, and the shorter ones that it is made of."""

    column: int
    period: Period
    parts: tuple["_Part", ...]


class RunningSums:
    """
    The sums of the periods that run on `today`.

    Args:
        periods: Months and longer, in the order of the figures.
        today: The present day.

    """

    def __init__(self, periods: Sequence[Period], today: date) -> None:
        self._today = today
        self._periods = list(enumerate(periods))
        self._running = [
            self._part(column, period)
            for column, period in self._periods
            if MONTHS[period.soort] > 1 and not period.is_over(today)
        ]
        self.columns: list[int] = [part.column for part in self._running]
        """Places of the periods whose flows are sums."""

    def fill(self, figures: Counts, reaches: Reaches) -> None:
        """
        Put the sums into `figures[line, period]`, and the days that they reach into `reaches`.

        Args:
            figures: What is shown of flows, `NB` where nothing is. What stands in the columns of
                running periods is replaced.
            reaches: Of the same shape.

        """
        for part in self._running:
            total, reach, _ = self._sum(part, figures)
            figures[:, part.column] = np.where(reach > 0, total, NB)
            reaches[:, part.column] = reach

    def _part(self, column: int, period: Period) -> _Part:
        soort = _PARTS.get(period.soort)
        parts = [
            self._part(at, part)
            for at, part in self._periods
            if part.soort == soort and period.start <= part.start and part.end <= period.end
        ]
        return _Part(column, period, tuple(parts))

    def _sum(self, part: _Part, figures: Counts) -> tuple[Counts, Reaches, npt.NDArray[np.bool_]]:
        """Return sum, last day reached and whether all of `part` is covered, for each line."""
        lines = len(figures)
        total = np.zeros(lines, np.int32)
        reach = np.zeros(lines, np.int32)
        goes_on = np.ones(lines, np.bool_)
        for child in part.parts:
            child_total, child_reach, child_whole = self._cover(child, figures)
            takes = goes_on & (child_reach > 0)
            total += np.where(takes, child_total, 0)
            reach = np.where(takes, child_reach, reach)
            goes_on &= child_whole
        return total, reach, goes_on & bool(part.parts)

    def _cover(self, part: _Part, figures: Counts) -> tuple[Counts, Reaches, npt.NDArray[np.bool_]]:
        """Return the same of a part: its own figure where shown, else the sum of its parts."""
        total, reach, whole = self._sum(part, figures)
        if part.period.is_over(self._today):
            own = figures[:, part.column]
            is_shown = own != NB
            total = np.where(is_shown, own, total)
            reach = np.where(is_shown, np.int32(part.period.end.toordinal()), reach)
            return total, reach, whole | is_shown
        return total, reach, np.zeros(len(figures), np.bool_)
