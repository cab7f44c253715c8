"""The rounding key: made once, kept private, never made by a worker, never silently another one."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.stream.cli import main
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.keyfile import public_figures, rounding_key_path
from zorgstroom.stream.settings import Rounding, Settings
from zorgstroom.stream.worker.run import Worker

EXACT = Settings.model_validate({"protection": {"policy": "geen"}})


def fingerprint(folder: Path, settings: Settings | None = None, *, may_make: bool = True) -> str:
    return public_figures(settings or Settings(), folder, may_make_key=may_make).fingerprint


def test_a_new_folder_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    made = fingerprint(tmp_path)
    path = rounding_key_path(Settings(), tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert RoundingKey.from_text(path.read_text("ascii")).fingerprint == made
    assert fingerprint(tmp_path) == fingerprint(tmp_path, may_make=False) == made
    assert [p.name for p in tmp_path.iterdir()] == ["afrondsleutel"], "no half key is left"


def test_two_folders_get_two_keys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert fingerprint(tmp_path / "a") != fingerprint(tmp_path / "b")


@pytest.mark.parametrize("policy", ["geen", "kale_drempel"])
def test_a_policy_without_offsets_makes_and_reads_no_key(tmp_path: Path, policy: str) -> None:
    settings = Settings.model_validate({"protection": {"policy": policy}})
    rounding_key_path(settings, tmp_path).write_text("geen sleutel")
    assert fingerprint(tmp_path, settings) == ""


def test_who_may_not_make_a_key_is_told_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="zorgstroom keys --data") as refusal:
        fingerprint(tmp_path, may_make=False)
    assert "ZORGSTROOM_ROUNDING__KEY_FILE" in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_worker_makes_no_rounding_key(tmp_path: Path) -> None:
    settings = Settings(key=SecretStr("6b" * 32))
    with pytest.raises(OperatorError, match="afrondsleutel nodig"):
        Worker(settings, tmp_path, SystemClock(settings.today))
    assert not rounding_key_path(settings, tmp_path).exists()
    fingerprint(tmp_path)
    Worker(settings, tmp_path, SystemClock(settings.today))


@pytest.mark.parametrize("content", ["", "abc", "00" * 31, "geen sleutel", "\udcff"])
def test_a_useless_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = rounding_key_path(Settings(), tmp_path)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(OperatorError, match="afrondsleutel is onbruikbaar") as refusal:
        fingerprint(tmp_path)
    assert "reservekopie" in str(refusal.value)
    assert not content or content not in str(refusal.value)
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape"), "nothing is overwritten"


def test_the_settings_may_give_the_key_or_name_its_file(tmp_path: Path) -> None:
    text = RoundingKey.new_text()
    wanted = RoundingKey.from_text(text).fingerprint
    given = Settings(rounding=Rounding(key=SecretStr(text)))
    assert fingerprint(tmp_path, given, may_make=False) == wanted
    assert not list(tmp_path.iterdir())
    named = Settings(rounding=Rounding(key_file=tmp_path / "elders"))
    with pytest.raises(OperatorError, match="ontbreekt"):
        fingerprint(tmp_path, named)  # a named file is never made: it may be a mount that failed
    (tmp_path / "elders").write_text(f"  {text.upper()}\n")
    assert fingerprint(tmp_path, named) == wanted
    assert text not in repr(given) and text not in given.model_dump_json()


@pytest.mark.parametrize("text", ["", "6b" * 31, "geen sleutel"])
def test_a_useless_key_in_the_settings_is_refused_without_showing_it(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(OperatorError, match="onbruikbaar") as refusal:
        fingerprint(tmp_path, Settings(rounding=Rounding(key=SecretStr(text))))
    assert not text or text not in str(refusal.value)


def keys(folder: Path) -> Result:
    result = CliRunner().invoke(main, ["keys", "--data", str(folder)])
    assert result.exit_code == 0, result.output
    return result


def test_the_command_makes_both_keys_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert keys(data).output.count("gemaakt") == 2
    made = {path.name: path.read_text("ascii") for path in data.iterdir()}
    assert made.keys() == {"sleutel", "afrondsleutel"}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in data.iterdir())
    again = keys(data)
    assert again.output.count("was er al") == 2
    assert not [text for text in made.values() if text.strip() in again.output]
    (data / "afrondsleutel").unlink()
    assert "Afrondsleutel: gemaakt" in keys(data).output
    assert (data / "afrondsleutel").read_text("ascii") != made["afrondsleutel"]
    assert (data / "sleutel").read_text("ascii") == made["sleutel"]


def test_the_command_makes_only_what_the_settings_do_not_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_ROUNDING__KEY", RoundingKey.new_text())
    assert "Afrondsleutel: was er al" in keys(tmp_path).output
    assert [path.name for path in tmp_path.iterdir()] == ["sleutel"]
    monkeypatch.delenv("ZORGSTROOM_ROUNDING__KEY")
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", "geen")
    assert "niet nodig" in keys(tmp_path).output
    assert [path.name for path in tmp_path.iterdir()] == ["sleutel"]
