"""Protection of one system of cells: known cells, sticky patterns, budgets, whole numbers."""

from itertools import count, repeat

import numpy as np
import pytest

from tests.aggregations.disclosure.tables import Counts, crossed, cube, regional
from zorgstroom.aggregations.disclosure.attack import Attack
from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import (
    HIDDEN,
    KNOWN,
    BudgetError,
    Relation,
    Rule,
    Table,
    UnprotectableError,
    total,
)

RULE = Rule(10)
COUNTS: Counts = np.array([[3, 25, 40], [30, 12, 50], [21, 33, 18]])


def test_a_table_without_small_cells_is_shown_whole() -> None:
    values, relations = crossed(COUNTS + 10)
    found = protect(Table(values, tuple(relations)), RULE)
    assert found.shown.all()
    assert (found.values == values).all()


def test_one_small_cell_in_a_two_way_table_takes_three_others_with_it() -> None:
    values, relations = crossed(COUNTS)
    found = protect(Table(values, tuple(relations)), RULE)
    assert (~found.shown).sum() == 4


def test_totals_are_spared_when_they_are_dear() -> None:
    values, relations = crossed(COUNTS)
    cost = np.ones((4, 4))
    cost[3, :] = cost[:, 3] = 10
    found = protect(Table(values, tuple(relations), cost.ravel()), RULE)
    shown = found.shown.reshape(4, 4)
    assert shown[3].all()
    assert shown[:, 3].all()


def test_a_cell_without_relations_needs_no_company() -> None:
    found = protect(Table(np.array([3, 12]), ()), RULE)
    assert found.shown.tolist() == [False, True]
    assert not Checker(Table(np.array([3, 12]), ()), RULE).inside(
        found, Table(np.array([3, 12]), ())
    )


def test_known_cells_stay_shown_and_do_not_help() -> None:
    values, relations = crossed(COUNTS)
    state = np.zeros((4, 4), np.int8)
    state[1:3, 1] = KNOWN
    table = Table(values, tuple(relations), state=state.ravel())
    found = protect(table, RULE)
    assert found.shown[state.ravel() == KNOWN].all()
    assert not Checker(table, RULE).inside(found, table)


def test_what_known_cells_give_away_cannot_be_protected() -> None:
    table = Table(np.array([3, 20, 23]), (total(2, [0, 1]),), state=np.array([0, KNOWN, KNOWN]))
    with pytest.raises(UnprotectableError) as raised:
        protect(table, Rule(10, across="contain"))
    assert raised.value.cells == (0,)


def test_hidden_cells_stay_hidden_and_help() -> None:
    values, relations = crossed(COUNTS)
    state = np.zeros((4, 4), np.int8)
    state[np.ix_([0, 2], [0, 2])] = HIDDEN
    found = protect(Table(values, tuple(relations), state=state.ravel()), RULE)
    assert (~found.shown == (state.ravel() == HIDDEN)).all()


def test_a_budget_that_is_used_up_publishes_nothing() -> None:
    values, relations = regional(1)
    ticks = count()
    with pytest.raises(BudgetError):
        protect(Table(values, tuple(relations)), RULE, clock=lambda: next(ticks), budget=50)


def test_a_clock_that_stands_still_uses_no_budget() -> None:
    values, relations = crossed(COUNTS)
    stands = repeat(5.0)
    assert protect(Table(values, tuple(relations)), RULE, clock=lambda: next(stands), budget=1)


def test_a_change_that_shows_nothing_new_keeps_the_witnesses() -> None:
    values, relations = crossed(COUNTS)
    found = protect(Table(values, tuple(relations)), RULE)
    grid = values.reshape(4, 4).copy()
    for row, column in ((2, 2), (2, 3), (3, 2), (3, 3)):  # a shown cell and its margins
        grid[row, column] += 1
    assert found.shown.reshape(4, 4)[2, 2]
    later = protect(Table(grid.ravel(), tuple(relations)), RULE, former=found)
    assert (later.shown == found.shown).all()
    assert (later.witnesses[0].tables == found.witnesses[0].tables).all()


def test_pruning_lifts_what_is_needed_no_more() -> None:
    values, relations = crossed(COUNTS)
    found = protect(Table(values, tuple(relations)), RULE)
    grown = COUNTS.copy()
    grown[0, 0] = 30
    values, relations = crossed(grown)
    table = Table(values, tuple(relations))
    assert (~protect(table, RULE, former=found).shown).sum() == 4
    assert protect(table, RULE, former=found, prune=True).shown.all()


@pytest.mark.slow
def test_more_tries_and_attempts_withhold_no_more() -> None:
    values, relations = regional(13)
    table = Table(values, tuple(relations))
    quick = protect(table, RULE, attempts=0)
    long = protect(table, RULE, tries=2, attempts=60)
    assert (~long.shown).sum() < (~quick.shown).sum()


def test_ends_of_an_interval_do_not_prove_the_values_between() -> None:
    # x = 2 y with x up to 8: five values. Asked for six, nothing is enough.
    relations = (Relation(((0, 1), (1, -2))), Relation(((0, 1), (2, 1)), 8))
    table = Table(np.array([4, 2, 4]), relations)
    attack = Attack(relations, np.zeros(3, np.bool_), table.values, table.lowest)
    assert (attack.interval(0).low, attack.interval(0).high) == (0, 8)
    assert attack.values(0, 9) == 5
    assert not Checker(table, Rule(10, 5)).inside(protect(table, Rule(10, 5)), table)
    with pytest.raises(UnprotectableError):
        protect(table, Rule(10, 6))


@pytest.mark.parametrize("seed", range(5))
def test_three_dimensions_are_proven_in_whole_numbers(seed: int) -> None:
    random = np.random.default_rng(seed)
    table = cube(random.poisson(random.lognormal(2.5, 1, (3, 4, 4))))
    found = protect(table, RULE)
    assert not Checker(table, RULE).inside(found, table)
    attack = Attack(table.relations, found.shown, found.values, table.lowest)
    small = np.flatnonzero(table.values < 10).tolist()
    assert small
    assert all(attack.covers(cell, 0, 9) for cell in small)


def test_differences_may_be_negative_and_have_their_own_span() -> None:
    # Two parts of a total, and how much each differs from what was published before.
    relations = (
        total(2, [0, 1], "stand"),
        Relation(((0, 1), (3, -1)), 20),
        Relation(((1, 1), (4, -1)), 30),
        Relation(((2, 1), (5, -1)), 50),
    )
    values = np.array([18, 44, 62, -2, 14, 12])
    table = Table(
        values,
        relations,
        state=np.array([0, 0, 0, HIDDEN, HIDDEN, HIDDEN]),
        sensitive=np.array([False, False, False, True, False, False]),
        lower=np.array([0, 0, 0, -20, -30, -50]),
        span=(np.array([0, 0, 0, -9, -9, -9]), np.array([9, 9, 9, 9, 9, 9])),
    )
    rule = Rule(10, across="contain")
    found = protect(table, rule)
    assert not Checker(table, rule).inside(found, table)
    assert not found.shown[0]
    attack = Attack(relations, found.shown, found.values, table.lowest)
    assert attack.interval(3).covers(-9, 9)


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="relation 0"):
        Table(np.array([1, 2, 4]), (total(2, [0, 1]),))
