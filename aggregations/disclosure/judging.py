"""
What an outsider can compute from one moment of a publication, beyond what its proof rules out.

A proof is checked by addition. What it proves is as wide as the rule asks, whatever one computes;
so only the other hidden cells are attacked with linear programmes, or all of them when asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.attack import Attack, ContradictionError, Interval
from zorgstroom.aggregations.disclosure.certificate import CertificateError, unpacked
from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.check import Kind as Problem
from zorgstroom.aggregations.disclosure.plan import Cell
from zorgstroom.aggregations.disclosure.table import (
    Guarantee,
    Ints,
    Label,
    Mask,
    Protected,
    Relation,
    Rule,
    Table,
    Witnesses,
)
from zorgstroom.aggregations.disclosure.witnessed import Finding, Kind, Weighed

NOT_ATTACKED: Final = (
    "de intern-zone: wie de dossiers, de topics of Prometheus kan lezen, ziet exacte aantallen",
    "kennis van buiten over wat er tussen twee momenten gebeurde (verschillen van opeenvolgende "
    "momenten zijn alleen per moment aangevallen, met het laatste cijfer van elke cel)",
    "hoe smal een aantal wordt door actief naast instroom en uitstroom (wat uit alles van een "
    "moment precies volgt is wel nagegaan; verschillende momenten zijn niet naast elkaar gelegd)",
    "of een cijfer pas is vernieuwd na genoeg dossiers: dat is van buiten niet te zien",
    "tijdigheid",
)
"""What an audit says that it did not attack (Dutch)."""

_PROBLEMS: Final[dict[Problem, str]] = {
    "small shown": "een te klein cijfer is getoond",
    "hidden shown": "wat weg moest blijven is getoond",
    "known not shown": "wat bekend is ontbreekt",
    "wrong value": "een getoond cijfer is onwaar",
    "value leaks": "achter een onderdrukte cel staat een getal",
    "not whole": "een getuige is geen geheel getal",
    "wrong cells": "hoort bij andere cellen",
    "no witnesses": "er zijn geen getuigen",
    "wrong sum": "een getuige telt niet op",
    "too low": "een getuige is negatief",
    "breaks the rule": "een getuige is in strijd met de regel",
    "unproven": "niet bewezen",
}


@dataclass(slots=True)
class Judged:
    """What came of the attack on one system."""

    findings: list[Finding] = field(default_factory=list)
    hidden: int = 0
    proven: int = 0
    """Hidden cells with a valid proof in everything that they are in."""
    attacked: int = 0
    """Hidden cells of which the interval was computed."""
    intervals: list[tuple[Cell, Interval]] = field(default_factory=list)
    """Cells that can be narrowed more than the rule would leave a small one (so they are not)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Relations that hold together, and what must hold there."""

    label: Label | None
    guarantee: Guarantee
    relations: tuple[Relation, ...]
    cells: Mask


def judge(one: Weighed, rule: Rule, *, thorough: bool = False) -> Judged:
    """
    Check the proof of a system and attack what it leaves.

    Args:
        one: The system, as everyone has it.
        rule: What must hold.
        thorough: Attack every hidden cell, also where the proof holds.

    """
    judged = Judged()
    name = one.frame.name
    published = Protected(one.shown, one.values, _proof(one, judged))
    table = _public(one, published.witnesses, rule)
    if table is None:
        judged.findings.append(Finding("certificaat", systeem=name, uitleg="telt niet op"))
        return judged
    checker = Checker(table, rule)
    problems = [] if one.is_cut else checker.outside(published)
    for kind in dict.fromkeys(problem.kind for problem in problems):
        judged.findings.append(Finding("certificaat", systeem=name, uitleg=_PROBLEMS[kind]))
    valid = not judged.findings and one.proof is not None
    proven = checker.proven(published) if valid else np.zeros(len(table), np.bool_)
    in_any = np.zeros(len(table), np.bool_)
    low, high = table.ends(rule)
    # Whoever knows the rule knows that a cell without proof is no small one.
    lower = np.where(~one.shown & ~proven & valid, table.floors(rule), 0)
    for scope in scopes_of(table.relations, len(table), rule):
        in_any |= scope.cells
        targets = ~one.shown & scope.cells
        if valid and not thorough:
            targets &= ~proven & ~_beyond(published.witnesses, scope.label, low, high)
        _attack(one, scope, targets, judged, ends=(low, high), lower=lower, rule=rule)
    hidden = ~one.shown & in_any
    judged.hidden, judged.proven = int(hidden.sum()), int((hidden & proven).sum())
    return judged


def scopes_of(relations: Sequence[Relation], size: int, rule: Rule) -> list[Scope]:
    """Return which relations hold together, and with which guarantee."""
    labels = dict.fromkeys(r.table for r in relations if r.table is not None)
    found = [
        Scope(label, rule.within, rows, _cells(rows, size))
        for label in labels
        if (rows := tuple(r for r in relations if r.table == label))
    ]
    if any(r.table is None for r in relations) or len(labels) > 1:
        found.append(Scope(None, rule.across, tuple(relations), _cells(relations, size)))
    return found


def _cells(relations: Sequence[Relation], size: int) -> Mask:
    found = np.zeros(size, np.bool_)
    found[[cell for relation in relations for cell, _ in relation.terms]] = True
    return found


def _public(one: Weighed, witnesses: Sequence[Witnesses], rule: Rule) -> Table | None:
    """Return the table as an outsider has it; None when nothing can stand behind what is shown."""
    own = one.frame
    some = one.values.copy()
    for proof in witnesses:
        if len(proof.tables):
            some[proof.cells] = proof.tables[0]
    try:
        return own.public(some, one.shown, rule)
    except ValueError:
        pass  # not one table: let the attack look for another
    try:
        zero = np.zeros(len(own.cells), np.int64)
        some = Attack(own.relations, one.shown, one.values, zero).possible()
    except ContradictionError:
        return None
    return own.public(some, one.shown, rule)


def _proof(one: Weighed, judged: Judged) -> tuple[Witnesses, ...]:
    name = one.frame.name
    if one.proof is None:
        if one.is_cut:
            return ()
        judged.findings.append(Finding("certificaat", systeem=name, uitleg="ontbreekt"))
        return ()
    try:
        return unpacked(one.proof, one.frame.relations, one.shown)
    except CertificateError:
        judged.findings.append(Finding("certificaat", systeem=name, uitleg="past niet"))
        return ()


def _attack(
    one: Weighed,
    scope: Scope,
    targets: Mask,
    judged: Judged,
    *,
    ends: tuple[Ints, Ints],
    lower: Ints,
    rule: Rule,
) -> None:
    if not targets.any():
        return
    try:
        attack = Attack(scope.relations, one.shown, one.values, lower)
    except ContradictionError:
        why = "de getoonde cijfers spreken de regel tegen"
        judged.findings.append(Finding("certificaat", systeem=one.frame.name, uitleg=why))
        return
    for at in np.flatnonzero(targets).tolist():
        judged.attacked += 1
        low, high = int(ends[0][at]), int(ends[1][at])
        narrow = narrowed(attack, at, (low, high), scope.guarantee, rule)
        if narrow is None:
            continue
        cell = one.frame.cells[at]
        judged.intervals.append((cell, narrow))
        # What may lie outside of the range of a withheld cell was withheld for another's sake.
        if narrow.low >= low and narrow.high is not None and narrow.high <= high:
            kind: Kind = "herleidbaar" if narrow.low == narrow.high else "te smal"
            judged.findings.append(Finding(kind, cell, one.frame.name, narrow))


def narrowed(
    attack: Attack, at: int, ends: tuple[int, int], guarantee: Guarantee, rule: Rule
) -> Interval | None:
    """Return the interval of a hidden cell that is narrower than `guarantee` asks, else None."""
    if guarantee == "contain":
        return None if attack.covers(at, *ends) else attack.interval(at)
    wanted = rule.values(guarantee)
    return None if attack.values(at, wanted) >= wanted else attack.interval(at)


def _beyond(witnesses: Sequence[Witnesses], label: Label | None, low: Ints, high: Ints) -> Mask:
    """Return which cells can be outside the range of the rule, as good witnesses show."""
    found = np.zeros(len(low), np.bool_)
    for proof in witnesses:
        if proof.scope != label or not len(proof.tables):
            continue
        least, most = proof.tables.min(axis=0), proof.tables.max(axis=0)
        found[proof.cells] = (least < low[proof.cells]) | (most > high[proof.cells])
    return found
