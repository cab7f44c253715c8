"""The table as it stood after each emission, and the leaks that who watched it would see."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from zorgstroom.aggregations.attack.leaks import Leak, is_not_rounded, second_key
from zorgstroom.aggregations.attack.places import Place
from zorgstroom.aggregations.attack.published import Publication, PublishedRow
from zorgstroom.aggregations.ledger import STOCKS
from zorgstroom.aggregations.results import Status


class Figure(NamedTuple):
    """What stands in a place, and the emission that wrote it."""

    waarde: int | None
    tot_en_met: date | None
    status: Status
    versie: int


class History:
    """
    Takes in emissions in order.

    Args:
        publication: How the region is published.
        whole: The emissions of the region that were stored whole.

    """

    def __init__(self, publication: Publication, whole: Collection[int]) -> None:
        self.figures: dict[Place, Figure] = {}
        self.today = date.min
        """The day as of which the table stands; it has a row for every day up to that."""
        self._publication = publication
        self._whole = whole
        self._shown: Counter[date] = Counter()
        """How many figures of months and longer are shown, by the last day of their period."""

    def step(self, rows: Collection[PublishedRow]) -> Iterator[Leak]:
        """Take in all rows that one emission wrote, and yield what is wrong with them."""
        versie = next(iter(rows)).versie
        days = [row.periode for row in rows if row.series.periode_soort == "dag"]
        self.today = today = max([self.today, *days])
        standing = sum(count for end, count in self._shown.items() if end < today)
        moves: Counter[int] = Counter()
        touched: list[Place] = []
        for row in rows:
            place = Place(row.series, row.periode)
            touched.append(place)
            figure = Figure(row.waarde, row.tot_en_met, row.status, versie)
            former = self.figures.get(place)
            self.figures[place] = figure
            if is_not_rounded(figure.waarde, self._publication.rule):
                yield Leak("geen veelvoud", versie, place, f"het cijfer {figure.waarde}")
            if former is not None and former[:3] == figure[:3] and former.versie in self._whole:
                yield Leak("niets nieuws", versie, place)
            if _stands_once(place):
                self._shown[place.end] += _is_shown(figure) - _is_shown(former)
                if place.end < today:
                    moves += _move(former, figure)
        yield from second_key(versie, moves, standing, self._publication.rule)
        if versie in self._whole:  # What was cut off is half a table.
            yield from self._two_figures(versie, touched, today)
            yield from self._wrong_sums(versie, touched, today)

    def values(self) -> dict[Place, int | None]:
        """Return the figures as they stand now."""
        return {place: figure.waarde for place, figure in self.figures.items()}

    def _two_figures(self, versie: int, touched: Iterable[Place], today: date) -> Iterator[Leak]:
        """Yield a leak for each count that stands in two places with two figures."""
        seen: set[Place] = set()
        for place in touched:
            if place in seen or place.is_sum(today):
                continue
            copies = [
                copy
                for copy in self._publication.copies(place, today)
                if copy in self.figures and self._publication.is_kept(copy, today)
            ]
            seen.update(copies)
            for copy in copies[1:]:
                here, there = self.figures[copies[0]].waarde, self.figures[copy].waarde
                if here != there:
                    uitleg = f"{_text(here)}, maar {_text(there)} bij {copy.text}"
                    yield Leak("twee cijfers", versie, copies[0], uitleg)

    def _wrong_sums(self, versie: int, touched: Iterable[Place], today: date) -> Iterator[Leak]:
        """Yield a leak for each running period that is not the sum of what is shown."""
        sums = {
            longer
            for place in touched
            if place.series.maat not in STOCKS
            for longer in place.within()
            if longer.is_sum(today) and longer in self.figures
        }
        for place in sums:
            figure = self.figures[place]
            right = self._sum(place, today)
            if (figure.waarde, figure.tot_en_met) != right:
                uitleg = f"{_text(figure.waarde)} in plaats van {_text(right[0])}"
                yield Leak("som klopt niet", versie, place, uitleg)

    def _sum(self, place: Place, today: date) -> tuple[int | None, date | None]:
        """Return the sum of the fewest shown figures of ended periods, and the day it reaches."""
        total, reach = 0, None
        for part in self._publication.parts(place, today):
            if reach is not None and part.periode <= reach:
                continue  # A longer period holds it.
            figure = self.figures.get(part)
            if figure is None or figure.waarde is None:
                if part.series.periode_soort == "maand":
                    break
                continue
            total, reach = total + figure.waarde, part.end
        return (None, None) if reach is None else (total, reach)


def _stands_once(place: Place) -> bool:
    """Return whether no other period holds the same count: a stock is copied to longer ones."""
    soort = place.series.periode_soort
    return soort == "maand" or (soort != "dag" and place.series.maat not in STOCKS)


def _is_shown(figure: Figure | None) -> bool:
    return figure is not None and figure.waarde is not None


def _move(former: Figure | None, figure: Figure) -> Counter[int]:
    """Return by how much a figure moved, once; a sum that got a figure of its own did not."""
    if former is None or former.waarde is None or figure.waarde is None:
        return Counter()
    move = figure.waarde - former.waarde
    return Counter() if move == 0 or former.tot_en_met is not None else Counter({move: 1})


def _text(figure: int | None) -> str:
    return "n.b." if figure is None else str(figure)
