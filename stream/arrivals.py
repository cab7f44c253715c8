"""
Which files of the inbox are complete: a file must have stood still for a while.

Names that a sender works under (`.a.xml`, `a.xml.part`) are left alone, as all others are. Time is
counted from when this process saw a file as it is now; the file's own time may be wrong (a share
with another clock, a copy that keeps the time of its original).
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zorgstroom.stream.sources import SUFFIXES

VERWERKT: Final = "verwerkt"
AFGEKEURD: Final = "afgekeurd"
OWN: Final = (VERWERKT, AFGEKEURD)
"""The folders in the inbox that are ours."""

Signature = tuple[int, int, int]
"""Inode, size and time of change: another one is another content."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as it was found."""

    name: str
    path: str
    signature: Signature
    since: float
    """When it was first seen like this."""


@dataclass(frozen=True, slots=True)
class _Known:
    signature: Signature
    since: float
    due: float


class Arrivals:
    """
    Goes through a folder in passes, one listing each, so that a large backlog is listed once.

    Args:
        folder: The inbox.
        settle: Seconds that a file must stand still.
        now: A clock that never goes back (seconds).

    """

    def __init__(self, folder: Path, settle: float, now: Callable[[], float]) -> None:
        self._folder = str(folder)
        self._settle = settle
        self._now = now
        self._names: list[str] | None = None
        self._before: dict[str, _Known] = {}
        self._known: dict[str, _Known] = {}
        self._listed = now()
        self.ignored = 0
        """Names in the last listing that are not handled: other suffixes, links, folders."""
        self.problem: str | None = None
        """Why the folder cannot be listed; None when it can."""

    @property
    def waiting(self) -> int:
        """How many files were found that are not handled yet."""
        return len(self._names or ()) + len(self._known)

    @property
    def oldest(self) -> float | None:
        """When the oldest file that waits was first seen, on the clock of this; None: no file."""
        seen = [known.since for known in self._known.values()]
        return min([self._listed, *seen] if self._names else seen, default=None)

    def take(self) -> Arrival | None:
        """Return the next file that is ready; None ends a pass, the next call starts another."""
        if self._names is None:
            self._names = self._list()
            self._before, self._known = self._known, {}
        while self._names:
            arrival = self._look(self._names.pop())
            if arrival is not None:
                return arrival
        self._names = None
        return None

    def hold(self, arrival: Arrival, until: float) -> None:
        """Do not give `arrival` again before the moment `until`, unless the file changes."""
        self._known[arrival.name] = _Known(arrival.signature, arrival.since, until)

    def unchanged(self, arrival: Arrival) -> bool:
        """Return whether the file is still there as it was found."""
        return signature_of(arrival.path) == arrival.signature

    def _list(self) -> list[str]:
        names: list[str] = []
        ignored = 0
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if _is_message(entry.name) and entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
                    elif entry.name not in OWN:
                        ignored += 1
        except OSError as error:
            self.problem = f"De map {self._folder} is niet te lezen ({error.strerror})."
            return []
        self.problem = None
        self.ignored = ignored
        names.sort(reverse=True)
        self._listed = self._now()
        return names

    def _look(self, name: str) -> Arrival | None:
        path = f"{self._folder}{os.sep}{name}"
        signature = signature_of(path)
        if signature is None:
            return None
        now = self._now()
        known = self._before.get(name)
        if known is None or known.signature != signature:
            known = _Known(signature, now, now + self._settle)
        if now < known.due:
            self._known[name] = known
            return None
        return Arrival(name, path, signature, known.since)


def _is_message(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def signature_of(path: str | os.PathLike[str]) -> Signature | None:
    """Return the signature of the regular file `path`, None when it is not there or is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
