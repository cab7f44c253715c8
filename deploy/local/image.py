"""
Runs the steps of deploy/Dockerfile without Docker, in folders made of Debian's packages.

Every stage becomes a folder: its base by `debootstrap` or a copy of another stage, `COPY` a copy,
`RUN` a shell in a chroot with a network. At the end the command of the image is run as its user on
a root that cannot be written, with the variables `ZORGSTROOM_*` of the caller. What Docker itself
adds (layers, labels, health, namespaces) is not tried. Needs Debian, root and debootstrap; takes
some minutes and two gigabytes.
"""
# ruff: noqa: S603, S607, T201 - a command line program that builds in a chroot

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
TRUSTED: Final = Path("/etc/ssl/certs/ca-certificates.crt")
KNOWN: Final = frozenset(
    {
        *("FROM", "RUN", "COPY", "ENV", "ARG", "WORKDIR", "USER"),
        *("EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL"),
    }
)


class ImageError(Exception):
    """A step cannot be done; the text says which."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Dockerfile."""

    name: str
    text: str


@dataclass(slots=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """What the instructions before have set."""

    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)


def parse(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile; raises an `ImageError` for what is not understood."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, rest = line.strip().partition(" ")
        if name not in KNOWN:
            raise ImageError(f"onbekende instructie: {line}")
        if name == "FROM":
            found = re.fullmatch(r"(\S+) AS (\S+)", rest.strip())
            if not found:
                raise ImageError(f"FROM zonder naam: {line}")
            stages.append(Stage(found[1], found[2]))
        else:
            stages[-1].steps.append(Step(name, rest.strip()))
    return stages


class Builder:
    """Makes the folders of stages below `work`."""

    def __init__(self, work: Path, stages: Sequence[Stage]) -> None:
        self._work = work
        self._stages = {stage.name: stage for stage in stages}
        self._made: dict[str, State] = {}

    def root(self, name: str) -> Path:
        """Return the folder of a stage."""
        return self._work / name

    def build(self, name: str) -> State:
        """Make a stage, and first those that it is made of."""
        if name in self._made:
            return self._made[name]
        stage = self._stages[name]
        state = self._begin(stage)
        for step in stage.steps:
            print(f"[{name}] {step.name} {step.text[:100]}", flush=True)
            self._do(stage, state, step)
        self._made[name] = state
        return state

    def _begin(self, stage: Stage) -> State:
        root = self.root(stage.name)
        if root.exists():
            shutil.rmtree(root)
        if stage.base in self._stages:
            before = self.build(stage.base)
            subprocess.run(["/bin/cp", "-a", self.root(stage.base), root], check=True)
            return State(dict(before.env), before.workdir, before.user)
        if stage.base == "scratch":
            root.mkdir()
            return State()
        found = re.fullmatch(r"debian:(\w+)-slim", stage.base)
        if not found:
            raise ImageError(f"van {stage.base} kan hier geen map worden gemaakt")
        kept = self._work / f"debian-{found[1]}"
        if not kept.exists():
            command = ["debootstrap", "--variant=minbase", found[1], str(kept)]
            if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
                shutil.rmtree(kept, ignore_errors=True)
                raise ImageError("debootstrap is mislukt; zie hierboven")
        subprocess.run(["/bin/cp", "-a", kept, root], check=True)
        return State()

    def _do(self, stage: Stage, state: State, step: Step) -> None:
        root = self.root(stage.name)
        match step.name:
            case "RUN":
                self.run(stage.name, state, ["/bin/sh", "-c", step.text], user="0:0")
            case "COPY":
                self._copy(root, state, shlex.split(step.text))
            case "ENV" | "ARG":
                pairs = (part.partition("=") for part in shlex.split(step.text))
                state.env |= {name: value for name, _, value in pairs}
            case "WORKDIR":
                state.workdir = step.text
                (root / step.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                state.user = step.text
            case "ENTRYPOINT":
                state.entrypoint = json.loads(step.text)
            case "CMD":
                state.cmd = json.loads(step.text)
            case _:
                pass  # LABEL, EXPOSE and HEALTHCHECK are words to Docker

    def _copy(self, root: Path, state: State, parts: list[str]) -> None:
        source = ROOT
        if parts[0].startswith("--from="):
            name = parts.pop(0).removeprefix("--from=")
            self.build(name)
            source = self.root(name)
        *names, target = parts
        place = Path(state.workdir.lstrip("/")) / target
        to = root / str(place).lstrip("/")
        for name in names:
            origin = source / name.lstrip("/")
            if origin.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(origin, to, symlinks=True, dirs_exist_ok=True, ignore=ignore)
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, to)

    def run(
        self, name: str, state: State, command: Sequence[str], *, user: str, frozen: bool = False
    ) -> int:
        """Run `command` in the folder of a stage; raises an `ImageError` unless it succeeds."""
        root = self.root(name)
        with _prepared(root, frozen=frozen) as place:
            inside = ["chroot", f"--userspec={user}", str(place), "/usr/bin/env", "-i"]
            settings = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
            if not frozen:
                settings |= {"DEBIAN_FRONTEND": "noninteractive"}
                settings |= dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT"), f"/run/{TRUSTED.name}")
            else:
                settings |= {k: v for k, v in os.environ.items() if k.startswith("ZORGSTROOM_")}
            settings |= state.env
            shell = f"cd {shlex.quote(state.workdir)} && exec {shlex.join(command)}"
            whole = [*inside, *(f"{k}={v}" for k, v in settings.items()), "/bin/sh", "-c", shell]
            code = subprocess.run(whole, check=False).returncode
        if code and not frozen:
            raise ImageError(f"mislukt met code {code}: {shlex.join(command)[:200]}")
        return code


@contextmanager
def _prepared(root: Path, *, frozen: bool) -> Iterator[Path]:
    """Give a root its /proc, /dev/null and names of hosts; `frozen` makes it read-only but /tmp."""
    mounts: list[Path] = []

    def mount(*arguments: str, at: Path) -> None:
        subprocess.run(["mount", *arguments, str(at)], check=True)
        mounts.append(at)

    try:
        if frozen:
            mount("--bind", str(root), at=root)
            mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", at=root / "tmp")
        mount("-t", "proc", "proc", at=root / "proc")
        mount("--bind", "/dev", at=root / "dev")
        if frozen:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
        else:
            shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
            # Whom this machine trusts: it may be behind a proxy with an authority of its own.
            trusted = root / "run" / TRUSTED.name
            trusted.touch()
            mount("--bind", str(TRUSTED), at=trusted)
        yield root
    finally:
        for place in reversed(mounts):
            subprocess.run(["umount", "-l", str(place)], check=False)
        (root / "run" / TRUSTED.name).unlink(missing_ok=True)


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/zorgstroom-image"))  # noqa: S108
    parser.add_argument("--target", default="zorgstroom", help="trap die wordt gemaakt")
    parser.add_argument("command", nargs="*", help="opdracht in plaats van die van het image")
    chosen = parser.parse_args()
    if os.geteuid() or not shutil.which("debootstrap"):
        print("Hiervoor zijn root en debootstrap nodig (apt-get install debootstrap).")
        return 1
    chosen.work.mkdir(parents=True, exist_ok=True)
    try:
        builder = Builder(chosen.work, parse(DOCKERFILE.read_text("utf-8")))
        state = builder.build(chosen.target)
        if not state.entrypoint and not chosen.command:
            return 0
        command = [*state.entrypoint, *(chosen.command or state.cmd)]
        print(
            f"[{chosen.target}] {shlex.join(command)} (als {state.user}, alleen-lezen)", flush=True
        )
        return builder.run(chosen.target, state, command, user=state.user, frozen=True)
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
