"""The linear programme of an attacker, and what goes into it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import highspy
import numpy as np

NEAR: Final = 1e-6
"""Differences below this are none."""


class Equation(NamedTuple):
    """Sum of coefficient x unknown lies from `low` to `high`."""

    terms: tuple[tuple[int, int], ...]
    low: float
    high: float


class Programme:
    """The linear programme of an attacker: unknowns of 0 and more, and what is known of them."""

    def __init__(self, size: int, equations: Sequence[Equation]) -> None:
        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = size, len(equations)
        lp.col_cost_ = np.zeros(size)
        lp.col_lower_, lp.col_upper_ = np.zeros(size), np.full(size, highspy.kHighsInf)
        lp.row_lower_ = np.array([e.low for e in equations])
        lp.row_upper_ = np.array([e.high for e in equations])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(e.terms) for e in equations)])
        lp.a_matrix_.index_ = np.array([c for e in equations for c, _ in e.terms], np.int32)
        lp.a_matrix_.value_ = np.array([t for e in equations for _, t in e.terms], float)
        self._solver.passModel(lp)
        self.seen: list[Any] = []

    def interval(self, at: int) -> tuple[float, float]:
        """Return the least and the largest value of an unknown."""
        return self._end(at, 1), self._end(at, -1)

    def covers(self, at: int, low: int, high: int) -> bool:
        """Return whether an unknown can be `low` or less and `high` or more."""
        column = [table[at] for table in self.seen]
        deep = min(column, default=np.inf) <= low + NEAR or self._end(at, 1) <= low + NEAR
        return deep and (
            max(column, default=-np.inf) >= high - NEAR or self._end(at, -1) >= high - NEAR
        )

    def _end(self, at: int, sign: int) -> float:
        self._solver.changeColCost(at, sign)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kUnknown:  # lost its way from the last answer
            self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
        self._solver.changeColCost(at, 0)
        if status in (
            highspy.HighsModelStatus.kUnbounded,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        ):
            return -sign * np.inf
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"no answer: {status}")
        self.seen = [*self.seen[-40:], np.array(self._solver.getSolution().col_value)]
        return float(self.seen[-1][at])
