"""Settings of protection: what is gone is refused with its successor, wherever it is written."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from zorgstroom.stream.cli import main
from zorgstroom.stream.settings import Settings

FORMER = {
    "ZORGSTROOM_DISCLOSURE__POLICY": "ZORGSTROOM_PROTECTION__POLICY",
    "ZORGSTROOM_DISCLOSURE__THRESHOLD": "ZORGSTROOM_PROTECTION__THRESHOLD",
    "ZORGSTROOM_DISCLOSURE__BREADTH": "ZORGSTROOM_PROTECTION__POLICY",
    "ZORGSTROOM_DISCLOSURE__GRID__EERSTE_UUR": "er niet meer",
    "ZORGSTROOM_PUBLICATION__HERZIE_DEFINITIEF": "late meldingen wijzigen ook",
    "ZORGSTROOM_TIJDIGHEID__RUST_SECONDS": "ZORGSTROOM_TIJDIGHEID__TICK_SECONDS",
}


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def said() -> str:
    """Return why the settings are refused, on one line."""
    shown = CliRunner().invoke(main, ["config"])
    assert shown.exit_code == 2, shown.output
    return " ".join(shown.output.split())


@pytest.mark.parametrize("name", FORMER)
@pytest.mark.parametrize("lower", [False, True])
def test_a_variable_that_is_gone_is_refused_with_its_successor(
    name: str, lower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name.lower() if lower else name, "5")
    told = said()
    assert "bestaat niet meer" in told and FORMER[name] in told
    assert name in told or "ZORGSTROOM_DISCLOSURE bestaat" in told


@pytest.mark.parametrize("name", FORMER)
def test_so_is_its_name_in_the_file(name: str, tmp_path: Path) -> None:
    *groups, last = name.removeprefix("ZORGSTROOM_").lower().split("__")
    (tmp_path / "zorgstroom.toml").write_text(f"[{'.'.join(groups)}]\n{last} = 5\n")
    told = said()
    assert "bestaat niet meer" in told and FORMER[name] in told


def test_a_name_that_only_begins_alike_is_not_taken_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZORGSTROOM_DISCLOSURES", "5")
    assert Settings().protection.policy == "afronden"


def test_policy_drempel_is_refused_with_what_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", "drempel")
    told = said()
    assert "ZORGSTROOM_PROTECTION__POLICY" in told
    assert "'afronden'" in told and "'kale_drempel'" in told and "nieuwe database" in told


@pytest.mark.parametrize(
    ("name", "value"), [("BASE", "2"), ("BASE", "101"), ("THRESHOLD", "0"), ("POLICY", "drempl")]
)
def test_a_protection_that_protects_nothing_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ZORGSTROOM_PROTECTION__{name}", value)
    assert f"ZORGSTROOM_PROTECTION__{name}" in said()


@pytest.mark.parametrize(
    ("policy", "tick"), [("afronden", 10.0), ("kale_drempel", 1.0), ("geen", 1.0)]
)
def test_the_tick_is_that_of_the_policy_unless_it_is_set(
    policy: str, tick: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", policy)
    assert Settings().tick == tick
    monkeypatch.setenv("ZORGSTROOM_TICK_SECONDS", "2.5")
    assert Settings().tick == 2.5
    monkeypatch.setenv("ZORGSTROOM_TICK_SECONDS", "0")
    with pytest.raises(ValidationError):
        Settings()


def test_the_defaults_protect() -> None:
    protection = Settings().protection
    assert (protection.policy, protection.base, protection.threshold) == ("afronden", 5, 10)
    assert Settings().publication.dag_maanden == 13
