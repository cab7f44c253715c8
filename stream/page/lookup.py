"""Looks up the figures that open pages watch: a few questions, however many pages there are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream.page import view
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.web import Provider

_KEPT_SECONDS: Final = 20.0
"""How long the figures of earlier periods are kept: they seldom change."""

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
        settings: Regions, and when periods close.

    """

    def __init__(self, provider: Provider, settings: Settings) -> None:
        self._provider = provider
        self._regios: Mapping[str, Sequence[str]] = settings.regios
        self._late_days = settings.publication.naloop_dagen
        self._kept: dict[tuple[str, bool], tuple[float, list[PublishedFigure]]] = {}

    def figures(
        self, watched: Iterable[Watched], today: date, now: float
    ) -> dict[Watched, dict[str, object]]:
        """
        Return what each page shows: its area and, of a region, the totals of its gemeenten.

        Args:
            watched: What pages look at.
            today: The date of the calendar.
            now: Seconds of a clock that never goes back.

        Raises:
            SinkError: The figures cannot be read.

        """
        kinds: dict[PeriodeSoort, list[str]] = {}
        for gebied, soort in watched:
            kinds.setdefault(soort, []).append(gebied)
        return {
            Watched(gebied, soort): body
            for soort, areas in kinds.items()
            for gebied, body in self._of_kind(soort, areas, today, now).items()
        }

    def _of_kind(
        self, soort: PeriodeSoort, areas: Sequence[str], today: date, now: float
    ) -> dict[str, dict[str, object]]:
        found = self._ask(view.current(areas, soort, today), areas)
        # A figure is missing where the publication has it at a close only, or not yet.
        self._complete(found, today, now, view.LINES, totals=False)
        gemeenten = sorted({code for area in areas for code in self._regios.get(area, ())})
        # What was found for those that have a page open themselves is not asked again.
        parts: _Areas = {
            code: [one for one in found[code] if one.series.product_niveau == "totaal"]
            for code in gemeenten
            if code in found
        }
        if unseen := [code for code in gemeenten if code not in found]:
            asked = self._ask(view.totals(unseen, soort, today), unseen)
            self._complete(asked, today, now, view.TOTALS, totals=True)
            parts |= asked
        start, closes = view.running(soort, today).start, view.next_closes(today, self._late_days)
        bodies: dict[str, dict[str, object]] = {}
        for area in areas:
            figures = [*found[area], *(f for c in self._regios.get(area, ()) for f in parts[c])]
            bodies[area] = {
                "gebied": area,
                "periode_soort": soort,
                "periode": start,
                "kolommen": view.COLUMNS,
                "rijen": [view.as_line(one) for one in view.newest(figures, soort, today).values()],
                "sluitingen": closes,
            }
        return bodies

    def _complete(
        self, found: _Areas, today: date, now: float, lines: int, *, totals: bool
    ) -> None:
        """Add what was published of earlier periods to the areas that have fewer than `lines`."""
        lacking = [area for area, figures in found.items() if len(figures) < lines]
        self._kept = {
            key: kept for key, kept in self._kept.items() if now - kept[0] < _KEPT_SECONDS
        }
        unknown = [area for area in lacking if (area, totals) not in self._kept]
        if unknown:
            question = view.recent_totals if totals else view.recent
            for area, figures in self._ask(question(unknown, today), unknown).items():
                self._kept[area, totals] = now, figures
        for area in lacking:
            found[area] += self._kept[area, totals][1]

    def _ask(self, question: Filter, areas: Collection[str]) -> _Areas:
        found: _Areas = {area: [] for area in areas}
        for figure in self._provider.figures(question, historie=False):
            found[figure.series.gebied].append(figure)
        return found
