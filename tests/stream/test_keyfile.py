"""The pseudonym key: made once, kept private, and never silently another one."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.errors import KeyMismatchError
from zorgstroom.stream.keyfile import key_path, obtain
from zorgstroom.stream.settings import Settings


def test_a_new_folder_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = obtain(Settings(), tmp_path, None)
    path = key_path(Settings(), tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PseudonymKey.from_text(path.read_text()).fingerprint == key.fingerprint
    assert obtain(Settings(), tmp_path, key.fingerprint).fingerprint == key.fingerprint
    assert [p.name for p in tmp_path.iterdir()] == ["sleutel"], "no half key is left"


def test_two_new_keys_differ(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (obtain(Settings(), tmp_path / name, None) for name in "ab")
    assert one.fingerprint != two.fingerprint
    assert one.client("0153", "999996770") != two.client("0153", "999996770")


def test_a_lost_key_is_refused_instead_of_made_anew(tmp_path: Path) -> None:
    known = obtain(Settings(), tmp_path, None).fingerprint
    key_path(Settings(), tmp_path).unlink()
    with pytest.raises(KeyMismatchError, match="ontbreekt"):
        obtain(Settings(), tmp_path, known)
    assert not key_path(Settings(), tmp_path).exists()


def test_where_others_share_the_state_no_key_is_made(tmp_path: Path) -> None:
    with pytest.raises(KeyMismatchError, match="zorgstroom keys --data") as caught:
        obtain(Settings(), tmp_path, None, may_make_key=False)
    assert str(tmp_path) in str(caught.value) and not list(tmp_path.iterdir())
    key = obtain(Settings(), tmp_path, None)
    again = obtain(Settings(), tmp_path, None, may_make_key=False)
    assert again.fingerprint == key.fingerprint


def test_another_key_is_refused(tmp_path: Path) -> None:
    known = obtain(Settings(), tmp_path, None).fingerprint
    key_path(Settings(), tmp_path).write_text(PseudonymKey.new_text())
    with pytest.raises(KeyMismatchError, match="dubbel tellen"):
        obtain(Settings(), tmp_path, known)


@pytest.mark.parametrize("content", ["", "abc", "00" * 31, "geen sleutel", "\udcff"])
def test_an_unusable_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    key_path(Settings(), tmp_path).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(KeyMismatchError) as caught:
        obtain(Settings(), tmp_path, None)
    assert not content or content not in str(caught.value)


def test_the_settings_may_give_the_key_or_name_its_file(tmp_path: Path) -> None:
    text = PseudonymKey.new_text()
    given = Settings(key=SecretStr(text))
    assert obtain(given, tmp_path, None).fingerprint == PseudonymKey.from_text(text).fingerprint
    assert not key_path(Settings(), tmp_path).exists()
    named = Settings(key_file=tmp_path / "elders")
    with pytest.raises(KeyMismatchError, match="ontbreekt"):
        obtain(named, tmp_path, None)  # a named file is never made: it may be a mount that failed
    (tmp_path / "elders").write_text(text)
    assert obtain(named, tmp_path, None).fingerprint == PseudonymKey.from_text(text).fingerprint
    assert text not in repr(given) and text not in given.model_dump_json()
