"""
What an attacker lays together: counts, and which of them are sums of others.

A count says what is counted and when, wherever it is published and under whatever heading; two
rows about one count are one count. Which sums there are follows from the counts alone: a region is
the sum of its gemeenten, a hoofdgroep of its categorieen, a kwartaal of its months.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from zorgstroom.aggregations.ledger import STOCKS

_ONE_DAY = timedelta(days=1)
_Set = frozenset[str]
_Field = Literal["gebied", "product"]


class Count(NamedTuple):
    """An exact count, which nobody but the publisher knows."""

    gebied: frozenset[str]
    """CBS codes of the gemeenten that are added up, or another part of a region."""
    product: frozenset[str]
    """The categorieen that are added up, or another part of a wet."""
    maat: str
    first: date
    last: date
    """First and last day of a flow; of a stock, twice the day on which it is counted."""
    moment: int = 0
    """The emission as of which it was counted; 0 for the last one."""

    @property
    def is_stock(self) -> bool:
        """Whether it is counted on a day."""
        return self.maat in STOCKS

    @property
    def name(self) -> tuple[Hashable, ...]:
        """The thing that its secret offset belongs to; a stock has one for all days."""
        thing = (self.gebied, self.product, self.maat)
        return thing if self.is_stock else (*thing, self.first, self.last)


class Relation(NamedTuple):
    """Something that is certain of counts: their weighted sum lies from `low` to `high`."""

    terms: tuple[tuple[Count, int], ...]
    low: float
    high: float


def sums(counts: Collection[Count]) -> list[Relation]:
    """
    Return the sums that hold between `counts`; none that follows from the others.

    A longer flow is the sum of its shorter periods; what has none is the sum of its gemeenten and
    of its categorieen.
    """
    by_span, whole = _period_sums(counts)
    shortest = [count for count in counts if count not in whole]
    by_gebied = _set_sums(shortest, "gebied")
    by_product = _set_sums(shortest, "product")
    needed = {
        total: parts
        for total, parts in by_product.items()
        if not _follows(total, parts, by_gebied, by_product)
    }
    return [
        Relation(((total, -1), *((part, 1) for part in parts)), 0, 0)
        for kind in (by_span, by_gebied, needed)
        for total, parts in kind.items()
    ]


_Sums = dict[Count, Sequence[Count]]


def _period_sums(counts: Iterable[Count]) -> tuple[_Sums, set[Count]]:
    """Return the flows that are sums of shorter ones, and the same as a set."""
    groups: dict[Hashable, list[Count]] = defaultdict(list)
    for count in counts:
        if not count.is_stock:
            groups[count._replace(first=date.min, last=date.min)].append(count)
    result: _Sums = {}
    known: dict[frozenset[tuple[date, date]], Mapping[object, Sequence[tuple[date, date]]]] = {}
    for group in groups.values():
        spans = frozenset((count.first, count.last) for count in group)
        if spans not in known:
            known[spans] = {span: _consecutive(span, spans) for span in spans}
        for count in group:
            parts = known[spans][count.first, count.last]
            if parts:
                result[count] = [count._replace(first=a, last=b) for a, b in parts]
    return result, set(result)


def _consecutive(
    whole: tuple[date, date], spans: Iterable[tuple[date, date]]
) -> Sequence[tuple[date, date]]:
    """Return the longest shorter spans that make up `whole`, in order; empty when none do."""
    first, last = whole
    inside = sorted(
        (span for span in spans if span != whole and first <= span[0] and span[1] <= last),
        key=lambda span: (span[0], -span[1].toordinal()),
    )
    parts: list[tuple[date, date]] = []
    following = first
    for span in inside:
        if span[0] == following:
            parts.append(span)
            following = span[1] + _ONE_DAY
    return parts if following == last + _ONE_DAY else ()


def _set_sums(counts: Iterable[Count], field: _Field) -> _Sums:
    """Return the counts whose `field` is made up of that of others."""
    groups: dict[Hashable, list[Count]] = defaultdict(list)
    for count in counts:
        groups[_with(count, field, frozenset())].append(count)
    result: _Sums = {}
    known: dict[frozenset[_Set], dict[_Set, Sequence[_Set]]] = {}
    for group in groups.values():
        sets = frozenset(_set(count, field) for count in group)
        if sets not in known:
            known[sets] = {each: partition(each, sets) for each in sets}
        for count in group:
            parts = known[sets][_set(count, field)]
            if parts:
                result[count] = [_with(count, field, part) for part in parts]
    return result


def _set(count: Count, field: _Field) -> _Set:
    return count.gebied if field == "gebied" else count.product


def _with(count: Count, field: _Field, value: _Set) -> Count:
    return count._replace(gebied=value) if field == "gebied" else count._replace(product=value)


def partition(whole: frozenset[str], sets: Iterable[frozenset[str]]) -> Sequence[frozenset[str]]:
    """Return the largest of `sets` that make up `whole` without overlap; empty when none do."""
    inside = [each for each in sets if each < whole]
    for outer in (_largest(inside), _smallest(inside)):
        if sum(map(len, outer)) == len(whole) and frozenset().union(*outer) == whole:
            return sorted(outer, key=sorted)
    return ()


def _largest(sets: Sequence[_Set]) -> list[_Set]:
    return [each for each in sets if not any(each < other for other in sets)]


def _smallest(sets: Sequence[_Set]) -> list[_Set]:
    return [each for each in sets if not any(other < each for other in sets)]


def _follows(total: Count, parts: Sequence[Count], by_gebied: _Sums, by_product: _Sums) -> bool:
    """Return whether a sum over products follows from those of its gemeenten."""
    gemeenten = by_gebied.get(total)
    if gemeenten is None or any(part not in by_gebied for part in parts):
        return False
    products = {part.product for part in parts}
    return all(
        gemeente in by_product and {part.product for part in by_product[gemeente]} == products
        for gemeente in gemeenten
    )
