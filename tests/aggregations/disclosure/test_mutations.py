"""One rule weakened at a time: the independent check finds each, and so does the attack."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.aggregations.disclosure.tables import Counts, crossed, months, regional
from zorgstroom.aggregations.disclosure.attack import Attack, ContradictionError, informed
from zorgstroom.aggregations.disclosure.check import Checker, Kind
from zorgstroom.aggregations.disclosure.protect import proofs_of, protect
from zorgstroom.aggregations.disclosure.system import scopes
from zorgstroom.aggregations.disclosure.table import (
    HIDDEN,
    KNOWN,
    Mask,
    Protected,
    Rule,
    Table,
    Witnesses,
)

RULE = Rule(10)
COUNTS: Counts = np.array([[3, 25, 40, 0], [30, 12, 50, 61], [21, 33, 8, 17]])


def table(counts: Counts = COUNTS) -> Table:
    values, relations = crossed(counts)
    return Table(values, tuple(relations))


def with_pattern(table: Table, rule: Rule, hidden: Mask) -> Protected:
    """Publish `table` with a pattern of one's own, and whatever can be proven of it."""
    proofs, _, _ = proofs_of(
        table,
        rule,
        scopes(table.relations, rule),
        hidden,
        former=None,
        remaining=lambda: float("inf"),
    )
    return Protected(~hidden, np.where(hidden, 0, table.values), proofs)


def kinds(table: Table, published: Protected, rule: Rule = RULE) -> set[Kind]:
    return {problem.kind for problem in Checker(table, rule).inside(published, table)}


def narrowed(table: Table, published: Protected, rule: Rule = RULE) -> list[int]:
    attack = Attack(table.relations, published.shown, published.values, table.lowest)
    return [
        cell
        for cell in np.flatnonzero((table.values < rule.threshold) & ~published.shown).tolist()
        if not attack.covers(cell, 0, rule.threshold - 1)
    ]


def test_the_threshold_alone_is_found() -> None:
    own = table()
    published = with_pattern(own, RULE, own.values < 10)
    assert kinds(own, published) == {"unproven"}
    assert narrowed(own, published)


def test_a_lower_threshold_is_found() -> None:
    own = table(np.array([[9, 25, 40], [30, 12, 50], [21, 33, 18]]))
    assert "small shown" in kinds(own, protect(own, Rule(9)))


def test_zeros_that_are_shown_are_found() -> None:
    own = table()
    hidden = ~protect(own, RULE).shown & (own.values > 0)
    assert "small shown" in kinds(own, with_pattern(own, RULE, hidden))


def test_the_weaker_guarantee_is_found_where_it_is_not_enough() -> None:
    own = table()
    published = protect(own, Rule(10, within="exact"))
    assert "unproven" in kinds(own, published)
    assert narrowed(own, published)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_each_complementary_cell_is_needed(seed: int) -> None:
    values, relations = regional(seed, 6, 8)
    own = Table(values, tuple(relations))
    hidden = ~protect(own, RULE).shown
    for cell in np.flatnonzero(hidden & (values >= 10)).tolist():
        less = hidden.copy()
        less[cell] = False
        published = with_pattern(own, RULE, less)
        found = kinds(own, published)
        assert found <= {"unproven"}
        assert bool(found) == given_away(own, published)


def given_away(own: Table, published: Protected) -> bool:
    """Return whether someone who knows the rule can narrow a small cell, or sees it was broken."""
    try:
        attack, _ = informed(own, RULE, published)
    except ContradictionError:
        return True
    small = np.flatnonzero((own.values < 10) & ~published.shown).tolist()
    return not all(attack.covers(cell, 0, 9) for cell in small)


def test_a_cell_that_cannot_be_small_gives_another_away() -> None:
    # Of the square 3, 25, 30, 12 nothing below 9 can stand in the place of the 12. Someone who
    # knows the rule concludes that it is 10 or more, and so that the 3 is at least 1.
    own = table(np.array([[3, 25, 40], [30, 12, 50], [21, 33, 18]]))
    hidden = np.zeros((4, 4), np.bool_)
    hidden[:2, :2] = True
    published = with_pattern(own, RULE, hidden.ravel())
    assert not narrowed(own, published)
    assert given_away(own, published)
    assert kinds(own, published) == {"unproven"}
    assert not given_away(own, protect(own, RULE))


def test_links_that_were_forgotten_are_found() -> None:
    own = months(np.array([[[12, 40], [33, 3]], [[25, 31], [44, 50]]]))
    alone = Table(own.values, tuple(r for r in own.relations if r.table is not None))
    assert "no witnesses" in kinds(own, protect(alone, RULE))


def test_a_relation_that_was_forgotten_is_found() -> None:
    own = table()
    fewer = Table(own.values, own.relations[2:])
    assert kinds(own, protect(fewer, RULE)) & {"wrong sum", "unproven"}


def test_a_reader_who_knows_the_rule_is_not_forgotten() -> None:
    # In this table cells that cannot be small give away others; without conclusions from the rule
    # the protector publishes witnesses that such a reader would not believe.
    values, relations = regional(7)
    own = Table(values, tuple(relations))
    naive = Table(values, tuple(relations), floor=np.zeros(len(values), np.int64))
    assert kinds(own, protect(naive, RULE)) == {"breaks the rule"}


def test_what_must_stay_hidden_and_what_is_known_are_checked() -> None:
    own = table()
    published = protect(own, RULE)
    state = np.zeros(len(own), np.int8)
    state[np.flatnonzero(published.shown)[0]] = HIDDEN
    assert "hidden shown" in kinds(replace(own, state=state), published)
    state = np.zeros(len(own), np.int8)
    state[np.flatnonzero(~published.shown & (own.values >= 10))[0]] = KNOWN
    assert "known not shown" in kinds(replace(own, state=state), published)


def changed(published: Protected, change: Callable[[Witnesses], Witnesses]) -> Protected:
    return replace(published, witnesses=tuple(change(proof) for proof in published.witnesses))


def one_more(proof: Witnesses) -> Witnesses:
    tables = proof.tables.copy()
    tables[0, 0] += 1
    return replace(proof, tables=tables)


def negative(proof: Witnesses) -> Witnesses:
    return replace(proof, tables=proof.tables - 10_000)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (one_more, "wrong sum"),
        (negative, "too low"),
        (lambda proof: replace(proof, tables=proof.tables.astype(float)), "not whole"),
        (lambda proof: replace(proof, tables=proof.tables[:0]), "unproven"),
        (lambda proof: replace(proof, tables=proof.tables[1:]), "unproven"),
        (lambda proof: replace(proof, tables=proof.tables[:, 1:]), "wrong cells"),
        (lambda proof: replace(proof, cells=proof.cells + 1), "wrong cells"),
        (lambda proof: replace(proof, scope="elders"), "no witnesses"),
    ],
)
def test_a_damaged_proof_is_found(change: Callable[[Witnesses], Witnesses], kind: Kind) -> None:
    own = table()
    assert kind in kinds(own, changed(protect(own, RULE), change))


def test_a_shown_value_that_is_not_true_is_found() -> None:
    own = table()
    published = protect(own, RULE)
    values = published.values.copy()
    values[np.flatnonzero(published.shown)[0]] += 1
    assert {"wrong value", "wrong sum"} <= kinds(own, replace(published, values=values))


def test_a_value_behind_a_suppressed_cell_is_found() -> None:
    own = table()
    published = protect(own, RULE)
    assert kinds(own, replace(published, values=own.values)) == {"value leaks"}


def test_anyone_can_check_a_publication_without_the_true_values() -> None:
    own = table()
    published = protect(own, RULE)
    checker = Checker(own, RULE)
    assert not checker.outside(published)
    assert checker.proven(published)[own.values < 10].all()
    assert checker.outside(changed(published, one_more))
