"""
The exact figures, counted plainly from what has been told and not withdrawn.

There is one for every cell that is published. It shares no code with the decoder or the running
counts, so that both can be checked against it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from zorgstroom.stream.generator.model import Claim, Message, Region

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
DAY_MONTHS: Final = 13
"""Calendar months, that of today included, with figures by day."""
DAY_NIVEAUS: Final = {"regio": ("totaal", "hoofdgroep"), "gemeente": ("totaal",)}
"""Levels of products with figures by day, by gebied_soort; of `actief` only."""


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
    """The days and periods for which figures are counted: from `vanaf` through `today`."""

    vanaf: date
    today: date

    def periods(self, soort: str) -> list[tuple[date, date]]:
        """Return first and last day of the periods of `soort` from that of vanaf to today's."""
        if soort == "dag":
            year, month0 = divmod(self.today.year * 12 + self.today.month - DAY_MONTHS, 12)
            day = max(self.vanaf, date(year, month0 + 1, 1))
            days = [day + timedelta(days=i) for i in range((self.today - day).days + 1)]
            return [(one, one) for one in days]
        found = []
        first = date(self.vanaf.year, 1, 1)
        while first <= self.today:
            months = first.year * 12 + first.month - 1 + MONTHS[soort]
            following = date(months // 12, months % 12 + 1, 1)
            if following > self.vanaf:
                found.append((first, following - timedelta(days=1)))
            first = following
        return found


def told_by(claims: Iterable[Claim], today: date) -> list[Claim]:
    """Return what has been told and not withdrawn by the end of `today`."""
    return [claim for claim in claims if claim.holds(today)]


def told_in(messages: Iterable[Message], beginstand: Iterable[Claim]) -> list[Claim]:
    """
    Return what whoever received exactly these `messages`, in any order, and `beginstand` knows.

    A withdrawal is of a later day than what it withdraws, so it counts whichever came first.
    """
    # By the object itself: two claims may say the same.
    told = {id(claim): claim for claim in beginstand}
    withdrawn: set[int] = set()
    for message in messages:
        for record in () if message.bad else message.records:
            if record.status == 1:
                told[id(record.claim)] = record.claim
            else:
                withdrawn.add(id(record.claim))
    return [claim for key, claim in told.items() if key not in withdrawn]


def indicaties(told: Iterable[Claim]) -> list[Indicatie]:
    """
    Return the indicaties that the claims `told` amount to.

    Of several stops of one start the definitive one wins, then the latest Einddatum. An indicatie
    with several starts ends when all have ended, on the latest Einddatum.
    """
    starts: dict[tuple[object, ...], Claim] = {}
    stops: dict[tuple[object, ...], tuple[bool, date]] = {}
    for claim in told:
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

    `actief` is taken on the last day of the period, or today while it runs; flows of a period that
    runs are counted through today. Of days there is `actief` of some levels only.
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
    cells: dict[Cell, int] = {}
    for key, counts in sorted(days.items()):
        cells.update((cell, value) for cell, value in _cells(key, counts, calendar) if value)
    return cells


def _cells(
    key: _Line, counts: dict[str, list[int]], calendar: Calendar
) -> Iterator[tuple[Cell, int]]:
    """Yield the figures of one line, given what happens on each day from `calendar.vanaf` on."""
    vanaf, today = calendar.vanaf, calendar.today
    actief = list(accumulate(counts["actief"]))
    if key[3] in DAY_NIVEAUS[key[0]]:
        for day, _ in calendar.periods("dag"):
            yield Cell(*key, "dag", day, "actief"), actief[(day - vanaf).days]
    so_far = {m: [0, *accumulate(counts[m])] for m in ("instroom", "uitstroom")}
    for soort in MONTHS:
        for first, last in calendar.periods(soort):
            a, b = max((first - vanaf).days, 0), (min(last, today) - vanaf).days
            yield Cell(*key, soort, first, "actief"), actief[b]
            for maat, sums in so_far.items():
                yield Cell(*key, soort, first, maat), sums[b + 1] - sums[a]


def _lines(one: Indicatie, region: str) -> Iterator[_Line]:
    for soort, gebied in (("regio", region), ("gemeente", one.gemeente)):
        yield soort, gebied, one.wet, "totaal", ""
        if one.wet == "Wmo":
            yield soort, gebied, one.wet, "hoofdgroep", HOOFDGROEP[one.categorie]
        yield soort, gebied, one.wet, "categorie", one.categorie
