"""The shape of the code: folders, packages and the direction of imports."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AREAS = ("codecs", "aggregations", "sinks", "stream")
ALLOWED = {
    "codecs": {"codecs"},
    "aggregations": {"codecs", "aggregations"},
    "sinks": {"codecs", "aggregations", "sinks"},
    "stream": set(AREAS),
}
IMPURE = {"asyncio", "logging", "os", "pathlib", "socket", "sqlite3", "subprocess", "time"}
"""What the pure core may not import: I/O, logging and the clock."""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_imports_go_in_one_direction() -> None:
    for area in AREAS:
        for path in (ROOT / area).rglob("*.py"):
            for name in imports(path):
                parts = name.split(".")
                assert parts[0] not in AREAS, f"{path}: import zorgstroom.{name}, not {name}"
                if parts[0] == "zorgstroom" and len(parts) > 1:
                    assert parts[1] in ALLOWED[area], f"{path} may not import {name}"


def test_the_core_has_no_clock_no_files_and_no_logging() -> None:
    for area in ("codecs", "aggregations"):
        for path in (ROOT / area).rglob("*.py"):
            found = {name.split(".")[0] for name in imports(path)} & IMPURE
            assert not found, f"{path} imports {found}"
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute):
                    assert called.attr not in ("now", "today", "utcnow"), f"{path}: a clock"
                if isinstance(called, ast.Name):
                    assert called.id not in ("open", "print"), f"{path}: I/O"


def test_codecs_stays_a_namespace_package() -> None:
    # With an __init__.py it would be taken for the standard library's `codecs`.
    assert not (ROOT / "codecs" / "__init__.py").exists()
    assert not (ROOT / "zorgstroom").exists()


def test_every_package_is_listed_for_the_wheel() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = set(config["tool"]["setuptools"]["packages"])
    folders = {
        "zorgstroom." + ".".join(path.parent.relative_to(ROOT).parts)
        for area in AREAS
        for path in (ROOT / area).rglob("*.py")
    }
    assert listed == folders


def test_files_answer_one_question() -> None:
    for area in AREAS:
        for path in (ROOT / area).rglob("*.py"):
            lines = len(path.read_text("utf-8").splitlines())
            assert lines <= 400, f"{path} has {lines} lines"


def test_the_type_view_shows_every_area() -> None:
    for area in AREAS:
        link = ROOT / ".typeview" / "zorgstroom" / area
        assert link.is_symlink() and link.resolve() == ROOT / area
