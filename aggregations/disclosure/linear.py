"""One linear programme that is solved again and again with other bounds and costs (HiGHS)."""

from collections.abc import Callable
from typing import Final

import highspy
import numpy as np
from highspy._core import _Highs

from zorgstroom.aggregations.disclosure.system import System
from zorgstroom.aggregations.disclosure.table import BudgetError, Floats, Ints

THREADS: Final = 1
"""HiGHS has one pool of threads per process: every object must ask for the same number."""

LARGE: Final = highspy.kHighsInf
_NEAR: Final = 1e-6

_ENDS: Final = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kTimeLimit,
)

Remaining = Callable[[], float]
"""The seconds that are left of the budget."""


class Programme:
    """
    Minimise cost x columns, under the equations of a system, with no column below 0.

    Args:
        equations: A system whose entries are repeated per group of columns.
        groups: Coefficient of each group; columns are group after group, each one per cell.
        upper: Greatest value of each column.
        remaining: The seconds left; less than 0 raises `BudgetError`.

    """

    def __init__(
        self,
        equations: System,
        groups: tuple[int, ...],
        rhs: Ints,
        upper: Floats,
        remaining: Remaining,
    ) -> None:
        cells, count = len(equations.cells), len(groups)
        self.columns = cells * count
        self._remaining = remaining
        self._cost = np.zeros(self.columns)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, len(rhs)
        lp.col_cost_ = np.zeros(self.columns)
        lp.col_lower_, lp.col_upper_ = np.zeros(self.columns), upper
        lp.row_lower_ = lp.row_upper_ = rhs.astype(float)
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = (equations.start * count).astype(np.int32)
        # Within a row the order of columns is free: each entry is followed by its other groups.
        at = equations.at[:, None] + cells * np.arange(count)
        matrix.index_ = at.ravel().astype(np.int32)
        matrix.value_ = (equations.times[:, None] * np.array(groups)).ravel().astype(float)
        self._highs = _solver(presolve="off", solver="simplex")
        self._highs.passModel(lp)
        self._rest = highspy.HighsBasis()
        self._rest.col_status = [highspy.HighsBasisStatus.kLower] * self.columns
        self._rest.row_status = [highspy.HighsBasisStatus.kBasic] * len(rhs)
        self._rest.valid = True

    def bound(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Set the bounds of `columns`."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def cost(self, cost: Floats) -> None:
        """Set the cost of every column."""
        changed = np.flatnonzero(cost != self._cost)
        if len(changed):
            self._highs.changeColsCost(len(changed), changed.astype(np.int32), cost[changed])
            self._cost = cost

    def solve(self, *, rested: bool = False) -> Floats | None:
        """
        Return the best columns (a vertex), or None when there is no solution.

        Args:
            rested: Begin with every column at 0, and not where the last search ended. Quicker
                when that is nearly a solution: some eight times in a system of 1,400 cells.

        """
        if rested:
            self._highs.setBasis(self._rest)
        return self._run(self._highs)

    def whole(self) -> Floats | None:
        """Return the best columns in whole numbers, or None when there are none."""
        lp = self._highs.getLp()
        lp.integrality_ = [highspy.HighsVarType.kInteger] * self.columns
        # A solver that has run as a linear programme is not to be trusted with this.
        highs = _solver(presolve="on", solver="choose")
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.passModel(lp)
        return self._run(highs)

    def _run(self, highs: _Highs) -> Floats | None:
        left = self._remaining()
        if left <= 0:
            raise BudgetError("no time left for another linear programme")
        highs.setOptionValue("time_limit", min(highs.getRunTime() + left, 1e9))
        highs.run()
        status = highs.getModelStatus()
        if status not in _ENDS:  # the last basis was a bad start: once more, from nothing
            highs.clearSolver()
            highs.run()
            status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return np.array(highs.getSolution().col_value)
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise BudgetError("no time left within a linear programme")
        return None


def _solver(presolve: str, solver: str) -> _Highs:
    """Return a silent solver; `highspy.Highs` itself writes a line when it is made."""
    highs = _Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", THREADS)
    highs.setOptionValue("random_seed", 0)
    highs.setOptionValue("presolve", presolve)
    highs.setOptionValue("solver", solver)
    return highs


def rounded(columns: Floats) -> Ints | None:
    """Return `columns` as whole numbers, or None when they are not."""
    whole = np.rint(columns)
    return whole.astype(np.int64) if np.abs(whole - columns).max(initial=0) < _NEAR else None
