"""What docker-compose.yml and the manifests say, for tests to hold against the program."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from tests.secured import Pki
from zorgstroom.stream.cli import _flat, main
from zorgstroom.stream.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def settings_names() -> set[str]:
    """Return the name of every environment variable that is a setting."""
    return {name for name, _ in _flat(Settings().model_dump(mode="json"))}


def loads(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Settings:
    """Return the settings of `environment`, with the files that it names made in `folder`."""
    pki = Pki(folder)
    for name, value in environment.items():
        if name.endswith("CA_FILE"):
            monkeypatch.setenv(name, str(pki.ca))
        elif name.endswith("_FILE"):
            made = pki.secret(Path(value).name, "kamperfoelie-kamperfoelie-81")
            monkeypatch.setenv(name, str(made))
        else:
            monkeypatch.setenv(name, value)
    return Settings()


def check_command(words: list[str]) -> None:
    """Fail unless `words` is a command of the program, with options that it takes."""
    name, *rest = words
    command = main.commands[name]
    for option in command.params:
        if isinstance(option.type, click.Path):
            option.type = click.Path(path_type=Path)  # it need not be on this machine
    command.make_context(name, rest)


def commands_in(script: str) -> Iterator[list[str]]:
    """Yield what comes after `zorgstroom` in each line of a shell script."""
    for line in script.splitlines():
        words = shlex.split(line)
        if words and words[0] == "zorgstroom":
            yield words[1:]


def paths_served() -> set[str]:
    """Return the paths that the code of the HTTP side names."""
    found: set[str] = set()
    for path in (ROOT / "stream").rglob("*.py"):
        found |= set(re.findall(r'web\.get\(\s*"(/[^"]*)"', path.read_text("utf-8")))
    return found
