"""A publication that tells the metrics of its writes; reading passes through untouched."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from time import perf_counter

from zorgstroom.aggregations.results import Emission, SeriesValues
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.sinks.contract import (
    Claim,
    Filter,
    Publication,
    PublishedEmission,
    PublishedFigure,
    Safeguard,
)
from zorgstroom.sinks.errors import OwnershipLostError, SinkError, SinkUnavailableError
from zorgstroom.sinks.metrics import Metrics, Write


class MeasuredPublication:
    """
    A `Publication` around another one.

    Args:
        publication: Where everything goes.
        metrics: Told how writes end and how long they take.

    """

    def __init__(self, publication: Publication, metrics: Metrics) -> None:
        self._publication = publication
        self._metrics = metrics

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        """Store `emission`; tell how that ended."""
        begun = perf_counter()
        outcome: Write = "geweigerd"
        try:
            self._publication.write(emission, claim)
            outcome = "ok"
        except SinkError as error:
            outcome = _outcome(error)
            raise
        finally:
            self._metrics.wrote(outcome, perf_counter() - begun)
        self._metrics.published(emission.regio, emission.tijd)

    def last_version(self, regio: str, gebieden: Sequence[str]) -> int:
        """Return the highest version stored."""
        return self._publication.last_version(regio, gebieden)

    def last_emission(self, regio: str) -> datetime | None:
        """Return when `regio` was last written; tell the metrics too, as after a restart."""
        found = self._publication.last_emission(regio)
        if found is not None:
            self._metrics.published(regio, found)
        return found

    def gebieden(self) -> frozenset[str]:
        """Return the names of the areas with a figure."""
        return self._publication.gebieden()

    def safeguards(self) -> list[Safeguard]:
        """Return how the figures here are protected."""
        return self._publication.safeguards()

    def keep_safeguard(self, safeguard: Safeguard, now: datetime) -> None:
        """Store how the figures here are protected."""
        self._publication.keep_safeguard(safeguard, now)

    def published(self, gebieden: Sequence[str]) -> Iterable[SeriesValues]:
        """Yield the latest value of every cell of `gebieden`."""
        return self._publication.published(gebieden)

    def claim(self, regio: str, eigenaar: str, at_least: int, now: datetime) -> Claim:
        """Become the one writer of `regio`."""
        return self._publication.claim(regio, eigenaar, at_least, now)

    def release(self, claim: Claim, now: datetime) -> None:
        """Say that nothing of `claim` is under way any more."""
        self._publication.release(claim, now)

    def figures(self, wanted: Filter, *, historie: bool = False) -> list[PublishedFigure]:
        """Return figures."""
        return self._publication.figures(wanted, historie=historie)

    def emissions(self, limit: int, regio: str = "") -> list[PublishedEmission]:
        """Return the last emissions."""
        return self._publication.emissions(limit, regio)

    def write_timeliness(
        self, rows: Sequence[TimelinessRow], versie: int, tijd: datetime, claim: Claim | None = None
    ) -> None:
        """Store rows of `tijdigheid`."""
        self._publication.write_timeliness(rows, versie, tijd, claim)

    def timeliness(self, regio: str) -> list[TimelinessRow]:
        """Return rows of `tijdigheid`."""
        return self._publication.timeliness(regio)

    def close(self) -> None:
        """Give back what is held open."""
        self._publication.close()


def _outcome(error: SinkError) -> Write:
    if isinstance(error, OwnershipLostError):
        return "verloren"
    return "onbereikbaar" if isinstance(error, SinkUnavailableError) else "geweigerd"
