"""
Messages that the broker dropped before they were read: what can be known of it, without Kafka.

Retention, an administrator or a broker that lost its disk takes records away without a word; a
consumer then goes on at the first record that is left.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from zorgstroom.stream.results import utc_text

Place = tuple[str, int]
"""Topic and partition."""


class Loss(BaseModel):
    """A gap in what one partition gave to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    partitie: int
    van: int
    """Offset of the first record that is not there any more."""
    tot: int
    """Offset after the last."""
    oorzaak: Literal["verwijderd", "onbekend_gelezen", "afgekapt"]
    """
    `verwijderd`: they were not read. `onbekend_gelezen`: the group has no position here, because it
    is new or was away for longer than the broker keeps positions. `afgekapt`: the topic is shorter
    than what was read; it is read again from its beginning.
    """
    gezien_op: str
    """When it was noticed (UTC)."""
    bevestigd_op: str | None = None
    """When an operator said to know of it (UTC)."""

    @property
    def key(self) -> str:
        """Its key in the topic `beheer`."""
        return f"verlies/{self.topic}/{self.partitie}/{self.van}"

    @property
    def most(self) -> int:
        """How many records it may be; at least 1."""
        return max(1, self.tot - self.van)

    def told(self) -> str:
        """Return it as a sentence (Dutch)."""
        where = f"{self.topic}, partitie {self.partitie}"
        if self.oorzaak == "afgekapt":
            return (
                f"{where}: het topic eindigt bij {self.van}, terwijl tot {self.tot} gelezen was: "
                "het is afgekapt of opnieuw gemaakt. Wat er ongelezen stond, is weg; hoeveel dat "
                "was, is onbekend."
            )
        unread = f"{where}: de records {self.van} t/m {self.tot - 1} (ten hoogste {self.most})"
        if self.oorzaak == "verwijderd":
            return f"{unread} zijn verwijderd voordat zij gelezen waren."
        return (
            f"{unread} zijn weg, en de groep heeft hier geen leespositie: zij is nieuw, of was "
            "langer weg dan de broker die bewaart."
        )


def find_losses(
    committed: Mapping[Place, int | None],
    firsts: Mapping[Place, int],
    ends: Mapping[Place, int],
    now: datetime,
) -> list[Loss]:
    """
    Return what cannot be read any more, in order.

    Args:
        committed: The next offset that the group reads; None when it has none.
        firsts: Offset of the first record that is there, or that will be written.
        ends: Offset of the next record that will be written.
        now: The present moment.

    """
    losses = []
    for place, read in sorted(committed.items(), key=lambda item: item[0]):
        first, end = firsts.get(place, 0), ends.get(place)
        topic, partition = place
        seen = utc_text(now)
        if end is not None and read is not None and read > end:
            gap, cause = (end, read), "afgekapt"
        elif first > (read or 0):
            gap, cause = (read or 0, first), "onbekend_gelezen" if read is None else "verwijderd"
        else:
            continue
        losses.append(
            Loss.model_validate(
                {
                    "topic": topic,
                    "partitie": partition,
                    "van": gap[0],
                    "tot": gap[1],
                    "oorzaak": cause,
                    "gezien_op": seen,
                }
            )
        )
    return losses


def next_offset(read: int | None, first: int, end: int | None) -> int:
    """Return where to read on: after what was `read`, or at the first record that is there."""
    if read is None or read < first or (end is not None and read > end):
        return first
    return read
