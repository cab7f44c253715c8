"""
Figures of letters, written from docs/definitions.md: no decoder, no dossier, no ledger.

Indicaties are lists of days, and a figure is counted by looking in them.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from tests.published_rules import Moment, every_cell
from tests.spelling import Letter, Product
from zorgstroom.stream.generator.truth import Cell

REGION = "proef"
HOOFDGROEP = {
    "Hulp bij het huishouden": ("01",),
    "Ondersteuning thuis": ("02", "03", "04", "06", "07", "09", "10"),
    "Hulpmiddelen en diensten": ("05", "08", "11", "12", "13", "14"),
    "Verblijf en opvang": ("15", "16", "17", "18"),
    "Overig": ("onbekend",),
}
_NEVER = date(9999, 1, 1)
_Key = tuple[object, ...]
_Start = tuple[str, int | None, str | None, str | None, date]


class Indicaties:
    """Days on which indicaties begin and end for each measure, by gemeente, wet and categorie."""

    def __init__(self, letters: Iterable[Letter], *, twents: bool) -> None:
        self._days: dict[tuple[str, str, str, str], list[date]] = defaultdict(list)
        clients: dict[tuple[str, str], list[Letter]] = defaultdict(list)
        for letter in letters:
            clients[letter.aan, letter.bsn].append(letter)
        for (gemeente, _), said in clients.items():
            born = sorted((x.dag, x.van, x.nr, x.geboren) for x in said if x.gebruik != "3")
            adult = _NEVER
            if born:
                month = born[-1][3]
                adult = date(month.year + 18, month.month, 1)
            for wet, categorie, begin, einde in _indicaties(said):
                where = (gemeente, wet, categorie)
                if twents and categorie in ("onbekend", "04", "15", "16", "17", "18"):
                    continue
                judged = twents and bool(born)
                self._add(where, begin, einde, adult if judged else None)
        for days in self._days.values():
            days.sort()

    def _add(
        self, where: tuple[str, str, str], begin: date, einde: date | None, adult: date | None
    ) -> None:
        def counts(day: date) -> bool:
            return adult is None or (day >= adult) == (where[1] == "Wmo")

        if counts(begin):
            self._days[*where, "instroom"].append(begin)
        if einde is not None and counts(einde):
            self._days[*where, "uitstroom"].append(einde)
        first, gone = begin, _NEVER if einde is None else einde + timedelta(days=1)
        if adult is not None and where[1] == "Wmo":
            first = max(begin, adult)
        elif adult is not None:
            gone = min(gone, adult)
        if first < gone:
            self._days[*where, "in"].append(first)
            self._days[*where, "out"].append(gone)

    def count(self, cell: Cell, until: date, first: date) -> int:
        """Return the exact count of `cell`, of which a flow is counted from `first`."""
        total = 0
        gemeenten = {key[0] for key in self._days}
        for gemeente in gemeenten if cell.gebied == REGION else (cell.gebied,):
            for categorie in self._categorieen(cell):
                where = (gemeente, cell.wet, categorie)
                if cell.maat == "actief":
                    entered = bisect_right(self._of(*where, "in"), until)
                    total += entered - bisect_right(self._of(*where, "out"), until)
                else:
                    days = self._of(*where, cell.maat)
                    total += bisect_right(days, until) - bisect_left(days, max(cell.periode, first))
        return total

    def _of(self, gemeente: str, wet: str, categorie: str, what: str) -> list[date]:
        return self._days.get((gemeente, wet, categorie, what), [])

    def _categorieen(self, cell: Cell) -> Iterable[str]:
        match cell.product_niveau:
            case "totaal":
                return {key[2] for key in self._days}
            case "hoofdgroep":
                return HOOFDGROEP[cell.product]
            case _:
                return (cell.product,)


def cells(moment: Moment, gemeenten: Iterable[str]) -> set[Cell]:
    """Return every cell that must be published."""
    return every_cell({REGION: tuple(gemeenten)}, moment)


def last_day(cell: Cell, today: date) -> date:
    """Return the day up to which `cell` counts: its own last one, or today while it runs."""
    months = {"dag": 0, "maand": 1, "kwartaal": 3, "halfjaar": 6, "jaar": 12}[cell.periode_soort]
    if not months:
        return min(cell.periode, today)
    year, month0 = divmod(cell.periode.year * 12 + cell.periode.month - 1 + months, 12)
    return min(date(year, month0 + 1, 1) - timedelta(days=1), today)


def _indicaties(said: list[Letter]) -> list[tuple[str, str, date, date | None]]:
    once = {_content(letter): letter for letter in said}.values()
    starts: dict[_Start, list[tuple[date, int]]] = defaultdict(list)
    stops: dict[tuple[_Start, date, str | None], list[tuple[date, str, str, int, str]]] = (
        defaultdict(list)
    )
    for letter in once:
        for p in letter.products:
            sign = 1 if p.status == 1 else -1
            start = (letter.wet, p.nummer, p.categorie, p.code, p.begin)
            if p.einde is None:
                starts[start].append((letter.dag, sign))
            else:
                reden = p.reden if letter.release == "3.2" else None
                moment = (letter.dag, letter.van, letter.nr, sign, p.reden or "")
                stops[start, p.einde, reden].append(moment)
    endings: dict[_Start, list[tuple[bool, date]]] = defaultdict(list)
    for (ended, einde, _), told in stops.items():
        if _is_there([(day, sign) for day, _, _, sign, _ in told]):
            reden = max(move for move in told if move[3] == 1)[4]
            endings[ended].append((reden != "20", einde))
    groups: dict[tuple[str, str | None, date], list[_Start]] = defaultdict(list)
    for begun, moves in starts.items():
        if _is_there(moves):
            groups[begun[0], begun[2], begun[4]].append(begun)
    indicaties: list[tuple[str, str, date, date | None]] = []
    for (wet, categorie, begin), members in groups.items():
        ends = [max(endings[start])[1] if start in endings else None for start in members]
        last = None if None in ends else max(end for end in ends if end is not None)
        indicaties.append((wet.capitalize(), categorie or "onbekend", begin, last))
    return indicaties


def _content(letter: Letter) -> _Key:
    """What makes a message another one than those before: names of people are no part of it."""
    month = None if letter.gebruik == "3" else (letter.geboren.year, letter.geboren.month)
    products: tuple[Product, ...] = letter.products
    header = (letter.wet, letter.soort, letter.release, letter.van, letter.nr, letter.dag)
    return (*header, month, letter.geslacht, products)


def _is_there(moves: list[tuple[date, int]]) -> bool:
    """Walk the days of Dagtekening: there before + deliveries - removals > 0, clipped."""
    there = 0
    for day in sorted({day for day, _ in moves}):
        there += sum(sign for when, sign in moves if when == day)
        there = min(1, max(0, there))
    return there == 1
