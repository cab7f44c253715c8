"""What docker-compose.yml and the manifests say, for tests to hold against the program."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zorgstroom.stream.cli import _flat, main
from zorgstroom.stream.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {f"{name}_FILE" for name in ("PASSWORD", "TOKEN", "KEY")}


def settings_names() -> set[str]:
    """Return the name of every environment variable that is a setting."""
    return {name for name, _ in _flat(Settings().model_dump(mode="json"))}


def loads(environment: dict[str, str], monkeypatch: Any, folder: Path) -> Settings:
    """Return the settings of `environment`, in which files of secrets stand in `folder`."""
    for name, value in environment.items():
        if name.endswith("_FILE"):
            value = str(folder / Path(value).name)
            if not name.endswith("CA_FILE"):
                Path(value).write_text("kamperfoelie-kamperfoelie-81")
        monkeypatch.setenv(name, value)
    return Settings()


def check_command(words: list[str]) -> None:
    """Fail unless `words` is a command of the program with options that it takes."""
    name, *rest = words
    command = main.commands[name]
    # Paths need not be there on this machine.
    for option in command.params:
        if isinstance(option.type, click.Path):
            option.type = click.Path(path_type=option.type.type)
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
