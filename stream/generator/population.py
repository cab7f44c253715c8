"""
Who lives where: gemeenten, aanbieders, persons with valid BSNs of a synthetic range, and names.

Everything is invented except the names, codes and inhabitants of the 14 Twente gemeenten.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from zorgstroom.codecs.catalog import Wet
from zorgstroom.codecs.encode import COMPACT, KAAL, MACHINAAL, STANDAARD, Person
from zorgstroom.codecs.events import Geslacht
from zorgstroom.stream.generator.model import Aanbieder, Client, Gemeente, Params, Region

TWENTE: Final = Region(
    "twente",
    (
        Gemeente("0141", "Almelo", 72_425),
        Gemeente("0147", "Borne", 22_343),
        Gemeente("1774", "Dinkelland", 26_120),
        Gemeente("0153", "Enschede", 158_351),
        Gemeente("0158", "Haaksbergen", 24_332),
        Gemeente("0163", "Hellendoorn", 35_651),
        Gemeente("0164", "Hengelo", 81_075),
        Gemeente("1735", "Hof van Twente", 34_881),
        Gemeente("0168", "Losser", 22_444),
        Gemeente("0173", "Oldenzaal", 32_110),
        Gemeente("1742", "Rijssen-Holten", 37_875),
        Gemeente("0183", "Tubbergen", 21_120),
        Gemeente("1700", "Twenterand", 33_846),
        Gemeente("0189", "Wierden", 23_952),
    ),
)
_FIRST_MADE_UP_CODE: Final = 6001
_ACHTERNAMEN: Final = (
    *("Wit", "Zwart", "Groothuis", "Oude Nijhuis", "Nijland", "Bökkerink", "Wolters", "Kamphuis"),
    *("Haverkate", "Scholten", "Özdemir", "Yıldız", "Nguyễn", "Dvořák", "Müller", "O'Brien"),
    *("Ter Braak & Zn.", "Lansink-Kösters", "Wesselink", "Bouhaddou", "d'Hondt", "Brouwer"),
    *("Kroeze", "Łukaszewska", "Håkansson", "Ensink", "Peñafiel", "Roelofs", "Boersma", "Tönis"),
)
_VOORVOEGSELS: Final = ("van", "de", "van der", "te", "ter", "van 't", "in 't", "el")
_VOORNAMEN: Final = (
    *("Tim", "Zoë", "Fenna", "Joël", "Aysel", "Renée", "Bram", "Gerrit", "Hendrika", "Noor"),
    *(
        "Siân",
        "André",
        "Mo & Ali",
        "Chloé",
        "Jan Willem",
        "Truus",
        "Daan",
        "Ömer",
        "Lotte",
        "Iñaki",
    ),
)
_WEIGHTS_11: Final = (9, 8, 7, 6, 5, 4, 3, 2)
_ROOM: Final = 1_000_000
"""Eight-digit beginnings from 99000000: one BSN for each, save where the last digit would be 10."""
_AANBIEDERS_PER_REGION: Final = 40
_AGB_SOORT: Final[dict[Wet, str]] = {"Wmo": "03", "Jw": "94"}
_YOUTH_WMO: Final = 0.04
_ADULT_JW: Final = 0.06


def made_up_regions(count: int) -> tuple[Region, ...]:
    """Return `count` regions of unequal size with codes above any real CBS code."""
    regions: list[Region] = []
    code = _FIRST_MADE_UP_CODE
    for nr in range(1, count + 1):
        gemeenten = []
        for plaats in range(1, 4 + nr * 7 % 11):
            inwoners = 12_000 + (nr * 7919 + plaats * 104_729) % 60_000
            if plaats == 1:
                inwoners += 40_000 + nr * 31_337 % 120_000
            gemeenten.append(Gemeente(f"{code:04d}", f"Gemeente {nr}-{plaats}", inwoners))
            code += 1
        regions.append(Region(f"regio-{nr:02d}", tuple(gemeenten)))
    if code > 10_000:
        raise ValueError("so many regions need more codes than there are numbers of four digits")
    return tuple(regions)


def bsn_of(prefix: int) -> str | None:
    """Return the BSN that begins with this eight-digit number, None when there is none (CS002)."""
    digits = f"{prefix:08d}"
    last = sum(w * int(d) for w, d in zip(_WEIGHTS_11, digits, strict=True)) % 11
    return f"{digits}{last}" if last < 10 else None


@dataclass(slots=True)
class World:
    """The made-up world of one run: regions, aanbieders, and the books that hand out numbers."""

    params: Params
    rng: Random
    regions: tuple[Region, ...]
    aanbieders: dict[tuple[str, Wet], list[Aanbieder]] = field(default_factory=dict)
    """By region and wet; the first ones are the largest."""
    _weights: list[float] = field(default_factory=list)
    _clients: int = 0
    _persons: int = 0
    _stride: int = 1
    _offset: int = 0
    _toewijzingen: dict[tuple[str, Wet], int] = field(default_factory=dict)

    @classmethod
    def of(cls, params: Params, rng: Random) -> "World":
        """Make the world that `params` ask for."""
        regions = made_up_regions(params.regios) if params.regios else (TWENTE,)
        world = cls(params, rng, regions)
        world._stride = rng.randrange(1000) * 10 + 300_007
        world._offset = rng.randrange(_ROOM)
        numbers = rng.sample(range(1_000_000), len(regions) * 2 * _AANBIEDERS_PER_REGION)
        styles = (STANDAARD, STANDAARD, STANDAARD, MACHINAAL, MACHINAAL, KAAL, COMPACT)
        for region in regions:
            for wet, prefix in _AGB_SOORT.items():
                world.aanbieders[region.naam, wet] = [
                    Aanbieder(
                        agb=f"{prefix}{numbers.pop():06d}",
                        wet=wet,
                        style=rng.choice(styles),
                        traag=rng.random() < 0.12,
                        envelop=rng.random() < params.rates.envelop,
                    )
                    for _ in range(_AANBIEDERS_PER_REGION)
                ]
        world._weights = list(accumulate(1 / (n + 3) for n in range(_AANBIEDERS_PER_REGION)))
        return world

    def aanbieder(self, region: Region, wet: Wet) -> Aanbieder:
        """Draw an aanbieder; large ones come more often."""
        return self.rng.choices(self.aanbieders[region.naam, wet], cum_weights=self._weights)[0]

    def toewijzing(self, gemeente: str, wet: Wet) -> int:
        """Return the next ToewijzingNummer; unique per gemeente and wet only (OP275)."""
        nummer = self._toewijzingen.get((gemeente, wet), 300_000) + 1 + self.rng.randrange(3)
        self._toewijzingen[gemeente, wet] = nummer
        return nummer

    def bsn(self) -> str:
        """Return a BSN of the synthetic range that is new; ValueError when all are used."""
        while self._persons < _ROOM:
            prefix = 99_000_000 + (self._persons * self._stride + self._offset) % _ROOM
            self._persons += 1
            if bsn := bsn_of(prefix):
                return bsn
        raise ValueError("more persons than the synthetic range of BSNs holds; lower the scale")

    def client(self, gemeente: str, wet: Wet, entry: date) -> Client:
        """Return a new person who gets care under `wet` from about `entry`."""
        rng = self.rng
        young = rng.random() < _YOUTH_WMO if wet == "Wmo" else rng.random() >= _ADULT_JW
        if wet == "Wmo":
            age = rng.uniform(2, 18) if young else min(18 + 84 * rng.betavariate(3.2, 1.7), 104)
        else:
            age = 17.5 * rng.betavariate(2.2, 1.6) if young else rng.uniform(18, 23)
        born = entry - timedelta(days=int(age * 365.25) + 1)
        draw = rng.random()
        datumgebruik = None
        if draw < 0.002:
            born, datumgebruik = date(1900, 1, 1), "3"
        elif draw < 0.006:
            born, datumgebruik = born.replace(month=1, day=1), "2"
        elif draw < 0.009:
            born, datumgebruik = born.replace(day=1), "1"
        voornaam = rng.choice(_VOORNAMEN)
        initial = voornaam[0].upper() + (chr(65 + rng.randrange(26)) if rng.random() < 0.5 else "")
        person = Person(
            bsn=self.bsn(),
            achternaam=rng.choice(_ACHTERNAMEN),
            geboortedatum=born,
            datumgebruik=datumgebruik,
            voorvoegsel=rng.choice(_VOORVOEGSELS) if rng.random() < 0.25 else None,
            voornamen=voornaam if rng.random() < 0.8 else None,
            voorletters=initial if rng.random() < 0.7 else None,
        )
        geslacht: Geslacht = "2" if rng.random() < (0.58 if wet == "Wmo" else 0.46) else "1"
        if rng.random() < 0.003:
            geslacht = "0"
        return self.as_client(gemeente, person, geslacht)

    def as_client(self, gemeente: str, person: Person, geslacht: Geslacht) -> Client:
        """Return `person` as a client of `gemeente`."""
        self._clients += 1
        return Client(self._clients, gemeente, person, geslacht)
