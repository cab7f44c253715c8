"""
The publication of one region under policy `drempel`: what is renewed, held, closed or withheld.

The state is what was published and the dossiers. Each evaluation compares the figures of now with
what stands, on the grid, and makes at most one emission with its proof. Nothing is published that
the independent check has not seen; when that fails or takes too long, what stands goes on to stand.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.disclosure.certificate import certified
from zorgstroom.aggregations.disclosure.closing import WETTEN, closing_frames, closing_spans
from zorgstroom.aggregations.disclosure.contributors import Contributors, Indicaties, Stand, Stood
from zorgstroom.aggregations.disclosure.grid import Passed
from zorgstroom.aggregations.disclosure.plan import (
    DEFAULT,
    LONGER,
    MONTHS_OF,
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    areas,
    cells,
    last_day,
    levels,
    months_of,
    running,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame, frame, release
from zorgstroom.aggregations.disclosure.rows import Draft, Row, Rows
from zorgstroom.aggregations.disclosure.table import (
    BudgetError,
    DisclosureError,
    Ints,
    Mask,
    Protected,
)
from zorgstroom.aggregations.dossier import Dossier, load
from zorgstroom.aggregations.figures import Counts, RegionFigures
from zorgstroom.aggregations.ledger import MATEN, BaseCell, Ledger
from zorgstroom.aggregations.movements import Move
from zorgstroom.aggregations.periods import Period, date_of, first_day
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, SeriesValues

Snapshot = Sequence[tuple[str, bytes]]
"""Dossiers of a region: key and stored form."""
Frozen = dict[str, Counts]
"""Exact counts of one month at its close: per area `values[product, maat]`."""
_FLOWS: Final = tuple(maat for maat in MATEN if maat not in STOCKS)


_DAY: Final = timedelta(days=1)


class Live(NamedTuple):
    """The figure that stands of a live cell."""

    waarde: int
    tijd: datetime
    """When it was made."""


@dataclass(slots=True)
class Outcome:
    """How the last evaluations went, for whoever watches the process."""

    failures: int = 0
    """Systems of cells that could not be protected or checked in time."""
    held: int = 0
    """Live cells that were up for renewal and keep their figure."""
    withheld: int = 0
    """Published cells without a figure."""
    shown: int = 0
    reasons: list[str] = field(default_factory=list)
    """Kinds of the last failures; they say nothing of a cell."""


class ProtectedPublication:
    """
    The figures of one region, what was published of them, and what may be published next.

    Args:
        region: Whose figures.
        rules: Which periods, and when they close.
        disclosure: Threshold, guarantees and grid.
        definitions: By which dossiers are read.
        published: What stands, as a place of publication gives it.
        last: When the region was last written; None when never.
        plan: What is published.
        clock: A clock that only goes forward, in seconds, for the budget.

    """

    def __init__(  # noqa: PLR0917 - each a different thing
        self,
        region: Region,
        rules: PublicationRules,
        disclosure: Disclosure,
        definitions: Definitions,
        published: Iterable[SeriesValues] = (),
        last: datetime | None = None,
        *,
        plan: Plan = DEFAULT,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.region = region
        self.outcome = Outcome()
        self._rules, self._disclosure, self._definitions = rules, disclosure, definitions
        self._plan, self._clock = plan, clock
        self._evaluated = last
        self._until = None if last is None else date_of(last)
        """The day of the last evaluation: what was due then may be closed, in any process."""
        self._rows = Rows.read(region, published)
        self._figures: RegionFigures | None = None
        self._contributors = Contributors(
            region, levels(region, plan.live), definitions.einddatum_telt_mee
        )
        self._last: dict[Cell, Live] = {}
        """The figure that stands of each live cell; of a stock it goes on into the next month."""
        self._frozen: dict[date, Frozen] = {}
        self._snapshot: Snapshot | None = None
        self._close_failed = False
        self._touched: set[BaseCell] = set()
        self._column: dict[Span, int] = {}
        self._draft: Draft | None = None
        self._taken: list[Callable[[], None]] = []

    def begin(self, ledger: Ledger, today: date, dossiers: Snapshot) -> None:
        """
        Start from `dossiers`: all of the region, as they are at this moment.

        Only takes them; they are read by the first `emission`, which may be in another thread.
        """
        self._figures = None
        self._snapshot = dossiers
        self._bring_up(ledger, (), today)

    def touch(self, changed: Iterable[BaseCell]) -> None:
        """Know which cells of the ledger changed; they are read by the next `update`."""
        self._touched.update(changed)

    def update(self, ledger: Ledger, moves: Sequence[Move], today: date) -> None:
        """
        Bring the figures up to `ledger` and `today`.

        Args:
            ledger: All counts.
            moves: The dossiers of the region that moved since, also by time alone.
            today: The date up to which counts.

        """
        assert self._figures is not None
        at = self._figures.today
        while (at.year, at.month) < (today.year, today.month):
            end = last_day(Span("maand", at.replace(day=1)))
            self._move(moves, at, end)
            moves = [(key, after, after) for key, _, after in moves]
            self._begin_month(end)
            at = end
            self._move(moves, end, end + _DAY)
            at = end + _DAY
        self._move(moves, at, today)
        self._bring_up(ledger, self._touched, today)

    @property
    def has_more(self) -> bool:
        """Whether another close waits, for which no moment of the grid has to pass."""
        if self._figures is None or self._close_failed:
            return False
        return next(self._closable(), None) is not None

    @property
    def needs_dossiers(self) -> bool:
        """Whether `begin` must come (again) before `update`: nothing was made since."""
        return self._figures is None or self._snapshot is not None

    def is_due(self, now: datetime) -> bool:
        """Return whether a moment of the grid has passed, or a close is waiting."""
        if self._disclosure.grid.passed(self._evaluated, now).moment:
            return True
        return self.has_more

    def emission(self, versie: int, now: datetime) -> Emission | None:
        """
        Return what must be written under `versie`, or None when nothing may be.

        After a moment of the grid there is always an emission, also without a row: it tells the
        next owner that this moment has been used. Else a restart would renew between two moments.

        Call `confirm` once it is written, and do not call again before that.
        """
        if self._figures is None:
            raise RuntimeError("begin comes first")
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if self._snapshot is not None:
            self._restore(self._snapshot)
            self._snapshot = None
        passed = self._disclosure.grid.passed(self._evaluated, now)
        if passed.moment:
            self._evaluated = now
            self._until = self._figures.today
            self._close_failed = False
        draft = Draft(self._rows, versie, now)
        self._taken = []
        self.outcome.held = 0
        proofs: list[tuple[Frame, Protected]] = []
        month = next(self._closable(), None)
        if month is not None:
            proofs += self._close(draft, month)
        if passed.moment:
            proofs += self._renew(draft, passed)
        self._sum_up(draft)
        if not draft.rows and not passed.moment:
            return None
        self._draft = draft
        mark = f"{self._disclosure.mark};"
        return Emission(self.region.name, versie, now, draft.values(), mark + certified(proofs))

    def confirm(self) -> None:
        """Know that the last emission is stored."""
        if self._draft is None:
            return
        self._draft.confirm()
        self._draft = None
        for step in self._taken:
            step()
        self._taken = []
        rows = self._rows.rows.values()
        self.outcome.shown = sum(row.waarde is not None for row in rows)
        self.outcome.withheld = len(rows) - self.outcome.shown

    # Figures

    def _bring_up(self, ledger: Ledger, changed: Iterable[BaseCell], today: date) -> None:
        if self._figures is None or self._figures.today != today:
            self._figures = RegionFigures(self.region, first_day(today, self._rules.jaren), today)
            changed = [cell for cell in ledger.cells if cell.gemeente in self.region.gemeenten]
        self._figures.refresh(ledger, changed)
        self._touched = set()
        periods = self._figures.areas[self.region.gemeenten[0]].periods
        self._column = {Span(p.soort, p.start): at for at, p in enumerate(periods)}

    def _counts(self, gebied: str, span: Span) -> Counts:
        """Return the exact counts of one area and period now: products x measures."""
        assert self._figures is not None
        figures = self._figures.areas[gebied]
        at = next(
            at for at, period in enumerate(figures.periods) if (period.soort, period.start) == span
        )
        return figures.values[:, :, at]

    def _true(self, cell: Cell) -> int:
        """Return the exact count of a cell: of now, or as it was at the close of its month."""
        total = 0
        for month in months_of(Span(cell.soort, cell.start)):
            frozen = self._frozen.get(month)
            counts = (
                self._counts(cell.gebied, Span("maand", month))
                if frozen is None
                else frozen[cell.gebied]
            )
            total += int(counts[cell.product, MATEN.index(cell.maat)])
        return total

    def _months(self) -> list[date]:
        """Return the months that have begun and are published."""
        return [span.start for span in self._column if span.soort == "maand"]

    # While a period runs

    def _renew(self, draft: Draft, passed: Passed) -> Iterator[tuple[Frame, Protected]]:
        assert self._figures is not None
        today = self._figures.today
        now = self._months()[-1]
        closed = self._rows.closed
        # What waits for its close gets no live figure any more: it would only be held there.
        open_months = [
            month
            for month in self._months()
            if Span("maand", month) not in closed and not self._is_over(month)
        ]
        for wet in WETTEN:
            for maat in MATEN:
                for month in [now] if maat in STOCKS else open_months:
                    tabel = Tabel(wet, maat, "maand", month)
                    yield from self._renew_table(draft, passed, tabel, today)

    def _renew_table(
        self, draft: Draft, passed: Passed, tabel: Tabel, today: date
    ) -> Iterator[tuple[Frame, Protected]]:
        rule = self._disclosure.rule
        if not any(
            self._is_up(cell, passed) and self._has_enough(cell)
            for cell in cells(self.region, tabel, self._plan.live)
        ):
            return
        own = frame(self.region, tabel.label, [(tabel, self._plan.live, True)], self._live_value)
        values = np.array([self._true(cell) for cell in own.cells], np.int64)
        up = np.array([self._is_up(cell, passed) for cell in own.cells])
        enough = np.array([self._has_enough(cell) for cell in own.cells])
        small = values < rule.threshold
        # A figure that fell below T is taken away once enough changed, and comes back at a close.
        fallen = up & small & enough & (own.last != NO_FIGURE)
        gone = np.array([self._is_withheld(cell) for cell in own.cells])
        candidates = up & ~small & enough & ~gone
        self.outcome.held += int((up & ~enough).sum())
        for at in np.flatnonzero(fallen).tolist():
            self._withhold_live(draft, own.cells[at])
        if not candidates.any():
            return
        found = self._protected(own, values, candidates)
        if found is None:
            return
        self.outcome.held += int((candidates & ~found.shown).sum())
        for at in np.flatnonzero(found.shown).tolist():
            self._show_live(draft, own.cells[at], int(values[at]), today, passed)
        if found.shown.any():
            yield own, found

    def _has_enough(self, cell: Cell) -> bool:
        """Return whether enough dossiers changed `cell`, or it has no figure yet."""
        if cell not in self._last:
            return True
        return self._contributors.count(cell) >= self._disclosure.threshold

    def _is_up(self, cell: Cell, passed: Passed) -> bool:
        """Return whether the grid allows `cell` to be renewed now."""
        if passed.day:
            return True
        level = (self._kind(cell.gebied), PRODUCTS[cell.product].niveau)
        return self.region.total and level in self._plan.hourly

    def _kind(self, gebied: str) -> str:
        return "regio" if self.region.total and gebied == self.region.name else "gemeente"

    def _is_withheld(self, cell: Cell) -> bool:
        row = self._rows.rows.get(cell)
        return row is not None and row.waarde is None

    def _live_rows(self, cell: Cell) -> list[Cell]:
        """Return under which periods the figure of a live cell stands."""
        if cell.maat not in STOCKS:
            return [cell]
        return [cell._replace(soort=s.soort, start=s.start) for s in running(cell.start)]

    def _show_live(
        self, draft: Draft, cell: Cell, waarde: int, today: date, passed: Passed
    ) -> None:
        for row in self._live_rows(cell):
            draft.show(row, waarde)
        by_day = (self._kind(cell.gebied), PRODUCTS[cell.product].niveau) in self._plan.by_day
        if by_day and passed.day and cell.maat in STOCKS:
            draft.show(cell._replace(soort="dag", start=today), waarde)

        def take() -> None:
            self._last[cell] = Live(waarde, draft.tijd)
            self._contributors.watch(cell)

        self._taken.append(take)

    def _withhold_live(self, draft: Draft, cell: Cell) -> None:
        for row in self._live_rows(cell):
            draft.withhold(row)

        def take() -> None:
            self._last.pop(cell, None)
            self._contributors.forget(cell)

        self._taken.append(take)

    def _sum_up(self, draft: Draft) -> None:
        """Write the longer periods that still run as the sum of their published months."""
        months = set(self._months())
        years = sorted({month.year for month in months})
        for year in years:
            for soort in LONGER:
                for first in range(1, 13, MONTHS_OF[soort]):
                    span = Span(soort, date(year, first, 1))
                    parts = [month for month in months_of(span) if month in months]
                    if parts:
                        self._sum_of(draft, span, parts)

    def _sum_of(self, draft: Draft, span: Span, months: Sequence[date]) -> None:
        for wet in WETTEN:
            for maat in _FLOWS:
                for cell in cells(
                    self.region, Tabel(wet, maat, span.soort, span.start), self._plan.live
                ):
                    if self._rows.is_closed(cell) or cell in draft.rows:
                        continue
                    of = [draft.value(cell._replace(soort="maand", start=m)) for m in months]
                    whole = [waarde for waarde in of if waarde is not None]
                    if len(whole) == len(of) and sum(whole) != self._rows.value(cell):
                        draft.show(cell, sum(whole))

    # At a close

    def _closable(self) -> Iterator[date]:
        """Yield the months that are due to be closed, in order."""
        assert self._figures is not None
        closed = self._rows.closed
        for month in self._months():
            if not self._is_over(month):
                return
            if Span("maand", month) not in closed:
                yield month

    def _is_over(self, month: date) -> bool:
        """Return whether `month` ended so long ago that it closes, as of the last evaluation."""
        assert self._figures is not None
        if self._until is None:
            return False
        period = Period("maand", month, last_day(Span("maand", month)))
        return period.is_final(min(self._until, self._figures.today), self._rules.naloop_dagen)

    def _close(self, draft: Draft, month: date) -> list[tuple[Frame, Protected]]:
        frozen: Frozen = {
            gebied: self._counts(gebied, Span("maand", month)).copy()
            for gebied, _ in areas(self.region)
        }
        self._frozen[month] = frozen
        closed = self._rows.closed
        spans = closing_spans(month, closed)
        systems = closing_frames(
            self.region, self._plan, month, closed, self._last_of, self._is_known
        )
        proofs: list[tuple[Frame, Protected]] = []
        rows: list[tuple[Frame, Protected | None]] = []
        for own in systems:
            found = self._closed(own)
            if isinstance(found, BudgetError):
                del self._frozen[month]
                self._close_failed = True
                return []  # as a whole, another time
            rows.append((own, found))
            if found is not None:
                proofs.append((own, found))
        for own, found in rows:
            self._close_rows(draft, own, found, month, spans)
        self._taken.append(lambda: self._closed_for_good(month))
        return proofs

    def _closed(self, own: Frame) -> Protected | BudgetError | None:
        """Protect one system of a close; None when nothing more of it can be shown."""
        rule = self._disclosure.rule
        try:
            values = np.array([self._true(cell) for cell in own.cells], np.int64)
        except KeyError:
            self._failed("no counts of an earlier month")
            return None
        if (own.known & (values != own.last)).any():
            # Dossiers were erased: what stands can no longer be derived.
            self._failed("other counts of an earlier month")
            return None
        candidates = np.array(
            [not self._rows.is_closed(cell) and self._has_enough(cell) for cell in own.cells]
        )
        try:
            return self._made(own, values, candidates & (values >= rule.threshold))
        except BudgetError as error:
            self._failed(str(error))
            return error
        except DisclosureError as error:
            self._failed(str(error))
            return None

    def _close_rows(
        self,
        draft: Draft,
        own: Frame,
        found: Protected | None,
        month: date,
        spans: Sequence[Span],
    ) -> None:
        closing = {(span.soort, span.start) for span in spans}
        last = last_day(spans[0])
        for at, cell in enumerate(own.cells):
            if (cell.soort, cell.start) not in closing:
                continue
            under = [cell]
            if cell.maat in STOCKS:
                under = [cell._replace(soort=s.soort, start=s.start) for s in spans]
            for row in under:
                level = (self._kind(row.gebied), PRODUCTS[row.product].niveau)
                if level not in levels(self.region, self._plan.closing(row.maat, row.soort)):
                    continue
                held = self._last.get(cell)
                if held is not None and cell.maat in STOCKS and date_of(held.tijd) > last:
                    held = None  # of a later day: see `_last_stock`
                if found is not None and found.shown[at]:
                    draft.show(row, int(found.values[at]), "definitief")
                elif held is not None:
                    draft.hold(row, held.waarde, held.tijd, "definitief")
                else:
                    draft.withhold(row, "definitief")

    def _closed_for_good(self, month: date) -> None:
        for cell in [cell for cell in self._last if cell.start == month]:
            if cell.maat in STOCKS and month == self._months()[-1]:
                continue  # it runs on
            del self._last[cell]
            self._contributors.forget(cell)
        if month.month == 12:
            self._frozen = {m: counts for m, counts in self._frozen.items() if m > month}

    def _last_of(self, cell: Cell) -> int | None:
        if self._rows.is_closed(cell):
            return self._rows.value(cell)
        return self._live_value(cell)

    def _live_value(self, cell: Cell) -> int | None:
        figure = self._last.get(cell)
        return None if figure is None else figure.waarde

    def _is_known(self, cell: Cell) -> bool:
        return self._rows.is_closed(cell) and self._rows.is_fresh(cell)

    # Protection

    def _protected(self, own: Frame, values: Ints, candidates: Mask) -> Protected | None:
        try:
            return self._made(own, values, candidates)
        except DisclosureError as error:
            self._failed(str(error))
            return None

    def _made(self, own: Frame, values: Ints, candidates: Mask) -> Protected:
        return release(
            own,
            values,
            candidates,
            self._disclosure.rule,
            clock=self._clock,
            budget=self._disclosure.budget_seconds,
        )

    def _failed(self, reason: str) -> None:
        self.outcome.failures += 1
        self.outcome.reasons = [*self.outcome.reasons[-4:], reason]

    # The state

    def _move(self, moves: Iterable[Move], before: date, after: date) -> None:
        months = sorted({cell.start for cell in self._contributors.changes})
        if not months:
            return
        one, other = before.toordinal(), after.toordinal()
        for key, old, new in moves:
            self._contributors.move(key, key[:4], Stand(old, one), Stand(new, other), months)

    def _begin_month(self, end: date) -> None:
        """Let the stocks of the month that ended on `end` run on in the next one."""
        ended, following = end.replace(day=1), end + _DAY
        for cell, figure in list(self._last.items()):
            if cell.maat in STOCKS and cell.start == ended:
                self._last[cell._replace(start=following)] = figure
                self._contributors.inherit(cell._replace(start=following), cell)

    def _restore(self, snapshot: Snapshot) -> None:
        """Take up the state from what was published and from the dossiers."""
        assert self._figures is not None
        closed = self._rows.closed
        made = self._live(closed)
        self._contributors.changes.clear()
        dossiers = [
            _stood(key, load(stored), self._definitions)
            for key, stored in snapshot
            if key[:4] in self.region.gemeenten
        ]
        self._contributors.since(made, dossiers, self._figures.today.toordinal())
        years = {month.year for month in self._months() if Span("maand", month) not in closed}
        open_ = {
            span.start: versie
            for span, versie in closed.items()
            if span.soort == "maand"
            and (
                span.start.year in years or Span("jaar", date(span.start.year, 1, 1)) not in closed
            )
        }
        self._frozen = self._as_closed(open_, dossiers)

    def _live(self, closed: dict[Span, int]) -> dict[Cell, tuple[int, int]]:
        """Find which live cells have a figure; return when it was made, and know it in `_last`."""
        assert self._figures is not None
        self._last = {}
        made: dict[Cell, tuple[int, int]] = {}
        months = self._months()
        for wet in WETTEN:
            for maat in MATEN:
                for month in months:
                    if Span("maand", month) in closed:
                        continue
                    for cell in cells(
                        self.region, Tabel(wet, maat, "maand", month), self._plan.live
                    ):
                        self._take_up(cell, months, made)
        return made

    def _take_up(
        self, cell: Cell, months: Sequence[date], made: dict[Cell, tuple[int, int]]
    ) -> None:
        found = self._last_stock(cell, months) if cell.maat in STOCKS else self._rows.rows.get(cell)
        if found is not None and found.waarde is not None:
            self._last[cell] = Live(found.waarde, found.tijd)
            day = min(date_of(found.tijd), last_day(Span("maand", cell.start)), self._today)
            made[cell] = (found.versie, day.toordinal())

    def _last_stock(self, cell: Cell, months: Sequence[date]) -> Row | None:
        """
        Return the last figure of a stock that was made by the end of a month.

        It ran on from wherever it was made, and longer periods keep it when its month has closed.
        Where it can no longer be read, the figure of a close takes its place: fewer dossiers
        changed since, so that is held longer than need be and never renewed too early.
        """
        end = last_day(Span("maand", cell.start))
        spans = {span for month in months if month <= cell.start for span in running(month)}
        rows = [
            (span, row)
            for span in spans
            if (row := self._rows.rows.get(cell._replace(soort=span.soort, start=span.start)))
        ]
        # The row of a longer period may be of a later month.
        live = [
            row
            for span, row in rows
            if row.status == "voorlopig"
            and (span.soort == "maand" or cell.start == months[-1] or date_of(row.tijd) <= end)
        ]
        if live:
            return max(live, key=lambda row: row.tijd)
        if not any(date_of(row.tijd) <= end for row in self._rows.rows.values()):
            return None  # nothing was published then
        closed = [
            (last_day(span), row)
            for span, row in rows
            if row.status == "definitief" and last_day(span) <= end
        ]
        return max(closed, key=lambda pair: pair[0])[1] if closed else None

    @property
    def _today(self) -> date:
        """The day up to which figures count now."""
        assert self._figures is not None
        return self._figures.today

    def _as_closed(self, months: dict[date, int], dossiers: Iterable[Stood]) -> dict[date, Frozen]:
        """Count the flows of closed months as they stood at their closes (month to `versie`)."""
        if not months:
            return {}
        ledgers = {month: Ledger() for month in months}
        for dossier in dossiers:
            for month, versie in months.items():
                stood = dossier.at(None if dossier.newest < versie else versie)
                first = month.toordinal()
                last = last_day(Span("maand", month)).toordinal()
                touched = frozenset(
                    one
                    for one in stood
                    if first <= one.begin <= last
                    or (one.einde is not None and first <= one.einde <= last)
                )
                ledgers[month].apply(dossier.key, frozenset(), touched)
        found: dict[date, Frozen] = {}
        for month, ledger in ledgers.items():
            figures = RegionFigures(self.region, month, last_day(Span("maand", month)))
            figures.refresh(ledger, ledger.cells)
            at = [(p.soort, p.start) for p in next(iter(figures.areas.values())).periods].index(
                ("maand", month)
            )
            found[month] = {
                gebied: area.values[:, :, at].copy() for gebied, area in figures.areas.items()
            }
        return found


def _stood(key: str, dossier: Dossier, definitions: Definitions) -> Stood:
    arrived = sorted({message.emissie for message in dossier.messages})
    known: dict[int, Indicaties] = {}

    def at(versie: int | None) -> Indicaties:
        # The same messages had arrived before all emissions between two that a message carries.
        count = len(arrived) if versie is None else sum(number < versie for number in arrived)
        if count not in known:
            before = None if count == len(arrived) else arrived[count]
            known[count] = derive(dossier, definitions, before_emission=before).indicaties
        return known[count]

    return Stood(key, key[:4], at, arrived[-1] if arrived else 0)
