"""
Random histories of clients as letters, and in which order and spelling they arrive.

Domains are small, so that keys, days and identities collide: repeats and other spellings of one
message, corrections within a message and across, removals before and after what they remove, and
starts and removals on one day.
"""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tests.spelling import Letter, Product, plain, spelled

GEMEENTEN = ("0141", "0153", "0164")
FIRST, TODAY = date(2022, 7, 1), date(2024, 3, 15)
_CATEGORIEEN = {
    "wmo": (None, "01", "02", "02", "04", "07", "15", "18"),
    "jw": (None, "45", "45", "43", "50"),
}
_REDENEN = {
    "wmo": {"3.0": ("20", "19", "36"), "3.1": ("20", "23", "38"), "3.2": ("20", "20", "02", "39")},
    "jw": {"3.0": ("20", "33", "36"), "3.1": ("20", "35", "38"), "3.2": ("20", "20", "02", "39")},
}


@dataclass(frozen=True)
class History:
    """The letters about some clients, each once, in no order."""

    letters: tuple[Letter, ...]

    def arrivals(self, chance: random.Random) -> list[bytes]:
        """Return what arrives: each letter at least once, some again, in any spelling and order."""
        again = chance.choices(self.letters, k=len(self.letters) // 4)
        arrivals = [
            plain(letter) if chance.random() < 0.5 else spelled(letter, chance)
            for letter in (*self.letters, *again)
        ]
        chance.shuffle(arrivals)
        return arrivals


def history(chance: random.Random, clients: int) -> History:
    """Return a history of this many clients."""
    letters: list[Letter] = []
    for number in range(clients):
        letters += _Client(chance, _bsn(100_000_000 + number * 11)).letters()
    return History(tuple(letters))


class _Client:
    def __init__(self, chance: random.Random, bsn: str) -> None:
        self._chance = chance
        self._bsn = bsn
        self._aan = chance.choice(GEMEENTEN)
        self._born = chance.choice(
            (date(1950, 3, 12), date(2005, 1, 31), date(2005, 11, 1), date(2015, 6, 9))
        )
        self._letters: list[Letter] = []

    def letters(self) -> list[Letter]:
        chance = self._chance
        for _ in range(chance.choice((1, 1, 2, 3))):
            self._episode(chance.choice(("wmo", "jw")))
        return self._letters

    def _episode(self, wet: str) -> None:
        """Care of one product: a start, perhaps an ending, perhaps corrections and a restart."""
        chance = self._chance
        begin = self._day(FIRST, TODAY - timedelta(days=30))
        categorie = chance.choice(_CATEGORIEEN[wet])
        product = Product(
            begin,
            nummer=chance.choice((None, 0, 1, 301)),
            categorie=categorie,
            code=chance.choice((None, "02A03", "7")) if categorie else None,
            ingang=chance.choice((None, begin)),
        )
        told = self._day(begin, begin + timedelta(days=20))
        self._send(wet, told, product)
        if chance.random() < 0.15:  # a second aanbieder or toewijzing: one indicatie
            self._send(wet, told, replace(product, nummer=77, code=None))
        if chance.random() < 0.15:  # delivered again under another name
            self._send(wet, told + timedelta(days=chance.choice((0, 0, 3))), product)
        self._correct(wet, told, product)
        if chance.random() < 0.6:
            self._end(wet, product)
        if chance.random() < 0.1:  # a removal of what nobody delivered
            self._send(wet, told, replace(product, begin=begin - timedelta(days=1), status=3))

    def _end(self, wet: str, product: Product) -> None:
        chance = self._chance
        release = chance.choice(("3.0", "3.1", "3.2", "3.2"))
        einde = self._day(product.begin, min(product.begin + timedelta(days=300), TODAY))
        told = self._day(einde, min(einde + timedelta(days=15), TODAY))
        ended = replace(
            product, ingang=None, reden=chance.choice(_REDENEN[wet][release]), einde=einde
        )
        self._send(wet, told, ended, release)
        self._correct(wet, told, ended, release)
        if ended.reden == "20" and chance.random() < 0.5:
            later = self._day(einde, TODAY)
            self._send(wet, later, replace(ended, reden="36", einde=later), release)
        elif ended.reden == "20" and chance.random() < 0.5:
            again = self._day(einde, TODAY)
            self._send(wet, again, replace(product, begin=again))

    def _correct(self, wet: str, told: date, product: Product, release: str = "3.2") -> None:
        """Remove, remove on the day itself, deliver anew, or correct within one message."""
        chance = self._chance
        if chance.random() > 0.3:
            return
        day = min(told + timedelta(days=chance.choice((0, 0, 1, 9))), TODAY)
        removed = replace(product, status=3)
        match chance.randrange(3):
            case 0:
                self._send(wet, day, removed, release)
            case 1:
                self._send(wet, day, removed, release)
                self._send(wet, min(day + timedelta(days=1), TODAY), product, release)
            case _:
                self._send(wet, day, (removed, replace(product, nummer=302)), release)

    def _send(
        self, wet: str, day: date, products: Product | tuple[Product, ...], release: str = "3.2"
    ) -> None:
        """Send at `day` or later, as nothing is told before it happened."""
        chance = self._chance
        of = products if isinstance(products, tuple) else (products,)
        day = max(day, *(p.einde or p.begin for p in of), of[0].begin)
        unknown = chance.random() < 0.1
        letter = Letter(
            wet,
            day,
            # Unique for each client, so that no order within a day is left to the digest.
            f"N{len(self._letters)}",
            self._bsn,
            of,
            release=release,
            van=chance.choice(("01234567", "76543210")),
            aan=self._aan,
            geboren=date(1900, 1, 1) if unknown else self._born,
            gebruik="3" if unknown else None,
            voornamen=chance.choice((None, "Quirijn")),
        )
        self._letters.append(letter)

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._chance.randrange(max(1, (last - first).days + 1)))


def _bsn(start: int) -> str:
    number = start
    while True:
        digits = [int(digit) for digit in str(number)]
        weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
        if sum(d * w for d, w in zip(digits, weights, strict=True)) % 11 == 0:
            return str(number)
        number += 1
