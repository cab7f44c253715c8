"""
What should never be in a publication: the kinds of leak, each with what it is known by.

Fixed rounding gives one reading of each count. A leak is a second reading of it, a number that is
no reading at all, or a row that tells of something that no figure shows.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from zorgstroom.aggregations.attack.equations import Rule
from zorgstroom.aggregations.attack.places import Place

Kind = Literal[
    "beleid",
    "geen veelvoud",
    "twee sleutels",
    "twee cijfers",
    "som klopt niet",
    "niets nieuws",
    "tegenstrijdig",
    "mediaan van weinig",
]
"""What is wrong; the texts for people are in `stream/audit_report.py`."""

MOVED_AT_LEAST: Final = 10
"""Figures that must move by one base in one emission before a second key is suspected."""
MOVED_SHARE: Final = 0.15
"""Of the figures of ended periods that are shown; another key moves a third of them."""
EVENLY: Final = 1 / 3
"""Another key moves as many up as down, within this."""
OTHERWISE: Final = 0.05
"""Late messages that move so many figures move some of them further; another key moves none."""

EXEMPT: Final = (
    "aandelen van de volledigheid (per regio, wet en maat, in hele procenten van 100 en meer)",
)
"""
Published numbers that are no multiple of the base and need not be (Dutch).

Shares of completeness are not published yet. When they are, their table stays out of all checks
here, and this is the place that says so.
"""


class Leak(NamedTuple):
    """Something that should not have been published."""

    soort: Kind
    versie: int
    """The emission that shows it; 0 for the publication as a whole."""
    place: Place | None = None
    """A figure that shows it, if there is one."""
    uitleg: str = ""
    """What a person needs to see it (Dutch)."""


def is_not_rounded(figure: int | None, rule: Rule) -> bool:
    """Return whether `figure` is none that `rule` can give."""
    return figure is not None and (figure % rule.base != 0 or figure < rule.smallest)


def second_key(versie: int, moves: Counter[int], standing: int, rule: Rule) -> Iterable[Leak]:
    """
    Yield a leak when figures moved as another key would move them.

    Args:
        versie: The emission.
        moves: By how much figures of ended periods moved, with how often; 0 left out.
        standing: How many of them were shown before.
        rule: How counts are rounded.

    """
    up, down = moves[rule.base], moves[-rule.base]
    moved = up + down
    if (
        rule.base > 1
        and moved >= max(MOVED_AT_LEAST, MOVED_SHARE * standing)
        and min(up, down) >= EVENLY * max(up, down)
        and moves.total() - moved <= OTHERWISE * moved
    ):
        uitleg = (
            f"van {standing} getoonde cijfers van afgelopen periodes gingen er {up} precies "
            f"{rule.base} omhoog en {down} precies {rule.base} omlaag"
        )
        yield Leak("twee sleutels", versie, None, uitleg)
