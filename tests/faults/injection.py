"""Lets one call to the outside go wrong in this process, and counts calls over its restarts."""

import asyncio
import importlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

from tests.faults.points import Point


@dataclass(frozen=True)
class Fault:
    """What goes wrong: the `number`-th call of a point, in a way of `points.WAYS`."""

    shell: str
    """`worker` or `embedded`."""
    point: str
    way: str
    number: int
    state: str
    """Folder that outlives the process: how often the point was called, and whether it is well."""

    def as_dict(self) -> dict[str, Any]:
        """Return the form that goes into the environment."""
        return asdict(self)

    @property
    def calls(self) -> int:
        """How often the point was called so far."""
        path = Path(self.state) / "calls"
        return path.stat().st_size if path.exists() else 0

    @property
    def struck(self) -> bool:
        """Whether it went wrong at least once."""
        return self.calls >= self.number

    def mend(self) -> None:
        """Let everything go well from now on."""
        (Path(self.state) / "well").touch()

    def _is_due(self) -> bool:
        descriptor = os.open(Path(self.state) / "calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(descriptor, b"x")
            count = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if self.way == "always":
            return count >= self.number and not (Path(self.state) / "well").exists()
        return count == self.number


def _object(path: str) -> Any:
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found


def arm(fault: Fault, point: Point) -> None:
    """Replace the method of `point` by one that goes wrong as `fault` says."""
    owner = _object(point.owner)
    original = getattr(owner, point.method)
    kind = _object(point.error)

    def error() -> Exception:
        made = kind(5, "fout van de test") if kind is OSError else kind("fout van de test")
        assert isinstance(made, Exception)
        return made

    if fault.point.endswith("delivered"):
        replaced = _delivery(fault, point, original, error)
    elif iscoroutinefunction(original):
        replaced = _awaited(fault, point, original, error)
    else:
        replaced = _called(fault, point, original, error)
    if owner is sqlite3.Connection:  # written in C: only a class of ours can be changed
        faulty = type("Faulty", (owner,), {point.method: replaced})
        sqlite3.connect = partial(sqlite3.connect, factory=faulty)  # type: ignore[assignment]
    else:
        setattr(owner, point.method, replaced)


def _is_meant(point: Point, arguments: tuple[Any, ...]) -> bool:
    if not point.role:
        return True
    if point.owner == "os":  # a path, or the number of an open file
        return re.search(point.role, os.fspath(arguments[0])) is not None
    if point.owner == "sqlite3:Connection":
        return re.search(point.role, arguments[1]) is not None
    one = arguments[0]
    client = getattr(one, "client", None) or getattr(one, "_client", None)
    return re.search(point.role, str(getattr(client, "_client_id", ""))) is not None


def _awaited(
    fault: Fault, point: Point, original: Callable[..., Any], error: Callable[[], Exception]
) -> Callable[..., Any]:
    async def run(*arguments: Any, **more: Any) -> Any:
        if not _is_meant(point, arguments) or not fault._is_due():
            return await original(*arguments, **more)
        if fault.way == "hangs":
            await asyncio.get_running_loop().create_future()
        if fault.way == "half":
            await original(*arguments, **more)
        raise error()

    return run


def _delivery(
    fault: Fault, point: Point, original: Callable[..., Any], error: Callable[[], Exception]
) -> Callable[..., Any]:
    """Let not the handing over go wrong, but the answer that the broker has it."""

    async def run(*arguments: Any, **more: Any) -> Any:
        if not _is_meant(point, arguments) or not fault._is_due():
            return await original(*arguments, **more)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if fault.way == "half":
            await (await original(*arguments, **more))
        if fault.way != "hangs":
            answer.set_exception(error())
        return answer

    return run


def _called(
    fault: Fault, point: Point, original: Callable[..., Any], error: Callable[[], Exception]
) -> Callable[..., Any]:
    def run(*arguments: Any, **more: Any) -> Any:
        if not _is_meant(point, arguments) or not fault._is_due():
            return original(*arguments, **more)
        if fault.way == "hangs":
            threading.Event().wait()
        if fault.way == "half":
            original(*arguments, **more)
        raise error()

    return run
