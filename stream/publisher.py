"""
Publication in the embedded process: on a fixed grid of time, what changed in each region.

An emission that could not be written is kept and written again, the same, until it is stored; only
then does the next one get its number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from zorgstroom.aggregations.ledger import BaseCell, Ledger
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import RegionPublication
from zorgstroom.aggregations.regions import Region, Regions
from zorgstroom.aggregations.results import Emission, SeriesValues
from zorgstroom.sinks.contract import Publication
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings

_LONGEST_PAUSE = timedelta(seconds=60)


class WeakerPolicyError(OperatorError):
    """The database already shows what today's policy hides."""


@dataclass(slots=True)
class _Target:
    """One database: the published figures, or the exact ones for the few who may see them."""

    publication: Publication
    disclosure: Disclosure
    regions: dict[str, RegionPublication] = field(default_factory=dict)
    waiting: dict[str, Emission] = field(default_factory=dict)


class Publisher:
    """
    Writes what changed, at most once a tick for each region.

    Args:
        settings: Regions, periods, policy and grid.
        publication: Where the protected figures go.
        exact: Where exact figures go as well, if anywhere.
        epoch: Higher at every start, so that a `versie` (epoch << 32) + counter was never used
            before, also not for an emission that a crash kept from being written.

    """

    def __init__(
        self,
        settings: Settings,
        publication: Publication,
        exact: Publication | None,
        epoch: int,
    ) -> None:
        self._settings = settings
        self._first_version = epoch << 32
        self._regions: Regions = settings.regions
        self._targets = [_Target(publication, settings.disclosure)]
        if exact is not None:
            self._targets.append(_Target(exact, Disclosure(policy="geen")))
        self._active: dict[str, Region] = {}
        self._found: dict[str, Region] = {}
        self._changed: dict[str, set[BaseCell]] = {}
        self._today: date | None = None
        self._pauses = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self.last: dict[str, datetime] = {}
        """When each region was last written."""
        self.versions: dict[str, int] = {}
        """`versie` of the last emission of each region, from the moment that it is made."""
        self.problem: str | None = None
        """Why nothing can be written now; None when all is well."""

    def open(self, ledger: Ledger, now: datetime, mark: str | None = None) -> None:
        """
        Learn what was published before; the whole ledger counts as changed.

        Args:
            ledger: Running counts, rebuilt.
            now: The present moment.
            mark: Policy of the last start, which may have left an emission half written.

        Raises:
            WeakerPolicyError: The database holds figures that today's policy would have hidden.

        """
        contents = self._targets[0].publication.contents()
        marks = contents.certificaten | (
            {mark} if mark is not None and contents.gebieden else set()
        )
        for found in marks:
            if not self._settings.disclosure.allows(found):
                raise WeakerPolicyError(
                    f"Deze database bevat cijfers die onder een zwakker beleid ({found}) zijn "
                    f"gepubliceerd dan nu geldt ({self._settings.disclosure.mark}), ook in de "
                    "historie. Publiceer in een nieuwe database, of verwijder deze eerst (ingebed: "
                    "de map chdb); de cijfers worden uit de dossiers opnieuw gemaakt."
                )
        gebieden = contents.gebieden.union(
            *(t.publication.contents().gebieden for t in self._targets)
        )
        for code in {cell.gemeente for cell in ledger.cells} | set(filter(_is_code, gebieden)):
            self._open_region(self._regions.of(code))
        for gebied in gebieden:
            if not _is_code(gebied) and gebied not in self._settings.regios:
                self._retract(gebied, now)
        ledger.changed.update(ledger.cells)

    def _retract(self, gebied: str, now: datetime) -> None:
        """Stop showing the figures of a region that the settings no longer name."""
        for target in self._targets:
            place = target.publication
            values = [
                SeriesValues(
                    series.series, series.perioden, [None] * len(series.perioden), series.statussen
                )
                for series in place.published([gebied])
                if any(waarde is not None for waarde in series.waarden)
            ]
            if values:
                versie = max(place.last_version(gebied, [gebied]), self._first_version) + 1
                place.write(Emission(gebied, versie, now, values, target.disclosure.mark))

    def due(self, now: datetime) -> bool:
        """Return whether a moment of the grid has passed since the last emission."""
        tick = self._settings.tick_seconds
        waiting = timedelta(0) < self._not_before - now <= _LONGEST_PAUSE
        return not waiting and (
            not self.last
            or len(self.last) < len(self._active)
            # Another moment of the grid, also an earlier one: a clock may be set back.
            or any(
                now.timestamp() // tick != last.timestamp() // tick for last in self.last.values()
            )
        )

    def tick(self, ledger: Ledger, now: datetime, today: date) -> int:
        """
        Write what changed in every region; return the number of emissions.

        A database that cannot be reached is tried again after growing pauses: see `problem`.
        """
        for cell in ledger.take_changed():
            region = self._regions.of(cell.gemeente)
            self._found[region.name] = region
            self._changed.setdefault(region.name, set()).add(cell)
        try:
            for region in self._found.values():
                self._open_region(region)
            self._found.clear()
            written = self._write_waiting()
            for name, region in self._active.items():
                if name in self._changed or today != self._today:
                    written += self._emit(region, ledger, now, today)
        except SinkUnavailableError as error:
            self.problem = str(error)
            pause = min(timedelta(seconds=2**self._pauses), _LONGEST_PAUSE)
            self._pauses += 1
            self._not_before = now + pause
            return 0
        self._today = today
        self._pauses = 0
        self.problem = None
        return written

    def _emit(self, region: Region, ledger: Ledger, now: datetime, today: date) -> int:
        changed = self._changed.get(region.name, set())
        versie = max(self.versions[region.name], self._first_version) + 1
        for target in self._targets:
            figures = target.regions[region.name]
            figures.update(ledger, changed, today)
            emission = figures.emission(versie, now)
            if emission is not None:
                target.waiting[region.name] = emission
                # From here on a message arrives after this emission, written or not yet.
                self.versions[region.name] = versie
        self._changed.pop(region.name, None)
        return self._write_waiting()

    def _write_waiting(self) -> int:
        written = 0
        for target in self._targets:
            for name, emission in list(target.waiting.items()):
                target.publication.write(emission)
                target.regions[name].confirm()
                del target.waiting[name]
                self.last[name] = emission.tijd
                written += 1
        return written

    def _open_region(self, region: Region) -> None:
        if region.name in self._active:
            return
        published: Iterable[Publication] = [target.publication for target in self._targets]
        self.versions[region.name] = max(
            one.last_version(region.name, region.gebieden) for one in published
        )
        last = self._targets[0].publication.last_emission(region.name)
        if last is not None:
            self.last[region.name] = last
        for target in self._targets:
            target.regions[region.name] = RegionPublication(
                region,
                self._settings.publication,
                target.disclosure,
                target.publication.published(region.gebieden),
            )
        self._active[region.name] = region


def _is_code(gebied: str) -> bool:
    return gebied.isdigit()
