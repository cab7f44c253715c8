"""The documentation names everything a user can set or run."""

from pathlib import Path

import click
import pytest

from zorgstroom.stream.cli import _flat, main
from zorgstroom.stream.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name, _ in _flat(Settings().model_dump(mode="json")):
        assert f"`{name}`" in text, f"docs/settings.md does not name {name}"


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name, command in main.commands.items():
        assert f"## zorgstroom {name}" in text, f"docs/commands.md does not name {name}"
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[0]}`" in text, f"{name} {option.opts[0]}"


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"])
def test_the_repository_has(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8")) > 400


def test_every_relative_link_in_the_documentation_leads_somewhere() -> None:
    import re

    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path}: {target}"
