"""`audit FILE.json` and `protect`: exit codes, texts, and what is written."""

import json
from pathlib import Path

import pytest

from zorgstroom.stream.disclosure_commands import audit_file, protect_file

TABLE = {
    "threshold": 10,
    "cells": [
        {"id": "hulp bij het huishouden", "value": 3},
        {"id": "begeleiding", "value": 25},
        {"id": "verblijf", "value": 40},
        {"id": "totaal", "value": 68},
    ],
    "relations": [
        {"total": "totaal", "parts": ["hulp bij het huishouden", "begeleiding", "verblijf"]}
    ],
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tabel.json"
    path.write_text(json.dumps(TABLE), "utf-8")
    return path


def test_what_was_protected_passes_the_audit(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "uit" / "veilig.json"
    assert audit_file(table, "contain", None, as_json=False) == 1
    assert "wordt getoond en is kleiner dan de drempel" in capsys.readouterr().out
    assert protect_file(table, target, "contain", as_json=False) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "4 cellen, 2 onderdrukt, waarvan 1 onder de drempel 10" in text
    assert audit_file(target, "contain", None, as_json=False) == 0
    text = capsys.readouterr().out
    assert "Het certificaat klopt." in text
    assert "Geen onthulling gevonden." in text
    assert [path.name for path in target.parent.iterdir()] == ["veilig.json"]


def test_the_answer_for_machines_is_json_and_nothing_else(
    table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "veilig.json"
    assert protect_file(table, target, "exact", as_json=True) == 0
    made = json.loads(capfd.readouterr().out)
    assert made["regel"] == "exact"
    assert (made["cellen"], made["onderdrukt"], made["klein"]) == (4, 2, 1)
    assert audit_file(target, "contain", 5, as_json=True) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["veilig"] is True
    assert found["regel"] == "breadth 5"
    assert {"id": "hulp bij het huishouden", "laag": 0, "hoog": 28} in found["intervallen"]
    assert found["niet_aangevallen"] == []


def test_a_file_that_cannot_be_used_ends_with_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "slecht.json"
    bad.write_text("{", "utf-8")
    assert audit_file(bad, "contain", None, as_json=False) == 2
    assert "geen JSON" in capsys.readouterr().err
    assert protect_file(tmp_path / "weg.json", tmp_path / "uit.json", "contain", as_json=False) == 2
    assert not (tmp_path / "uit.json").exists()


def test_what_cannot_be_protected_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {
        "cells": [
            {"id": "a", "value": 3},
            {"id": "b", "value": 20, "known": True},
            {"id": "c", "value": 23, "known": True},
        ],
        "relations": [{"total": "c", "parts": ["a", "b"]}],
    }
    path, target = tmp_path / "in.json", tmp_path / "uit.json"
    path.write_text(json.dumps(given), "utf-8")
    assert protect_file(path, target, "contain", as_json=False) == 1
    assert "cel a is niet te beschermen" in capsys.readouterr().err
    assert not target.exists()
