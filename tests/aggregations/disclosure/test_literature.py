"""
Tables that other tools document, with what is known of them.

Sources: sdcTable (R), the example of a pattern with two suppressions in every row and column that
still gives a cell away, and `microdata1`; GaussSuppression (R), vignette "Small count frequency
table suppression", table 1; the SDC Handbook of the ESSnet, section 5.2, three tables on marital
status. Counts are facts; intervals were computed by hand from the published margins.
"""

import json
from typing import Any

import pytest

from zorgstroom.aggregations.disclosure.audit import Audit, audit
from zorgstroom.aggregations.disclosure.document import protect_document
from zorgstroom.aggregations.disclosure.exchange import Document, rule_for
from zorgstroom.aggregations.disclosure.reading import read

pytestmark = pytest.mark.slow

SDCTABLE = {
    "w": {"a": 30, "b": 47, "c": 64, "d": 89},
    "x": {"a": 90, "b": 124, "c": 5, "d": 31},
    "y": {"a": 92, "b": 100, "c": 59, "d": 85},
    "z": {"a": 800, "b": 991, "c": 651, "d": 685},
}
SDCTABLE_PATTERN = ("w a", "w b", "w c", "x a", "x c", "y b", "y d", "z b", "z d")
MICRODATA1 = {
    "A": {"male": 18, "female": 2},
    "B": {"male": 14, "female": 19},
    "C": {"male": 12, "female": 10},
    "D": {"male": 11, "female": 14},
}
GAUSS = {
    "young": {"Spain": 5, "Iceland": 2, "Portugal": 0},
    "old": {"Spain": 6, "Iceland": 3, "Portugal": 4},
}
GAUSS_PATTERN = ("young Iceland", "young Portugal", "old Iceland", "old Portugal")
HANDBOOK_SEX = {
    "married": {"male": 38, "female": 17},
    "divorced": {"male": 7, "female": 4},
    "single": {"male": 3, "female": 1},
}
HANDBOOK_HOURS = {
    "married": {"m >30": 30, "m 16-30": 6, "m <=15": 2, "f >30": 14, "f 16-30": 3, "f <=15": 0},
    "divorced": {"m >30": 3, "m 16-30": 4, "m <=15": 0, "f >30": 2, "f 16-30": 2, "f <=15": 0},
    "single": {"m >30": 2, "m 16-30": 0, "m <=15": 1, "f >30": 0, "f 16-30": 0, "f <=15": 1},
}
HANDBOOK_WORK = {
    "married": {"full time": 6, "part time": 0},
    "divorced": {"full time": 5, "part time": 1},
    "single": {"full time": 2, "part time": 2},
}
TABLES = {
    "sdcTable": SDCTABLE,
    "microdata1": MICRODATA1,
    "GaussSuppression": GAUSS,
    "marital status by sex": HANDBOOK_SEX,
    "marital status by hours": HANDBOOK_HOURS,
    "full or part time": HANDBOOK_WORK,
}


def document(
    counts: dict[str, dict[str, int]], threshold: int, hidden: tuple[str, ...] = ()
) -> Document:
    """Return a two-way table with margins as a document; `hidden` cells have only a true value."""
    columns = list(next(iter(counts.values())))
    values = {f"{row} {column}": counts[row][column] for row in counts for column in columns}
    relations: list[dict[str, Any]] = []
    for row, inner in counts.items():
        relations.append({"total": f"{row} total", "parts": [f"{row} {c}" for c in columns]})
        values[f"{row} total"] = sum(inner.values())
    for column in [*columns, "total"]:
        relations.append({"total": f"total {column}", "parts": [f"{r} {column}" for r in counts]})
        values[f"total {column}"] = sum(values[f"{row} {column}"] for row in counts)
    cells = [
        {"id": name, "value": None if name in hidden else value, "value_true": value}
        for name, value in values.items()
    ]
    relations.append({"total": "total total", "parts": [f"total {c}" for c in columns]})
    given = {"threshold": threshold, "cells": cells, "relations": relations}
    return read(json.dumps(given).encode())


def attacked(asked: Document, rule: str = "contain") -> Audit:
    return audit(asked, rule_for(asked, rule))


def intervals(found: Audit) -> dict[str, tuple[int, int | None]]:
    return {str(cell): (at.low, at.high) for cell, at in found.intervals}


def test_sdctable_two_suppressions_in_every_line_still_give_a_cell_away() -> None:
    found = attacked(document(SDCTABLE, 50, SDCTABLE_PATTERN), "exact")
    assert intervals(found)["w b"] == (47, 47)
    # What follows for the others: a row, a column and the lower bound 0 each time.
    assert intervals(found) == {
        "w a": (25, 94),
        "w b": (47, 47),
        "w c": (0, 69),
        "x a": (26, 95),
        "x c": (0, 69),
        "y b": (0, 185),
        "y d": (0, 185),
        "z b": (906, 1091),
        "z d": (585, 770),
    }
    assert {(item.id, item.kind) for item in found.disclosures} == {
        ("w b", "herleidbaar"),
        ("x d", "getoond"),  # that example has no threshold; 31 lies below ours
    }


def test_gauss_suppression_leaves_what_it_says() -> None:
    # maxN = 1: zeros and ones are suppressed, so the threshold is 2.
    found = attacked(document(GAUSS, 2, GAUSS_PATTERN))
    assert intervals(found) == {
        "young Iceland": (0, 2),
        "young Portugal": (0, 2),
        "old Iceland": (3, 5),
        "old Portugal": (2, 4),
    }
    assert found.safe


def test_the_primary_suppression_of_microdata1_alone_gives_the_cell_away() -> None:
    found = attacked(document(MICRODATA1, 4, ("A female",)))
    assert intervals(found) == {"A female": (2, 2)}
    assert [(item.id, item.kind) for item in found.disclosures] == [("A female", "herleidbaar")]


def test_microdata1_needs_three_more_cells() -> None:
    asked = document(MICRODATA1, 4)
    safe = protect_document(asked, rule_for(asked))
    assert sum(cell.value is None for cell in safe.cells) == 4


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("threshold", [2, 4, 10])
@pytest.mark.parametrize("rule", ["contain", "exact"])
def test_known_tables_are_protected_and_their_audit_finds_nothing(
    name: str, threshold: int, rule: str
) -> None:
    asked = document(TABLES[name], threshold)
    before = attacked(asked, rule)
    safe = protect_document(asked, rule_for(asked, rule))
    found = attacked(safe, rule)
    assert found.safe
    assert found.certificate
    small = [cell for cell in asked.cells if cell.value is not None and cell.value < threshold]
    assert before.safe == (not small)
    for cell in small:
        low, high = intervals(found)[str(cell.id)]
        if rule == "contain":
            assert low == 0
            assert high is None or high >= threshold - 1
        else:
            assert low != high
