"""
Who may write which region: the table `eigenaren`, and the condition that every insert carries.

A process that was paused and wakes up does not know that another one has taken over. The server
does: each insert is conditional on the highest (epoch, eigenaar) of its region being the writer's
own, and stores nothing otherwise. An insert that began before the take-over may still end after it;
a new owner waits for as long as that can last, before it reads what was published and goes on.
"""

# ruff: noqa: S608 - our own constants and a checked name; values are bound or go through `literal`

from datetime import datetime
from typing import cast

from zorgstroom.sinks import cells
from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.contract import Claim
from zorgstroom.sinks.errors import OwnershipLostError

RELEASED = ""
"""Stands for an owner when the last one has said that it stopped."""

_MARGIN = 1.0
"""Seconds on top of the server's limit for a statement, which it does not hold to the instant."""
_ATTEMPTS = 5


class Ownership:
    """The table of owners in the database `db` (quoted)."""

    def __init__(self, connection: Connection, db: str) -> None:
        self._connection = connection
        self._db = db

    def claim(self, regio: str, eigenaar: str, at_least: int, now: datetime) -> Claim:
        """
        Become the owner of `regio` under a new epoch, `at_least` or higher.

        Raises:
            OwnershipLostError: Other processes claim it at the same moment, again and again.

        """
        wait = 0.0
        for _ in range(_ATTEMPTS):
            epoch, former = self._current(regio)
            if former not in (RELEASED, eigenaar) and not self._connection.exclusive:
                wait = self._connection.longest_insert + _MARGIN
            mine = Claim(regio, max(epoch + 1, at_least), eigenaar, wait)
            self._add(mine, now)
            if self._current(regio) == (mine.epoch, eigenaar):
                return mine
        raise OwnershipLostError(f"Andere processen nemen {regio} steeds opnieuw over.")

    def release(self, held: Claim, now: datetime) -> None:
        """Give `held` back, unless another process has the region already."""
        if self._current(held.regio) == (held.epoch, held.eigenaar):
            self._add(Claim(held.regio, held.epoch + 1, RELEASED), now)

    def fence(self, held: Claim) -> str:
        """Return the WHERE clause that is true as long as `held` is the latest claim."""
        return (
            f"WHERE (SELECT max((epoch, eigenaar)) FROM {self._db}.eigenaren "
            f"WHERE gebied = {cells.literal(held.regio)}) "
            f"= (toUInt32({held.epoch}), {cells.literal(held.eigenaar)})"
        )

    def _current(self, regio: str) -> tuple[int, str]:
        """Return the highest epoch and its owner; epoch 0 of nobody when there is none."""
        rows = self._connection.rows(
            f"SELECT epoch, eigenaar FROM {self._db}.eigenaren WHERE gebied = {{regio:String}} "
            "ORDER BY epoch DESC, eigenaar DESC LIMIT 1",
            {"regio": regio},
        )
        return cast(tuple[int, str], tuple(rows[0])) if rows else (0, RELEASED)

    def _add(self, made: Claim, now: datetime) -> None:
        self._connection.run(
            f"INSERT INTO {self._db}.eigenaren (gebied, epoch, eigenaar, sinds) "
            "SETTINGS async_insert = 0 "
            f"SELECT {cells.literal(made.regio)}, {made.epoch}, {cells.literal(made.eigenaar)}, "
            f"{cells.moment(now)}"
        )
