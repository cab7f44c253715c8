"""
When a record is present: a function of the set of messages, never of their arrival (OP033, OP080).

Walk the days of Dagtekening in order; after a day a record is present when (present before +
deliveries of that day - removals of that day) > 0, clipped to 0 or 1. Dates have no time, so
several deliveries and one removal on one day leave it present.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Presence(NamedTuple):
    """
    Whether a record is present after the last day, and what the walk saw on its way.

    `removed_unknown`: a removal on a day before any delivery (rule 9063); `delivered_again`: a
    delivery of what was present already (rule 9074); `removed`: days on which a removal took
    effect.
    """

    present: bool
    removed_unknown: bool
    delivered_again: bool
    removed: tuple[int, ...]


SINGLE = Presence(present=True, removed_unknown=False, delivered_again=False, removed=())
"""The usual case: delivered once and never removed."""


def presence(deliveries: Iterable[tuple[int, int]]) -> Presence:
    """
    Return the presence that (day, +1 or -1) pairs lead to, in any order.

    Args:
        deliveries: Dagtekening as an ordinal, with +1 for status 1 and -1 for status 3.

    """
    present = False
    unknown = again = False
    removed: list[int] = []
    day: int | None = None
    plus = minus = 0
    pairs = sorted(deliveries)
    for index, (when, sign) in enumerate(pairs):
        if when != day:
            day, plus, minus = when, 0, 0
        if sign > 0:
            plus += 1
        else:
            minus += 1
        if index + 1 == len(pairs) or pairs[index + 1][0] != when:
            if minus and not present and not plus:
                unknown = True
            if plus and (present or plus > 1) and not minus:
                again = True
            before = present
            present = (1 if present else 0) + plus - minus > 0
            if minus and (before or plus):
                removed.append(when)
    return Presence(present, unknown, again, tuple(removed))
