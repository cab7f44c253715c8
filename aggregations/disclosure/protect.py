"""
Protection of one system of cells: what may be shown of it, with the proof.

A pattern is looked for with the true values, and then proven without them. The proof also holds
against someone who knows the rule: a suppressed cell for which the published figures leave no room
for the guarantee cannot be small, so it is at least the threshold, and what follows from that
follows for everyone. Tables in which such a cell is small are no witnesses.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.linear import Remaining
from zorgstroom.aggregations.disclosure.moves import Moves
from zorgstroom.aggregations.disclosure.pattern import Search
from zorgstroom.aggregations.disclosure.system import Scope, scopes
from zorgstroom.aggregations.disclosure.table import (
    FREE,
    HIDDEN,
    BudgetError,
    Ints,
    Mask,
    Protected,
    Rule,
    Table,
    UnprotectableError,
    Witnesses,
)
from zorgstroom.aggregations.disclosure.witnesses import Prover

_ROUNDS: Final = 50
_LATER: Final = 5
"""Attempts at another way round when a pattern has to grow."""


def protect(
    table: Table,
    rule: Rule,
    *,
    former: Protected | None = None,
    prune: bool = False,
    tries: int = 1,
    attempts: int = 30,
    seed: int = 0,
    clock: Callable[[], float] | None = None,
    budget: float = float("inf"),
) -> Protected:
    """
    Return what of `table` may be shown under `rule`, and the witnesses that prove it.

    Args:
        table: True values, relations, and what is known or must stay suppressed.
        rule: The threshold and the guarantees.
        former: The last publication of the same cells: what it suppressed stays suppressed, and
            its witnesses are renewed where they broke. None: a fresh pattern.
        prune: Look for a fresh pattern although there is a `former` one (at a close).
        tries: How many fresh patterns to begin with; the cheapest is worked on.
        attempts: How often to look for another way round in it; 30 is within 5 % of the fewest on
            tables of 345 cells, more is nearer and takes longer. In a large system 0 will do.
        seed: For the order in which patterns are tried.
        clock: A clock that only goes forward, in seconds, for the budget.
        budget: The seconds that this may take.

    Raises:
        BudgetError: It was not done in time. Publish nothing.
        UnprotectableError: No pattern gives the guarantee, because of what is known already.

    """
    begun = clock() if clock else 0.0

    def remaining() -> float:
        return budget - (clock() - begun) if clock else float("inf")

    small = table.small(rule)
    hidden = small | (table.state == HIDDEN)
    found = scopes(table.relations, rule)
    moves = [Moves(scope, table, rule, remaining) for scope in found]

    def wider(cells: Ints, tries: int, attempts: int) -> Mask:
        search = Search(moves, cells.tolist(), table.cost, seed)
        return search.best(hidden, tries, attempts)

    if former is not None and not prune:
        hidden |= ~former.shown & (table.state == FREE)
    else:
        hidden = wider(np.flatnonzero(small), tries, attempts)
    for _ in range(_ROUNDS):
        proofs, lower, failing = proofs_of(
            table, rule, found, hidden, former=former, remaining=remaining, early=True
        )
        if not len(failing):
            return Protected(~hidden, np.where(hidden, 0, table.values), proofs)
        # What followed for large cells holds for this pattern; a wider one may take it away.
        more = hidden
        for least in (table.lowest, np.where(small, table.lowest, lower)):
            for scope in moves:
                scope.floor(least)
            try:
                more = wider(failing, 1, min(attempts, _LATER))
            except UnprotectableError:
                continue
            if (more != hidden).any():
                break
        # Whole numbers may ask for more than the linear programmes of the search know of.
        hidden = more if (more != hidden).any() else _neighbours(found, table, hidden, failing)
    raise BudgetError("no whole-number proof in the rounds allowed")


def proofs_of(
    table: Table,
    rule: Rule,
    found: Sequence[Scope],
    hidden: Mask,
    *,
    former: Protected | None,
    remaining: Remaining,
    early: bool = False,
) -> tuple[tuple[Witnesses, ...], Ints, Ints]:
    """
    Return the witnesses of all scopes, what each cell is at least, and the unproven small cells.

    Witnesses start from those of the last publication only. Those of a pattern that was tried and
    given up carry values that are not going to be shown. With `early` it ends at small cells that
    have no proof by themselves: the pattern is wrong, and what would follow from them is not true.
    """
    shown = np.where(hidden, 0, table.values)
    lower, floors = table.lowest.copy(), table.floors(rule)
    provers = [
        Prover(scope.system.outside(hidden, shown, lower), scope, rule, table.ends(rule), remaining)
        for scope in found
    ]
    for prover in provers:
        if former is not None:
            prover.take_over(former)
    while True:
        unproven = np.zeros(len(table), np.bool_)
        for prover in provers:
            prover.prove()
            unproven[prover.outside.cells[~prover.proven()]] = True
        concluded = unproven & (lower < floors)
        if not concluded.any() or (early and (unproven & table.small(rule)).any()):
            break
        lower[concluded] = floors[concluded]
        for prover in provers:
            prover.raise_(lower)
    failing = np.flatnonzero(unproven & table.small(rule))
    return tuple(prover.witnesses() for prover in provers), lower, failing


def _neighbours(found: Sequence[Scope], table: Table, hidden: Mask, failing: Ints) -> Mask:
    """Return `hidden` with, for each failing cell, the cheapest cell that shares a relation."""
    hidden = hidden.copy()
    for cell in failing.tolist():
        near = np.zeros(len(table), np.bool_)
        for scope in found:
            system = scope.system
            rows = system.row[system.cells[system.at] == cell]
            near[system.cells[system.at[np.isin(system.row, rows)]]] = True
        for candidates in (near, np.ones(len(table), np.bool_)):
            free = np.flatnonzero(candidates & (table.state == FREE) & ~hidden)
            if len(free):
                hidden[free[np.argmin(table.cost[free])]] = True
                break
        else:
            raise UnprotectableError([cell])
    return hidden
