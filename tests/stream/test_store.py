"""The state in SQLite: all of a batch or nothing, one process, private."""

import sqlite3
import stat
from pathlib import Path

import pytest

from zorgstroom.codecs.errors import Reason
from zorgstroom.stream.errors import DataInUseError, StateError
from zorgstroom.stream.results import Refusal
from zorgstroom.stream.store import Store

KEYS = [f"0153{number:032x}" for number in range(1200)]
REASON = Reason(reden="regel", regel="CS002", element="Bsn", lijn=3, melding="m", oplossing="o")


def refusal(name: str, tijd: str = "2026-01-01T00:00:00.000+00:00") -> Refusal:
    return Refusal(name, "", "0" * 64, REASON, tijd)


def test_a_commit_survives_and_an_assignment_does_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({KEYS[0]: b"een"}, [(1, 2)], [refusal("a.xml")], {"aanvaard": 1})
    store.dossiers[KEYS[1]] = b"twee"
    store.close()
    store = Store(tmp_path)
    assert dict(store.dossiers.stored()) == {KEYS[0]: b"een"}
    assert store.known_contents([1, 7]) == {1: 2}
    assert store.counters() == {"aanvaard": 1}
    assert store.refusals() == [refusal("a.xml")]
    store.close()


def test_a_commit_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(OverflowError):
        store.commit({KEYS[0]: b"een"}, [(1 << 80, 2)], [], {"aanvaard": 1})
    assert len(store.dossiers) == 0 and not store.counters()
    store.close()


def test_counters_add_up_and_a_refusal_is_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for _ in range(2):
        store.commit({}, [(5, 6)], [refusal("a.xml")], {"aanvaard": 2})
    store.commit({}, [(5, 7)], [], {})
    assert store.counters() == {"aanvaard": 4}
    assert store.known_contents([5]) == {5: 6}, "the first content stays"
    assert len(store.refusals()) == 1
    store.close()


def test_a_batch_reads_many_dossiers_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({key: key.encode() for key in KEYS}, [], [], {})
    store.dossiers.fetch([*KEYS, "0153" + "f" * 32])
    assert all(store.dossiers[key] == key.encode() for key in KEYS)
    assert ("0153" + "f" * 32) not in store.dossiers
    assert store.dossiers["0153" + f"{5:032x}"] == KEYS[5].encode()
    assert set(store.dossiers) == set(KEYS) and len(store.dossiers) == 1200
    store.close()


def test_forgotten_dossiers_leave_no_trace_in_the_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({KEYS[0]: b"VERGEET-MIJ" * 50, KEYS[1]: b"blijf"}, [], [], {})
    store.forget([KEYS[0]], {"bewaard_vanaf": "2020-01-01"})
    assert set(store.dossiers) == {KEYS[1]}
    assert store.property("bewaard_vanaf") == "2020-01-01"
    store.close()
    for path in tmp_path.iterdir():
        assert b"VERGEET-MIJ" not in path.read_bytes(), path


def test_a_second_process_is_refused_with_the_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(DataInUseError, match="ander zorgstroom-proces"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_the_folder_and_its_files_are_private(tmp_path: Path) -> None:
    Store(tmp_path / "nieuw").close()
    assert stat.S_IMODE((tmp_path / "nieuw").stat().st_mode) == 0o700
    for path in (tmp_path / "nieuw").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_newer_or_damaged_state_is_refused_by_name(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "dossiers.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StateError, match="vorm 99"):
        Store(tmp_path)
    (tmp_path / "dossiers.sqlite").write_bytes(b"niet van sqlite" * 1000)
    with pytest.raises(StateError, match="onleesbaar"):
        Store(tmp_path)
