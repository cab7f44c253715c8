"""
The folder of the embedded database: who may read it and who holds it.

The engine has no passwords, so the rights of the folder are the only ones; and it allows one
process at a time, which it says in words that help nobody.
"""

import fcntl
import os
from pathlib import Path

from zorgstroom.sinks.errors import FolderInUseError, SinkRefusedError

STATUS_FILE = "status"
"""Locked by the engine for as long as it has the folder open."""


def private_folder(path: Path) -> None:
    """Make `path` if it is not there, and take away all rights but the owner's (0700)."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise SinkRefusedError(
            f"De map {path} kan niet worden gemaakt of afgeschermd: {error.strerror}."
        ) from error


def held_by_another(path: Path, cause: Exception) -> None:
    """Raise `FolderInUseError` if another process has the engine open on `path`."""
    try:
        descriptor = os.open(path / STATUS_FILE, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        raise FolderInUseError(
            f"De database in {path} is in gebruik door een ander proces, en kan door één proces "
            "tegelijk worden geopend. Stop dat proces (zoals `zorgstroom serve` of `demo`), vraag "
            "de cijfers op via zijn adres, of kies een andere map met --data."
        ) from cause
    finally:
        os.close(descriptor)
