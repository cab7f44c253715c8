"""Small tables of counts, and what can be known of them by trying every possibility."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from hypothesis import strategies as st

from zorgstroom.aggregations.attack.cells import Count, sums
from zorgstroom.aggregations.attack.equations import Reading, Rule

FIRST = date(2025, 1, 1)


@dataclass(frozen=True)
class Table:
    """Base cells with their counts, every sum of them that is published, and the offsets."""

    rule: Rule
    base: Mapping[Count, int]
    published: Mapping[Count, tuple[Count, ...]]
    """Each published count with the base cells that it is the sum of."""
    offsets: Mapping[tuple[Hashable, ...], int]
    """By the name of the thing counted."""

    def number(self, count: Count) -> int:
        return sum(self.base[cell] for cell in self.published[count])

    def figure(self, count: Count) -> int | None:
        total = self.number(count) + self.offsets[count.name]
        return total - total % self.rule.base if total > self.rule.hidden else None

    def readings(self) -> list[Reading]:
        return [self.rule.reading(count, self.figure(count)) for count in self.published]

    def exact_readings(self) -> list[Reading]:
        """What somebody knows who can read count + offset of all that is shown."""
        return [
            reading
            if self.figure(reading.counted) is None
            else Reading(reading.counted, *2 * (self.total(reading.counted),))
            for reading in self.readings()
        ]

    def total(self, count: Count) -> int:
        return self.number(count) + self.offsets[count.name]


def possible(table: Table, readings: Sequence[Reading]) -> dict[Count, set[int]]:
    """Return every value that each published count can have, by enumeration."""
    cells = list(table.base)
    own = {reading.counted: reading.high for reading in readings}
    ranges = [range(own[cell] + 1) for cell in cells]
    values: dict[Count, set[int]] = {count: set() for count in table.published}
    for numbers in product(*ranges):
        base = dict(zip(cells, numbers, strict=True))
        counts = {
            count: sum(base[cell] for cell in parts) for count, parts in table.published.items()
        }
        if _offsets_fit(counts, readings, table.rule.base):
            for count, number in counts.items():
                values[count].add(number)
    return values


def _offsets_fit(counts: Mapping[Count, int], readings: Sequence[Reading], base: int) -> bool:
    """Return whether each name has one offset that fits all of its readings."""
    left: dict[tuple[Hashable, ...], set[int]] = {}
    for counted, low, high in readings:
        number = counts[counted]
        fitting = {u for u in range(base) if low <= number + u <= high}
        left[counted.name] = left.get(counted.name, set(range(base))) & fitting
        if not left[counted.name]:
            return False
    return True


SHAPES = {
    "two gemeenten and two categorieen": (("g1", "g2"), ("c1", "c2"), "actief", 1),
    "two gemeenten on two days": (("g1", "g2"), ("c1",), "actief", 2),
    "two categorieen in two months": (("g1",), ("c1", "c2"), "instroom", 2),
    "three months": (("g1",), ("c1",), "instroom", 3),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables of at most four base cells."""
    gemeenten, categorieen, maat, length = SHAPES[draw(st.sampled_from(sorted(SHAPES)))]
    rule = Rule.rounding(draw(st.sampled_from((1, 3))), draw(st.integers(1, 3)))
    published: dict[Count, tuple[Count, ...]] = {}
    for count in _counts(gemeenten, categorieen, maat, length):
        published[count] = tuple(_cells(count))
    base = {
        cell: draw(st.integers(0, 5))
        for count, cells in published.items()
        for cell in cells
        if count == cell
    }
    offsets = {
        name: draw(st.integers(0, rule.base - 1))
        for name in dict.fromkeys(count.name for count in published)
    }
    return Table(rule, base, published, offsets)


def _counts(
    gemeenten: Sequence[str], categorieen: Sequence[str], maat: str, length: int
) -> Iterator[Count]:
    """Yield the base cells, their margins, and for a flow the whole period."""
    days = [FIRST + timedelta(days=number) for number in range(length)]
    spans = [(day, day) for day in days]
    if maat != "actief" and length > 1:
        spans.append((days[0], days[-1]))
    for gebied in {frozenset({g}) for g in gemeenten} | {frozenset(gemeenten)}:
        for product_ in {frozenset({c}) for c in categorieen} | {frozenset(categorieen)}:
            for first, last in spans:
                yield Count(gebied, product_, maat, first, last)


def _cells(count: Count) -> Iterator[Count]:
    days = [count.last] if count.is_stock else []
    if not days:
        days = [
            count.first + timedelta(days=number)
            for number in range((count.last - count.first).days + 1)
        ]
    for gemeente, categorie, day in product(sorted(count.gebied), sorted(count.product), days):
        yield Count(frozenset({gemeente}), frozenset({categorie}), count.maat, day, day)


def relations_hold(table: Table) -> bool:
    """Return whether every sum that is found between the counts is true."""
    return all(
        sum(times * table.number(count) for count, times in relation.terms) == relation.low
        for relation in sums(table.published)
    )
