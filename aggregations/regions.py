"""
Regions: named lists of gemeenten (CBS codes) whose figures are added up and published together.

A gemeente outside every region is a region of its own, without a regional total; a gemeente in two
regions is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from zorgstroom.aggregations.results import GebiedSoort

TWENTE: Final = {
    "0141": "Almelo",
    "0147": "Borne",
    "0153": "Enschede",
    "0158": "Haaksbergen",
    "0163": "Hellendoorn",
    "0164": "Hengelo",
    "0168": "Losser",
    "0173": "Oldenzaal",
    "0183": "Tubbergen",
    "0189": "Wierden",
    "1700": "Twenterand",
    "1735": "Hof van Twente",
    "1742": "Rijssen-Holten",
    "1774": "Dinkelland",
}
"""The fourteen gemeenten of Twente by CBS code."""


class AreaIdentity(NamedTuple):
    """An area of which figures are published."""

    name: str
    """Name of a region, or a CBS code."""
    soort: GebiedSoort
    gemeenten: tuple[str, ...]
    """What it is the sum of; its offsets belong to this set, whatever its name."""


@dataclass(frozen=True, slots=True)
class Region:
    """A publication unit: one version, one emission at a time."""

    name: str
    gemeenten: tuple[str, ...]
    total: bool
    """Whether the gemeenten are also published as one area under `name`."""

    @property
    def gebieden(self) -> tuple[str, ...]:
        """Names of all areas with figures of this region."""
        return ((self.name, *self.gemeenten)) if self.total else self.gemeenten

    def identity(self, gebied: str) -> AreaIdentity:
        """Return what the area `gebied`, one of `gebieden`, is."""
        if self.total and gebied == self.name:
            return AreaIdentity(gebied, "regio", self.gemeenten)
        return AreaIdentity(gebied, "gemeente", (gebied,))


class Regions:
    """The regions of the settings; finds the region of a gemeente."""

    def __init__(self, named: Mapping[str, Sequence[str]]) -> None:
        self._of: dict[str, Region] = {}
        self.named: tuple[Region, ...] = tuple(
            Region(name, tuple(sorted(codes)), total=True) for name, codes in named.items()
        )
        for region in self.named:
            if not region.name.strip() or region.name.isdigit() or not region.gemeenten:
                raise ValueError(f"Regio {region.name!r}: geen bruikbare naam of geen gemeenten.")
            for code in region.gemeenten:
                if len(code) != 4 or not code.isdigit():
                    raise ValueError(f"Regio {region.name}: {code!r} is geen CBS-code (4 cijfers).")
                if code in self._of:
                    raise ValueError(
                        f"Gemeente {code} staat in regio {self._of[code].name} en in "
                        f"{region.name}: een gemeente hoort bij een regio."
                    )
                self._of[code] = region

    def of(self, gemeente: str) -> Region:
        """Return the region that publishes `gemeente`; its own when no list names it."""
        region = self._of.get(gemeente)
        if region is None:
            region = self._of[gemeente] = Region(gemeente, (gemeente,), total=False)
        return region
