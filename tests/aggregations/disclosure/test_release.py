"""What may be shown of a system: whatever the counts, the independent check agrees."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.disclosure.town import DRIE
from zorgstroom.aggregations.disclosure.attack import Attack
from zorgstroom.aggregations.disclosure.check import Checker, Problem
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell, Level, Tabel
from zorgstroom.aggregations.disclosure.release import (
    NO_FIGURE,
    Frame,
    RefusedError,
    frame,
    release,
)
from zorgstroom.aggregations.disclosure.table import (
    BudgetError,
    Ints,
    Mask,
    Rule,
    UnprotectableError,
)
from zorgstroom.aggregations.products import PRODUCTS

RULE = Rule(4, breadth=2, across="breadth")
JANUARY = Tabel("Wmo", "instroom", "maand", date(2025, 1, 1))
TOTALS = frozenset[Level]({("regio", "totaal"), ("gemeente", "totaal")})
PLACES = [
    (gebied, at)
    for gebied in DRIE.gemeenten
    for at, product in enumerate(PRODUCTS)
    if product.wet == "Wmo" and product.niveau == "categorie"
]


def system(last: dict[Cell, int]) -> Frame:
    return frame(DRIE, "t", [(JANUARY, DEFAULT.live, True)], last.get)


def counted(own: Frame, base: dict[tuple[str, int], int]) -> Ints:
    """Add up `base` to every cell."""
    found = []
    for cell in own.cells:
        of = DRIE.gemeenten if cell.gebied == "proef" else (cell.gebied,)
        under = set(PRODUCTS[cell.product].categorieen)
        found.append(
            sum(n for (code, at), n in base.items() if code in of and PRODUCTS[at].product in under)
        )
    return np.array(found, np.int64)


counts = st.dictionaries(st.sampled_from(PLACES), st.integers(0, 9), max_size=20)


@settings(deadline=None, max_examples=10)
@given(counts, counts, st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
def test_whatever_the_counts_what_is_shown_passes_the_check_and_withstands_attack(
    base: dict[tuple[str, int], int],
    before: dict[tuple[str, int], int],
    published: int,
    asked: int,
) -> None:
    """Some cells were published before (bits of `published`); some are up now (of `asked`)."""
    plain = system({})
    earlier = counted(plain, before)
    own = system(
        {
            cell: int(earlier[at])
            for at, cell in enumerate(plain.cells)
            if published >> at & 1 and earlier[at] >= RULE.threshold
        }
    )
    values = counted(own, base)
    held = own.last != NO_FIGURE
    enough = ~held | (np.abs(values - own.last) >= RULE.threshold)
    wanted = np.array([bool(asked >> at & 1) for at in range(len(own.cells))])
    candidates = wanted & enough & (values >= RULE.threshold)
    found = release(own, values, candidates, RULE)
    assert not (found.shown & ~candidates).any()
    assert not found.values[~found.shown].any(), "no value stands behind a cell that is not shown"
    assert Checker(own.public(values, found.shown, RULE), RULE).outside(found) == []
    # Who knows all that is shown can narrow no small cell and no held one.
    attack = Attack(own.relations, found.shown, found.values, np.zeros(len(values), np.int64))
    low, high = own.span(RULE)
    for at in np.flatnonzero(~found.shown & (values < RULE.threshold) & ~held).tolist():
        assert attack.covers(at, 0, RULE.threshold - 1)
    near = np.abs(values - own.last) < RULE.threshold
    for at in np.flatnonzero(~found.shown & held & near).tolist():
        assert attack.covers(at, int(low[at]), int(high[at]))


def small(values: tuple[int, int, int]) -> tuple[Frame, Ints, Mask]:
    """Return one product in three gemeenten and their region, all of it up for the first time."""
    own = frame(DRIE, "t", [(JANUARY, TOTALS, True)], lambda cell: None)
    figures = np.array([sum(values), *values], np.int64)
    return own, figures, figures >= RULE.threshold


def test_a_gemeente_alone_below_the_threshold_takes_another_with_it() -> None:
    own, values, up = small((2, 9, 30))
    found = release(own, values, up, RULE)
    assert found.shown.tolist() == [True, False, False, True]
    own, values, up = small((20, 9, 30))
    assert release(own, values, up, RULE).shown.all()


def test_a_cell_that_is_held_is_not_given_away_by_its_neighbours() -> None:
    before = dict(zip(("proef", *DRIE.gemeenten), (59, 20, 9, 30), strict=True))
    own = frame(DRIE, "t", [(JANUARY, TOTALS, True)], lambda cell: before[cell.gebied])
    values = np.array([71, 22, 15, 34], np.int64)  # 2 more in the first: too few to renew
    up = np.array([True, False, True, True])
    shown = release(own, values, up, RULE).shown
    assert not shown[0] or not (shown[2] and shown[3])
    assert shown.any(), "the others are not all held for its sake"


def test_a_guarded_cell_is_not_given_away_however_large_or_far_off_it_is() -> None:
    before = dict(zip(("proef", *DRIE.gemeenten), (59, 20, 9, 30), strict=True))
    own = frame(DRIE, "t", [(JANUARY, TOTALS, True)], lambda cell: before[cell.gebied])
    values = np.array([91, 42, 15, 34], np.int64)
    up = np.array([True, False, True, True])
    assert release(own, values, up, RULE).shown.tolist() == up.tolist(), "42 follows from these"
    shown = release(own, values, up, RULE, guarded=~up).shown
    assert not shown[0] or not (shown[2] and shown[3])
    assert shown.any()


def known(before: dict[str, int], *open_: str) -> Frame:
    """Return a system of totals of which all but `open_` were closed before."""
    return frame(
        DRIE,
        "t",
        [(JANUARY, TOTALS, True)],
        lambda cell: before.get(cell.gebied),
        lambda cell: cell.gebied not in open_,
    )


def test_what_was_closed_before_is_known_and_stays() -> None:
    own = known(dict(zip(DRIE.gemeenten, (20, 9, 30), strict=True)), "proef")
    values = np.array([59, 20, 9, 30], np.int64)
    found = release(own, values, np.array([True, False, False, False]), RULE)
    assert found.shown.all() and found.values.tolist() == values.tolist()


def test_where_what_is_known_gives_a_held_cell_away_nothing_is_made() -> None:
    own = known(dict(zip(("proef", *DRIE.gemeenten), (59, 20, 9, 30), strict=True)), "proef")
    values = np.array([59, 20, 9, 30], np.int64)
    with pytest.raises(UnprotectableError):
        release(own, values, np.zeros(4, np.bool_), RULE)


def test_it_ends_when_its_time_is_over() -> None:
    own, values, up = small((2, 9, 30))
    seconds = iter(range(0, 10_000, 10))
    with pytest.raises(BudgetError):
        release(own, values, up, RULE, clock=lambda: float(next(seconds)), budget=5)


def test_a_check_that_refuses_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> list[Problem]:
        return [Problem("unproven")]

    own, values, up = small((2, 9, 30))
    monkeypatch.setattr(Checker, "inside", refuses)
    with pytest.raises(RefusedError, match="unproven"):
        release(own, values, up, RULE)
