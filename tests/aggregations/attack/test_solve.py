"""The linear programme against the enumeration of everything that is possible."""

import random
import sys
from datetime import date

import pytest
from hypothesis import given, settings

from tests.aggregations.attack.small_tables import Table, possible, relations_hold, tables
from zorgstroom.aggregations.attack.cells import Count, sums
from zorgstroom.aggregations.attack.equations import (
    ContradictionError,
    Equation,
    Programme,
    Reading,
    Rule,
    programme,
)
from zorgstroom.aggregations.attack.solve import Attack, Interval, SolverMissingError

pytest.importorskip("highspy")
pytestmark = pytest.mark.slow

D1, D2 = date(2025, 1, 31), date(2025, 2, 28)


def intervals(table: Table, readings: list[Reading]) -> dict[Count, Interval]:
    built = programme(readings, sums(table.published), table.rule.base)
    attack = Attack(built, seed=1)
    return {count: attack.interval(built.places[count]) for count in table.published}


@settings(max_examples=60, deadline=None)
@given(tables())
def test_no_interval_leaves_out_what_is_possible(table: Table) -> None:
    assert relations_hold(table)
    for readings in (table.readings(), table.exact_readings()):
        truth = possible(table, readings)
        for count, interval in intervals(table, readings).items():
            assert table.number(count) in truth[count]
            assert interval.low <= min(truth[count])
            assert interval.high >= max(truth[count])


def test_the_intervals_are_nearly_always_those_of_the_enumeration() -> None:
    equal = wider = 0

    @settings(max_examples=80, deadline=None, database=None, derandomize=True)
    @given(tables())
    def compare(table: Table) -> None:
        nonlocal equal, wider
        truth = possible(table, table.exact_readings())
        for count, interval in intervals(table, table.exact_readings()).items():
            same = (interval.low, interval.high) == (min(truth[count]), max(truth[count]))
            equal += same
            wider += not same

    compare()
    assert equal > 300
    assert wider <= 0.02 * (equal + wider)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_pushing_finds_only_what_is_possible(table: Table) -> None:
    built = programme(table.readings(), sums(table.published), table.rule.base)
    pushed, solved = Attack(built, seed=2), Attack(built, seed=3)
    places = [built.places[count] for count in table.published]
    for _ in range(3):
        pushed.push(places)
    for place in places:
        assert pushed.witnessed(place) <= max(0, solved.interval(place).values)
        assert solved.is_wide(place) == (solved.interval(place).values >= 5)


def test_one_offset_for_all_days_tells_more_than_one_for_each() -> None:
    # 12 and 15 under one offset of 0..4: whoever reads both totals knows the difference.
    days = [Count(frozenset("g"), frozenset("c"), "actief", day, day) for day in (D1, D2)]
    readings = [Reading(days[0], 15, 15), Reading(days[1], 18, 18)]
    built = programme(readings, [], 5)
    first, second = (built.places[day] for day in days)
    built.bound(first, 12, 12)
    assert Attack(built, 1).interval(second) == Interval(15, 15)


def test_subtraction_undoes_the_bare_threshold_and_not_rounding() -> None:
    whole, part, small = (
        Count(gebied, frozenset("c"), "instroom", D1, D1)
        for gebied in (frozenset("ab"), frozenset("a"), frozenset("b"))
    )
    numbers = {whole: 47, part: 43, small: 4}
    bare, rounding = Rule.bare_threshold(10), Rule.rounding(5, 10)
    relations = sums(numbers)

    def interval_of(rule: Rule, figures: dict[Count, int | None]) -> Interval:
        readings = [rule.reading(count, figure) for count, figure in figures.items()]
        built = programme(readings, relations, rule.base)
        return Attack(built, 1).interval(built.places[small])

    assert interval_of(bare, {whole: 47, part: 43, small: None}) == Interval(4, 4)
    assert interval_of(rounding, {whole: 45, part: 45, small: None}) == Interval(0, 8)


def test_figures_that_cannot_be_are_a_contradiction() -> None:
    whole, part = (
        Count(gebied, frozenset("c"), "instroom", D1, D1)
        for gebied in (frozenset("ab"), frozenset("a"))
    )
    rest = part._replace(gebied=frozenset("b"))
    rule = Rule.rounding(5, 10)
    figures = {whole: 20, part: 60, rest: None}
    readings = [rule.reading(count, figure) for count, figure in figures.items()]
    built = programme(readings, sums(figures), rule.base)
    with pytest.raises(ContradictionError):
        Attack(built, 1).interval(built.places[rest])
    with pytest.raises(ContradictionError):
        Attack(built, 1).push([built.places[rest]])
    with pytest.raises(ContradictionError):
        programme([rule.reading(part, 20), rule.reading(part, 25)], [], rule.base)


def test_an_unknown_without_an_end_has_more_values_than_any_count() -> None:
    free = Programme()
    at = free.unknown()
    assert Attack(free, 1).interval(at).high > 1 << 30


def test_many_intervals_from_one_programme_are_as_those_of_fresh_ones() -> None:
    chance = random.Random(4)
    built = Programme()
    places = [built.unknown(0, chance.randint(0, 14)) for _ in range(40)]
    for _ in range(25):
        members = chance.sample(places, 6)
        most = sum(built.highs[place] for place in members)
        terms = tuple((place, 1) for place in members)
        built.equations.append(Equation(terms, most // 4, most // 2))
    warm = Attack(built, 1)
    for place in places:
        assert warm.interval(place) == Attack(built, 1).interval(place)
    assert warm.solved == 2 * len(places)


def test_without_the_solver_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(SolverMissingError, match=r"pip install 'zorgstroom\[audit\]'"):
        Attack(Programme(), 1)


def test_nothing_is_written_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    built = Programme()
    at = built.unknown(0, 3)
    attack = Attack(built, 1)
    attack.push([at])
    attack.interval(at)
    assert capfd.readouterr().out == ""
