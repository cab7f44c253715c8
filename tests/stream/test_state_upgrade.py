"""A state of form 1 is converted once: nothing is counted again, and all is as read anew."""

import json
import re
import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from tests.sinks.former_schema import FIGURE, TIMELINESS, make_former
from tests.stream.former_state import former_dossiers, write_former_state
from tests.stream.messages import message
from zorgstroom.aggregations.dossier import Dossier, dump, load, stored_schema
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.sinks.connection import connect_embedded
from zorgstroom.sinks.contract import Filter
from zorgstroom.stream import state_upgrade
from zorgstroom.stream.cli import main
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import StateError
from zorgstroom.stream.generator.model import Params, Rates
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.settings import Rounding, Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import Store

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
TODAY = date(2026, 3, 15)
KEY_TEXT = "6b" * 32
KEY = PseudonymKey.from_text(KEY_TEXT)
SETTINGS = Settings(
    today=TODAY,
    key=SecretStr(KEY_TEXT),
    rounding=Rounding(key=SecretStr("c3" * 32)),
    publication=PublicationRules(vanaf=date(2025, 10, 1)),
)
RATES = Rates(herhaling=0.05, herhaling_envelop=0.05, identiteit_hergebruikt=0.02, envelop=0.3)


def respelled(data: bytes) -> bytes:
    """Return the same message with a zero before its ToewijzingNummer."""
    other, count = re.subn(rb"(<[^>]*ToewijzingNummer>)([0-9]+)<", rb"\g<1>00\2<", data)
    assert count
    return other


@pytest.fixture(scope="module")
def contents() -> list[bytes]:
    """A small stream, of which some messages came twice in another spelling."""
    simulation = generate(Params(today=TODAY, seed=5, messages=400, rates=RATES), None)
    stream = [delivery.inhoud for delivery in simulation.deliveries()]
    mine = [message(number) for number in range(30)]
    return [*stream, *mine, *(respelled(data) for data in mine[:20])]


def inputs(contents: Sequence[bytes]) -> list[Input]:
    return [Input(str(number), "", data) for number, data in enumerate(contents)]


@pytest.fixture
def former(contents: list[bytes], tmp_path: Path) -> Path:
    folder = tmp_path / "vorige"
    dossiers, known = former_dossiers(contents, KEY, TODAY)
    properties = {"sleutel": KEY.fingerprint, "epoch": "7", "beleid": "drempel 10 plan 3"}
    write_former_state(folder, dossiers, known, properties)
    return folder


def identities(folder: Path) -> dict[int, int]:
    with sqlite3.connect(folder / "dossiers.sqlite") as db:
        contents_of = dict(db.execute("SELECT identiteit, inhoud FROM berichten"))
    db.close()
    return contents_of


def rows(folder: Path) -> list[tuple[bytes, bytes]]:
    with sqlite3.connect(folder / "dossiers.sqlite") as db:
        dossiers = list(db.execute("SELECT sleutel, inhoud FROM dossiers"))
    db.close()
    return dossiers


def form(folder: Path) -> int:
    with sqlite3.connect(folder / "dossiers.sqlite") as db:
        (number,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return int(number)


def figures(engine: Engine) -> list[tuple[object, ...]]:
    engine.publish()
    return [
        (one.series, one.periode, one.waarde, one.tot_en_met, one.status)
        for one in engine.publication.figures(Filter())
    ]


def test_what_was_read_in_form_1_is_a_repeat_and_equals_what_is_read_anew(
    former: Path, contents: list[bytes], tmp_path: Path
) -> None:
    different = sum(len(load(stored).messages) for _, stored in rows(former))
    with Engine(SETTINGS, former, SystemClock(TODAY)) as engine:
        assert form(former) == 2
        assert {stored_schema(stored) for _, stored in rows(former)} == {2}
        converted = rows(former), identities(former)
        before = figures(engine)
        signals = +engine.processor.signals
        tally, outcomes = engine.process(inputs(contents))
        assert tally.accepted == 0 and tally.conflicts == 0
        assert tally.repeated == sum(outcome is None for outcome in outcomes) > 400
        assert figures(engine) == before
        assert (rows(former), identities(former)) == converted
    with Engine(SETTINGS, tmp_path / "nieuw", SystemClock(TODAY)) as fresh:
        tally, _ = fresh.process(inputs(contents))
        assert tally.accepted == different
        assert figures(fresh) == before
        assert +fresh.processor.signals == signals
    assert converted[0] == rows(tmp_path / "nieuw")
    # Of an identity that was used twice either content may stand first.
    assert converted[1].keys() == identities(tmp_path / "nieuw").keys()
    shown = [row for row in before if row[2] is not None]
    assert len(shown) > 100, "this proves nothing"


def test_two_spellings_that_were_two_messages_are_one(former: Path) -> None:
    def messages() -> dict[str, list[list[object]]]:
        """Return the messages of each dossier as they are stored, whatever the form."""
        arrays: dict[str, list[list[object]]] = {}
        for where, stored in rows(former):
            # A checksum of four bytes comes after form 2.
            content = stored[:-4] if stored_schema(stored) == 2 else stored
            arrays[where.hex()] = msgspec.msgpack.decode(content)[1]
        return arrays

    before = messages()
    Store(former).close()
    after = messages()
    spelled_twice = 0
    for where, of_form_1 in before.items():
        if len(after[where]) == len(of_form_1):
            continue
        one, other = of_form_1  # of the same values, under two digests and with two stamps
        assert one[3] != other[3] and one[:3] + one[4:10] == other[:3] + other[4:10]
        assert one[11] == other[11]
        (united,) = after[where]
        assert united[:3] + united[4:] == [*one[:3], *one[4:10], one[11]]
        spelled_twice += 1
    assert spelled_twice == 20


def test_the_rest_of_the_state_stays(former: Path) -> None:
    with sqlite3.connect(former / "dossiers.sqlite") as db:
        db.execute("INSERT INTO tellers VALUES ('aanvaard', 41)")
        row = ("a.xml", "", "0" * 64, "regel", "CS002", "Bsn", 3, "m", "o", "2026-01-01")
        db.execute(f"INSERT INTO afgekeurd VALUES ({', '.join('?' * len(row))})", row)
    db.close()
    store = Store(former)
    assert store.counters() == {"aanvaard": 41}
    assert [refusal.pad for refusal in store.refusals()] == ["a.xml"]
    assert store.property("epoch") == "7" and store.property("sleutel") == KEY.fingerprint
    store.close()


@pytest.mark.parametrize("chunk", [1, 7, 2000])
def test_a_conversion_that_is_cut_off_leaves_form_1_and_is_done_again(
    former: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(former), identities(former)
    monkeypatch.setattr(state_upgrade, "_CHUNK", chunk)
    calls = 0

    def failing(dossier: Dossier) -> bytes:
        nonlocal calls
        calls += 1
        if calls == len(before[0]) // 2:
            raise KeyboardInterrupt
        return dump(dossier)

    with monkeypatch.context() as patched:
        patched.setattr(state_upgrade, "dump", failing)
        with pytest.raises(KeyboardInterrupt):
            Store(former)
    assert form(former) == 1
    assert (rows(former), identities(former)) == before
    # The process that was cut off is gone; its lock with it.
    Store(former).close()
    assert form(former) == 2 and len(rows(former)) == len(before[0])


def test_a_damaged_dossier_of_form_1_is_told_and_nothing_is_converted(former: Path) -> None:
    with sqlite3.connect(former / "dossiers.sqlite") as db:
        (last,) = db.execute("SELECT max(sleutel) FROM dossiers").fetchone()
        db.execute("UPDATE dossiers SET inhoud = substr(inhoud, 1, 30) WHERE sleutel = ?", (last,))
    db.close()
    before = rows(former)
    for _ in range(2):
        with pytest.raises(StateError, match="onleesbaar"):
            Store(former)
    assert form(former) == 1 and rows(former) == before


def test_a_dossier_that_changed_on_the_disk_is_told(contents: list[bytes], tmp_path: Path) -> None:
    with Engine(SETTINGS, tmp_path, SystemClock(TODAY)) as engine:
        engine.process(inputs(contents[:50]))
    with sqlite3.connect(tmp_path / "dossiers.sqlite") as db:
        where, stored = db.execute("SELECT * FROM dossiers LIMIT 1").fetchone()
        changed = bytes([*stored[:-9], stored[-9] ^ 1, *stored[-8:]])
        db.execute("UPDATE dossiers SET inhoud = ? WHERE sleutel = ?", (changed, where))
    db.close()
    name = f"{where[:4].decode()}-{where[4:8].hex()}"
    with pytest.raises(StateError, match=f"controlesom klopt niet.*dossier {name}.*reservekopie"):
        Engine(SETTINGS, tmp_path, SystemClock(TODAY))


def test_a_whole_folder_of_the_former_version_goes_on_in_a_new_database(
    former: Path, contents: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection = connect_embedded(former / "chdb")
    make_former(connection, "publicatie", 2, FIGURE, TIMELINESS)
    connection.close()
    (tmp_path / "a.xml").write_bytes(contents[-1])
    monkeypatch.setenv("ZORGSTROOM_TODAY", TODAY.isoformat())
    monkeypatch.setenv("ZORGSTROOM_KEY", KEY_TEXT)

    def ingest() -> Result:
        command = ["ingest", str(tmp_path / "a.xml"), "--data", str(former), "--json"]
        return CliRunner().invoke(main, command)

    for _ in range(2):
        refused = ingest()
        assert refused.exit_code == 1, refused.output
        told = " ".join(refused.output.split())
        assert "vorige versie" in told and "verplaats de map chdb" in told
        assert "ZORGSTROOM_PUBLICATION__VANAF" in told
    (former / "chdb").rename(former / "chdb-vorige")
    monkeypatch.setenv("ZORGSTROOM_PUBLICATION__VANAF", "2026-01-01")
    summary = json.loads(ingest().stdout)
    assert (summary["aanvaard"], summary["herhaald"], summary["emissies"]) == (0, 1, 1)
