"""A region under policy `drempel`, on a simulated clock: when a figure is renewed, held, closed."""

from datetime import date, timedelta

import pytest

from tests.aggregations.disclosure.town import (
    ALMELO,
    DREMPEL,
    DRIE,
    ENSCHEDE,
    HENGELO,
    Town,
    hour,
    moments,
)
from zorgstroom.aggregations.disclosure.certificate import systems
from zorgstroom.aggregations.disclosure.check import Checker, Problem
from zorgstroom.aggregations.disclosure.plan import Span, months_of
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission
from zorgstroom.sinks.contract import Filter

T = DREMPEL.threshold
JAN, FEB, MAR = (date(2025, month, 1) for month in (1, 2, 3))
MONDAY = date(2025, 1, 6)
BEFORE = date(2024, 11, 4)


@pytest.fixture
def town() -> Town:
    """Three gemeenten with 8, 6 and 5 clients, published on a Monday at five o'clock."""
    made = Town()
    made.start(*range(8), day=BEFORE, gemeente=ALMELO)
    made.start(*range(10, 16), day=BEFORE)
    made.start(*range(20, 25), day=BEFORE, gemeente=HENGELO)
    made.publish(hour(MONDAY))
    assert made.value("actief", "maand", JAN) == 19
    return made


def test_emission_before_begin_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(RuntimeError, match="begin comes first"):
        Town().publication.emission(1, hour(MONDAY))


def test_nothing_is_made_off_the_grid(town: Town) -> None:
    town.start(*range(30, 40), day=MONDAY)
    at = hour(MONDAY)
    made: list[Emission] = []
    while at < hour(MONDAY + timedelta(days=2), 12):
        at += timedelta(minutes=20)
        made += town.publish(at)
    grid = [m for m in moments(DREMPEL, MONDAY, MONDAY + timedelta(days=2)) if m <= at]
    assert [one.tijd for one in made] == grid[10:]
    first, second = made[:2]
    assert first.values and not second.values, "a moment without news is told as well"


def test_a_figure_is_held_until_enough_clients_changed_it(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    town.start(30, 31, day=tuesday)
    town.publish(hour(tuesday, 9))
    held = town.shown("actief", "maand", JAN)
    assert held is not None and (held.waarde, held.bijgewerkt_op) == (19, hour(MONDAY))
    assert town.publication.outcome.held > 0
    town.start(32, day=tuesday)
    town.publish(hour(tuesday, 9) + timedelta(minutes=30))
    assert town.value("actief", "maand", JAN) == 19, "not before the next moment"
    town.publish(hour(tuesday, 10))
    renewed = town.shown("actief", "maand", JAN)
    assert renewed is not None and (renewed.waarde, renewed.bijgewerkt_op) == (
        22,
        hour(tuesday, 10),
    )


def test_changes_that_are_undone_and_more_care_of_one_client_do_not_add_up(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    town.start(30, 31, 32, day=tuesday)
    town.start(31, 32, day=tuesday, status=3)
    town.start(33, 33, day=tuesday, categorie="05")
    town.start(33, day=tuesday, categorie="15")
    town.publish(hour(tuesday))
    assert town.value("actief", "maand", JAN) == 19


def test_gemeenten_are_renewed_with_the_last_moment_of_a_day(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    town.start(*range(30, 36), day=tuesday)
    town.publish(hour(tuesday, 16))
    assert town.value("actief", "maand", JAN) == 25
    assert town.value("actief", "maand", JAN, gebied=ENSCHEDE) == 6
    town.publish(hour(tuesday))
    assert town.value("actief", "maand", JAN, gebied=ENSCHEDE) == 12


def test_a_gemeente_is_not_given_away_by_its_neighbours(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    # All but Hengelo change enough; were they all shown, Hengelo's one more would be known.
    town.start(*range(30, 36), day=tuesday, gemeente=ALMELO)
    town.start(*range(40, 46), day=tuesday)
    town.start(50, day=tuesday, gemeente=HENGELO)
    town.publish(hour(tuesday))
    shown = [town.shown("actief", "maand", JAN, gebied=one) for one in DRIE.gebieden]
    fresh = [one is not None and one.bijgewerkt_op == hour(tuesday) for one in shown]
    assert any(fresh) and fresh.count(False) >= 2
    assert not fresh[3]


def test_much_care_of_one_client_is_not_given_away_by_the_neighbours(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    town.start(*range(30, 36), day=tuesday, gemeente=ALMELO)
    town.start(*range(40, 46), day=tuesday)
    for categorie in ("01", "02", "05", "06", "15"):
        town.start(50, day=tuesday, gemeente=HENGELO, categorie=categorie)
    town.publish(hour(tuesday))
    shown = [town.shown("actief", "maand", JAN, gebied=one) for one in DRIE.gebieden]
    fresh = [one is not None and one.bijgewerkt_op == hour(tuesday) for one in shown]
    assert any(fresh) and fresh.count(False) >= 2, "five more, and all of one client"
    assert not fresh[3]


def test_a_figure_that_fell_below_the_threshold_is_withheld_once_enough_changed(
    town: Town,
) -> None:
    tuesday, wednesday = (MONDAY + timedelta(days=n) for n in (1, 2))
    town.stop(20, 21, begin=BEFORE, day=MONDAY, gemeente=HENGELO)
    town.stop(22, begin=BEFORE, day=tuesday, gemeente=HENGELO)
    town.publish(hour(tuesday))
    # Two went, and the third is there until the end of the day: its figure is held.
    assert town.value("actief", "maand", JAN, gebied=HENGELO) == 5
    town.publish(hour(wednesday))
    found = town.shown("actief", "maand", JAN, gebied=HENGELO)
    assert found is not None and found.waarde is None
    town.start(*range(60, 70), day=wednesday, gemeente=HENGELO)
    town.publish(hour(MONDAY + timedelta(days=3)))
    assert town.value("actief", "maand", JAN, gebied=HENGELO) is None, "it comes back at a close"


def test_a_small_count_is_never_shown(town: Town) -> None:
    tuesday = MONDAY + timedelta(days=1)
    town.start(30, 31, day=tuesday, wet="Jw", categorie="45")
    town.days(tuesday, tuesday)
    assert town.value("actief", "maand", JAN, wet="Jw") is None
    town.start(32, day=tuesday, wet="Jw", categorie="45")
    town.publish(hour(MONDAY + timedelta(days=2)))
    assert town.value("actief", "maand", JAN, wet="Jw") == 3


def test_days_are_kept_as_they_stood_at_their_last_moment(town: Town) -> None:
    assert town.value("actief", "dag", MONDAY) == 19
    tuesday = MONDAY + timedelta(days=1)
    town.start(*range(30, 36), day=tuesday)
    town.publish(hour(tuesday))
    assert town.value("actief", "dag", tuesday) == 25
    assert town.value("actief", "dag", tuesday, gebied=ENSCHEDE) is None


def test_a_stock_runs_on_into_the_next_month_and_a_flow_begins_anew(town: Town) -> None:
    friday, monday = date(2025, 1, 31), date(2025, 2, 3)
    town.start(*range(30, 34), day=friday)
    town.end(*range(80, 83), day=date(2025, 1, 10))
    town.publish(hour(friday))
    assert town.value("instroom", "maand", JAN) == 4
    town.start(40, 41, day=date(2025, 2, 1))
    town.end(*range(90, 93), day=date(2025, 2, 1))
    town.publish(hour(monday))
    # Two more are too few beside the stock of January, and too few to be a first flow.
    found = town.shown("actief", "maand", FEB)
    assert found is not None and (found.waarde, found.bijgewerkt_op) == (23, hour(friday))
    assert town.value("actief", "jaar", JAN) == 23
    assert town.value("instroom", "maand", FEB) is None
    town.start(42, day=monday)
    town.publish(hour(monday + timedelta(days=1)))
    assert town.value("actief", "maand", FEB) == town.value("actief", "jaar", JAN) == 26
    assert town.value("instroom", "maand", FEB) == 3
    assert town.value("instroom", "kwartaal", JAN) == 7
    assert town.value("actief", "maand", JAN) == 23


def test_a_late_message_about_an_open_month_counts_there(town: Town) -> None:
    town.end(*range(80, 84), day=date(2025, 1, 20), gemeente=ALMELO)
    for number, day in enumerate((date(2025, 1, 30), date(2025, 2, 12))):
        town.start(*range(100 * number, 100 * number + 4), day=date(2025, 1, 20), gemeente=ALMELO)
        town.publish(hour(day))
    assert town.value("instroom", "maand", JAN) == 4 + 4
    assert town.value("instroom", "maand", FEB) is None


PLACES = ((ALMELO, "02"), (ENSCHEDE, "05"), (HENGELO, "02"))


def tell_late(town: Town, month: int) -> None:
    """Tell of more care in a month that closes next: enough that its figures are of that moment."""
    for gemeente, categorie in PLACES:
        late = range(month * 1000 + 500, month * 1000 + 504)
        town.start(*late, day=date(2025, month, 14), gemeente=gemeente, categorie=categorie)


def closed_year(clients: int = 12) -> Town:
    """Return a region in which as many begin and end each month, until all of January closes."""
    town = Town()
    for month in range(1, 5):
        day = date(2025, month, 14)
        town.start(*range(month * 1000, month * 1000 + clients), day=day, gemeente=ALMELO)
        town.start(*range(month * 1000, month * 1000 + clients + month), day=day, categorie="05")
        town.start(*range(month * 1000, month * 1000 + 7), day=day, gemeente=HENGELO)
        for gemeente, categorie in PLACES:
            gone = range(month * 1000 + 700, month * 1000 + 704)
            town.end(*gone, day=day, gemeente=gemeente, categorie=categorie)
        if month > 2:
            tell_late(town, month - 2)
        town.publish(hour(date(2025, month, 24)))
    return town


def test_a_month_closes_with_the_first_moment_after_its_time_for_late_messages() -> None:
    town = closed_year()
    # January ends on the 31st, and 40 days later is 12 March: the day after it is due.
    assert town.rules.naloop_dagen == 40
    closes = {
        (emission.tijd.astimezone(AMSTERDAM).date(), start)
        for emission in town.emissions
        for values in emission.values
        for start, status in zip(values.perioden, values.statussen, strict=True)
        if status == "definitief"
    }
    assert closes == {(date(2025, 3, 24), JAN), (date(2025, 4, 24), FEB)}
    january = town.shown("instroom", "maand", JAN)
    assert january is not None and (january.waarde, january.status) == (44, "definitief")


def test_a_quarter_is_the_sum_of_its_months_as_they_were_closed() -> None:
    town = closed_year()
    # Too late for January: it stays as it was closed, and so does what it adds to the quarter.
    town.start(*range(9000, 9010), day=date(2025, 1, 15), gemeente=ALMELO)
    tell_late(town, 3)
    town.publish(hour(date(2025, 5, 12)))
    assert (found := town.shown("instroom", "kwartaal", JAN)) and found.status == "definitief"
    months = [town.value("instroom", "maand", m, gebied=ALMELO) for m in (JAN, FEB, MAR)]
    assert months == [16, 16, 16]
    assert town.value("instroom", "kwartaal", JAN) == 44 + 45 + 46
    summed = 0
    for figure in town.table.figures(Filter(periode_soort=("kwartaal",), maat=("instroom",))):
        if figure.status != "definitief" or figure.waarde is None:
            continue
        series = figure.series
        parts = [
            town.value(
                "instroom",
                "maand",
                month,
                gebied=series.gebied,
                wet=series.wet,
                niveau=series.product_niveau,
                product=series.product,
            )
            for month in months_of(Span("kwartaal", figure.periode))
        ]
        if None not in parts:
            summed += 1
            assert figure.waarde == sum(part for part in parts if part is not None)
    assert summed >= 4
    # The stock of the quarter is that of its last month.
    assert town.value("actief", "kwartaal", JAN) == town.value("actief", "maand", MAR)


def test_what_is_closed_stays_as_it_is() -> None:
    town = closed_year()
    before = {(f.series, f.periode): f for f in town.figures() if f.status == "definitief"}
    assert before
    town.start(*range(9000, 9020), day=date(2025, 1, 15), gemeente=ALMELO)
    town.stop(*range(1000, 1010), begin=date(2025, 1, 14), day=date(2025, 1, 20), gemeente=ALMELO)
    town.days(date(2025, 4, 25), date(2025, 4, 25))
    after = {(f.series, f.periode): f for f in town.figures()}
    assert {key: after[key] for key in before} == before


def nine_a_month(town: Town, year: int, months: int) -> None:
    """Tell of nine who begin and four who end in each of the first months of a year."""
    for month in range(1, months + 1):
        day = date(year, month, 3)
        town.start(*range(month * 100, month * 100 + 9), day=day)
        town.end(*range(month * 100 + 50, month * 100 + 54), day=day)


def test_a_first_start_closes_what_is_due_month_by_month() -> None:
    town = Town()
    nine_a_month(town, 2025, 6)
    made = town.publish(hour(date(2025, 7, 1), 9) + timedelta(minutes=10))
    # Of a month that ended more than 40 days ago: January up to and including April.
    closes = [
        {
            start
            for v in one.values
            for start, s in zip(v.perioden, v.statussen, strict=True)
            if s == "definitief" and v.series.periode_soort == "maand"
        }
        for one in made
    ]
    assert closes == [{date(2025, month, 1)} for month in range(1, 5)]
    assert {one.tijd for one in made} == {made[0].tijd}
    assert town.value("instroom", "kwartaal", JAN) == 27
    assert not town.publication.has_more
    assert town.publish(hour(date(2025, 7, 1), 9) + timedelta(minutes=50)) == []


def test_a_restart_between_closes_goes_on_with_them() -> None:
    towns = [Town(), Town()]
    for one in towns:
        nine_a_month(one, 2025, 6)
    now = hour(date(2025, 7, 1), 9)
    towns[0].publish(now)
    emission = towns[1].made(now)
    assert emission is not None
    towns[1].table.write(emission)
    towns[1].publication.confirm()
    towns[1].restart()
    towns[1].publish(now + timedelta(minutes=5))
    stand = [{(f.series, f.periode, f.waarde, f.status) for f in one.figures()} for one in towns]
    assert stand[0] == stand[1]


def test_a_gemeente_outside_every_region_has_the_levels_of_a_region() -> None:
    town = Town(Region("0599", ("0599",), total=False))
    for number, categorie in enumerate(("02", "05", "15"), start=1):
        clients = range(100 * number, 100 * number + 9 * number)
        town.start(*clients, day=BEFORE, gemeente="0599", categorie=categorie)
    town.publish(hour(MONDAY))
    assert town.value("actief", "maand", JAN, gebied="0599") == 54
    groups = town.figures(product_niveau="hoofdgroep", periode_soort="maand", maat="actief")
    assert {one.waarde for one in groups} & {9, 18, 27}
    tuesday = MONDAY + timedelta(days=1)
    town.start(*range(20, 29), day=tuesday, gemeente="0599")
    town.publish(hour(tuesday, 12))
    assert town.value("actief", "maand", JAN, gebied="0599") == 54, "like any gemeente: at 17:00"
    town.publish(hour(tuesday))
    assert town.value("actief", "maand", JAN, gebied="0599") == 63


@pytest.mark.slow
def test_a_year_ends_with_everything_that_ends_with_it() -> None:
    town = Town(rules=PublicationRules(jaren=1, naloop_dagen=40), first=date(2024, 1, 1))
    nine_a_month(town, 2024, 12)
    town.publish(hour(date(2024, 12, 30)))
    assert town.value("instroom", "jaar", date(2024, 1, 1)) == 108
    town.publish(hour(date(2025, 1, 3)))
    assert town.value("instroom", "jaar", JAN) is None
    town.publish(hour(date(2025, 2, 10)))
    found = town.shown("instroom", "jaar", date(2024, 1, 1))
    assert found is not None and (found.waarde, found.status) == (108, "definitief")
    stock = town.shown("actief", "jaar", date(2024, 1, 1))
    assert stock is not None and (stock.waarde, stock.status) == (108, "definitief")


# Fail closed


class Slow:
    """A clock by which everything takes ten minutes, as long as it is `slow`."""

    def __init__(self) -> None:
        self.slow = False
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 600.0 if self.slow else 0.0
        return self.seconds


def test_what_is_not_protected_in_time_is_not_shown_and_comes_later() -> None:
    clock = Slow()
    town = Town(clock=clock)
    town.start(*range(9), day=BEFORE)
    town.start(*range(20, 29), day=BEFORE, gemeente=ALMELO)
    town.start(*range(30, 39), day=date(2025, 1, 7))
    town.end(*range(60, 64), day=date(2025, 1, 7))
    town.publish(hour(date(2025, 1, 10)))
    stood = _values(town)
    clock.slow = True
    town.start(*range(40, 49), day=date(2025, 3, 12))
    town.end(*range(70, 74), day=date(2025, 3, 12))
    (one,) = town.publish(hour(date(2025, 3, 13)))
    carried = _values(town) - stood
    assert stood <= _values(town)
    assert {made for *_, made in carried} == {hour(date(2025, 1, 10))}, "nothing is made"
    assert len(carried) == sum(len(values.perioden) for values in one.values)
    assert town.publication.outcome.failures > 0
    assert "time" in town.publication.outcome.reasons[-1]
    assert town.publish(hour(date(2025, 3, 13)) + timedelta(minutes=10)) == []
    clock.slow = False
    town.publish(hour(date(2025, 3, 14)))
    january = town.shown("instroom", "maand", JAN)
    assert january is not None and (january.waarde, january.status) == (9, "definitief")
    assert town.value("instroom", "maand", MAR) == 9


def test_what_the_check_refuses_is_not_shown(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> list[Problem]:
        return [Problem("unproven")]

    tuesday = MONDAY + timedelta(days=1)
    stood = _values(town)
    with monkeypatch.context() as patched:
        patched.setattr(Checker, "inside", refuses)
        town.start(*range(30, 40), day=tuesday)
        town.days(tuesday, tuesday)
        assert _values(town) == stood
        assert town.publication.outcome.failures > 0
        # A close is told all the same: what stood is held, and what did not is withheld.
        town.publish(hour(date(2025, 3, 13)))
    closed = town.shown("actief", "maand", JAN)
    assert closed is not None
    assert (closed.waarde, closed.status, closed.bijgewerkt_op) == (19, "definitief", hour(MONDAY))
    fresh = [f for f in town.figures() if f.waarde is not None and f.bijgewerkt_op > hour(MONDAY)]
    assert fresh == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_client_who_is_erased_between_closes_gives_nothing_away(restarted: bool) -> None:
    town = closed_year()
    town.erase(1001, ALMELO)
    if restarted:
        town.restart()
    tell_late(town, 3)
    town.publish(hour(date(2025, 5, 12)))
    quarter = town.shown("instroom", "kwartaal", JAN)
    assert quarter is not None and quarter.status == "definitief"
    if restarted:
        # What January was can no longer be counted, so the quarter says nothing.
        assert "other counts of an earlier month" in town.publication.outcome.reasons
    assert quarter.waarde == (None if restarted else 44 + 45 + 46)
    assert town.value("instroom", "maand", JAN, gebied=ALMELO) == 16


def test_an_emission_tells_its_policy_and_carries_its_proof(town: Town) -> None:
    (emission,) = town.emissions
    mark, _, proof = emission.certificaat.partition(";")
    assert mark == DREMPEL.mark
    assert "Wmo actief maand 2025-01-01" in systems(proof)


# What stands beside something small


def with_flows() -> Town:
    """Return a region of which stocks and flows of January run."""
    made = Town()
    made.start(*range(100, 140), day=BEFORE)
    made.start(*range(8), day=date(2025, 1, 7))
    made.end(*range(200, 206), day=date(2025, 1, 7))
    made.publish(hour(date(2025, 1, 10)))
    assert made.value("instroom", "maand", JAN) == 8
    assert made.value("uitstroom", "maand", JAN) == 6
    return made


@pytest.mark.parametrize(("left", "new"), [(2, 42), (3, 43)])
def test_a_stock_is_held_beside_a_flow_that_fell(left: int, new: int) -> None:
    town = with_flows()
    stood = town.value("actief", "maand", JAN)
    assert stood == 48
    # Withdrawn: what is left of the instroom is the stock, without that before, plus the uitstroom.
    town.start(*range(left, 8), day=date(2025, 1, 7), status=3)
    town.publish(hour(date(2025, 1, 14)))
    assert town.value("actief", "maand", JAN) == (48 if left < T else new)
    town.start(*range(300, 310), day=BEFORE)
    town.publish(hour(date(2025, 1, 15)))
    again = town.value("actief", "maand", JAN)
    assert again == (48 if left < T else new + 10)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_stock_runs_on_into_the_first_published_month(restarted: bool) -> None:
    town = Town(rules=PublicationRules(jaren=0, naloop_dagen=40))
    town.start(*range(20), day=BEFORE)
    town.publish(hour(date(2025, 12, 30)))
    if restarted:
        town.restart()
    town.start(30, day=BEFORE)
    town.publish(hour(date(2026, 1, 2)))
    found = town.shown("actief", "maand", date(2026, 1, 1))
    assert found is not None
    assert (found.waarde, found.bijgewerkt_op) == (20, hour(date(2025, 12, 30))), "one client"


def test_figures_may_begin_on_any_day() -> None:
    town = Town(rules=PublicationRules(jaren=0, naloop_dagen=40, vanaf=date(2025, 3, 15)))
    town.start(*range(20), day=BEFORE)
    town.start(*range(30, 38), day=date(2025, 3, 18))
    town.end(*range(40, 45), day=date(2025, 3, 18))
    town.publish(hour(date(2025, 3, 24)))
    assert town.value("actief", "maand", MAR) == 28
    assert town.value("instroom", "maand", MAR) == 8
    assert town.value("actief", "maand", FEB) is None


def test_the_first_day_may_move_forward_while_a_quarter_is_open() -> None:
    town = closed_year()
    town.rules = town.rules.model_copy(update={"vanaf": date(2025, 3, 1)})
    town.restart()
    # The stock at the begin of the quarter is not counted any more: nothing is shown that needs it.
    town.publish(hour(date(2025, 5, 12)))
    assert town.value("instroom", "kwartaal", JAN, gebied=ALMELO) is None
    assert town.value("actief", "kwartaal", JAN) is not None


def _values(town: Town) -> set[tuple[object, ...]]:
    return {(f.series, f.periode, f.waarde, f.status, f.bijgewerkt_op) for f in town.figures()}
