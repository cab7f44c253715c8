"""
The exact figures, counted plainly from what has been told and not withdrawn by today.

It shares no code with the decoder or the running counts, so that both can be checked against it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from zorgstroom.stream.generator.model import Claim, Region

TEMPORARY: Final = "20"
UNKNOWN: Final = "onbekend"
HOOFDGROEP: Final[dict[str, str]] = {
    "01": "Hulp bij het huishouden",
    "02": "Ondersteuning thuis",
    "03": "Ondersteuning thuis",
    "04": "Ondersteuning thuis",
    "05": "Hulpmiddelen en diensten",
    "06": "Ondersteuning thuis",
    "07": "Ondersteuning thuis",
    "08": "Hulpmiddelen en diensten",
    "09": "Ondersteuning thuis",
    "10": "Ondersteuning thuis",
    "11": "Hulpmiddelen en diensten",
    "12": "Hulpmiddelen en diensten",
    "13": "Hulpmiddelen en diensten",
    "14": "Hulpmiddelen en diensten",
    "15": "Verblijf en opvang",
    "16": "Verblijf en opvang",
    "17": "Verblijf en opvang",
    "18": "Verblijf en opvang",
    UNKNOWN: "Overig",
}
"""CBS hoofdgroepen of the Wmo (domain reference 3.4, 7)."""
MONTHS: Final = {"maand": 1, "kwartaal": 3, "halfjaar": 6, "jaar": 12}
MATEN: Final = ("actief", "instroom", "uitstroom")


class Cell(NamedTuple):
    """The key of one figure, as in the table of publication; `periode` is the first day."""

    gebied_soort: str
    gebied: str
    wet: str
    product_niveau: str
    product: str
    periode_soort: str
    periode: date
    maat: str


class Indicatie(NamedTuple):
    """A unique gemeente, wet, person, voorziening and Begindatum; `einde` None while it runs."""

    gemeente: str
    wet: str
    bsn: str
    categorie: str
    begin: date
    einde: date | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days and periods for which figures are counted."""

    vanaf: date
    today: date

    def periods(self, soort: str) -> list[tuple[date, date]]:
        """Return first and last day of the periods of `soort` up to the one with today."""
        if soort == "dag":
            days = (self.today - self.vanaf).days + 1
            return [(d, d) for d in (self.vanaf + timedelta(days=i) for i in range(days))]
        found = []
        first = self.vanaf
        while first <= self.today:
            months = first.year * 12 + first.month - 1 + MONTHS[soort]
            following = date(months // 12, months % 12 + 1, 1)
            found.append((first, following - timedelta(days=1)))
            first = following
        return found


def indicaties(claims: Iterable[Claim], today: date) -> list[Indicatie]:
    """
    Return the indicaties that `claims` amount to at the end of `today`.

    Of several stops of one start the definitive one wins, then the latest Einddatum. An indicatie
    with several starts ends when all have ended, on the latest Einddatum.
    """
    starts: dict[tuple[object, ...], Claim] = {}
    stops: dict[tuple[object, ...], tuple[bool, date]] = {}
    for claim in claims:
        if not claim.holds(today):
            continue
        product = claim.product
        key = (
            claim.client.gemeente,
            claim.client.person.bsn,
            claim.wet,
            product.toewijzing,
            product.categorie,
            product.code,
            claim.begin,
        )
        if claim.soort == "start":
            starts[key] = claim
        else:
            assert claim.einde is not None
            stop = (claim.reden != TEMPORARY, claim.einde)
            stops[key] = max(stop, stops.get(key, stop))
    ends: dict[tuple[str, str, str, str, date], list[date | None]] = {}
    for start, claim in starts.items():
        which = (
            claim.client.gemeente,
            claim.wet,
            claim.client.person.bsn,
            claim.product.categorie or UNKNOWN,
            claim.begin,
        )
        ends.setdefault(which, []).append(stops[start][1] if start in stops else None)
    return [Indicatie(*which, _last(found)) for which, found in ends.items()]


def _last(ends: Sequence[date | None]) -> date | None:
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


_Line = tuple[str, str, str, str, str]
"""gebied_soort, gebied, wet, product_niveau, product."""


def count(
    found: Iterable[Indicatie], regions: Sequence[Region], vanaf: date, today: date
) -> dict[Cell, int]:
    """
    Return every figure that is not 0, from the period of `vanaf` through the one with `today`.

    `actief` is taken on the last day of the period, or today while it runs; a day figure is made
    for regions only.
    """
    calendar = Calendar(vanaf, today)
    length = (today - vanaf).days + 1
    region_of = {g.code: region.naam for region in regions for g in region.gemeenten}
    days: dict[_Line, dict[str, list[int]]] = {}

    def line(key: _Line) -> dict[str, list[int]]:
        if key not in days:
            days[key] = {maat: [0] * (length + 1) for maat in MATEN}
        return days[key]

    for one in found:
        begin = (one.begin - vanaf).days
        last = length if one.einde is None else (one.einde - vanaf).days
        for key in _lines(one, region_of[one.gemeente]):
            counts = line(key)
            if begin >= 0:
                counts["instroom"][begin] += 1
            if one.einde is not None and last >= 0:
                counts["uitstroom"][last] += 1
            if last >= 0:
                counts["actief"][max(begin, 0)] += 1
                counts["actief"][min(last + 1, length)] -= 1
    periods = {soort: calendar.periods(soort) for soort in ("dag", *MONTHS)}
    cells: dict[Cell, int] = {}
    for key, counts in sorted(days.items()):
        running = list(accumulate(counts["actief"]))
        so_far = {m: [0, *accumulate(counts[m])] for m in ("instroom", "uitstroom")}
        for soort, spans in periods.items():
            if soort == "dag" and key[0] != "regio":
                continue
            for first, last_day in spans:
                a, b = (first - vanaf).days, (min(last_day, today) - vanaf).days
                values = (
                    running[b],
                    so_far["instroom"][b + 1] - so_far["instroom"][a],
                    so_far["uitstroom"][b + 1] - so_far["uitstroom"][a],
                )
                for maat, value in zip(MATEN, values, strict=True):
                    if value:
                        cells[Cell(*key, soort, first, maat)] = value
    return cells


def _lines(one: Indicatie, region: str) -> Iterator[_Line]:
    for soort, gebied in (("regio", region), ("gemeente", one.gemeente)):
        yield soort, gebied, one.wet, "totaal", ""
        if one.wet == "Wmo":
            yield soort, gebied, one.wet, "hoofdgroep", HOOFDGROEP[one.categorie]
        yield soort, gebied, one.wet, "categorie", one.categorie
