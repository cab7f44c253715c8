"""
The file `adres` in the folder of the data: where the process that works there answers.

Another command finds the running process by it. A file that was left behind by a crash does no
harm: whoever reads it asks the address whether it is really that process.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "adres"


@dataclass(frozen=True, slots=True)
class Address:
    """What the file says."""

    url: str
    pid: int
    token: str = ""
    """What the process asks for when its pages are protected."""


def url_of(host: str, port: int) -> str:
    """Return where a process that listens on `host` is asked from the same machine."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def announced(data: Path, url: str, token: str = "") -> Iterator[None]:
    """
    Keep the file in `data` for as long as this process answers at `url` to who knows `token`.

    Only the user whose process it is can read the file.
    """
    path = data / NAME
    made = data / f"{NAME}.nieuw"
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "pid": os.getpid(), "token": token}, file)
    made.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read(data: Path) -> Address | None:
    """Return what the file in `data` says; None without a usable one."""
    try:
        found = json.loads((data / NAME).read_text("utf-8"))
        return Address(str(found["url"]), int(found["pid"]), str(found.get("token", "")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
