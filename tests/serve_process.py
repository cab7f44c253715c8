"""`zorgstroom serve` as users run it, and how long a message takes from its inbox to a figure."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.stream.messages import TODAY, message
from zorgstroom.stream import client
from zorgstroom.stream.address import Address

_POLL = 0.05
STARTS = 5
"""Care begins for so many clients at a time: what is shown of a count of 15 or more then moves."""


class Published(NamedTuple):
    """The row of a cell."""

    waarde: int | None
    versie: int


class Serve:
    """
    A running process.

    Args:
        data: Its folder.
        inbox: Its inbox.
        address: Where it answers.

    """

    def __init__(self, data: Path, inbox: Path, address: Address) -> None:
        self.data, self.inbox, self._address = data, inbox, address
        self._clients = 0

    def row(self, gemeente: str) -> Published | None:
        """Return `actief` of this month, Wmo categorie 02; None when there is no row yet."""
        wanted = {
            "gebied": gemeente,
            "wet": "Wmo",
            "product": "02",
            "maat": "actief",
            "periode_soort": "maand",
            "periode": TODAY.replace(day=1).isoformat(),
        }
        answer = client.fetch_figures(self._address, wanted)["cijfers"]
        assert isinstance(answer, list)
        return Published(answer[0]["waarde"], answer[0]["versie"]) if answer else None

    def drop(self, gemeente: str) -> None:
        """Put the starts of new clients into the inbox, as a sender does: whole at once."""
        for _ in range(STARTS):
            self._clients += 1
            path = self.inbox / f"start-{self._clients:05}.xml"
            draft = path.with_suffix(".deel")
            draft.write_bytes(message(self._clients, gemeente=gemeente))
            draft.rename(path)

    def seconds_until_shown(self, gemeente: str, longest: float = 120.0) -> float:
        """Drop starts, and return the seconds until the row of their cell is another one."""
        before = self.row(gemeente)
        begun = time.monotonic()
        self.drop(gemeente)
        while (now := self.row(gemeente)) == before:
            assert time.monotonic() - begun < longest, f"{before} stays as it is"
            time.sleep(_POLL)
        ended = time.monotonic()
        assert now is not None and now.waarde is not None
        assert before is None or before.waarde is None or now.waarde == before.waarde + STARTS
        return ended - begun


@contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[Serve]:
    """Run a process in `folder` on the calendar of the messages, with the settings given."""
    data, inbox = folder / "data", folder / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    apart = {name: value for name, value in os.environ.items() if "ZORGSTROOM_" not in name}
    command = [sys.executable, "-m", "zorgstroom.stream.cli", "serve", "--data", str(data)]
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--inbox", str(inbox)],
            env=apart
            | {"ZORGSTROOM_TODAY": TODAY.isoformat(), "ZORGSTROOM_HTTP__PORT": "0"}
            | dict(environment),
            cwd=folder,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        while (address := client.running(data)) is None:
            assert process.poll() is None, log.read_text()
            time.sleep(_POLL)
        yield Serve(data, inbox, address)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
