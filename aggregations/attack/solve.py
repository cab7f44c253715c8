"""
The lowest and highest value that an unknown of a linear programme can have.

Most unknowns are far from being known, and that needs no programme of their own: any solution at
hand is a witness of what is possible. So all of them are first pushed up and down together, at
random, by an interior-point method; what these solutions leave open is solved one by one by the
simplex method, from the last solution, with only the objective changed.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.attack.equations import ContradictionError, Programme

ENOUGH: Final = 5
"""A count that may be this many values or more is not narrowed in any way that matters."""
NEAR: Final = 1e-5
"""A bound this close to a whole number is that number."""
_FEASIBLE: Final = 1e-6
"""How far a solution may break an equation and still be a witness."""
_PUSHED: Final = 0.2
"""Share of the open unknowns in one push; all at once would stand in each other's way."""
_UNBOUNDED: Final = 1 << 31
"""Stands for an end that is not there: more than any count."""
_PRIMAL: Final = 4
"""The simplex method that goes on from a solution when the objective changes."""

_Numbers = npt.NDArray[np.float64]


class SolverMissingError(Exception):
    """The solver is not installed (Dutch)."""

    def __init__(self) -> None:
        super().__init__(
            "Hiervoor is de rekenbibliotheek HiGHS nodig. Installeer haar met "
            "`pip install 'zorgstroom[audit]'`."
        )


class UnsolvedError(Exception):
    """The solver gave up; nothing is known."""


class Interval(NamedTuple):
    """The whole numbers that an unknown can be."""

    low: int
    high: int

    @property
    def values(self) -> int:
        """How many there are."""
        return self.high - self.low + 1


class Attack:
    """
    Solves one programme for one unknown after another.

    Args:
        programme: What is known.
        seed: Of the random pushes.

    Raises:
        SolverMissingError: HiGHS is not installed.

    """

    def __init__(self, programme: Programme, seed: int) -> None:
        self._lows = np.array(programme.lows, np.float64)
        self._highs = np.array(programme.highs, np.float64)
        equations = programme.equations
        self._row_lows = np.array([e.low for e in equations], np.float64)
        self._row_highs = np.array([e.high for e in equations], np.float64)
        self._starts = np.cumsum([0, *(len(e.terms) for e in equations)])
        self._indices = np.array([at for e in equations for at, _ in e.terms], np.int32)
        self._factors = np.array([times for e in equations for _, times in e.terms], np.float64)
        self._least = np.full(len(self._lows), np.inf)
        self._most = np.full(len(self._lows), -np.inf)
        self._random = np.random.default_rng(seed)
        self._pushing: Any = _solver()
        self._pass_model(self._pushing)
        self._pushing.setOptionValue("solver", "ipm")
        self._pushing.setOptionValue("run_crossover", "off")
        self._simplex: Any = None
        self.solved = 0
        """How many programmes were solved one by one, two for an interval."""

    def witnessed(self, place: int) -> int:
        """Return how many values of an unknown have a witness; 0 when nothing was solved yet."""
        least, most = self._least[place], self._most[place]
        return _interval(least, most).values if least <= most else 0

    def is_wide(self, place: int) -> bool:
        """Return whether `ENOUGH` values of an unknown are known to be possible."""
        return self.witnessed(place) >= ENOUGH

    def push(self, places: Sequence[int]) -> int:
        """
        Push those of `places` that are not known to be wide up and down; return how many are left.

        Raises:
            ContradictionError: Nothing fits what is known.

        """
        still_open = [place for place in places if not self.is_wide(place)]
        if not still_open:
            return 0
        count = math.ceil(_PUSHED * len(still_open))
        pushed = self._random.choice(still_open, count, replace=False)
        directions = self._random.choice((-1.0, 1.0), count)
        for sign in (1.0, -1.0):
            costs = np.zeros(len(self._lows))
            costs[pushed] = sign * directions
            solver = self._pushing
            solver.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
            solver.clearSolver()
            solver.run()
            self._refuse_contradiction(solver)
            self._witness(np.array(solver.getSolution().col_value))
        return sum(not self.is_wide(place) for place in still_open)

    def interval(self, place: int) -> Interval:
        """
        Return the lowest and highest whole number that an unknown can be.

        Raises:
            ContradictionError: Nothing fits what is known.
            UnsolvedError: The solver gave up.

        """
        return _interval(self._end(place, 1), self._end(place, -1))

    def _end(self, place: int, sign: int) -> float:
        if self._simplex is None:
            self._simplex = _solver()
            self._pass_model(self._simplex)
            self._simplex.run()
            self._simplex.setOptionValue("simplex_strategy", _PRIMAL)
        solver = self._simplex
        solver.changeColCost(place, sign)
        try:
            solver.run()
            if not _is_optimal(solver):  # It lost its way from the last solution.
                self._refuse_contradiction(solver)
                solver.clearSolver()
                solver.run()
                self._refuse_contradiction(solver)
            if _is_unbounded(solver):
                return -sign * math.inf
            if not _is_optimal(solver):
                raise UnsolvedError(str(solver.getModelStatus()))
            solution = np.array(solver.getSolution().col_value)
        finally:
            solver.changeColCost(place, 0)  # This forgets status and solution.
        self.solved += 1
        self._witness(solution)
        return float(solution[place])

    def _witness(self, solution: _Numbers) -> None:
        """Take note of what `solution` shows to be possible, if it is one."""
        if len(solution) != len(self._lows):
            return
        sums = np.zeros(len(self._row_lows))
        if len(sums):
            sums = np.add.reduceat(self._factors * solution[self._indices], self._starts[:-1])
        breaks = (
            self._row_lows - sums,
            sums - self._row_highs,
            self._lows - solution,
            solution - self._highs,
        )
        if all(each.max(initial=0) <= _FEASIBLE for each in breaks):
            np.minimum(self._least, solution, out=self._least)
            np.maximum(self._most, solution, out=self._most)

    def _pass_model(self, solver: Any) -> None:
        highspy = _library()
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._lows), len(self._row_lows)
        model.col_cost_ = np.zeros(len(self._lows))
        model.col_lower_, model.col_upper_ = self._lows, self._highs
        model.row_lower_, model.row_upper_ = self._row_lows, self._row_highs
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = self._starts
        model.a_matrix_.index_ = self._indices
        model.a_matrix_.value_ = self._factors
        solver.passModel(model)

    @staticmethod
    def _refuse_contradiction(solver: Any) -> None:
        if solver.getModelStatus() == _library().HighsModelStatus.kInfeasible:
            raise ContradictionError


def _library() -> Any:
    try:
        import highspy  # noqa: PLC0415 - only in the extra `audit`
    except ImportError as error:
        raise SolverMissingError from error
    return highspy


def _solver() -> Any:
    highs: Any = _library().Highs  # of which the types say nothing

    class QuietSolver(highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802 - the library's name
            """Leave them off: nothing listens, and turning them on writes a banner to stdout."""

    solver = QuietSolver()
    solver.silent()
    solver.setOptionValue("threads", 1)
    return solver


def _is_optimal(solver: Any) -> bool:
    return bool(solver.getModelStatus() == _library().HighsModelStatus.kOptimal)


def _is_unbounded(solver: Any) -> bool:
    statuses = _library().HighsModelStatus
    return solver.getModelStatus() in (statuses.kUnbounded, statuses.kUnboundedOrInfeasible)


def _interval(least: float, most: float) -> Interval:
    return Interval(
        math.ceil(max(least, -_UNBOUNDED) - NEAR), math.floor(min(most, _UNBOUNDED) + NEAR)
    )
