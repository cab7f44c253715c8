"""
What the consumer handed out and nobody has acknowledged yet: the mark that no offset may pass.

An offset acknowledges everything before it. A batch that failed leaves a hole, and whoever takes
the records behind it would acknowledge the hole as well. So a batch may be acknowledged only when
its records are the first of those that were handed out and not acknowledged, in the same order.
That is order, not arithmetic: what offsets skip (ends of transactions, aborted and deleted records,
a reset) was never handed out, and so is not missed.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from faust.types import TP


class GapError(Exception):
    """Records that were handed out before these are not done: begin again from what is safe."""


class HandedOut:
    """Offsets of each partition, from the first that is not acknowledged on."""

    def __init__(self) -> None:
        self._offsets: dict[TP, deque[int]] = {}
        self._is_closed = False

    @property
    def is_empty(self) -> bool:
        """Whether everything that was handed out is acknowledged."""
        return not any(self._offsets.values())

    def add(self, place: TP, offsets: Iterable[int]) -> None:
        """Note that records were handed out, in this order."""
        self._offsets.setdefault(place, deque()).extend(offsets)

    def clear(self) -> None:
        """Forget everything: the partitions are read again from what was committed."""
        self._offsets.clear()

    def close(self) -> None:
        """Let nothing more be acknowledged: something failed."""
        self._is_closed = True

    def check(self, place: TP, offsets: Sequence[int]) -> None:
        """
        Return when `offsets` may be acknowledged.

        Raises:
            GapError: They are not the first that were handed out, or something failed before.

        """
        if self._is_closed:
            raise GapError("na een fout wordt niets meer bevestigd")
        first = islice(self._offsets.get(place, ()), len(offsets))
        if list(first) != list(offsets):
            raise GapError(f"{place.topic}/{place.partition}: er ontbreken berichten voor deze")

    def acknowledge(self, place: TP, offsets: Sequence[int]) -> None:
        """Take off `offsets`, which are safe now. Raises a `GapError` as `check` does."""
        self.check(place, offsets)
        waiting = self._offsets.get(place, deque())
        for _ in offsets:
            waiting.popleft()
