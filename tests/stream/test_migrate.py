"""`zorgstroom migrate` makes the tables of every database that is set, and can be run again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from zorgstroom.sinks.migrations import MIGRATIONS
from zorgstroom.stream.cli import main

pytestmark = pytest.mark.embedded


def test_it_makes_the_tables_and_tells_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("chdb")
    monkeypatch.setenv("ZORGSTROOM_EXACT_DATABASE", "precies")
    for _ in range(2):
        found = CliRunner().invoke(main, ["migrate", "--data", str(tmp_path), "--json"])
        assert found.exit_code == 0, found.output
        latest = MIGRATIONS[-1].number
        assert json.loads(found.output) == {"publicatie": latest, "precies": latest}
