"""Laws of protection: whatever the table, an attacker with other means finds nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.disclosure.tables import linked, three_way, two_way
from zorgstroom.aggregations.disclosure.attack import Attack, informed
from zorgstroom.aggregations.disclosure.certificate import packed, unpacked
from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import Protected, Rule, Table

rules = st.builds(
    Rule, threshold=st.integers(1, 12), breadth=st.integers(2, 5), within=st.just("contain")
)


def attacked(table: Table, published: Protected, relations: str | None = None) -> Attack:
    rows = [r for r in table.relations if relations in (None, r.table)]
    return Attack(rows, published.shown, published.values, table.lowest)


@settings(deadline=None, max_examples=12)
@given(st.one_of(two_way(), three_way()), rules)
def test_every_small_cell_of_a_table_can_be_anything_below_the_threshold(
    table: Table, rule: Rule
) -> None:
    found = protect(table, rule)
    assert not Checker(table, rule).inside(found, table)
    attack = attacked(table, found)
    for cell in np.flatnonzero(table.values < rule.threshold).tolist():
        assert not found.shown[cell]
        assert attack.interval(cell).covers(0, rule.threshold - 1)


@settings(deadline=None, max_examples=12)
@given(two_way(), rules)
def test_it_stays_so_for_someone_who_knows_the_rule(table: Table, rule: Rule) -> None:
    found = protect(table, rule)
    attack, concluded = informed(table, rule, found)
    assert (table.values[concluded] >= rule.threshold).all()
    for cell in np.flatnonzero(table.values < rule.threshold).tolist():
        assert attack.interval(cell).covers(0, rule.threshold - 1)


@settings(deadline=None, max_examples=12)
@given(linked(), rules)
def test_links_leave_at_least_the_breadth_and_tables_by_themselves_containment(
    table: Table, rule: Rule
) -> None:
    found = protect(table, rule)
    assert not Checker(table, rule).inside(found, table)
    together = attacked(table, found)
    small = np.flatnonzero(table.values < rule.threshold).tolist()
    for cell in small:
        assert together.values(cell, rule.breadth) == rule.breadth
    for label in {r.table for r in table.relations if r.table is not None}:
        alone = attacked(table, found, str(label))
        own = {c for r in table.relations if r.table == label for c, _ in r.terms}
        assert all(alone.covers(c, 0, rule.threshold - 1) for c in small if c in own)


@settings(deadline=None, max_examples=12)
@given(linked())
def test_the_setting_raises_breadth_to_containment(table: Table) -> None:
    rule = Rule(5, across="contain")
    found = protect(table, rule)
    assert not Checker(table, rule).inside(found, table)
    together = attacked(table, found)
    for cell in np.flatnonzero(table.values < 5).tolist():
        assert together.interval(cell).covers(0, 4)


@settings(deadline=None, max_examples=12)
@given(two_way(), st.integers(1, 12))
def test_the_exact_rule_leaves_two_values(table: Table, threshold: int) -> None:
    rule = Rule(threshold, within="exact")
    found = protect(table, rule)
    assert not Checker(table, rule).inside(found, table)
    attack = attacked(table, found)
    for cell in np.flatnonzero(table.values < threshold).tolist():
        interval = attack.interval(cell)
        assert interval.low != interval.high


@settings(deadline=None, max_examples=12)
@given(two_way(), st.data())
def test_a_pattern_only_grows_from_one_publication_to_the_next(
    table: Table, data: st.DataObject
) -> None:
    rule = Rule(data.draw(st.integers(2, 12)))
    found = protect(table, rule)
    inner = range(len(table))
    for _ in range(3):
        step = moved(table, data.draw(st.sampled_from(inner)), data.draw(st.integers(1, 3)))
        later = protect(step, rule, former=found)
        assert not Checker(step, rule).inside(later, step)
        assert not (later.shown & ~found.shown).any()
        table, found = step, later
    pruned = protect(table, rule, former=found, prune=True)
    assert not Checker(table, rule).inside(pruned, table)


def moved(table: Table, cell: int, by: int) -> Table:
    """Return the table with `by` more in one inner cell, and in every total above it."""
    values = table.values.copy()
    totals = {relation.terms[0][0] for relation in table.relations}
    if cell in totals:
        return table
    values[cell] += by
    for _ in range(3):
        for relation in table.relations:
            (top, _), *parts = relation.terms
            values[top] = sum(times * values[part] for part, times in parts)
    return Table(values, table.relations, table.cost, table.state)


@settings(deadline=None, max_examples=12)
@given(two_way(), rules)
def test_the_same_input_gives_the_same_publication(table: Table, rule: Rule) -> None:
    one, other = protect(table, rule), protect(table, rule)
    assert (one.shown == other.shown).all()
    assert packed(one.witnesses) == packed(other.witnesses)


@settings(deadline=None, max_examples=12)
@given(st.one_of(two_way(), linked()), rules)
def test_a_certificate_survives_its_stored_form(table: Table, rule: Rule) -> None:
    found = protect(table, rule)
    text = packed(found.witnesses)
    again = Protected(found.shown, found.values, unpacked(text, table.relations, found.shown))
    assert not Checker(table, rule).inside(again, table)


@settings(deadline=None, max_examples=12)
@given(two_way(), st.integers(2, 12))
def test_what_is_published_does_not_depend_on_the_hidden_values_but_through_the_pattern(
    table: Table, threshold: int
) -> None:
    # Another table that agrees with all that is shown: its pattern may differ, but with the same
    # pattern the witnesses are the same, since they are made from what is shown alone.
    rule = Rule(threshold)
    found = protect(table, rule)
    for proof in found.witnesses:
        for witness in proof.tables[:2]:
            values = found.values.copy()
            values[proof.cells] = witness
            state = np.where(found.shown, 0, 2).astype(np.int8)
            other = Table(values, table.relations, table.cost, state)
            same = Table(table.values, table.relations, table.cost, state)
            one, two = protect(other, rule), protect(same, rule)
            if (one.shown == two.shown).all():
                assert packed(one.witnesses) == packed(two.witnesses)
