"""What follows exactly from all that is made at one moment: sums over gemeenten, stock and flow."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.disclosure.test_lives import Life, findings
from tests.aggregations.disclosure.test_revision import (
    APR,
    BEGAN,
    FEB,
    HALF,
    JAN,
    LIVE_IN,
    MAR,
    MAY,
    REVISED,
    half_year,
    late,
    late_of,
    month_of,
    near_the_end,
)
from tests.aggregations.disclosure.town import ALMELO, DRIE, ENSCHEDE, HENGELO, RULES, Town, hour
from zorgstroom.aggregations.disclosure.follows import Follows
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell, Span, months_of
from zorgstroom.aggregations.disclosure.together import Together
from zorgstroom.aggregations.disclosure.witnessed import Written
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Maat

T = 3
DAY = date(2025, 3, 8)
TOTAAL = [(p.wet, p.niveau) for p in PRODUCTS].index(("Wmo", "totaal"))
Equation = dict[Cell, int]


def relations(months: list[date]) -> list[Equation]:
    """Return what holds of Wmo, totaal: region = gemeenten, and stock and flow."""

    def cell(gebied: str, maat: str, month: date) -> Cell:
        return Cell(gebied, TOTAAL, maat, "maand", month)  # type: ignore[arg-type]

    found = []
    for before, month in zip([months[0], *months], months, strict=False):
        for maat in MATEN:
            sums = {cell(one, maat, month): -1 for one in DRIE.gemeenten}
            found.append({cell("proef", maat, month): 1} | sums)
        for gebied in DRIE.gebieden if before < month else ():
            flows = {cell(gebied, "instroom", month): 1, cell(gebied, "uitstroom", month): -1}
            stocks = {cell(gebied, "actief", before): 1, cell(gebied, "actief", month): -1}
            found.append(stocks | flows)
    return found


def determined(equations: list[Equation], known: set[Cell]) -> set[Cell]:
    """Return which cells follow from the known ones, by plain linear algebra."""
    hidden = sorted({cell for one in equations for cell in one} - known)
    place = {cell: at for at, cell in enumerate(hidden)}
    matrix = np.zeros((len(equations), len(hidden)))
    for row, terms in enumerate(equations):
        for cell, by in terms.items():
            if cell in place:
                matrix[row, place[cell]] = by
    _, sizes, basis = np.linalg.svd(matrix)
    free = np.abs(basis[int((sizes > 1e-9).sum()) :]).max(axis=0, initial=0)
    return {cell for cell, moves in zip(hidden, free.tolist(), strict=True) if moves < 1e-8}


def followed(town: Town, tijd: datetime) -> list[tuple[Cell, int]]:
    """Return the small counts that follow from what was made at `tijd`, where sums are exact."""
    counted = town.publication._now
    fresh = set()
    for emission in town.emissions:
        for cell, entry in Written.of(emission).rows.items():
            if entry.waarde is None or entry.tijd != tijd or cell.soort == "dag":
                continue
            if cell.maat == "actief" and entry.status == "definitief":
                last = months_of(Span(cell.soort, cell.start))[-1]
                fresh.add(cell._replace(soort="maand", start=last))
            elif cell.soort == "maand":
                fresh.add(cell)

    def count(cell: Cell) -> int:
        return counted.stands(cell) or 0

    equations = [
        one
        for one in relations(counted.counted_months)
        if sum(by * count(cell) for cell, by in one.items()) == 0
    ]
    found = determined(equations, fresh)
    return [(cell, count(cell)) for cell in sorted(found) if count(cell) < T]


# Revision


def test_a_revision_hides_other_cells_of_instroom_than_of_uitstroom_and_stocks() -> None:
    town = half_year()
    town.start(*range(300, 305), day=DAY, gemeente=HENGELO, status=3)  # 2 of 7 are left: small
    town.start(*range(7000, 7012), day=BEGAN, gemeente=ALMELO)
    town.stop(*range(9050, 9054), begin=BEGAN, day=DAY, gemeente=ALMELO)
    town.start(*range(7000, 7005), day=DAY, gemeente=ENSCHEDE)
    town.start(*range(7100, 7112), day=BEGAN, gemeente=ENSCHEDE)
    town.publish(REVISED)
    # Almelo: instroom = 92 - 88 + 8 = 12; Hengelo = 27 - 12 - 13 = 2.
    assert followed(town, REVISED) == []


def test_a_small_stock_does_not_follow_over_two_months() -> None:
    town = half_year()
    for gemeente in DRIE.gemeenten:
        town.start(*range(7000, 7010), day=BEGAN, gemeente=gemeente)
        feb = date(2025, 2, 8)
        town.start(*range(7300, 7304), day=feb, gemeente=gemeente)
        town.stop(*range(7300, 7304), begin=feb, day=date(2025, 2, 20), gemeente=gemeente)
    # In Hengelo two are left at the end of March.
    gone = [*range(7000, 7010), *range(9000, 9004), *range(9036, 9050)]
    town.stop(*gone, begin=BEGAN, day=DAY, gemeente=HENGELO)
    for month in (1, 2, 3):
        here = range(month * 100, month * 100 + 7)
        began = date(2025, month, 8)
        town.stop(*here, begin=began, day=date(2025, 3, 20), gemeente=HENGELO)
    town.start(*range(9016, 9036), day=BEGAN, gemeente=HENGELO, status=3)
    town.start(*range(8000, 8003), day=DAY, gemeente=HENGELO)
    town.stop(8000, begin=DAY, day=date(2025, 3, 25), gemeente=HENGELO)
    town.start(*range(8100, 8160), day=date(2025, 4, 8), gemeente=HENGELO)
    for gemeente, clients in ((ENSCHEDE, 20), (ALMELO, 4)):
        town.start(*range(7100, 7100 + clients), day=DAY, gemeente=gemeente)
        here = range(7100, 7100 + clients)
        town.stop(*here, begin=DAY, day=date(2025, 3, 20), gemeente=gemeente)
    town.publish(REVISED)
    # Enschede: 64 + 12 - 8 + 28 - 24 = 72; Hengelo = 168 - 94 - 72 = 2.
    assert followed(town, REVISED) == []


def test_a_later_revision_does_not_show_what_hid_a_small_count_before() -> None:
    town = half_year()
    town.start(*range(300, 305), day=DAY, gemeente=HENGELO, status=3)
    for gemeente in (ALMELO, ENSCHEDE):
        town.start(*range(7000, 7012), day=DAY, gemeente=gemeente)
    town.publish(REVISED)
    town.publish(hour(date(2025, 10, 1), 8))  # without a message in between
    shown = [town.shown("instroom", "maand", MAR, gebied=one) for one in DRIE.gebieden[:3]]
    fresh = [one is not None and one.bijgewerkt_op >= REVISED for one in shown]
    assert not all(fresh), "Hengelo would be the region without the others: 2"


def test_a_longer_period_stays_while_a_part_is_older_than_its_close() -> None:
    town = Town()
    for gemeente, clients in LIVE_IN:
        town.start(*range(9000, 9000 + clients), day=BEGAN, gemeente=gemeente)
    for month in range(1, 8):
        month_of(town, month)
        late_of(town, month)
        town.publish(near_the_end(month))
        if month == 1:  # too few for January: it is held at its close, but the quarter counts them
            town.start(6000, 6001, day=date(2025, 1, 9), gemeente=ALMELO)
    month_of(town, 8)
    town.publish(HALF)
    assert town.value("instroom", "maand", JAN) == 27
    late(town, 5)
    town.publish(REVISED)
    shown = [town.value("instroom", "maand", month) for month in (JAN, FEB, MAR)]
    assert shown == [39, 27, 27]
    assert town.value("instroom", "kwartaal", JAN) == 83


# While periods run


def test_the_first_emission_gives_no_small_flow_away() -> None:
    town = Town(rules=RULES.model_copy(update={"naloop_dagen": 90}))
    for gemeente in DRIE.gemeenten:
        town.start(*range(1, 80), day=BEGAN, gemeente=gemeente)
    for at, month in enumerate((FEB, MAR, APR, MAY)):
        few = 1 if month == MAR else 7
        for gemeente, come, go in ((ALMELO, 9, 8), (ENSCHEDE, 8, 9), (HENGELO, few, 6)):
            first = 100 * at + 100
            town.start(*range(first, first + come), day=month.replace(day=10), gemeente=gemeente)
            gone = range(1 + at * 10, 1 + at * 10 + go)
            town.stop(*gone, begin=BEGAN, day=month.replace(day=12), gemeente=gemeente)
    now = hour(date(2025, 5, 26))
    town.publish(now)
    # Uitstroom of Hengelo in March: 23 - 8 - 9 = 6; instroom = 77 - 79 - 3 * (7 - 6) + 6 = 1.
    assert followed(town, now) == []
    assert town.value("actief", "maand", MAY) is not None
    assert town.publication.outcome.vetoed > 0


def test_at_a_close_flows_of_which_something_small_follows_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def one_is_given_away(self: Together, made: object, counted: object) -> set[tuple[str, int]]:
        return {(ALMELO, TOTAAL)}

    monkeypatch.setattr(Together, "pairs_given_away", one_is_given_away)
    town = Town()
    for gemeente, clients in LIVE_IN:
        town.start(*range(9000, 9000 + clients), day=BEGAN, gemeente=gemeente)
    month_of(town, 1)
    late_of(town, 1)
    town.publish(hour(date(2025, 3, 13), 8))
    flows = [town.value("instroom", "maand", JAN, gebied=one) for one in DRIE.gebieden]
    assert flows[1] is None, "Almelo has 12"
    assert flows.count(None) >= 2, "nor does it follow from the others"
    assert any(flow is not None for flow in flows)
    assert town.value("actief", "maand", JAN, gebied=ALMELO) is not None


@pytest.mark.slow
@pytest.mark.parametrize("naloop", [0, 20, 31, 90])
@pytest.mark.parametrize("seed", range(2))
def test_no_moment_of_a_life_gives_a_small_count_away(seed: int, naloop: int) -> None:
    life = Life(seed, date(2025, 1, 2), date(2025, 12, 30), (0, 1, 3, 20, 60, 150, 260))
    town = Town(rules=RULES.model_copy(update={"naloop_dagen": naloop}))
    for at, moment in enumerate(life.moments):
        life.tell(town, at)
        for emission in town.publish(moment):
            assert followed(town, emission.tijd) == [], emission.tijd
    assert findings(town) == []


# The relations


MONTHS = [JAN, FEB, MAR]


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(0, 35)))
def test_what_is_determined_is_what_linear_algebra_says(known: set[int]) -> None:
    ties = Follows(DRIE, DEFAULT).ties("Wmo", MONTHS)
    cells = [c for c in ties.cells if c.product == TOTAAL and c.soort == "maand"]
    here = {cells[at] for at in known if at < len(cells)}
    # All else of the products is hidden, and tells nothing of their totals.
    found = {ties.cells[at] for at in np.flatnonzero(ties.determined(ties.mask(here))).tolist()}
    equations = [one for one in relations(MONTHS) if all(cell in ties.place for cell in one)]
    assert {c for c in found if c in cells} == determined(equations, here) & set(cells)


@pytest.mark.parametrize("wet", ["Wmo", "Jw"])
@pytest.mark.parametrize("region", [DRIE, Region(ALMELO, (ALMELO,), total=False)])
def test_all_levels_and_longer_periods_are_laid_together(region: Region, wet: str) -> None:
    ties = Follows(region, DEFAULT).ties(wet, [MAR, APR, MAY, date(2025, 6, 1)])
    assert {cell.soort for cell in ties.cells} == {"maand", "kwartaal"}
    chance = np.random.default_rng(1)
    for share in (0.5, 0.8, 0.95):
        known = chance.random(len(ties.cells)) < share
        _, sizes, basis = np.linalg.svd(ties.matrix[:, np.flatnonzero(~known)].toarray())
        moves = np.abs(basis[int((sizes > 1e-9).sum()) :]).max(axis=0, initial=0)
        assert ((moves < 1e-8) == ties.determined(known)[~known]).all()


def test_sums_are_right_where_stock_and_flow_contradict_them() -> None:
    ties = Follows(Region("proef", (ALMELO, ENSCHEDE), total=True), DEFAULT).ties("Wmo", MONTHS)

    def cell(gebied: str, maat: Maat, month: date = FEB) -> Cell:
        return Cell(gebied, TOTAAL, maat, "maand", month)

    sums = {cell("proef", "instroom"): 20, cell(ALMELO, "instroom"): 18}
    blurred = {
        cell(ENSCHEDE, "actief", JAN): 40,
        cell(ENSCHEDE, "actief"): 41,
        cell(ENSCHEDE, "uitstroom"): 5,
    }
    assert ties.following(sums | blurred)[cell(ENSCHEDE, "instroom")] == 2, "and not 6"


def test_what_follows_is_computed() -> None:
    ties = Follows(DRIE, DEFAULT).ties("Wmo", MONTHS)
    stock = Cell(ALMELO, TOTAAL, "actief", "maand", JAN)
    coming = Cell(ALMELO, TOTAAL, "instroom", "maand", FEB)
    going = coming._replace(maat="uitstroom")
    figures = {stock: 40, coming: 12, going: 9}
    assert ties.following(figures) == {stock._replace(start=FEB): 43}
    region = {one._replace(gebied="proef"): 5 * n for one, n in figures.items()}
    other = {one._replace(gebied=ENSCHEDE): 2 * n for one, n in figures.items()}
    found = ties.following(figures | region | other)
    assert found[stock._replace(gebied=HENGELO)] == 80
    assert found[coming._replace(gebied=HENGELO)] == 24
    assert found[stock._replace(gebied=HENGELO, start=FEB)] == 86
    assert stock.start + timedelta(days=31) == FEB
