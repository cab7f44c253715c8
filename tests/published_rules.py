"""
What published figures must be, written from the rules of docs/disclosure.md and not from the code.

Everything is checked on the published rows alone, beside exact counts that something else gives:
which cells there are, what is shown of each count, and what a running period is the sum of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from typing import Literal

from zorgstroom.sinks.contract import PublishedFigure
from zorgstroom.stream.generator.truth import HOOFDGROEP, MONTHS, Calendar, Cell
from zorgstroom.stream.generator.truthfile import Truth

FLOWS = ("instroom", "uitstroom")
LONG = ("kwartaal", "halfjaar", "jaar")
CATEGORIEEN = {
    "Wmo": tuple(HOOFDGROEP),
    "Jw": (*(str(n) for n in range(31, 56) if n != 39), "onbekend"),
}
Policy = Literal["afronden", "kale_drempel", "geen"]
Regios = Mapping[str, Collection[str]]
"""CBS codes of the gemeenten by name of the region."""


@dataclass(frozen=True)
class Moment:
    """When and how figures were published."""

    today: date
    first: date
    """The first published day."""
    policy: Policy = "afronden"
    naloop_dagen: int = 90

    @cached_property
    def periods(self) -> dict[str, dict[date, date]]:
        """Last day of each period by its first, by periode_soort."""
        calendar = Calendar(self.first, self.today)
        return {soort: dict(calendar.periods(soort)) for soort in ("dag", *MONTHS)}

    @cached_property
    def running(self) -> dict[str, date]:
        """First day of the period that runs, by periode_soort."""
        return {soort: max(self.periods[soort]) for soort in MONTHS}


def cell_of(figure: PublishedFigure) -> Cell:
    """Return the key of a published row."""
    s = figure.series
    where = (s.gebied_soort, s.gebied, s.wet, s.product_niveau, s.product, s.periode_soort)
    return Cell(*where, figure.periode, s.maat)


def every_cell(regios: Regios, moment: Moment) -> set[Cell]:
    """Return every cell that is published, whatever its count."""
    areas = [("regio", name) for name in regios]
    areas += [("gemeente", code) for codes in regios.values() for code in codes]
    products = [(wet, "totaal", "") for wet in CATEGORIEEN]
    products += [("Wmo", "hoofdgroep", name) for name in sorted(set(HOOFDGROEP.values()))]
    products += [(wet, "categorie", code) for wet, codes in CATEGORIEEN.items() for code in codes]
    periods = moment.periods
    cells = {
        Cell(*area, *what, soort, start, maat)
        for area, what, soort in product(areas, products, MONTHS)
        for start in periods[soort]
        for maat in ("actief", *FLOWS)
    }
    daily = {"regio": ("totaal", "hoofdgroep"), "gemeente": ("totaal",)}
    cells |= {
        Cell(*area, *what, "dag", day, "actief")
        for area, what in product(areas, products)
        if what[1] in daily[area[0]]
        for day in periods["dag"]
    }
    return cells


def is_sum(cell: Cell, moment: Moment) -> bool:
    """Return whether the figure of `cell` is a sum: a flow of a long period that runs."""
    is_long_flow = cell.maat in FLOWS and cell.periode_soort in LONG
    return is_long_flow and cell.periode == moment.running[cell.periode_soort]


def is_right(shown: int | None, count: int, policy: Policy) -> bool:
    """Return whether `shown` may stand for `count`."""
    match policy:
        case "afronden" if shown is None:
            return count <= 14
        case "afronden":
            return shown is not None and count > 10 and shown % 5 == 0 and abs(shown - count) <= 4
        case "kale_drempel":
            return shown == (count if count >= 10 else None)
        case "geen":
            return shown == count


def sum_of_shown(
    start: date, end: date, parts: Sequence[tuple[date, date, int]]
) -> tuple[int | None, date | None]:
    """
    Return the sum of the fewest figures that reach the furthest, and its last day.

    Args:
        start: First day of the running period, or of the figures if that is later.
        end: Last day of the running period.
        parts: First day, last day and figure of what is shown of shorter ended periods, none of
            which begins before the figures do.

    """
    best: dict[date, tuple[int, int]] = {start: (0, 0)}
    """Least number of figures, and their sum, that cover all days before the key."""
    for first, last, figure in sorted(parts, key=lambda part: part[:2]):
        if first in best and start <= first and last <= end:
            number, total = best[first]
            following = last + timedelta(days=1)
            candidate = (number + 1, total + figure)
            if following not in best or candidate[0] < best[following][0]:
                best[following] = candidate
    reach = max(best)
    if reach == start:
        return None, None
    return best[reach][1], reach - timedelta(days=1)


def violations(
    figures: Iterable[PublishedFigure],
    counts: Mapping[Cell, int],
    regios: Regios,
    moment: Moment,
) -> list[str]:
    """
    Return everything that is wrong with `figures`, the latest of every cell.

    Args:
        figures: All that is published.
        counts: The exact counts that are not 0.
        regios: Of the settings.
        moment: When and how they were published.

    """
    rows = {
        cell: figure
        for figure in figures
        # What lies before the figures of now was published on an earlier day and stays.
        if (cell := cell_of(figure)).periode >= min(moment.periods[cell.periode_soort])
    }
    wanted = every_cell(regios, moment)
    wrong = [f"lacks {cell}" for cell in wanted - rows.keys()]
    wrong += [f"has {cell}" for cell in rows.keys() - wanted]
    for cell in wanted & rows.keys():
        row, count = rows[cell], counts.get(cell, 0)
        end = moment.periods[cell.periode_soort][cell.periode]
        over = end + timedelta(days=moment.naloop_dagen)
        if row.status != ("definitief" if moment.today > over else "voorlopig"):
            wrong.append(f"{row.status}: {cell}")
        if is_sum(cell, moment):
            want = prescribed(cell, rows, moment)
            if (row.waarde, row.tot_en_met) != want:
                wrong.append(f"{(row.waarde, row.tot_en_met)}, not {want}: {cell}")
        elif row.tot_en_met is not None:
            wrong.append(f"t/m {row.tot_en_met}: {cell}")
        elif not is_right(row.waarde, count, moment.policy):
            wrong.append(f"{row.waarde} for {count}: {cell}")
    return wrong


def prescribed(
    cell: Cell, rows: Mapping[Cell, PublishedFigure], moment: Moment
) -> tuple[int | None, date | None]:
    """Return figure and last day of a running period, from the shown figures of shorter ones."""
    parts = []
    for soort in ("maand", *LONG):
        for start, end in moment.periods[soort].items():
            row = rows.get(cell._replace(periode_soort=soort, periode=start))
            if row is not None and row.waarde is not None and end < moment.today:
                parts.append((max(start, moment.first), end, row.waarde))
    end = moment.periods[cell.periode_soort][cell.periode]
    return sum_of_shown(max(cell.periode, moment.first), end, parts)


def violations_at_any_version(
    public: Iterable[PublishedFigure],
    exact: Iterable[PublishedFigure],
    regios: Regios,
    moment: Moment,
) -> tuple[int, list[str]]:
    """
    Return how often a figure was held against a count, and everything that was ever wrong.

    Each version of a region has the public and the exact figures of one moment. A process that
    ends between the two writes leaves out the exact ones, and then they come with the next version.

    Args:
        public: The whole history of the public figures.
        exact: That of the exact ones, written beside them by the same processes.
        regios: Of the settings.
        moment: When and how they were published; all of it on one day.

    """
    region_of = {code: name for name, codes in regios.items() for code in (name, *codes)}
    changes: dict[tuple[str, int], tuple[list[PublishedFigure], list[PublishedFigure]]] = {}
    for place, figures in enumerate((public, exact)):
        for figure in figures:
            key = (region_of[figure.series.gebied], figure.versie)
            changes.setdefault(key, ([], []))[place].append(figure)
    rows: dict[Cell, PublishedFigure] = {}
    counts: dict[Cell, int] = {}
    touched: set[Cell] = set()
    wrong: list[str] = []
    compared = 0
    for key, (shown, counted) in sorted(changes.items(), key=lambda change: change[0]):
        rows.update((cell_of(figure), figure) for figure in shown)
        counts.update((cell_of(figure), figure.waarde or 0) for figure in counted)
        touched |= {cell_of(figure) for figure in (*shown, *counted)}
        if counted:
            compared += len(touched)
            wrong += [f"{told} at {key}" for told in _wrong(touched, rows, counts, moment)]
            touched = set()
    return compared, wrong


def _wrong(
    touched: Iterable[Cell],
    rows: Mapping[Cell, PublishedFigure],
    counts: Mapping[Cell, int],
    moment: Moment,
) -> Iterator[str]:
    """Yield what is wrong with the cells that changed, and with the sums they are in."""
    sums: set[Cell] = set()
    for cell in touched:
        if not is_sum(cell, moment) and not is_right(
            rows[cell].waarde, counts[cell], moment.policy
        ):
            yield f"{rows[cell].waarde} for {counts[cell]}: {cell}"
        if cell.maat in FLOWS:
            sums |= {
                cell._replace(periode_soort=soort, periode=moment.running[soort]) for soort in LONG
            }
    for cell in sums:
        want = prescribed(cell, rows, moment)
        if (rows[cell].waarde, rows[cell].tot_en_met) != want:
            yield f"{rows[cell].waarde}, not {want}: {cell}"


def exact_sums(truth: Truth, moment: Moment) -> dict[Cell, int]:
    """
    Return what policy `geen` publishes of `truth` where that is not 0.

    There too a running period is the sum of its ended months; here of the counts of those.
    """
    cells = {
        cell: count
        for cell, count in truth.cells.items()
        if cell.periode >= moment.first and not is_sum(cell, moment)
    }
    sums: dict[Cell, int] = {}
    for cell, count in cells.items():
        if cell.periode_soort == "maand" and cell.maat in FLOWS:
            for soort in LONG:
                start = moment.running[soort]
                if start <= cell.periode < moment.running["maand"]:
                    whole = cell._replace(periode_soort=soort, periode=start)
                    sums[whole] = sums.get(whole, 0) + count
    return cells | sums
