"""A process as the page sees one, on a publication in memory."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from zorgstroom.aggregations.policy import Protection
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.sinks.memory import MemoryPublication

MADE = datetime(2026, 11, 12, 9, tzinfo=UTC)


class Process:
    """What a test changes is shown at the next look."""

    protection = Protection()
    regios: Collection[str] = ("twente",)

    def __init__(self) -> None:
        self.publication = MemoryPublication()
        self.asked = 0
        self.failure: Exception | None = None
        self.state: dict[str, Any] = {
            "gestart_op": MADE.isoformat(),
            "nu": MADE.isoformat(),
            "stand_van": MADE.isoformat(),
            "vandaag": "2026-11-12",
            "tellers": {"sinds_start": {}},
            "regios": [{"regio": "twente", "versie": 1, "laatste_emissie": MADE.isoformat()}],
            "afgekeurd": [],
            "probleem": None,
        }

    def figures(self, wanted: Filter, *, historie: bool) -> list[PublishedFigure]:
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.publication.figures(wanted, historie=historie)

    def emissions(self, limit: int, regio: str) -> list[PublishedEmission]:
        return self.publication.emissions(limit, regio)

    def status(self) -> Mapping[str, object]:
        return dict(self.state)
