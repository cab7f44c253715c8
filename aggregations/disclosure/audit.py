"""
The audit of a document: what an outsider can find out about small counts.

A disclosure is a shown value below the threshold; a suppressed cell that can only be one value
below it; one that is proven below it with less room than the rule asks; and, where the true value
is given, any small cell with less room than the rule asks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from zorgstroom.aggregations.disclosure.attack import Attack, ContradictionError, Interval
from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.exchange import (
    Document,
    DocumentError,
    Id,
    rule_for,
)
from zorgstroom.aggregations.disclosure.table import Rule, Table

Kind = Literal["getoond", "herleidbaar", "te smal", "certificaat"]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One thing that a reader of the table could find out, or that is wrong with its proof."""

    id: Id | None
    kind: Kind
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What an attack on a document found."""

    cells: int
    suppressed: int
    disclosures: tuple[Disclosure, ...]
    intervals: tuple[tuple[Id, Interval], ...]
    """Of every suppressed cell, in the order of the document."""
    certificate: bool | None
    """Whether the certificate is a valid proof; None without one."""

    @property
    def safe(self) -> bool:
        """Whether nothing was found."""
        return not self.disclosures


def audit(document: Document, rule: Rule) -> Audit:
    """
    Attack `document` as an outsider would and return what was found.

    Raises:
        DocumentError: The values contradict the relations.

    """
    size = len(document.cells)
    try:
        attack = Attack(
            document.equations, document.shown, document.values, np.zeros(size, np.int64)
        )
    except ContradictionError:
        raise DocumentError(
            "de getoonde waarden en de relaties spreken elkaar tegen: geen gehele aantallen vanaf "
            "0 voldoen eraan. Verbeter de waarden of de relaties."
        ) from None
    found: list[Disclosure] = []
    intervals: list[tuple[Id, Interval]] = []
    for at, cell in enumerate(document.cells):
        if cell.value is not None:
            if cell.value < rule.threshold and not cell.known:
                found.append(Disclosure(cell.id, "getoond", Interval(cell.value, cell.value)))
            continue
        interval = attack.interval(at)
        intervals.append((cell.id, interval))
        true = cell.value_true
        if true is not None and not interval.covers(true, true):
            raise DocumentError(f"cel {cell.id}: value_true past niet bij de relaties.")
        kind = _judged(attack, at, interval, true, rule)
        if kind:
            found.append(Disclosure(cell.id, kind, interval))
    certificate = None
    published = document.published()
    if published is not None and document.certificate is not None:
        # The checker reads what everyone knows; the values may be any that are possible.
        public = Table(attack.possible(), document.equations, state=document.state)
        proven = rule_for(document, document.certificate.rule)
        certificate = not Checker(public, proven).outside(published)
        if not certificate:
            found.append(Disclosure(None, "certificaat", None))
    return Audit(size, len(intervals), tuple(found), tuple(intervals), certificate)


def _judged(
    attack: Attack, at: int, interval: Interval, true: int | None, rule: Rule
) -> Kind | None:
    below = interval.high is not None and interval.high < rule.threshold
    small = below or (true is not None and true < rule.threshold)
    if not small:
        return None
    if interval.low == interval.high:
        return "herleidbaar"
    if rule.within == "contain":
        return None if interval.covers(0, rule.threshold - 1) else "te smal"
    wanted = rule.values(rule.within)
    return "te smal" if attack.values(at, wanted) < wanted else None
