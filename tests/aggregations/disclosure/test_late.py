"""Closed figures and late messages: revised with a close, by enough clients, or not at all."""

import random
from copy import deepcopy
from datetime import date, datetime
from functools import cache

import numpy as np
import pytest

from tests.aggregations.disclosure.test_protected import Life, lived, told
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
from zorgstroom.aggregations.disclosure import late as module
from zorgstroom.aggregations.disclosure.closing import revisable
from zorgstroom.aggregations.disclosure.judging import judge
from zorgstroom.aggregations.disclosure.pairs import Result
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell, Plan, Span
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.rows import Row, Rows
from zorgstroom.aggregations.disclosure.table import Mask, Protected
from zorgstroom.aggregations.disclosure.witnessed import Finding, Written
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.werkdagen import is_werkdag

REVISES = Plan(revises=True)
JAN, APR, JUL, AUG, SEP = (date(2025, month, 1) for month in (1, 4, 7, 8, 9))
HALF = hour(date(2025, 8, 11), 8)
"""June is 40 days over: the half-year closes."""
JULY = hour(date(2025, 9, 10), 8)
QUARTER = hour(date(2025, 11, 10), 8)
"""... and the first moment after the 40 days of July, and of the third quarter."""


LIVE_IN = ((ALMELO, 60), (ENSCHEDE, 50), (HENGELO, 50))
BEGAN = date(2024, 5, 6)


def near_the_end(year: int, month: int) -> datetime:
    """Return five o'clock on a day at the end of a month."""
    days = (date(year, month, number) for number in range(24, 29))
    return hour(next(day for day in days if is_werkdag(day)))


def month_of(town: Town, month: int) -> None:
    """Tell, in 2025, of who began and who ended in a month: as many in each."""
    for gemeente, clients in ((ALMELO, 12), (ENSCHEDE, 8), (HENGELO, 7)):
        first = month * 100
        day = date(2025, month, 8)
        town.start(*range(first, first + clients), day=day, gemeente=gemeente)
        known = range(9000 + month * 4, 9004 + month * 4)
        town.stop(*known, begin=BEGAN, day=day, gemeente=gemeente)


def half_year(rules: PublicationRules = RULES) -> Town:
    """Return a region in which the first half-year of 2025 has closed."""
    made = _half_year(rules.model_dump_json())
    lock = made.table._lock
    return deepcopy(made, {id(lock): lock})


@cache
def _half_year(rules: str) -> Town:
    town = Town(rules=PublicationRules.model_validate_json(rules), plan=REVISES)
    for gemeente, clients in LIVE_IN:
        town.start(*range(9000, 9000 + clients), day=BEGAN, gemeente=gemeente)
    for month in range(1, 8):
        month_of(town, month)
        town.publish(near_the_end(2025, month))
    month_of(town, 8)
    town.publish(HALF)
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27
    return town


def late(town: Town, clients: int, day: date = date(2025, 1, 8), first: int = 7000) -> None:
    """Tell of `clients` in Almelo and in Enschede who began long ago."""
    for gemeente in (ALMELO, ENSCHEDE):
        town.start(*range(first, first + clients), day=day, gemeente=gemeente)


def findings(town: Town) -> list[Finding]:
    """Return what an outsider finds in everything that was published."""
    found = []
    replay = Replay(town.region, town.plan, DREMPEL.threshold)
    for moment in replay.moments(Written.of(one) for one in town.emissions):
        found += moment.findings
        for one in moment.systems:
            found += judge(one, DREMPEL.rule).findings
    return found


def closed_values(town: Town) -> dict[object, int | None]:
    return {(f.series, f.periode): f.waarde for f in town.figures() if f.status == "definitief"}


def test_what_enough_clients_changed_is_revised_with_the_next_close() -> None:
    town = half_year()
    assert town.value("instroom", "maand", JAN) == 27
    stock = town.value("actief", "maand", JAN)
    month_of(town, 9)
    late(town, 5)
    town.days(date(2025, 8, 12), date(2025, 8, 13))
    assert town.value("instroom", "maand", JAN) == 27, "no moment of the grid but a close"
    town.publish(JULY)
    found = town.shown("instroom", "maand", JAN)
    assert found is not None
    assert (found.waarde, found.status, found.bijgewerkt_op) == (37, "definitief", JULY)
    # A client who came in January is there at the end of each month.
    assert stock is not None and town.value("actief", "maand", JAN) == stock + 10
    assert town.value("instroom", "maand", JAN, gebied=ALMELO) == 17
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) == 7
    # What runs on is the sum of its published months.
    assert town.value("instroom", "jaar", JAN) == 9 * 27 + 10
    # Months are revised with this close, and quarters and half-years with theirs.
    assert town.value("instroom", "kwartaal", JAN) == 3 * 27
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27
    assert findings(town) == []


def test_a_quarter_is_revised_when_a_quarter_closes() -> None:
    town = half_year()
    late(town, 5)
    town.publish(JULY)
    for month in (9, 10):
        town.publish(near_the_end(2025, month))
    town.publish(QUARTER)
    assert town.value("instroom", "kwartaal", JAN) == 3 * 27 + 10
    assert town.value("instroom", "kwartaal", APR) == 3 * 27
    assert town.value("instroom", "halfjaar", JAN) == 6 * 27
    assert findings(town) == []


@pytest.mark.slow
def test_a_year_follows_its_half_years() -> None:
    town = half_year(PublicationRules(jaren=1, naloop_dagen=40))
    for month in range(9, 13):
        month_of(town, month)
        town.publish(near_the_end(2025, month))
    late(town, 5)
    town.publish(hour(date(2026, 2, 10), 8))
    halves = [town.value("instroom", "halfjaar", start) for start in (JAN, JUL)]
    assert halves[0] == 6 * 27 + 10
    assert None not in halves
    assert town.value("instroom", "jaar", JAN) == sum(half or 0 for half in halves)
    assert findings(town) == []


@pytest.mark.parametrize("clients", [1, 2])
def test_what_too_few_changed_stays(clients: int) -> None:
    town = half_year()
    before = closed_values(town)
    town.start(*range(7000, 7000 + clients), day=date(2025, 1, 8), gemeente=ALMELO)
    town.publish(JULY)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_many_messages_of_one_client_are_one() -> None:
    town = half_year()
    before = closed_values(town)
    for categorie in ("01", "02", "05", "06", "15", "16"):
        town.start(7000, day=date(2025, 1, 8), gemeente=ALMELO, categorie=categorie)
    town.publish(JULY)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_one_gemeente_alone_is_not_given_away_by_the_region() -> None:
    town = half_year()
    late(town, 5)
    town.start(7900, day=date(2025, 1, 8), gemeente=HENGELO)
    town.publish(JULY)
    shown = [town.value("instroom", "maand", JAN, gebied=one) for one in DRIE.gebieden]
    made = [now != before for now, before in zip(shown, (27, 12, 8, 7), strict=True)]
    assert shown[3] == 7, "one client"
    assert any(made) and made.count(False) >= 2
    assert findings(town) == []


def test_what_fell_below_the_threshold_is_taken_away_and_stays_so() -> None:
    town = half_year()
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) == 7
    day = date(2025, 1, 8)
    town.start(*range(100, 105), day=day, gemeente=HENGELO, status=3)
    town.publish(JULY)
    found = town.shown("instroom", "maand", JAN, gebied=HENGELO)
    assert found is not None and (found.waarde, found.status) == (None, "definitief")
    town.start(*range(7000, 7020), day=day, gemeente=HENGELO)
    town.publish(near_the_end(2025, 9))
    town.publish(hour(date(2025, 10, 13), 8))
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) is None
    assert findings(town) == []


@pytest.mark.slow
def test_a_setting_keeps_what_is_closed() -> None:
    town = half_year(RULES.model_copy(update={"herzie_definitief": False}))
    before = closed_values(town)
    late(town, 5)
    town.publish(JULY)
    after = closed_values(town)
    assert {key: after[key] for key in before} == before


def test_until_its_half_year_has_closed_nothing_of_it_is_revised() -> None:
    closed = {Span("maand", date(2025, month, 1)) for month in range(1, 6)}
    closed |= {Span("kwartaal", JAN)}
    assert revisable(date(2025, 6, 1), DEFAULT, closed) == []
    closed |= {Span("maand", date(2025, 6, 1)), Span("kwartaal", APR), Span("halfjaar", JAN)}
    months = sorted(span for span in closed if span.soort == "maand")
    assert revisable(JUL, DEFAULT, closed) == months
    closed |= {Span("maand", JUL), Span("maand", AUG)}
    assert revisable(SEP, DEFAULT, closed) == [Span("kwartaal", JAN), Span("kwartaal", APR)]


def test_no_period_is_revised_together_with_a_part_of_it() -> None:
    closed: set[Span] = set()
    for number in range(30):
        month = date(2025 + number // 12, number % 12 + 1, 1)
        kinds = {span.soort for span in revisable(month, Plan(), closed)}
        assert len(kinds) <= 1
        closed |= {Span("maand", month)}
        for soort, length in (("kwartaal", 3), ("halfjaar", 6), ("jaar", 12)):
            if month.month % length == 0:
                closed |= {Span(soort, month.replace(month=month.month - length + 1))}  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 3, 8))
def test_lives_with_late_messages_hold_and_a_restart_changes_nothing(seed: int) -> None:
    delays = (0, 1, 3, 150, 200, 260, 300)
    life = Life(seed, date(2025, 1, 2), date(2025, 12, 30), delays)
    undisturbed, restarted = Town(plan=REVISES), Town(plan=REVISES)
    lived(life, undisturbed)
    lived(life, restarted, random.Random(seed))
    assert findings(undisturbed) == []
    assert findings(restarted) == []
    one, other = told(undisturbed), told(restarted)
    assert [tijd for tijd, _ in one] == [tijd for tijd, _ in other]
    for (tijd, rows), (_, again) in zip(one, other, strict=True):
        assert again == rows, tijd
    assert revisions(undisturbed) > 0, "this life proves nothing"


def revisions(town: Town) -> int:
    """Return how many closed figures were made anew."""
    closed: set[object] = set()
    found = 0
    for emission in town.emissions:
        for values in emission.values:
            for start, status in zip(values.perioden, values.statussen, strict=True):
                if status == "definitief":
                    found += (values.series, start) in closed
                    closed.add((values.series, start))
    return found


# Mutations: without one of the rules, an outsider's replay finds it


def test_revising_a_month_with_its_quarter_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    late(town, 5)
    monkeypatch.setattr(module, "revisable", lambda month, plan, closed: sorted(closed))
    town.publish(JULY)
    assert town.value("instroom", "kwartaal", JAN) == 3 * 27 + 10
    assert {(f.soort, f.cell and f.cell.soort) for f in findings(town)} >= {
        ("teruggezet", "kwartaal"),
        ("teruggezet", "halfjaar"),
    }


@pytest.mark.slow
def test_showing_again_what_was_withheld_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    town.start(*range(100, 105), day=date(2025, 1, 8), gemeente=HENGELO, status=3)
    town.publish(JULY)
    stood = module._standing

    def forgets(rows: Rows, cell: Cell) -> Row | None:
        row = stood(rows, cell)
        return (
            Row(5, "definitief", max(rows.moments), HALF)
            if row is None and rows.is_closed(cell)
            else row
        )

    monkeypatch.setattr(module, "_standing", forgets)
    town.restart()
    town.start(*range(7000, 7020), day=date(2025, 1, 8), gemeente=HENGELO)
    town.publish(near_the_end(2025, 9))
    town.publish(hour(date(2025, 10, 13), 8))
    assert town.value("instroom", "maand", JAN, gebied=HENGELO) == 22
    assert "was onderdrukt" in {f.uitleg for f in findings(town)}


@pytest.mark.slow
def test_revising_without_protection_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    late(town, 5)
    town.start(7900, day=date(2025, 1, 8), gemeente=HENGELO)
    made = town.publication._made_of

    def all_of(own: Frame, candidates: Mask) -> Result:
        if own.name != "Wmo instroom maand 2025-01-01":
            return made(own, candidates)
        values = town.publication._now.values(own.cells)
        return Protected(candidates, np.where(candidates, values, 0), ())

    monkeypatch.setattr(town.publication, "_made_of", all_of)
    town.publish(JULY)
    assert {f.systeem for f in findings(town)} == {"Wmo instroom maand 2025-01-01"}


def test_figures_may_begin_on_any_day() -> None:
    town = Town(rules=PublicationRules(jaren=0, naloop_dagen=40, vanaf=date(2025, 3, 15)))
    for month in (3, 4, 5):
        month_of(town, month)
        town.publish(near_the_end(2025, month))
    assert town.value("actief", "maand", date(2025, 3, 1)) == 27
    assert town.value("actief", "maand", date(2025, 2, 1)) is None


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_revision_without_its_close_is_what_a_crash_left_or_is_found(is_cut: bool) -> None:
    town = half_year()
    late(town, 5)
    (one,) = town.publish(JULY)
    told = [Written.of(emission) for emission in town.emissions]
    before = {cell for written in told[:-1] for cell in written.rows}
    rows = {
        cell: entry
        for cell, entry in told[-1].rows.items()
        if cell in before and entry.status == "definitief" and cell.start < JUL
    }
    assert rows
    told[-1] = Written(one.versie, one.tijd, one.certificaat, rows, is_cut)
    replay = Replay(town.region, town.plan, DREMPEL.threshold)
    found = [f for moment in replay.moments(told) for f in moment.findings]
    assert [f.soort for f in found if f.soort == "teruggezet"] == (
        [] if is_cut else ["teruggezet"] * len(rows)
    )


def test_nothing_is_revised_by_the_plan_that_is_published() -> None:
    assert not DEFAULT.revises


def test_a_figure_may_be_asked_for_of_a_month_that_is_not_counted() -> None:
    town = half_year()
    town.rules = town.rules.model_copy(update={"vanaf": date(2025, 8, 1)})
    town.restart()
    town.publish(hour(date(2025, 10, 13), 8))
    assert town.value("actief", "maand", AUG) is not None
