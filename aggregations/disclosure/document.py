"""Protection of a document: the exchange format with true values in, what may be shown out."""

from collections.abc import Callable
from typing import Final

from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.exchange import Document
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import DisclosureError, Rule

_EFFORT: Final = 20_000
"""Attempts at a smaller pattern, times the number of cells: about a second on 345 cells."""


class UncheckedError(DisclosureError):
    """The independent check does not confirm what was protected; nothing may be written."""


def protect_document(
    document: Document,
    rule: Rule,
    *,
    clock: Callable[[], float] | None = None,
    budget: float = float("inf"),
) -> Document:
    """
    Return `document` with only what may be shown, and a certificate.

    Cells without a value stay suppressed. A cell that is `known` stays shown.

    Raises:
        DocumentError: True values are missing or do not add up.
        UnprotectableError: What is known already gives cells away.
        BudgetError: It was not done in time.
        UncheckedError: The independent check found something wrong.

    """
    table = document.table()
    attempts = min(_EFFORT // len(table), 100)
    result = protect(table, rule, attempts=attempts, clock=clock, budget=budget)
    problems = Checker(table, rule).inside(result, table)
    if problems:
        kinds = ", ".join(sorted({problem.kind for problem in problems}))
        raise UncheckedError(f"the check found: {kinds}")
    return document.protected(result, rule)
