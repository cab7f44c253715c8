"""
The figures of one area on one day: what may be published of them, and what was.

An area has two blocks: every product and measure over months and longer, and `actief` by day of
the products that are published so.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np

from zorgstroom.aggregations.figure_block import FigureBlock
from zorgstroom.aggregations.figures import AreaFigures
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.periods import Period
from zorgstroom.aggregations.policy import Counts, PublicFigures
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import AreaIdentity
from zorgstroom.aggregations.results import GebiedSoort, Niveau, SeriesValues
from zorgstroom.aggregations.running_sums import RunningSums

_CALENDAR_LINES: Final = [(product, maat) for product in PRODUCTS for maat in MATEN]
_DAILY_LEVELS: Final[dict[GebiedSoort, tuple[Niveau, ...]]] = {
    "regio": ("totaal", "hoofdgroep"),
    "gemeente": ("totaal",),
}
"""Levels with `actief` by day; at every level, daily steps would tell small flows."""


class AreaPublication:
    """
    The two blocks of one area on one day.

    Args:
        identity: Name, kind and gemeenten.
        figures: Exact figures; changed from outside.
        public: Makes them public.
        first: The first published day.
        today: The present day.
        naloop_dagen: Days after its end on which a period becomes final.
        sums_running_periods: See `RegionPublication`.

    """

    def __init__(
        self,
        identity: AreaIdentity,
        figures: AreaFigures,
        public: PublicFigures,
        *,
        first: date,
        today: date,
        naloop_dagen: int,
        sums_running_periods: bool,
    ) -> None:
        def final(periods: Sequence[Period]) -> Counts:
            return np.array([p.is_final(today, naloop_dagen) for p in periods], np.int32)

        self._figures = figures
        self._daily = [
            at for at, p in enumerate(PRODUCTS) if p.niveau in _DAILY_LEVELS[identity.soort]
        ]
        self._by_day: Counts = np.zeros((len(self._daily), len(figures.days)), np.int32)
        self._calendar_block = FigureBlock(
            identity=identity,
            lines=_CALENDAR_LINES,
            periods=figures.periods,
            # A view, so that it keeps up.
            counts=figures.values.reshape(len(_CALENDAR_LINES), len(figures.periods)),
            public=public,
            first=first,
            final=final(figures.periods),
            sums=RunningSums(figures.periods, today) if sums_running_periods else None,
        )
        self._day_block = FigureBlock(
            identity=identity,
            lines=[(PRODUCTS[at], "actief") for at in self._daily],
            periods=figures.days,
            counts=self._by_day,
            public=public,
            first=first,
            final=final(figures.days),
            sums=None,
        )

    def take_over(self, former: "AreaPublication") -> None:
        """Take over what `former`, the same area on an earlier day, had published."""
        self._calendar_block.take_over(former._calendar_block)
        self._day_block.take_over(former._day_block)

    def restore(self, published: SeriesValues) -> None:
        """Take over what a place of publication holds of one series."""
        is_day = published.series.periode_soort == "dag"
        (self._day_block if is_day else self._calendar_block).restore(published)

    def changes(self) -> Iterator[SeriesValues]:
        """Yield what differs from what is published; the same again until `mark_stored`."""
        self._by_day[:] = self._figures.by_day[self._daily]
        yield from self._calendar_block.changes()
        yield from self._day_block.changes()

    def mark_stored(self) -> None:
        """Record that what `changes` gave last is stored."""
        self._calendar_block.mark_stored()
        self._day_block.mark_stored()
