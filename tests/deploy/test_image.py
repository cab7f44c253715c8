"""The Dockerfile, as far as it can be looked at without building it."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from deploy.local.image import DOCKERFILE, ImageError, Stage, parse
from zorgstroom.stream.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return {stage.name: stage for stage in parse(DOCKERFILE.read_text("utf-8"))}


def steps(stage: Stage, name: str) -> list[str]:
    return [step.text for step in stage.steps if step.name == name]


def test_what_is_copied_is_there_and_gets_past_dockerignore(stages: dict[str, Stage]) -> None:
    let_in = set(re.findall(r"(?m)^!(.+)$", (ROOT / ".dockerignore").read_text()))
    for stage in stages.values():
        for text in steps(stage, "COPY"):
            *sources, _ = text.split()
            if sources[0].startswith("--from="):
                assert sources[0].removeprefix("--from=") in stages
                continue
            for name in sources:
                assert (ROOT / name).exists(), name
                assert name in let_in, f".dockerignore keeps {name} out"


def test_every_part_of_the_program_is_copied(stages: dict[str, Stage]) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = set(config["tool"]["setuptools"]["package-dir"].values())
    copied = {name for text in steps(stages["bouw"], "COPY") for name in text.split()[:-1]}
    assert folders <= copied
    assert {config["project"]["readme"], *config["project"]["license-files"]} <= copied


def test_the_image_has_no_tools_no_root_and_no_floating_base(stages: dict[str, Stage]) -> None:
    final = stages["zorgstroom"]
    assert final.base == "basis" and stages["basis"].base == "debian:trixie-slim"
    packages = " ".join(steps(stages["basis"], "RUN") + steps(final, "RUN"))
    for tool in ("gcc", "build-essential", "pip", "venv", "git", "curl"):
        assert tool not in packages
    assert steps(final, "USER") == ["10001:10001"]
    assert all("--locked" in text for text in steps(stages["bouw"], "RUN") if "uv sync" in text)


def test_its_command_health_and_version_are_those_of_the_program(stages: dict[str, Stage]) -> None:
    final = stages["zorgstroom"]
    assert json.loads(steps(final, "ENTRYPOINT")[0]) == ["zorgstroom"]
    command, *options = json.loads(steps(final, "CMD")[0])
    main.commands[command].make_context(command, options)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f'version="{version}"' in " ".join(steps(final, "LABEL"))


def test_what_is_not_understood_is_refused() -> None:
    with pytest.raises(ImageError, match="SHELL"):
        parse('FROM debian:trixie-slim AS a\nSHELL ["/bin/bash"]\n')
    with pytest.raises(ImageError, match="zonder naam"):
        parse("FROM debian:trixie-slim\n")
    (made,) = parse("FROM a AS b\n# een\nRUN x \\\n  # twee\n  && y\n")
    assert made.steps[0].text.split() == ["x", "&&", "y"]
