"""After the decoder no BSN and no name is anywhere: state, tables, reasons, output, logs."""

import json
import logging
import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import TODAY
from zorgstroom.sinks.connection import connect_embedded
from zorgstroom.stream import sources
from zorgstroom.stream.cli import main

pytestmark = [pytest.mark.embedded, pytest.mark.slow]


def tokens(text: str) -> set[str]:
    """Return every run of nine digits, also within longer ones, and every longer plain word."""
    numbers = re.findall(r"(?=([0-9]{9}))", text)
    return {*numbers, *re.findall(r"[A-Za-z]{6,}", text)}


def secrets_of(stream: Path) -> set[str]:
    """Return every BSN and every longer name that the messages hold."""
    found: set[str] = set()
    for item in sources.read([stream / "berichten"]):
        text = item.data.decode("utf-8", "replace")
        for value in re.findall(r"(?:Bsn|Achternaam)>([^<&]+)<", text):
            found |= tokens(value)
    return found


def state(path: Path) -> str:
    """Return everything in the SQLite file, blobs as they are."""
    with sqlite3.connect(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master")]
        rows = [row for name in names for row in db.execute(f"SELECT * FROM {name}")]
    db.close()
    assert len(rows) > 500
    return "\n".join(
        cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)
        for row in rows
        for cell in row
    )


def tables(folder: Path) -> str:
    """Return every row of every table of the embedded database."""
    connection = connect_embedded(folder)
    try:
        names = connection.rows(
            "SELECT database, name FROM system.tables WHERE database = 'publicatie'"
        )
        rows = [
            row
            for database, name in names
            for row in connection.rows(f"SELECT * FROM `{database}`.`{name}`")
        ]
    finally:
        connection.close()
    assert len(rows) > 5000
    return "\n".join(str(row) for row in rows)


def test_no_bsn_and_no_name_is_left_anywhere(
    stream_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: object
) -> None:
    secrets = secrets_of(stream_dir)
    assert len(secrets) > 300, "nothing to look for"
    monkeypatch.setenv("ZORGSTROOM_TODAY", TODAY.isoformat())
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", "geen")  # the most that can be written
    assert isinstance(caplog, pytest.LogCaptureFixture)
    caplog.set_level(logging.DEBUG)
    data = tmp_path / "data"
    done = CliRunner().invoke(
        main, ["ingest", str(stream_dir / "berichten"), "--data", str(data), "--json"]
    )
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["afkeuringen"]) > 5
    shown = CliRunner().invoke(main, ["ingest", str(stream_dir / "berichten"), "--data", str(data)])
    texts = {
        "output": done.output + shown.output,
        "logs": caplog.text,
        "state": state(data / "dossiers.sqlite"),
        "tables": tables(data / "chdb"),
        "key": (data / "sleutel").read_text("ascii"),
    }
    for place, text in texts.items():
        traces = secrets & tokens(text)
        assert not traces, f"{len(traces)} traces of persons in {place}"
    for path in data.rglob("*"):
        if path.is_file():
            assert not secrets & tokens(path.read_bytes().decode("latin-1")), path
