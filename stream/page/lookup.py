"""Looks up the figures that open pages watch: a few questions, however many pages there are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream.page import view
from zorgstroom.stream.web import Provider

_Areas = dict[str, list[PublishedFigure]]


class Watched(NamedTuple):
    """What a page looks at."""

    gebied: str
    soort: PeriodeSoort


class Lookup:
    """
    Answers what pages watch; may be called from one thread at a time.

    Args:
        provider: Where figures are asked.
        regios: The gemeenten of each region.

    """

    def __init__(self, provider: Provider, regios: Mapping[str, Sequence[str]]) -> None:
        self._provider = provider
        self._regios = regios

    def figures(self, watched: Iterable[Watched], today: date) -> dict[Watched, dict[str, object]]:
        """
        Return what each page shows: its area and, of a region, the totals of its gemeenten.

        Args:
            watched: What pages look at.
            today: The date of the calendar.

        Raises:
            SinkError: The figures cannot be read.

        """
        kinds: dict[PeriodeSoort, list[str]] = {}
        for gebied, soort in watched:
            kinds.setdefault(soort, []).append(gebied)
        return {
            Watched(gebied, soort): body
            for soort, areas in kinds.items()
            for gebied, body in self._of_kind(soort, areas, today).items()
        }

    def _of_kind(
        self, soort: PeriodeSoort, areas: Sequence[str], today: date
    ) -> dict[str, dict[str, object]]:
        figures = self._ask(view.current(areas, soort, today), areas)
        gemeenten = sorted({code for area in areas for code in self._regios.get(area, ())})
        # Those that have a page open themselves have been asked with every product already.
        parts: _Areas = {
            code: [one for one in figures[code] if one.series.product_niveau == "totaal"]
            for code in gemeenten
            if code in figures
        }
        if others := [code for code in gemeenten if code not in figures]:
            parts |= self._ask(view.totals(others, soort, today), others)
        start = view.running(soort, today).start
        bodies: dict[str, dict[str, object]] = {}
        for area in areas:
            shown = [*figures[area], *(f for c in self._regios.get(area, ()) for f in parts[c])]
            bodies[area] = {
                "gebied": area,
                "periode_soort": soort,
                "periode": start,
                "kolommen": view.COLUMNS,
                "rijen": [view.as_line(figure) for figure in shown],
            }
        return bodies

    def _ask(self, question: Filter, areas: Collection[str]) -> _Areas:
        figures: _Areas = {area: [] for area in areas}
        for figure in self._provider.figures(question, historie=False):
            figures[figure.series.gebied].append(figure)
        return figures
