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


def refuse_followed_links(path: Path) -> None:
    """
    Refuse a folder that was copied with its links followed: the engine finds everything twice.

    What a database holds stands once in `store`; `metadata` has a link to it for each database.
    """
    metadata = path / "metadata"
    if metadata.is_dir() and any(
        entry.is_dir() and not entry.is_symlink() for entry in metadata.iterdir()
    ):
        raise SinkRefusedError(
            f"De map {path} is een kopie waarin koppelingen (symbolische links) door hun inhoud "
            "zijn vervangen, zoals cp -L, een zip en sommige reservekopieën doen. Zo kan de "
            "database niet worden geopend. Kopieer de map opnieuw met behoud van koppelingen "
            "(cp -a, rsync -a of tar)."
        )


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
