"""The exchange format: what is read, refused and written."""

import json
from typing import Any

import pytest

from zorgstroom.aggregations.disclosure.audit import audit
from zorgstroom.aggregations.disclosure.document import protect_document
from zorgstroom.aggregations.disclosure.exchange import Document, DocumentError, rule_for
from zorgstroom.aggregations.disclosure.reading import read
from zorgstroom.aggregations.disclosure.table import UnprotectableError


def cells(*values: int | None, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"c{at}", "value": value, **more} for at, value in enumerate(values)]


def document(given: dict[str, Any]) -> Document:
    return read(json.dumps(given).encode())


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("nee", "geen JSON"),
        ("{}", "cells: ontbreekt"),
        ('{"cells": []}', "cells: mag niet leeg zijn"),
        ('{"cells": [{"value": 3}]}', "cells nummer 1, id: ontbreekt"),
        ('{"cells": [{"id": "a", "value": 1.5}]}', "value: moet een geheel getal zijn"),
        ('{"cells": [{"id": "a", "value": -1}]}', "value: is te klein"),
        ('{"cells": [{"id": "a"}, {"id": "a"}]}', "cel a staat er twee keer"),
        ('{"cells": [{"id": "a", "known": true}]}', "cel a: known zonder value"),
        (
            '{"cells": [{"id": "a"}], "relations": [{"total": "a", "parts": ["b"]}]}',
            "relatie 1 noemt cel b, die niet bij cells staat",
        ),
        (
            '{"cells": [{"id": "a"}], "relations": [{"totaal": "a", "parts": ["a"]}]}',
            "relations nummer 1",
        ),
        ('{"cells": [{"id": "a"}], "threshold": 0}', "threshold: is te klein"),
    ],
)
def test_a_bad_document_is_refused_with_what_and_where(given: str, text: str) -> None:
    with pytest.raises(DocumentError) as raised:
        read(given.encode())
    assert text in str(raised.value)


def test_values_that_contradict_the_relations_are_refused() -> None:
    given = {"cells": cells(5, 7, 13), "relations": [{"total": "c2", "parts": ["c0", "c1"]}]}
    asked = document(given)
    with pytest.raises(DocumentError, match="relatie 1 klopt niet: de som is -1"):
        protect_document(asked, rule_for(asked))
    with pytest.raises(DocumentError, match="spreken elkaar tegen"):
        audit(asked, rule_for(asked))


def test_protecting_needs_true_values() -> None:
    asked = document({"cells": cells(12, None)})
    with pytest.raises(DocumentError, match="cel c1: geen waarde"):
        protect_document(asked, rule_for(asked))


def test_a_true_value_outside_what_is_possible_is_refused() -> None:
    given = {
        "cells": [*cells(20, 12), {"id": "x", "value": None, "value_true": 9}],
        "relations": [{"total": "c0", "parts": ["c1", "x"]}],
    }
    asked = document(given)
    with pytest.raises(DocumentError, match="cel x: value_true past niet"):
        audit(asked, rule_for(asked))


def test_several_releases_are_tied_by_terms() -> None:
    # Month and quarter shown: the two other months are only known together.
    given = {
        "cells": cells(30, 14, None, None),
        "relations": [{"terms": [["c0", 1], ["c1", -1], ["c2", -1], ["c3", -1]], "rhs": 0}],
    }
    asked = document(given)
    found = audit(asked, rule_for(asked))
    assert [(at.low, at.high) for _, at in found.intervals] == [(0, 16), (0, 16)]
    assert found.safe
    given["cells"] = cells(18, 14, None, None)
    asked = document(given)
    found = audit(asked, rule_for(asked))
    assert [item.kind for item in found.disclosures] == ["te smal", "te smal"]
    assert audit(asked, rule_for(asked, breadth=5)).safe
    assert not audit(asked, rule_for(asked, breadth=6)).safe
    assert audit(asked, rule_for(asked, "exact")).safe


def test_a_suppressed_cell_that_must_be_large_is_no_disclosure() -> None:
    given = {"cells": cells(30, 14, None), "relations": [{"total": "c0", "parts": ["c1", "c2"]}]}
    asked = document(given)
    found = audit(asked, rule_for(asked))
    assert [(at.low, at.high) for _, at in found.intervals] == [(16, 16)]
    assert found.safe


def test_a_true_value_makes_a_narrow_interval_a_disclosure() -> None:
    given = {
        "cells": [*cells(40), *({"id": n, "value": None, "value_true": v} for n, v in TRUE)],
        "relations": [
            {"total": "c0", "parts": ["a", "b"]},
            {"terms": [["a", 1], ["d", 1]], "rhs": 36},
        ],
    }
    asked = document(given)
    found = audit(asked, rule_for(asked))
    assert {item.id: item.kind for item in found.disclosures} == {"b": "te smal"}
    assert next(at for cell, at in found.intervals if cell == "b").low == 4


TRUE = (("a", 33), ("b", 7), ("d", 3))


def test_a_cell_without_relations_can_be_anything() -> None:
    asked = document({"cells": cells(None, 11)})
    found = audit(asked, rule_for(asked))
    assert found.intervals[0][1].high is None
    assert found.safe


def test_a_protected_document_holds_no_true_value_and_reads_back() -> None:
    given = {
        "threshold": 10,
        "cells": [{"id": at, "dims": {"nr": at}, "value": v} for at, v in enumerate(ROW)],
        "relations": [{"total": 4, "parts": [0, 1, 2, 3]}],
    }
    asked = document(given)
    safe = protect_document(asked, rule_for(asked))
    written = json.dumps(safe.plain())
    assert "value_true" not in written
    again = read(written.encode())
    assert again.cells[1].dims == {"nr": 1}
    assert again.cells[0].value is None
    assert sum(cell.value is None for cell in again.cells) == 2
    found = audit(again, rule_for(again))
    assert found.safe
    assert found.certificate is True


ROW = (3, 25, 40, 12, 80)


def test_a_certificate_of_another_table_is_a_finding() -> None:
    given = {
        "cells": [{"id": at, "value": v} for at, v in enumerate(ROW)],
        "relations": [{"total": 4, "parts": [0, 1, 2, 3]}],
    }
    asked = document(given)
    plain = protect_document(asked, rule_for(asked)).plain()
    plain["certificate"]["tables"][0][0] += 1
    again = document(plain)
    found = audit(again, rule_for(again))
    assert [item.kind for item in found.disclosures] == ["certificaat"]
    plain["certificate"]["tables"][0] = [1]
    again = document(plain)
    with pytest.raises(DocumentError, match="certificate"):
        audit(again, rule_for(again))


def test_suppressed_cells_stay_suppressed_and_known_ones_shown() -> None:
    given = {
        "cells": [
            {"id": 0, "value": 3},
            {"id": 1, "value": None, "value_true": 40},
            {"id": 2, "value": 25},
            {"id": 3, "value": 4, "known": True},
            {"id": 4, "value": 72},
        ],
        "relations": [{"total": 4, "parts": [0, 1, 2, 3]}],
    }
    asked = document(given)
    safe = protect_document(asked, rule_for(asked))
    assert [cell.value for cell in safe.cells] == [None, None, 25, 4, 72]
    assert audit(safe, rule_for(safe)).safe


def test_known_values_that_give_a_cell_away_are_named() -> None:
    given = {
        "cells": [
            {"id": "a", "value": 3},
            {"id": "b", "value": 20, "known": True},
            {"id": "c", "value": 23, "known": True},
        ],
        "relations": [{"total": "c", "parts": ["a", "b"]}],
    }
    asked = document(given)
    with pytest.raises(UnprotectableError):
        protect_document(asked, rule_for(asked))
