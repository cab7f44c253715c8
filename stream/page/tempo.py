"""How fast messages come in: counters that only rise, looked at once a second."""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple, cast

SECONDS: Final = 180
"""How much of the past is kept."""
_WINDOW: Final = 10
_REFUSED: Final = "afgekeurd: "


class Counted(NamedTuple):
    """Messages since the start of the process."""

    messages: int
    refused: int


def counted(status: Mapping[str, object]) -> Counted:
    """Return the numbers in `status` (the body of ``/api/status``); 0 for what is not there."""
    tellers = cast("Mapping[str, Mapping[str, int]]", status.get("tellers") or {})
    since = tellers.get("sinds_start") or {}
    refused = sum(count for name, count in since.items() if name.startswith(_REFUSED))
    messages = since.get("gelezen")
    if messages is None:
        messages = since.get("aanvaard", 0) + since.get("herhaald", 0) + refused
    return Counted(messages, refused)


class Tempo:
    """Speed over the last seconds; `look` is called about once a second."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Counted]] = deque(maxlen=SECONDS + 1)

    def look(self, now: float, status: Mapping[str, object]) -> None:
        """Note what `status` says at `now` (seconds of a clock that never goes back)."""
        self._seen.append((now, counted(status)))

    def as_json(self) -> dict[str, object]:
        """Return messages a second, refusals of the last minute, and the course of the past."""
        per_second = 0.0
        if len(self._seen) > 1:
            begin, before = self._seen[-min(_WINDOW + 1, len(self._seen))]
            end, last = self._seen[-1]
            if end > begin:
                per_second = _rise(before.messages, last.messages) / (end - begin)
        minute = self._seen[-min(61, len(self._seen))][1].refused if self._seen else 0
        return {
            "per_seconde": round(per_second, 1),
            "afgekeurd_minuut": _rise(minute, self._seen[-1][1].refused) if self._seen else 0,
            "reeks": [_rise(a.messages, b.messages) for (_, a), (_, b) in pairwise(self._seen)],
        }


def _rise(before: int, after: int) -> int:
    """Return the rise of a counter, which begins at 0 again when the process does."""
    return after - before if after >= before else after
