"""
The publication of one region under policy `drempel`: what is renewed, held, closed or withheld.

The state is what was published and the dossiers. Each evaluation compares the figures of now with
what stands, on the grid, and makes at most one emission with its proof. Nothing is published that
the independent check has not seen; when that fails or takes too long, what stands goes on to stand.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from types import MappingProxyType

import numpy as np

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.disclosure.certificate import certified
from zorgstroom.aggregations.disclosure.closing import WETTEN, closing_frames, closing_spans
from zorgstroom.aggregations.disclosure.contributors import Stood
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.following import close, sum_up
from zorgstroom.aggregations.disclosure.follows import Follows
from zorgstroom.aggregations.disclosure.grid import Passed
from zorgstroom.aggregations.disclosure.live import LiveFigures
from zorgstroom.aggregations.disclosure.outcome import Outcome
from zorgstroom.aggregations.disclosure.pairs import (
    Around,
    Result,
    flows_stay,
    nothing_small,
    weigh_close,
)
from zorgstroom.aggregations.disclosure.plan import (
    DEFAULT,
    MONTHS_OF,
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    cells,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame, frame, release
from zorgstroom.aggregations.disclosure.revision import Revision, revisable
from zorgstroom.aggregations.disclosure.rows import Draft, Rows
from zorgstroom.aggregations.disclosure.standing import Live, as_closed, standing, stood_of
from zorgstroom.aggregations.disclosure.table import (
    BudgetError,
    DisclosureError,
    Ints,
    Mask,
    Protected,
)
from zorgstroom.aggregations.disclosure.together import Together, figures_of
from zorgstroom.aggregations.ledger import MATEN, BaseCell, Ledger
from zorgstroom.aggregations.movements import Move
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, SeriesValues

Snapshot = Sequence[tuple[str, bytes]]
"""Dossiers of a region: key and stored form."""


class ProtectedPublication:
    """
    The figures of one region, what was published of them, and what may be published next.

    Args:
        region: Whose figures.
        rules: Which periods, and when they close.
        disclosure: Threshold, guarantees and grid.
        definitions: By which dossiers are read.
        published: What stands, as a place of publication gives it.
        moments: When each emission was made, by its versie.
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
        moments: Mapping[int, datetime] = MappingProxyType({}),
        *,
        plan: Plan = DEFAULT,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.region = region
        self.outcome = Outcome()
        self._rules, self._disclosure, self._definitions = rules, disclosure, definitions
        self._plan, self._clock = plan, clock
        self._rows = Rows.read(region, published, moments)
        self._evaluated = self._rows.last_moment
        self._until = None if self._evaluated is None else date_of(self._evaluated)
        """The day of the last evaluation: what was due then may be closed, in any process."""
        self._counted: Counted | None = None
        threshold, last_day_counts = disclosure.threshold, definitions.einddatum_telt_mee
        self._live = LiveFigures(region, plan, threshold, einddatum_telt_mee=last_day_counts)
        self._revision = Revision(plan, threshold, last_day_counts)
        self._together = Together(Follows(region, plan), self._rows, threshold)
        self._snapshot: Snapshot | None = None
        self._close_failed = False
        self._slow: set[date] = set()
        """Months of which the protection took too long once."""
        self._touched: set[BaseCell] = set()
        self._draft: Draft | None = None
        self._taken: list[Callable[[], None]] = []

    def begin(self, ledger: Ledger, today: date, dossiers: Snapshot) -> None:
        """
        Start from `dossiers`: all of the region, as they are at this moment.

        Only takes them; they are read by the first `emission`, which may be in another thread.
        """
        self._counted = Counted(self.region, self._rules, ledger, today)
        self._snapshot = dossiers
        self._touched = set()

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
        self._live.update(moves, self._now.today, today)
        self._now.bring_up(ledger, self._touched, today)
        self._touched = set()

    @property
    def _now(self) -> Counted:
        if self._counted is None:
            raise RuntimeError("begin comes first")
        return self._counted

    @property
    def has_more(self) -> bool:
        """Whether another close waits, for which no moment of the grid has to pass."""
        if self._counted is None or self._close_failed:
            return False
        return self._now.next_close(self._rows.closed, self._until) is not None

    def needs_dossiers(self, now: datetime) -> bool:
        """Return whether `begin` must come (again) before `emission`, instead of `update`."""
        return self._counted is None or self._snapshot is not None or self._revises(now)

    def _revises(self, now: datetime) -> bool:
        """Return whether closed figures may be revised at `now`: what changed is counted anew."""
        passed = self._disclosure.grid.passed(self._evaluated, now)
        months = self._now.months if passed.month and self._rules.herzie_definitief else ()
        return bool(revisable(self._rows, months))

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
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        dossiers = None
        if self._snapshot is not None:
            dossiers = self._restore(self._snapshot)
            self._snapshot = None
        revises = self._revises(now)
        if revises and dossiers is None:
            return None  # the dossiers of this moment come first
        passed = self._disclosure.grid.passed(self._evaluated, now)
        if passed.moment:
            self._evaluated = now
            self._until = self._now.today
            self._close_failed = False
        draft = Draft(self._rows, versie, now)
        self._together.begin(now)
        self._taken = []
        self.outcome.held = 0
        proofs: list[tuple[Frame, Protected]] = []
        if revises and dossiers is not None:
            proofs += self._revision.write(
                draft, self._now, dossiers, self._together, self._made_of
            )
        month = self._now.next_close(self._rows.closed, self._until)
        if month is not None:
            proofs += self._close(draft, month)
        if passed.moment:
            proofs += self._renew(draft, passed)
        sum_up(draft, self._plan, self._now.months)
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
        self.outcome.vetoed = self._together.vetoed

    # While a period runs

    def _renew(self, draft: Draft, passed: Passed) -> list[tuple[Frame, Protected]]:
        self._live.carry_on(draft, self._is_over)
        today = self._now.today
        now = self._now.months[-1]
        closed = self._rows.closed
        # What waits for its close gets no live figure any more: it would only be held there.
        open_months = [
            month
            for month in self._now.months
            if Span("maand", month) not in closed and not self._is_over(month)
        ]
        made = []
        for wet in WETTEN:
            tables = [
                Tabel(wet, maat, "maand", month)
                for maat in MATEN
                for month in ([now] if maat in STOCKS else open_months)
            ]
            weighed = [one for tabel in tables if (one := self._weigh_live(draft, passed, tabel))]
            for own, found in self._together.keep(wet, weighed, self._now):
                made.append((own, found))
                for cell, waarde in figures_of(own, found).items():
                    self._show_live(draft, cell, waarde, today, passed)
        return made

    def _weigh_live(
        self, draft: Draft, passed: Passed, tabel: Tabel
    ) -> tuple[Frame, Protected] | None:
        """Take away what fell below T, and return what may be shown of a running table."""
        rule = self._disclosure.rule
        if not any(
            self._live.is_up(cell, passed) and self._live.has_enough(cell)
            for cell in cells(self.region, tabel, self._plan.live)
        ):
            return None
        own = frame(self.region, tabel.label, [(tabel, self._plan.live, True)], self._live.value)
        values = self._now.values(own.cells)
        up = np.array([self._live.is_up(cell, passed) for cell in own.cells])
        too_few = self._too_few(own)
        small = values < rule.threshold
        # A figure that fell below T is taken away once enough changed, and comes back at a close.
        fallen = up & small & ~too_few & (own.last != NO_FIGURE)
        # Everyone sees that it is taken away, and so that it is small, whatever it was before.
        own = replace(own, last=np.where(fallen, NO_FIGURE, own.last))
        gone = np.array([self._rows.is_withheld(cell) for cell in own.cells])
        if tabel.maat in STOCKS:
            alone = flows_stay(own.cells, self._rows, self._now, rule.threshold)
        else:
            alone = nothing_small(own.cells, self._now, rule.threshold)
        candidates = up & ~small & ~too_few & ~gone & alone
        self.outcome.held += int((up & too_few).sum())
        for at in np.flatnonzero(fallen).tolist():
            self._withhold_live(draft, own.cells[at])
        found = self._made_of(own, candidates, ~alone)
        if not isinstance(found, Protected) or not found.shown.any():
            return None
        self.outcome.held += int((candidates & ~found.shown).sum())
        return own, found

    def _show_live(
        self, draft: Draft, cell: Cell, waarde: int, today: date, passed: Passed
    ) -> None:
        for row in self._live.rows_of(cell):
            draft.show(row, waarde)
        if passed.day and self._live.is_by_day(cell):
            draft.show(cell._replace(soort="dag", start=today), waarde)
        self._taken.append(partial(self._live.renewed, cell, Live(waarde, draft.tijd)))

    def _withhold_live(self, draft: Draft, cell: Cell) -> None:
        for row in self._live.rows_of(cell):
            draft.withhold(row)
        self._taken.append(partial(self._live.gone, cell))

    # At a close

    def _is_over(self, month: date) -> bool:
        """Return whether `month` ended so long ago that it closes, as of the last evaluation."""
        return self._until is not None and self._now.is_over(month, self._until)

    def _close(self, draft: Draft, month: date) -> list[tuple[Frame, Protected]]:
        self._now.freeze(month)
        rows = self._rows
        spans = closing_spans(month, rows.closed)
        systems = closing_frames(
            self.region, self._plan, month, rows.closed, self._last_of, rows.is_known
        )
        around = Around(self._rows, self._live, self._now, self._disclosure.threshold)
        away = partial(self._together.pairs_given_away, counted=self._now)
        free, make = self._candidates, self._made_of
        found = weigh_close(systems, month, around, free, make, given_away=away)
        if month not in self._slow and any(isinstance(one, BudgetError) for one in found):
            del self._now.frozen[month]
            self._close_failed = True
            self._slow.add(month)
            return []  # as a whole, at the next moment
        # A second time goes without: what comes after must not wait for it.
        proofs: list[tuple[Frame, Protected]] = []
        for wet in WETTEN:
            pairs = zip(systems, found, strict=True)
            made = [(own, one) for own, one in pairs if isinstance(one, Protected)]
            of_wet = [one for one in made if one[0].cells[0].wet == wet]
            proofs += self._together.keep(wet, of_wet, self._now)
        close(draft, self._plan, spans, dict.fromkeys(systems) | dict(proofs), self._live)
        self._taken.append(lambda: self._closed_for_good(month))
        return proofs

    def _candidates(self, own: Frame) -> Mask:
        """Return which cells of a closing system may be shown as far as they go by themselves."""
        large = self._now.values(own.cells) >= self._disclosure.threshold
        closed = np.array([self._rows.is_closed(cell) for cell in own.cells])
        found: Mask = large & ~closed & ~self._too_few(own)
        return found

    def _too_few(self, own: Frame) -> Mask:
        """Return whose last figure fewer than T dossiers changed since."""
        return np.array([not self._live.has_enough(cell) for cell in own.cells], np.bool_)

    def _made_of(self, own: Frame, candidates: Mask, guarded: Mask | None = None) -> Result:
        """Protect one system; None when nothing more of it can be shown."""
        values = self._now.values(own.cells)
        few = self._too_few(own)  # few can change much: it must not follow from the others either
        guarded = few if guarded is None else few | guarded
        if (own.known & (values != own.last)).any():
            # Dossiers were erased: what stands can no longer be derived.
            self.outcome.failed("other counts of an earlier month")
            return None
        if not candidates.any():
            return None  # nothing is shown, so nothing is told
        try:
            return self._made(own, values, candidates, guarded)
        except DisclosureError as error:
            self.outcome.failed(str(error))
            return error

    def _closed_for_good(self, month: date) -> None:
        self._live.close(month, runs_on=month == self._now.months[-1])
        if month.month % MONTHS_OF["halfjaar"] == 0:  # nothing later is laid beside these
            self._now.frozen = {m: of for m, of in self._now.frozen.items() if m > month}

    def _last_of(self, cell: Cell) -> int | None:
        if self._rows.is_closed(cell):
            return self._rows.value(cell)
        return self._live.value(cell)

    # Protection

    def _made(self, own: Frame, values: Ints, candidates: Mask, guarded: Mask | None) -> Protected:
        return release(
            own,
            values,
            candidates,
            self._disclosure.rule,
            guarded=guarded,
            clock=self._clock,
            budget=self._disclosure.budget_seconds,
        )

    # The state

    def _restore(self, snapshot: Snapshot) -> list[Stood]:
        """Take up the state from what was published and from the dossiers."""
        self._live.last, made = standing(self._rows, self._plan, self._now.months, self._now.today)
        self._live.contributors.changes.clear()
        dossiers = stood_of(self.region, snapshot, self._definitions)
        self._live.contributors.since(made, dossiers, self._now.today.toordinal())
        closed = self._rows.closed
        self._now.frozen = as_closed(self.region, closed, dossiers, self._definitions)
        return dossiers
