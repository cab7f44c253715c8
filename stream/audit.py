"""
`zorgstroom audit`: what an outsider can find out from everything that was published.

Everything comes from the database `publicatie`, as any analyst may read it. Of this installation
only what is public as well is used: which gemeenten a region has, from when figures are published,
and what counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zorgstroom.aggregations.attack.equations import ContradictionError
from zorgstroom.aggregations.attack.leaks import Leak
from zorgstroom.aggregations.attack.solve import SolverMissingError, UnsolvedError
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.timeliness import WETTEN
from zorgstroom.sinks.clickhouse import DATABASE, ClickHousePublication
from zorgstroom.sinks.contract import Publication, Safeguard
from zorgstroom.sinks.errors import FolderInUseError
from zorgstroom.stream.audit_progress import FamilyResult, Progress
from zorgstroom.stream.audit_reading import Reach, RegionReader
from zorgstroom.stream.engine import connect
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings


class UnknownRegionError(OperatorError):
    """A region was asked for of which nothing is published (Dutch)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of an audit."""

    regios: Sequence[str] = ()
    """Names of regions, or codes of gemeenten outside any; empty for all."""
    wetten: Sequence[str] = ()
    steekproef: int = 2000
    """Hidden counts that are attacked in each programme, at most."""
    momenten: int = 6
    """Earlier moments of which the running month is laid beside the present figures."""
    uren: float = 2.0
    seed: int = 1


@dataclass(slots=True)
class Report:
    """What an audit found."""

    safeguard: Safeguard
    reach: Reach = field(default_factory=Reach)
    results: list[FamilyResult] = field(default_factory=list)
    leaks: list[tuple[str, Leak]] = field(default_factory=list)
    """With the region that each is of."""
    onbekend: list[str] = field(default_factory=list)
    """Areas that were published and are in no region of the settings any more."""
    is_resumed: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether figures were published without protection, so that nothing can be attacked."""
        return self.safeguard.beleid == "geen"

    @property
    def exact(self) -> int:
        """How many hidden counts are known exactly."""
        return sum(len(result.precies) for result in self.results)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked was done in time."""
        return all(result.is_complete for result in self.results)

    @property
    def is_safe(self) -> bool:
        """Whether no small count is known, and nothing is there that should not be."""
        return not (self.is_exact or self.exact or self.leaks)


def audit(settings: Settings, data: Path, wishes: Wishes, progress_file: Path) -> Report:
    """
    Attack the publication in `data`, or on the server of the settings.

    Args:
        settings: Where it is, its regions, and what counts.
        data: Folder of the embedded database.
        wishes: Of what, and for how long.
        progress_file: Where results are kept until the audit is complete.

    Raises:
        OperatorError: There is nothing to attack, or it cannot be read.

    """
    if not settings.clickhouse.url and not (data / "chdb").exists():
        raise OperatorError(f"In {data} staan geen cijfers om te controleren.")
    try:
        connection = connect(settings, data)
    except FolderInUseError as error:
        raise OperatorError(f"{error} Stop het eerst; audit leest de map zelf.") from None
    try:
        publication = ClickHousePublication(connection, DATABASE)
        return Audit(settings, publication, wishes, progress_file).run()
    except SolverMissingError as error:
        raise OperatorError(str(error)) from None
    except UnsolvedError as error:
        raise OperatorError(
            f"De rekenbibliotheek kwam er niet uit ({error}). Wat al is uitgezocht, is bewaard; "
            "probeer het opnieuw, met een andere --seed."
        ) from None
    finally:
        connection.close()


class Audit:
    """
    One attack on one publication.

    Args:
        settings: Regions, rules and definitions.
        publication: What is attacked.
        wishes: Of what, and for how long.
        progress_file: Where results are kept until the audit is complete.

    """

    def __init__(
        self,
        settings: Settings,
        publication: Publication,
        wishes: Wishes,
        progress_file: Path,
    ) -> None:
        self._settings = settings
        self._publication = publication
        self._wishes = wishes
        self._regions = self._present_regions()
        safeguards = publication.safeguards()
        if not self._regions or not safeguards:
            raise OperatorError("Er zijn geen cijfers gepubliceerd om te controleren.")
        self._report = Report(safeguards[0], onbekend=self._unknown_areas())
        self._report.leaks += [
            ("", Leak("beleid", 0, None, f"ook {each.beleid} {each.basis} {each.drempel}"))
            for each in safeguards[1:]
        ]
        self._progress_file = progress_file

    def run(self) -> Report:
        """Attack all of it, and return what was found."""
        report = self._report
        if report.is_exact:
            return report
        wishes = self._wishes
        reader = RegionReader(
            self._settings,
            self._publication,
            report.safeguard,
            wetten=[wet for wet in WETTEN if not wishes.wetten or wet in wishes.wetten],
            moments=wishes.momenten,
            seed=wishes.seed,
        )
        report.reach = reader.reach
        if reader.rule.base == 1:
            uitleg = "exacte aantallen, alleen zonder de kleine: aftrekken maakt die bekend"
            report.leaks.append(("", Leak("beleid", 0, None, uitleg)))
        last_versions = {
            region.name: self._publication.last_version(region.name, region.gebieden)
            for region in self._regions
        }
        progress = Progress(
            self._progress_file,
            {
                "versies": last_versions,
                "steekproef": wishes.steekproef,
                "momenten": wishes.momenten,
                "seed": wishes.seed,
            },
            time.monotonic() + wishes.uren * 3600,
        )
        report.is_resumed = progress.is_resumed
        for region in self._regions:
            leaks: list[Leak] = []
            for naam, family in reader.families(region, leaks):
                try:
                    result = progress.attack(naam, family, wishes.steekproef, wishes.seed)
                except ContradictionError:
                    leaks.append(Leak("tegenstrijdig", 0, None, naam))
                else:
                    report.results.append(result)
            report.leaks += [(region.name, leak) for leak in leaks]
        if report.is_complete:
            progress.forget()
        return report

    def _present_regions(self) -> list[Region]:
        """Return the regions with figures that are asked for; raises `UnknownRegionError`."""
        areas = self._publication.gebieden()
        regions = {
            region.name: region
            for region in self._settings.regions.named
            if areas & set(region.gebieden)
        }
        for area in sorted(areas):
            if area.isdigit():
                region = self._settings.regions.of(area)
                regions.setdefault(region.name, region)
        for name in self._wishes.regios:
            if name not in regions:
                known = ", ".join(sorted(regions)) or "geen"
                raise UnknownRegionError(
                    f"Van regio {name!r} zijn geen cijfers gepubliceerd (wel van: {known})."
                )
        wanted = self._wishes.regios or list(regions)
        return [regions[name] for name in wanted]

    def _unknown_areas(self) -> list[str]:
        named = {region.name for region in self._settings.regions.named}
        return sorted(
            area
            for area in self._publication.gebieden()
            if not area.isdigit() and area not in named
        )
