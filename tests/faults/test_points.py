"""The list of faults is complete: every wait for the outside in the source stands in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.faults.points import EMBEDDED, INSIDE, WORKER

STREAM = Path(__file__).resolve().parents[2] / "stream"
SINKS = STREAM.parent / "sinks"
WAITING = [
    *sorted((STREAM / "worker").glob("*.py")),
    STREAM / "kafka" / "asking.py",
    STREAM / "kafka" / "board.py",
]
CLIENTS = {"_producer", "producer", "consumer", "bare", "admin", "_thread", "app"}
"""Names under which the source holds a client of the outside."""
OF_FILES = ("os", "shutil", "source", "target", "path", "folder")
FILING = {"filing.py", "arrivals.py", "sources.py"}


def _functions(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names of all coroutines that are our own."""
    return {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef)
    }


def _receiver(call: ast.expr) -> str:
    inner = call.value if isinstance(call, ast.Attribute) else call
    return inner.attr if isinstance(inner, ast.Attribute) else ast.unparse(inner)


def _outside(node: ast.expr, own: set[str]) -> str | None:
    """Return the call that `node`, which is awaited, makes to the outside; None for none."""
    if isinstance(node, ast.Name):  # a future: what was sent earlier
        return node.id
    if not isinstance(node, ast.Call):
        return None
    called = ast.unparse(node.func)
    if called in ("answered", "asyncio.wait_for", "asyncio.to_thread", "self._ask"):
        first = node.args[0]
        if called in ("asyncio.to_thread", "self._ask"):
            return ast.unparse(first)
        return _outside(first, own)
    if called.startswith("asyncio."):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else called
    if _receiver(node.func) not in CLIENTS and name in own:
        return None
    return called


def waits() -> set[str]:
    """Return every wait for the outside in the worker, as ``file: call``."""
    trees = {path.name: ast.parse(path.read_text()) for path in WAITING}
    own = _functions(trees)
    return {
        f"{name}: {found}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Await) and (found := _outside(node.value, own))
    }


def writes() -> Iterator[str]:
    """Yield what the embedded process does outside, as ``file: call``: database, state, files."""
    for path in (STREAM / "store.py", SINKS / "connection.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.startswith(("self._db.", "self._client.")) and "(" not in called:
                    yield f"{path.name}: {called}"
    for name in FILING:
        for node in ast.walk(ast.parse((STREAM / name).read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(
                tuple(f"{each}." for each in OF_FILES)
            ):
                yield f"{name}: {ast.unparse(node.func)}"


def test_every_wait_of_the_worker_is_in_the_list() -> None:
    listed = {call for point in WORKER.values() for call in point.calls} | {*INSIDE}
    assert waits() - listed == set(), "give each a point in points.py, or say why it needs none"
    assert listed - waits() - {*INSIDE} == set(), "gone from the source"


def test_every_write_of_the_embedded_process_is_in_the_list() -> None:
    listed = {call for point in EMBEDDED.values() for call in point.calls} | {*INSIDE}
    assert set(writes()) - listed == set(), "give each a point in points.py, or say why not"
