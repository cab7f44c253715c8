"""
Contributors: how many dossiers changed what they add to a cell since it was last published.

A figure is renewed only when at least T did, else the difference with the figure before would be a
count below T. A contributor is a distinct dossier: two changes of one client that undo each other
are none, and two indicaties of one client that begin are one.

What is kept per cell is the net change of each dossier that has one. It follows from the dossiers:
in a running process from every dossier that moves, after a restart from what each message says of
the emission before which it arrived (`since`).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.disclosure.plan import Cell, Level, Span, last_day
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Maat

Indicaties = frozenset[Indicatie]


class Stand(NamedTuple):
    """What is known of a dossier at some moment, and the day up to which it counts."""

    indicaties: Indicaties
    today: int
    """Ordinal: what begins or ends later does not count yet."""


def contributions(
    stand: Stand, months: Iterable[date], *, einddatum_telt_mee: bool = True
) -> Iterator[tuple[str, str, Maat, date]]:
    """
    Yield (wet, categorie, maat, month) for each unit that a dossier adds to a figure.

    `actief` counts on the last day of each month, or on `stand.today` as long as that is earlier:
    what is published of a month before it begins is the figure of the month before.
    """
    last_with_care = 0 if einddatum_telt_mee else 1
    spans = [(m, m.toordinal(), last_day(Span("maand", m)).toordinal()) for m in months]
    for one in stand.indicaties:
        for month, first, last in spans:
            until = min(last, stand.today)
            if one.begin <= until and (one.einde is None or one.einde - last_with_care >= until):
                yield one.wet, one.categorie, "actief", month
            if one.instroom and first <= one.begin <= until:
                yield one.wet, one.categorie, "instroom", month
            if one.uitstroom and one.einde is not None and first <= one.einde <= until:
                yield one.wet, one.categorie, "uitstroom", month


class Stood(NamedTuple):
    """A dossier with its past, for counting anew."""

    key: str
    gemeente: str
    at: Callable[[int | None], Indicaties]
    """Its indicaties as they stood at an emission with that `versie`; None: now."""
    arrived: Sequence[int]
    """The emission numbers that its messages carry, in order: between two it stood the same."""


@dataclass(slots=True)
class Contributors:
    """
    The net change of each dossier, per cell that was published and may be renewed.

    Args:
        region: Whose cells.
        levels: The levels that are published live.
        einddatum_telt_mee: Whether the Einddatum is a day with care.

    """

    region: Region
    levels: frozenset[Level]
    einddatum_telt_mee: bool = True
    changes: dict[Cell, dict[str, int]] = field(default_factory=dict)
    """Per cell that is watched, the dossiers whose addition to it differs, and by how much."""

    def watch(self, cell: Cell) -> None:
        """Begin anew with `cell`, which is published now."""
        self.changes[cell] = {}

    def forget(self, cell: Cell) -> None:
        """Stop with `cell`."""
        self.changes.pop(cell, None)

    def inherit(self, cell: Cell, former: Cell) -> None:
        """Let `cell` go on with what is known of `former`: the same figure under another month."""
        if former in self.changes:
            self.changes[cell] = dict(self.changes[former])

    def count(self, cell: Cell) -> int:
        """Return how many dossiers changed what they add to `cell`."""
        return len(self.changes.get(cell, ()))

    def move(
        self, key: str, gemeente: str, before: Stand, after: Stand, months: Sequence[date]
    ) -> None:
        """Know that the dossier `key` of `gemeente` went from `before` to `after`."""
        for cell, by in self._difference(gemeente, before, after, months).items():
            moved = self.changes.get(cell)
            if moved is not None:
                _add(moved, key, by)

    def since(
        self, made: Mapping[Cell, tuple[int, int]], dossiers: Iterable[Stood], today: int
    ) -> None:
        """
        Watch the cells of `made` and count their contributors anew, from the dossiers.

        Args:
            made: Per cell the `versie` and the day (ordinal) of its last publication.
            dossiers: Those of the region.
            today: Up to which day (ordinal) counts now.

        """
        for cell in made:
            self.watch(cell)
        groups = _groups(made, today)
        versions = [group.versie for group in groups]
        by_time = [group for group in groups if group.day != group.until]
        for dossier in dossiers:
            done = 0
            for number in dossier.arrived:
                end = bisect_right(versions, number)
                if end > done:
                    self._since(dossier, groups[done:end], dossier.at(number), today)
                    done = end
            later = [group for group in by_time if group.versie > versions[done - 1] or not done]
            self._since(dossier, later, dossier.at(None), today)

    def _since(
        self, dossier: Stood, groups: Iterable["_Group"], then: Indicaties, today: int
    ) -> None:
        """Count `dossier` for cells that were made when it stood as `then`."""
        now = dossier.at(None)
        changes = first_change(then, now)
        for group in groups:
            by_time = group.day != group.until and _crosses(now, group.day, group.until)
            if changes > group.last and not by_time:
                continue
            found = self._difference(
                dossier.gemeente, Stand(then, group.day), Stand(now, today), group.months
            )
            for cell in group.cells & found.keys():
                if found[cell]:
                    self.changes[cell][dossier.key] = found[cell]

    def _difference(
        self, gemeente: str, before: Stand, after: Stand, months: Sequence[date]
    ) -> Counter[Cell]:
        found: Counter[Cell] = Counter()
        for sign, stand in ((-1, before), (1, after)):
            for wet, categorie, maat, month in contributions(
                stand, months, einddatum_telt_mee=self.einddatum_telt_mee
            ):
                for row in _ROWS[wet, categorie]:
                    niveau = PRODUCTS[row].niveau
                    if ("gemeente", niveau) in self.levels:
                        found[Cell(gemeente, row, maat, "maand", month)] += sign
                    if self.region.total and ("regio", niveau) in self.levels:
                        found[Cell(self.region.name, row, maat, "maand", month)] += sign
        return found


class _Group(NamedTuple):
    """The cells that were made at one moment and count up to one day, then and now."""

    versie: int
    day: int
    """Ordinal of the day up to which they counted then."""
    until: int
    """The same of now."""
    last: int
    """The later one of both."""
    months: list[date]
    cells: set[Cell]


def _groups(made: Mapping[Cell, tuple[int, int]], today: int) -> list[_Group]:
    """Return the cells of `made` by their moments, in order of their versions."""
    cells: dict[tuple[int, int, int], set[Cell]] = {}
    for cell, (versie, day) in made.items():
        until = min(today, last_day(Span("maand", cell.start)).toordinal())
        cells.setdefault((versie, day, until), set()).add(cell)
    return [
        _Group(versie, day, until, max(day, until), sorted({cell.start for cell in found}), found)
        for (versie, day, until), found in sorted(cells.items())
    ]


NEVER: Final = date.max.toordinal()


def first_change(before: Indicaties, after: Indicaties) -> int:
    """Return the first day (ordinal) on which two stands of a dossier may count differently."""
    alike: dict[tuple[object, ...], list[Indicatie]] = {}
    for one in before ^ after:
        alike.setdefault((*one[:4], one.instroom), []).append(one)
    days = []
    for many in alike.values():
        # Where only the end is another one, nothing is before the earlier of both.
        only_ends = len(many) == 2 and (many[0] in before) != (many[1] in before)
        ends = [one.einde for one in many if one.einde is not None]
        days.append(min(ends) if only_ends and ends else many[0].begin)
    return min(days, default=NEVER)


def _crosses(indicaties: Indicaties, day: int, today: int) -> bool:
    """Return whether something begins or ends between two days, so that time alone counts."""
    low, high = sorted((day, today))
    return any(
        low < one.begin <= high or (one.einde is not None and low <= one.einde <= high)
        for one in indicaties
    )


def _add(moved: dict[str, int], key: str, by: int) -> None:
    net = moved.get(key, 0) + by
    if net:
        moved[key] = net
    else:
        moved.pop(key, None)


def _rows() -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for row, product in enumerate(PRODUCTS):
        for categorie in product.categorieen:
            found.setdefault((product.wet, categorie), []).append(row)
    return found


_ROWS: Final = _rows()
