"""Stock beside flow: three of `actief` before and after, instroom and uitstroom give the fourth."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aggregations.disclosure.town import (
    ALMELO,
    DREMPEL,
    DRIE,
    ENSCHEDE,
    HENGELO,
    LONG_AGO,
    RULES,
    Town,
    hour,
)
from zorgstroom.aggregations.disclosure.counted import Counted
from zorgstroom.aggregations.disclosure.live import LiveFigures
from zorgstroom.aggregations.disclosure.pairs import Around, Result, both, other
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.rows import Row, Rows
from zorgstroom.aggregations.disclosure.standing import Live
from zorgstroom.aggregations.disclosure.table import BudgetError, Mask, Protected
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.results import Emission, Maat
from zorgstroom.aggregations.werkdagen import is_werkdag

T = DREMPEL.threshold
DEC, JAN, FEB, MAR = (date(2024, 12, 1), *(date(2025, month, 1) for month in (1, 2, 3)))
WHEN = datetime(2025, 3, 13, 16, tzinfo=UTC)


# Both or neither


def system(maat: Maat, size: int) -> Frame:
    cells = tuple(Cell("proef", at, maat, "maand", JAN) for at in range(size))
    nothing = np.full(size, NO_FIGURE)
    return Frame(maat, cells, (), np.ones(size), nothing, np.zeros(size, np.bool_))


def shown(found: Result, size: int) -> Mask:
    return found.shown if isinstance(found, Protected) else np.zeros(size, np.bool_)


def masks(size: int) -> st.SearchStrategy[Mask]:
    bits = st.lists(st.booleans(), min_size=size, max_size=size)
    return bits.map(lambda found: np.array(found, np.bool_))


@st.composite
def weighings(draw: st.DrawFn) -> tuple[int, Mask, Mask, Mask, dict[str, Mask], int]:
    size = draw(st.integers(1, 8))
    first, second, tied, one, two = (draw(masks(size)) for _ in range(5))
    hides = {"instroom": one, "uitstroom": two}
    return size, first, second, tied, hides, draw(st.integers(0, 3))


@given(weighings())
def test_tied_cells_are_shown_in_both_or_neither(
    drawn: tuple[int, Mask, Mask, Mask, dict[str, Mask], int],
) -> None:
    size, first, second, tied, hides, spread = drawn

    def make(own: Frame, candidates: Mask) -> Result:
        """Hide some, and others because of what is no candidate: as secondary cells are."""
        if not candidates.any():
            return None
        if spread == 3 and not candidates.all():
            return BudgetError()
        left = candidates & ~hides[own.name]
        if spread:
            left &= np.roll(candidates, spread)
        return Protected(left, np.zeros(size, np.int64), ())

    coming, going = system("instroom", size), system("uitstroom", size)
    found = both(coming, going, (first, second), tied, make)
    one, two = (shown(each, size) for each in found)
    assert (one == two)[tied].all()
    assert not (one & ~first).any() and not (two & ~second).any()
    untouched = not spread and not any(one.any() for one in hides.values())
    if untouched:
        assert (one == (first & (second | ~tied))).all()
        assert (two == (second & (first | ~tied))).all()


def test_what_does_not_come_to_rest_is_not_shown_at_all() -> None:
    size = 200
    everything = np.ones(size, np.bool_)
    asked = 0

    def make(own: Frame, candidates: Mask) -> Result:
        """Hide what comes after a cell that may not be shown: so each hides one more in turn."""
        nonlocal asked
        asked += 1
        left = candidates & np.roll(candidates, 1)
        left[0] &= own.name == "instroom"
        return Protected(left, np.zeros(size, np.int64), ())

    coming, going = system("instroom", size), system("uitstroom", size)
    assert both(coming, going, (everything, everything), everything, make) == (None, None)
    assert asked < size


def test_the_other_flow_is_that_of_the_same_cell() -> None:
    cell = Cell(ALMELO, 3, "instroom", "kwartaal", JAN)
    assert other(cell) == cell._replace(maat="uitstroom")
    assert other(other(cell)) == cell


# What stands around


def around(before: dict[Cell, int | None] | None = None, stock: int = 0) -> Around:
    """Return what stands on 20 March 2025, with `stock` clients since long ago."""
    town = Town()
    town.start(*range(stock), day=LONG_AGO)
    rows = Rows(DRIE)
    for cell, waarde in (before or {}).items():
        rows.put(cell, Row(waarde, "definitief", 1, WHEN))
    live = LiveFigures(DRIE, DEFAULT, T, einddatum_telt_mee=True)
    return Around(rows, live, Counted(DRIE, RULES, town.ledger, date(2025, 3, 20)), T)


TOTAAL = next(
    at for at, product in enumerate(PRODUCTS) if (product.wet, product.niveau) == ("Wmo", "totaal")
)
IN_FEB = Cell("proef", TOTAAL, "instroom", "maand", FEB)
END_FEB = IN_FEB._replace(maat="actief")
END_JAN = END_FEB._replace(start=JAN)


@pytest.mark.parametrize("maat", ["instroom", "uitstroom"])
@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("before", [12, None])
def test_stocks_agree_when_both_are_shown_or_neither(
    maat: Maat, end: bool, before: int | None
) -> None:
    stood = around({END_JAN: before}, stock=12)
    agree = stood.stocks_agree(IN_FEB._replace(maat=maat), FEB, {END_FEB} if end else set())
    assert agree == (end == (before is not None))


@pytest.mark.parametrize("stock", [T - 1, T])
def test_a_stock_that_was_shown_and_is_small_now_is_not_given_away(stock: int) -> None:
    # Beside the stock at the end and both flows, all as they are now, it could be worked out.
    assert around({END_JAN: 4}, stock=stock).stocks_agree(IN_FEB, FEB, {END_FEB}) == (stock == T)


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("stock", [T - 1, T])
def test_beside_a_stock_that_was_never_published_it_has_to_be_a_large_one(
    end: bool, stock: int
) -> None:
    agree = around(stock=stock).stocks_agree(IN_FEB, FEB, {END_FEB} if end else set())
    assert agree == (end and stock >= T)


def test_a_quarter_lies_between_the_stocks_of_its_first_and_last_day() -> None:
    flow = Cell("proef", TOTAAL, "instroom", "kwartaal", JAN)
    end = END_FEB._replace(start=MAR)
    year = Cell("proef", TOTAAL, "actief", "jaar", date(2024, 1, 1))
    # The stock of the last day of December may stand under any period that ended then.
    assert around({year: 12}, stock=12).stocks_agree(flow, MAR, {end})
    assert not around({year: 12}).stocks_agree(flow, MAR, {END_FEB})
    december = END_JAN._replace(start=DEC)
    assert not around({december: None}).stocks_agree(flow, MAR, {end})
    assert around({december: None, year: 12}, stock=12).stocks_agree(flow, MAR, {end})


def test_a_cell_is_tied_until_one_of_its_flows_was_published() -> None:
    assert around().is_tied(IN_FEB)
    assert not around({other(IN_FEB): None}).is_tied(IN_FEB)
    stood = around()
    stood.live.last[other(IN_FEB)] = Live(12, WHEN)
    assert not stood.is_tied(IN_FEB)
    assert stood.is_tied(IN_FEB._replace(start=JAN))


# The attack


class Four(NamedTuple):
    """What is published around one month of one cell, and what is true."""

    cell: Cell
    figures: tuple[int | None, ...]
    """`actief` before, instroom, uitstroom, `actief` after."""
    true: tuple[int, ...]


def published(town: Town) -> dict[Cell, int | None]:
    """Return every row that was closed."""
    row = {(p.wet, p.niveau, p.product): at for at, p in enumerate(PRODUCTS)}
    return {
        Cell(
            s.gebied, row[s.wet, s.product_niveau, s.product], s.maat, s.periode_soort, f.periode
        ): f.waarde
        for f in town.figures()
        if f.status == "definitief"
        for s in [f.series]
    }


def fours(town: Town, true: dict[date, Counted]) -> Iterator[Four]:
    """Yield what stands around each closed flow of a month after the first."""
    rows = published(town)
    for cell in rows:
        if cell.maat != "instroom" or cell.soort != "maand" or cell.start == JAN:
            continue
        end = cell._replace(maat="actief")
        before = end._replace(start=(cell.start - timedelta(days=1)).replace(day=1))
        of = (before, cell, other(cell), end)
        if all(one in rows for one in of):
            yield Four(cell, tuple(rows[o] for o in of), tuple(true[o.start].true(o) for o in of))


def churned(seed: int) -> tuple[Town, dict[date, Counted]]:
    """Return a region of which small groups come and go, and its counts at each close."""
    chance = random.Random(seed)
    town = Town()
    true: dict[date, Counted] = {}
    places = [(one, what) for one in (ALMELO, ENSCHEDE, HENGELO) for what in ("02", "05", "15")]
    clients = count(1)
    care: dict[tuple[str, str], list[tuple[int, date]]] = {place: [] for place in places}

    def start(place: tuple[str, str], day: date, often: int) -> None:
        for _ in range(often):
            care[place].append((client := next(clients), day))
            town.start(client, day=day, gemeente=place[0], categorie=place[1])

    for place in places:
        start(place, LONG_AGO, chance.choice((0, 4, 9)))
    for month in range(1, 6):
        for first in (1, 15):
            for place in places:
                day = date(2025, month, chance.randint(first, first + 4))
                start(place, day, chance.choice((0, 0, 0, 1, 4)))
                for _ in range(min(len(care[place]), chance.choice((0, 0, 0, 1, 4)))):
                    client, begin = care[place].pop(0)
                    town.stop(client, begin=begin, day=day, gemeente=place[0], categorie=place[1])
            today = next(day for day in days_from(2025, month, first + 6) if is_werkdag(day))
            for closed in closes(town.publish(hour(today))):
                true.setdefault(closed, Counted(DRIE, RULES, town.ledger, today))
    return town, true


def days_from(year: int, month: int, day: int) -> Iterator[date]:
    return (date(year, month, day) + timedelta(days=n) for n in count())


def closes(emissions: list[Emission]) -> set[date]:
    """Return the months that closed."""
    return {
        start
        for one in emissions
        for values in one.values
        for start, status in zip(values.perioden, values.statussen, strict=True)
        if (values.series.periode_soort, status) == ("maand", "definitief")
    }


@pytest.mark.parametrize("seed", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_three_of_the_four_never_leave_a_small_fourth(seed: int) -> None:
    town, true = churned(seed)
    seen = list(fours(town, true))
    assert {four.cell.start for four in seen} == {FEB, MAR}
    for four in seen:
        gone = [at for at, waarde in enumerate(four.figures) if waarde is None]
        if len(gone) == 1:
            assert four.true[gone[0]] >= T, four
    # The flows of which something is told, and those of which a small stock forbids it.
    assert any(None not in four.figures for four in seen)
    assert any(four.figures[1] is None and max(four.true[1:3]) >= T for four in seen)


def test_flows_are_not_renewed_once_a_stock_beside_them_is_small() -> None:
    town = Town()
    for gemeente, categorie in ((ALMELO, "02"), (ENSCHEDE, "02"), (HENGELO, "15")):
        town.start(*range(1, 10), day=LONG_AGO, gemeente=gemeente, categorie=categorie)
    town.publish(hour(date(2025, 1, 31)))
    for gemeente in (ALMELO, ENSCHEDE):
        town.start(*range(101, 106), day=date(2025, 2, 3), gemeente=gemeente)
        town.stop(*range(1, 6), begin=LONG_AGO, day=date(2025, 2, 4), gemeente=gemeente)
    town.publish(hour(date(2025, 2, 6)))
    # In Almelo all but one go: nine, and five that came, without what is told of those who went.
    town.stop(*range(6, 10), begin=LONG_AGO, day=date(2025, 2, 11), gemeente=ALMELO)
    town.stop(*range(101, 105), begin=date(2025, 2, 3), day=date(2025, 2, 11), gemeente=ALMELO)
    for day in (date(2025, 2, 13), date(2025, 3, 13), date(2025, 4, 14)):
        town.publish(hour(day))
        before = town.value("actief", "maand", JAN, gebied=ALMELO)
        flows = [
            town.value(maat, "maand", FEB, gebied=ALMELO) for maat in ("instroom", "uitstroom")
        ]
        assert town.value("actief", "maand", FEB, gebied=ALMELO) is None
        assert (before, flows) == (9, [5, 5]), "as they were while the stock was large"
