"""The live figures of a region: what stands, who changed it since, when it may be renewed."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from zorgstroom.aggregations.disclosure.contributors import Contributors, Stand
from zorgstroom.aggregations.disclosure.grid import Passed
from zorgstroom.aggregations.disclosure.plan import (
    STOCKS,
    Cell,
    Plan,
    Span,
    last_day,
    levels,
    running,
)
from zorgstroom.aggregations.disclosure.rows import Draft
from zorgstroom.aggregations.disclosure.standing import Live
from zorgstroom.aggregations.movements import Move
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import GebiedSoort

_DAY: Final = timedelta(days=1)


class LiveFigures:
    """
    The live cells of one region.

    Args:
        region: Whose.
        plan: What is published.
        threshold: T: how many dossiers must have changed a figure before it is renewed.
        einddatum_telt_mee: Whether the Einddatum is a day with care.

    """

    def __init__(
        self, region: Region, plan: Plan, threshold: int, *, einddatum_telt_mee: bool
    ) -> None:
        self._region, self._plan, self.threshold = region, plan, threshold
        self.contributors = Contributors(region, levels(region, plan.live), einddatum_telt_mee)
        self.last: dict[Cell, Live] = {}
        """The figure that stands of each cell; of a stock it goes on into the next month."""

    def value(self, cell: Cell) -> int | None:
        """Return the figure that stands; None without one."""
        figure = self.last.get(cell)
        return None if figure is None else figure.waarde

    def held_at(self, cell: Cell, end: date) -> Live | None:
        """
        Return the figure that may stand at the close of a period that ended on `end`.

        A stock of a later day is none of that period: see `standing`.
        """
        figure = self.last.get(cell)
        if figure is None or (cell.maat in STOCKS and date_of(figure.tijd) > end):
            return None
        return figure

    def has_enough(self, cell: Cell) -> bool:
        """Return whether enough dossiers changed `cell`, or it has no figure yet."""
        return cell not in self.last or self.contributors.count(cell) >= self.threshold

    def is_up(self, cell: Cell, passed: Passed) -> bool:
        """Return whether the grid allows `cell` to be renewed now."""
        if passed.day:
            return True
        level = (self.kind(cell.gebied), PRODUCTS[cell.product].niveau)
        return self._region.total and level in self._plan.hourly

    def is_by_day(self, cell: Cell) -> bool:
        """Return whether the figure is also kept by day."""
        level = (self.kind(cell.gebied), PRODUCTS[cell.product].niveau)
        return cell.maat in STOCKS and level in self._plan.by_day

    def kind(self, gebied: str) -> GebiedSoort:
        """Return the kind of an area."""
        return "regio" if self._region.total and gebied == self._region.name else "gemeente"

    def rows_of(self, cell: Cell) -> list[Cell]:
        """Return under which periods the figure of a cell stands."""
        if cell.maat not in STOCKS:
            return [cell]
        return [cell._replace(soort=s.soort, start=s.start) for s in running(cell.start)]

    def carry_on(self, draft: Draft, is_over: Callable[[date], bool]) -> None:
        """Let each running stock stand under the month that has begun: a figure of before."""
        for cell, figure in self.last.items():
            if cell.maat in STOCKS and not is_over(cell.start):
                for row in self.rows_of(cell):
                    if row not in draft.under.rows and row not in draft.rows:
                        draft.hold(row, figure.waarde, figure.tijd, "voorlopig")

    def renewed(self, cell: Cell, figure: Live) -> None:
        """Know that a figure was published."""
        self.last[cell] = figure
        self.contributors.watch(cell)

    def gone(self, cell: Cell) -> None:
        """Know that a cell has no live figure any more."""
        self.last.pop(cell, None)
        self.contributors.forget(cell)

    def close(self, month: date, *, runs_on: bool) -> None:
        """Know that a month was closed; its stocks may run on."""
        for cell in [cell for cell in self.last if cell.start == month]:
            if not (runs_on and cell.maat in STOCKS):
                self.gone(cell)

    def update(self, moves: Iterable[Move], at: date, today: date) -> None:
        """Know which dossiers moved (key, before, after) between the days `at` and `today`."""
        while (at.year, at.month) < (today.year, today.month):
            end = last_day(Span("maand", at.replace(day=1)))
            self._move(moves, at, end)
            moves = [(key, after, after) for key, _, after in moves]
            following = end + _DAY
            self._begin_month(end.replace(day=1), following)
            self._move(moves, end, following)
            at = following
        self._move(moves, at, today)

    def _move(self, moves: Iterable[Move], before: date, after: date) -> None:
        months = sorted({cell.start for cell in self.contributors.changes})
        if not months:
            return
        one, other = before.toordinal(), after.toordinal()
        for key, old, new in moves:
            self.contributors.move(key, key[:4], Stand(old, one), Stand(new, other), months)

    def _begin_month(self, ended: date, following: date) -> None:
        """Let the stocks of the month that ended run on in the next one."""
        for cell, figure in list(self.last.items()):
            if cell.maat in STOCKS and cell.start == ended:
                self.last[cell._replace(start=following)] = figure
                self.contributors.inherit(cell._replace(start=following), cell)
