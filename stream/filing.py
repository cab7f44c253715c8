"""
Where a file of the inbox goes once its batch is safe: `verwerkt`, or `afgekeurd` with the reason.

Nothing is ever overwritten by something else, and doing a step again changes nothing: a process
that was killed half-way does the same again. The reason is there before the file is.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from zorgstroom.stream.arrivals import AFGEKEURD, VERWERKT, Arrival, signature_of
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.results import Refusal

REASON: Final = ".reden.json"
_TEMPORARY: Final = ".bezig.tmp"
_LONGEST: Final = 200
"""Bytes of a name that leave room for a suffix (most file systems take 255)."""

_UNSAFE: Final = re.compile(r"[^\w.,=+()@ -]")


class InboxError(OperatorError):
    """The inbox cannot be used as one."""


@contextmanager
def claimed(inbox: Path) -> Iterator[None]:
    """
    Keep other processes out of `inbox`: two would share out its messages. Leaves no file behind.

    Raises:
        InboxError: Another process works in it.

    """
    folder = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InboxError(f"Een ander zorgstroom-proces leest al uit {inbox}.") from None
        yield
    finally:
        os.close(folder)


class Filing:
    """Moves files of one inbox; a method that raises an `OSError` can be called again."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._verwerkt = inbox / VERWERKT
        self._afgekeurd = inbox / AFGEKEURD

    def prepare(self) -> None:
        """Make the folders, for the owner only; raises an `InboxError` when that cannot be."""
        for folder in (self._inbox, self._verwerkt, self._afgekeurd):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder != self._inbox and not folder.is_symlink():
                    folder.chmod(0o700)  # messages with BSNs end here
                usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
            except OSError:
                usable = False
            if not usable or (folder != self._inbox and folder.is_symlink()):
                raise InboxError(
                    f"{folder} is niet te gebruiken: het moet een map zijn (geen koppeling) waarin "
                    "dit proces mag lezen en schrijven."
                )
        (self._afgekeurd / _TEMPORARY).unlink(missing_ok=True)

    def accepted(self, arrival: Arrival) -> None:
        """Move a file of the inbox to `verwerkt`; one that was replaced meanwhile stays."""
        source = self._inbox / arrival.name
        self._move(source, _place_file(self._verwerkt, source), arrival)

    def refused(self, arrival: Arrival, refusal: Refusal) -> None:
        """Move a file of the inbox to `afgekeurd`, with its reason beside it."""
        source = self._inbox / arrival.name
        target = _place_file(self._afgekeurd, source)
        self._write_reason(target, refusal)
        if not self._move(source, target, arrival):
            target.with_name(target.name + REASON).unlink(missing_ok=True)

    def _move(self, source: Path, target: Path, arrival: Arrival) -> bool:
        """Move what was read; give back what a sender put in its place in the last moment."""
        source.rename(target)
        if signature_of(target) == arrival.signature:
            return True
        back = source
        for number in count(1):
            try:
                os.link(target, back)  # unlike a rename, this never overwrites
                break
            except FileExistsError:
                back = source.with_name(f"{source.stem}.{number}{source.suffix}")
        target.unlink()
        return False

    def refused_member(self, archive: str, data: bytes, refusal: Refusal) -> None:
        """Write a refused member of the zip file `archive` as it was, with its reason beside it."""
        folder = self._afgekeurd / _short(archive)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder = folder.with_name(f"{folder.name}.leden")
        folder.mkdir(mode=0o700, exist_ok=True)
        target = _place(
            folder,
            member_name(refusal.lid),
            lambda path: path.is_file() and path.read_bytes() == data,
            lambda: hashlib.sha256(data).hexdigest(),
        )
        self._write_reason(target, refusal)
        self._write(target, data)

    def _write_reason(self, target: Path, refusal: Refusal) -> None:
        text = json.dumps(refusal.as_json(), ensure_ascii=False, indent=2) + "\n"
        self._write(target.with_name(target.name + REASON), text.encode())

    def _write(self, target: Path, data: bytes) -> None:
        made = self._afgekeurd / _TEMPORARY
        made.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
            file.write(data)
        made.replace(target)


def member_name(lid: str) -> str:
    """
    Return a file name for the member `lid` of an archive: one name, in no other folder.

    The name comes from outside: it may hold ``..``, a drive, control characters or nothing.
    """
    parts = [part for part in re.split(r"[/\\]", lid) if part not in ("", ".", "..")]
    name = _UNSAFE.sub("_", "_".join(parts)).lstrip(".") or "naamloos"
    # `a.xml.reden.json` is the reason of `a.xml` and may be no member's own name.
    return name + ".bestand" if name.endswith(REASON) else name


def _place_file(folder: Path, source: Path) -> Path:
    return _place(folder, source.name, lambda path: _same(path, source), lambda: _digest(source))


def _place(
    folder: Path, name: str, same: Callable[[Path], bool], digest: Callable[[], str]
) -> Path:
    """Return where in `folder` a content may be put under `name`, or under a name like it."""
    target = folder / _short(name)
    if not os.path.lexists(target) or same(target):
        return target
    # From the content, not a number: free at once however many came under one name.
    mark = digest()
    for length in (12, 40):
        other = target.with_name(f"{target.stem}.{mark[:length]}{target.suffix}")
        if not os.path.lexists(other) or same(other):
            return other
    raise FileExistsError(f"geen vrije naam voor {name!r}")


def _short(name: str) -> str:
    """Return `name`, or a shorter one of its own when there is no room for a suffix."""
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST:
        return name
    mark = hashlib.sha256(raw).hexdigest()[:12]
    suffix = Path(name).suffix[:10]
    start = raw[: _LONGEST - 40].decode("utf-8", "ignore")
    return f"{start}.{mark}{suffix}"


def _same(one: Path, other: Path) -> bool:
    try:
        if not one.is_file() or one.is_symlink() or one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as first, other.open("rb") as second:
            while part := first.read(1 << 20):
                if part != second.read(1 << 20):
                    return False
    except OSError:
        return False
    return True


def _digest(source: Path) -> str:
    try:
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # unreadable, which may be why it was refused
        found = source.lstat()
        return hashlib.sha256(f"{found.st_ino} {found.st_mtime_ns}".encode()).hexdigest()
