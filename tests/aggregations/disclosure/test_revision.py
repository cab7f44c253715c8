"""Closed figures and late messages: revised by enough clients, beside nothing small, or not."""

import random
from copy import deepcopy
from datetime import date, datetime
from functools import cache

import pytest

from tests.aggregations.disclosure.test_lives import findings
from tests.aggregations.disclosure.town import (
    ALMELO,
    DREMPEL,
    DRIE,
    ENSCHEDE,
    HENGELO,
    RULES,
    Town,
    hour,
)
from zorgstroom.aggregations.disclosure import revision
from zorgstroom.aggregations.disclosure.plan import Span
from zorgstroom.aggregations.disclosure.rows import Rows
from zorgstroom.aggregations.disclosure.witnessed import Written
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.werkdagen import is_werkdag

T = DREMPEL.threshold
JAN, FEB, MAR, APR, MAY, JUN, JUL = (date(2025, month, 1) for month in range(1, 8))
HALF = hour(date(2025, 8, 11), 8)
"""June is 40 days over: the half-year closes."""
REVISED, AGAIN = hour(date(2025, 9, 1), 8), hour(date(2025, 10, 1), 8)
"""The first moments of months."""
LIVE_IN = ((ALMELO, 60), (ENSCHEDE, 50), (HENGELO, 50))
BEGAN = date(2024, 5, 6)


def near_the_end(month: int, year: int = 2025) -> datetime:
    """Return five o'clock on a day at the end of a month."""
    days = (date(year, month, number) for number in range(24, 29))
    return hour(next(day for day in days if is_werkdag(day)))


FLOWS = ((ALMELO, 12), (ENSCHEDE, 8), (HENGELO, 7))
"""Who begin in a month; of each gemeente four end."""


def month_of(town: Town, month: int) -> None:
    """Tell, in 2025, of who began and who ended in a month, but for three of each gemeente."""
    _tell(town, month, slice(None, -3))


def late_of(town: Town, month: int) -> None:
    """Tell of the others, for whom the month is made at its close."""
    _tell(town, month, slice(-3, None))


def _tell(town: Town, month: int, who: slice) -> None:
    for gemeente, clients in FLOWS:
        first, day = month * 100, date(2025, month, 8)
        town.start(*range(first, first + clients)[who], day=day, gemeente=gemeente)
        known = range(9000 + month * 4, 9004 + month * 4)[who]
        town.stop(*known, begin=BEGAN, day=day, gemeente=gemeente)


def half_year(rules: PublicationRules = RULES) -> Town:
    """Return a region in which the first half-year of 2025 has closed."""
    made = _half_year(rules.model_dump_json())
    lock = made.table._lock
    return deepcopy(made, {id(lock): lock})


@cache
def _half_year(rules: str) -> Town:
    town = Town(rules=PublicationRules.model_validate_json(rules))
    for gemeente, clients in LIVE_IN:
        town.start(*range(9000, 9000 + clients), day=BEGAN, gemeente=gemeente)
    for month in range(1, 8):
        month_of(town, month)
        if month > 2:
            late_of(town, month - 2)  # closes with the next moment
        town.publish(near_the_end(month))
    month_of(town, 8)
    late_of(town, 6)
    late_of(town, 7)
    town.publish(HALF)
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27
    return town


def late(town: Town, clients: int, day: date = date(2025, 1, 8), first: int = 7000) -> None:
    """Tell of `clients` in Almelo and in Enschede who began long ago."""
    for gemeente in (ALMELO, ENSCHEDE):
        town.start(*range(first, first + clients), day=day, gemeente=gemeente)


def closed_values(town: Town) -> dict[object, int | None]:
    return {(f.series, f.periode): f.waarde for f in town.figures() if f.status == "definitief"}


def flows(town: Town, soort: str, start: date, gebied: str = "proef") -> list[int | None]:
    return [town.value(maat, soort, start, gebied=gebied) for maat in ("instroom", "uitstroom")]


# What is revised


def test_what_enough_clients_changed_is_revised_with_the_next_month() -> None:
    town = half_year()
    assert town.value("instroom", "maand", JAN) == 27
    stock, march = (town.value("actief", "maand", month) for month in (JAN, MAR))
    assert stock is not None and march is not None
    late(town, 5)
    town.days(date(2025, 8, 12), date(2025, 8, 29))
    assert town.value("instroom", "maand", JAN) == 27, "no moment of the grid but a month's first"
    town.publish(REVISED)
    found = town.shown("instroom", "maand", JAN)
    assert found is not None
    assert (found.waarde, found.status, found.bijgewerkt_op) == (37, "definitief", REVISED)
    # A client who came in January is there at the end of each month.
    assert town.value("actief", "maand", JAN) == stock + 10
    assert town.value("actief", "maand", MAR) == march + 10
    assert town.value("actief", "kwartaal", JAN) == march + 10
    assert town.value("instroom", "maand", JAN, gebied=ALMELO) == 17
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) == 7
    # What is longer follows.
    assert town.value("instroom", "kwartaal", JAN) == 3 * 27 + 10
    assert town.value("instroom", "kwartaal", APR) == 3 * 27
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27 + 10
    assert findings(town) == []


def test_a_figure_is_revised_as_often_as_enough_clients_change_it() -> None:
    town = half_year()
    late(town, 5)
    town.publish(REVISED)
    late(town, 1, first=7500)
    town.publish(AGAIN)
    assert town.value("instroom", "maand", JAN) == 37, "two clients since"
    late(town, 1, first=7600)
    town.publish(hour(date(2025, 11, 3), 8))
    assert town.value("instroom", "maand", JAN) == 41
    assert town.value("instroom", "kwartaal", JAN) == 3 * 27 + 14
    assert findings(town) == []


@pytest.mark.slow
def test_a_year_follows_its_half_years() -> None:
    town = half_year(PublicationRules(jaren=1, naloop_dagen=40))
    for month in range(9, 13):
        month_of(town, month)
        late_of(town, month - 1)
        town.publish(near_the_end(month))
    late_of(town, 12)
    late(town, 5)
    town.publish(hour(date(2026, 2, 10), 8))
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27 + 10
    assert town.value("instroom", "jaar", JAN) == 12 * 27 + 10
    late(town, 5, first=7500)
    town.publish(hour(date(2026, 3, 2), 8))
    assert town.value("instroom", "jaar", JAN) == 12 * 27 + 20
    assert findings(town) == []


# What is not


@pytest.mark.parametrize("clients", [1, 2])
def test_what_too_few_changed_stays(clients: int) -> None:
    town = half_year()
    before = closed_values(town)
    town.start(*range(7000, 7000 + clients), day=date(2025, 1, 8), gemeente=ALMELO)
    town.publish(REVISED)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_many_messages_of_one_client_are_one() -> None:
    town = half_year()
    before = closed_values(town)
    for categorie in ("01", "02", "05", "06", "15", "16"):
        town.start(7000, day=date(2025, 1, 8), gemeente=ALMELO, categorie=categorie)
    town.publish(REVISED)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_one_gemeente_alone_is_not_given_away_by_the_region() -> None:
    town = half_year()
    late(town, 5)
    town.start(7900, day=date(2025, 1, 8), gemeente=HENGELO)
    town.publish(REVISED)
    shown = [town.value("instroom", "maand", JAN, gebied=one) for one in DRIE.gebieden]
    made = [now != before for now, before in zip(shown, (27, 12, 8, 7), strict=True)]
    assert shown[3] == 7, "one client"
    assert any(made) and made.count(False) >= 2
    assert findings(town) == []


def test_what_fell_below_the_threshold_stays_as_it_was_true_once() -> None:
    town = half_year()
    day = date(2025, 1, 8)
    town.start(*range(100, 105), day=day, gemeente=HENGELO, status=3)
    late(town, 5)
    town.publish(REVISED)
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) == 7
    assert findings(town) == []


@pytest.mark.slow
def test_what_was_withheld_stays_so() -> None:
    town = half_year()
    withheld = {key for key, waarde in closed_values(town).items() if waarde is None}
    assert withheld
    for categorie in ("02", "06", "15"):
        for gemeente in (ALMELO, ENSCHEDE, HENGELO):
            first = 7000 + 100 * int(categorie)
            day = date(2025, 1, 8)
            town.start(*range(first, first + 9), day=day, gemeente=gemeente, categorie=categorie)
    town.publish(REVISED)
    after = closed_values(town)
    assert all(after[key] is None for key in withheld)
    assert findings(town) == []


@pytest.mark.slow
def test_a_setting_keeps_what_is_closed() -> None:
    town = half_year(RULES.model_copy(update={"herzie_definitief": False}))
    before = closed_values(town)
    late(town, 5)
    town.publish(REVISED)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_until_its_half_year_has_closed_nothing_of_it_is_revised() -> None:
    rows = Rows(DRIE)
    months = [JAN, FEB, MAR, APR, MAY, JUN, JUL]
    for month in months:
        rows.closed[Span("maand", month)] = 1
    rows.closed[Span("kwartaal", JAN)] = 1
    assert revision.revisable(rows, months) == []
    rows.closed[Span("halfjaar", JAN)] = 1
    assert revision.revisable(rows, months) == months[:-1]
    assert revision.revisable(rows, months[2:]) == months[2:-1], "as far as they are published"


# Adding up stocks and flows: what plain arithmetic would find


def test_a_flow_that_fell_is_not_given_away_by_the_stocks_beside_it() -> None:
    town = half_year()
    day = date(2025, 3, 8)
    assert flows(town, "maand", MAR, HENGELO) == [7, 4]
    # One of seven is left, and a stock of everyone who comes late.
    town.start(*range(300, 306), day=day, gemeente=HENGELO, status=3)
    town.start(*range(7000, 7009), day=date(2025, 1, 8), gemeente=HENGELO)
    late(town, 9)
    before = [town.value("actief", "maand", month, gebied=HENGELO) for month in (FEB, MAR)]
    town.publish(REVISED)
    after = [town.value("actief", "maand", month, gebied=HENGELO) for month in (FEB, MAR)]
    assert after == before, "their difference would be the flow, with who ended"
    assert flows(town, "maand", MAR, HENGELO) == [7, 4]
    one, april = (town.value("actief", "maand", month, gebied=HENGELO) for month in (JAN, APR))
    assert one is not None and april is not None, "elsewhere nothing is small"
    assert town.value("actief", "maand", JAN, gebied=ALMELO) != before[0]
    assert findings(town) == []


def test_a_stock_that_fell_is_not_given_away_by_the_flows_beside_it() -> None:
    town = half_year()
    # Of all who were in Hengelo only two ever were; in May some come and go.
    town.start(*range(9000, 9048), day=BEGAN, gemeente=HENGELO, status=3)
    for month in (1, 2, 3, 4):
        first = month * 100
        town.start(*range(first, first + 7), day=date(2025, month, 8), gemeente=HENGELO, status=3)
    town.start(*range(7000, 7004), day=MAY, gemeente=HENGELO)
    town.stop(*range(7000, 7004), begin=MAY, day=date(2025, 5, 20), gemeente=HENGELO)
    late(town, 9, day=date(2025, 5, 9))
    town.publish(REVISED)
    fresh = {
        (f.series.gebied, f.series.maat, f.periode)
        for f in town.figures()
        if f.bijgewerkt_op == REVISED and f.series.periode_soort == "maand"
    }
    assert (ALMELO, "instroom", MAY) in fresh
    assert not {(HENGELO, maat, MAY) for maat in ("actief", "instroom", "uitstroom")} & fresh
    assert findings(town) == []


def test_a_quarter_never_tells_more_than_its_months() -> None:
    town = half_year()
    late(town, 5)
    town.publish(REVISED)
    # One client in each of two months: too few for either of them, and so for the quarter.
    town.start(7900, day=FEB, gemeente=ALMELO)
    town.start(7901, day=MAR, gemeente=ALMELO)
    town.start(7902, day=JAN, gemeente=ALMELO)
    town.publish(AGAIN)
    assert [town.value("instroom", "maand", m) for m in (JAN, FEB, MAR)] == [37, 27, 27]
    assert town.value("instroom", "kwartaal", JAN) == 91
    assert findings(town) == []


# Whole lives


@pytest.mark.slow
def test_a_revision_after_a_restart_is_the_same() -> None:
    town = half_year()
    late(town, 5)
    town.start(*range(100, 105), day=date(2025, 1, 8), gemeente=HENGELO, status=3)
    other = half_year()
    late(other, 2)
    other.restart()
    late(other, 5)
    other.start(*range(100, 105), day=date(2025, 1, 8), gemeente=HENGELO, status=3)
    town.publish(REVISED)
    other.publish(REVISED)
    assert closed_values(town) == closed_values(other)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_three_of_four_never_leave_a_small_fourth(seed: int) -> None:
    chance = random.Random(seed)
    town = half_year()
    for moment in (REVISED, AGAIN, hour(date(2025, 11, 3), 8)):
        for gemeente in (ALMELO, ENSCHEDE, HENGELO):
            for month in range(1, 8):
                day = date(2025, month, 8)
                late_ones = range(first := chance.randrange(10_000, 10**6), first + 12)
                town.start(*late_ones[: chance.choice((0, 0, 1, 3, 6))], day=day, gemeente=gemeente)
                gone = range(month * 100, month * 100 + chance.choice((0, 0, 2, 5, 7)))
                town.start(*gone, day=day, gemeente=gemeente, status=3)
                first = 9000 + month * 4
                back = range(first, first + chance.choice((0, 0, 0, 2, 4)))
                town.start(*back, day=BEGAN, gemeente=gemeente, status=3)
        emissions = town.publish(moment)
        counted = town.publication._now
        for emission in emissions:
            rows = Written.of(emission).rows
            fresh = {
                cell
                for cell, entry in rows.items()
                if entry.tijd == emission.tijd and entry.waarde is not None
            }
            revised = [c for c in fresh if c.soort == "maand" and c.start < JUL]
            assert revised
            for cell in revised:
                end = cell._replace(maat="actief")
                before = (
                    end._replace(start=date(2025, cell.start.month - 1, 1))
                    if (cell.start.month > 1)
                    else end._replace(start=date(2024, 12, 1))
                )
                four = [before, end, *(end._replace(maat=m) for m in ("instroom", "uitstroom"))]
                gone_ = [one for one in four if one not in fresh]
                if len(gone_) == 1:
                    assert (counted.stands(gone_[0]) or 0) >= T
        town.publish(moment.replace(hour=15))
    assert findings(town) == []
