"""
Where messages come from: files, folders and zip archives, one `Input` for each message.

Reading is bounded: a file or member that is too large to be a message is not read at all, and of an
archive only what `zipfile` unpacks by a bound. The same names are read in a folder and in an
archive; what bears another name is left alone, and counted.
"""

import errno
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from zorgstroom.codecs.envelope import MAX_BYTES
from zorgstroom.codecs.errors import Reason, TruncatedError
from zorgstroom.stream.errors import OperatorError

SUFFIXES: Final = (".xml", ".zip")
"""What is read from a folder or archive; a file that is named itself may have any name."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression that is unpacked no further than is asked; bzip2 and LZMA write all at once."""
_ENCRYPTED: Final = 0x1

_UNREADABLE: Final = "onleesbaar"


_FIRST_READ: Final = 1 << 16


_STORAGE: Final = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
    }
)


class Input(NamedTuple):
    """One message to be: its bytes, or why it could not be read."""

    pad: str
    lid: str
    """Member of an archive; empty for a file of its own."""
    data: bytes
    problem: Reason | None = None
    growing: bool = False
    """Changed so recently that it may still be being written."""
    digest: str = ""
    """SHA-256 of what it is a part of, where `data` is not all there is."""


class StorageError(OperatorError):
    """A disk or share does not answer: that tells nothing about the message on it."""


def is_premature(item: Input, reason: Reason) -> bool:
    """Return whether `item` may be refused only because the rest of it is still to come."""
    return item.growing and reason.reden in (TruncatedError.code, _UNREADABLE)


def count(paths: Iterable[Path]) -> int:
    """Return how many inputs `read` will give, as far as can be told without reading them."""
    total = 0
    for path in _files(paths):
        total += 1
        if is_archive(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    total += sum(_is_read(info.filename) for info in archive.infolist()) - 1
            except Exception:  # noqa: S112 - `read` says what is wrong with it
                continue
    return total


Skip = Callable[[], None]
"""Called for each file or member that is left alone because of its name."""


def _pass_over() -> None:
    """Count nothing."""


def read(paths: Iterable[Path], skip: Skip = _pass_over) -> Iterator[Input]:
    """Yield every message of `paths`; folders are walked in the order of names."""
    for path in _files(paths, skip):
        yield from read_file(path, skip)


def read_file(path: str, skip: Skip = _pass_over) -> Iterator[Input]:
    """Yield the message in the file `path`, or those of its members when it is an archive."""
    if is_archive(path):
        yield from _archive(path, skip)
        return
    try:
        yield _file(path)
    except OSError as error:
        _check_storage(path, error)
        yield Input(path, "", b"", _unreadable(error.strerror or "onbekende fout"))


def _check_storage(path: str, error: Exception) -> None:
    """Raise a `StorageError` when `error` is one of the disk or share, not of the file."""
    if isinstance(error, OSError) and error.errno in _STORAGE:
        raise StorageError(
            f"{path} kan niet worden gelezen ({error.strerror}): de schijf of share antwoordt "
            "niet. Er is niets afgekeurd om deze reden. Herstel die eerst."
        ) from error


def _file(path: str) -> Input:
    # Bare system calls: half the cost of a file object for files of 2 kB. Without O_NONBLOCK the
    # opening of a named pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, _FIRST_READ)
        if 0 < len(data) < _FIRST_READ:
            return Input(path, "", data)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Input(path, "", b"", _unreadable("het is geen gewoon bestand"))
        if status.st_size > MAX_BYTES:
            return Input(path, "", b"", _too_large())
        parts = [data]
        while part := os.read(descriptor, MAX_BYTES):
            parts.append(part)
        return Input(path, "", b"".join(parts))
    finally:
        os.close(descriptor)


def is_archive(path: str) -> bool:
    """Return whether the file `path` holds messages as members."""
    return path.lower().endswith(".zip")


def _is_read(name: str) -> bool:
    """Return whether a member of this name (with its folders) may be a message."""
    parts = name.split("/")
    is_hidden = any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in parts
    )
    return not is_hidden and parts[-1].lower().endswith(SUFFIXES)


def _files(paths: Iterable[Path], skip: Skip = _pass_over) -> Iterator[str]:
    for path in paths:
        if path.is_dir():
            yield from _walk(str(path), skip)
        else:
            yield str(path)


def _walk(folder: str, skip: Skip) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            # A link to a folder may lead back to where we are.
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield folder  # which cannot be read as a file either, and is refused as such
        return
    for name, is_folder in found:
        if name.startswith("."):
            continue
        path = f"{folder}{os.sep}{name}"
        if is_folder:
            yield from _walk(path, skip)
        elif name.lower().endswith(SUFFIXES):
            yield path
        else:
            skip()


def _archive(path: str, skip: Skip) -> Iterator[Input]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if not _is_read(info.filename):
                    skip()
                    continue
                if problem := _unfit(info):
                    yield Input(path, info.filename, b"", problem)
                    continue
                try:
                    # The size in the directory may lie: never unpack more than it says.
                    with archive.open(info) as member:
                        data = member.read(info.file_size + 1)
                except Exception as error:  # a damaged one raises about anything (zlib.error)
                    _check_storage(path, error)
                    yield Input(path, info.filename, b"", _unreadable("het lid is beschadigd"))
                    continue
                yield Input(path, info.filename, data)
    except StorageError:
        raise
    except Exception as error:  # also UnicodeDecodeError, struct.error of a damaged directory
        _check_storage(path, error)
        yield Input(path, "", b"", _unreadable("het is geen leesbaar zip-archief"))


def _unfit(info: zipfile.ZipInfo) -> Reason | None:
    """Return why a member is refused unread."""
    if info.filename.lower().endswith(".zip"):
        return _unreadable("een zip in een zip wordt niet gelezen; pak hem eerst uit")
    if info.flag_bits & _ENCRYPTED:
        return _unreadable("het lid is met een wachtwoord versleuteld")
    if info.compress_type not in _METHODS:
        return _unreadable("het lid is gecomprimeerd als bzip2, LZMA of zo; maak een gewone zip")
    return _too_large() if info.file_size > MAX_BYTES else None


def _too_large() -> Reason:
    return Reason(
        reden="onveilig",
        regel="OP192",
        element="",
        lijn=None,
        melding=f"het bestand is groter dan {MAX_BYTES} bytes",
        oplossing="Laat de afzender het bericht opsplitsen.",
    )


def _unreadable(why: str) -> Reason:
    return Reason(
        reden=_UNREADABLE,
        regel="bestand",
        element="",
        lijn=None,
        melding=f"het bestand is niet te lezen: {why}",
        oplossing="Controleer het bestand en de rechten, en lever het opnieuw aan.",
    )
