"""Tables for the tests: random regional ones, three-dimensional and linked ones, and known ones."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from zorgstroom.aggregations.disclosure.table import Relation, Table, total

Counts = npt.NDArray[np.int64]


def crossed(
    counts: Counts, label: str | None = "tabel", groups: int = 1
) -> tuple[Counts, list[Relation]]:
    """
    Return a two-way table with its margins, flat, and its relations.

    With `groups` > 1 the columns add up to that many subtotals, and those to the total.
    """
    rows, columns = counts.shape
    parts = np.array_split(np.arange(columns), groups) if groups > 1 else []
    width = columns + len(parts) + 1
    full = np.zeros((rows + 1, width), np.int64)
    full[:rows, :columns] = counts
    for at, part in enumerate(parts):
        full[:rows, columns + at] = counts[:, part].sum(axis=1)
    full[:rows, -1] = counts.sum(axis=1)
    full[rows] = full[:rows].sum(axis=0)
    place = np.arange(full.size).reshape(full.shape)
    relations = []
    across: Any = place.tolist()
    for row in across:
        for at, part in enumerate(parts):
            relations.append(total(row[columns + at], [row[column] for column in part], label))
        below = row[columns:-1] if parts else row[:-1]
        relations.append(total(row[-1], below, label))
    downward: Any = place.T.tolist()
    for column in downward:
        relations.append(total(column[-1], column[:-1], label))
    return full.ravel(), relations


def cube(counts: Counts, label: str | None = "kubus") -> Table:
    """Return a three-way table with all its margins."""
    full = counts
    for axis in range(3):
        full = np.concatenate([full, full.sum(axis=axis, keepdims=True)], axis=axis)
    place = np.arange(full.size).reshape(full.shape)
    relations = []
    for axis in range(3):
        for lines in np.moveaxis(place, axis, -1).reshape(-1, full.shape[axis]):
            line = lines.tolist()
            relations.append(total(line[-1], line[:-1], label))
    return Table(full.ravel(), tuple(relations))


def months(counts: Counts) -> Table:
    """Return months (first axis) of a two-way table, and the quarter that links them."""
    values: list[Counts] = []
    relations: list[Relation] = []
    size = 0
    for number, month in enumerate([*counts, counts.sum(axis=0)]):
        full, own = crossed(month, f"maand {number}")
        size = len(full)
        for relation in own:
            terms = tuple((cell + number * size, times) for cell, times in relation.terms)
            relations.append(Relation(terms, 0, relation.table))
        values.append(full)
    for cell in range(size):
        last = len(counts) * size + cell
        relations.append(total(last, [number * size + cell for number in range(len(counts))]))
    return Table(np.concatenate(values), tuple(relations))


def regional(seed: int, areas: int = 14, products: int = 20) -> tuple[Counts, list[Relation]]:
    """Return a table of skewed counts, as of gemeenten and categories, with two subtotals."""
    random = np.random.default_rng(seed)
    mean = np.outer(random.lognormal(0, 0.8, areas), random.lognormal(0, 1.3, products))
    return crossed(random.poisson(mean * 60 / mean.mean()), groups=2)


count = st.one_of(st.integers(0, 12), st.integers(0, 60))


@st.composite
def two_way(draw: st.DrawFn) -> Table:
    """Draw a small two-way table, sometimes with subtotals."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    counts = draw(st.lists(count, min_size=rows * columns, max_size=rows * columns))
    values, relations = crossed(
        np.array(counts, np.int64).reshape(rows, columns), groups=draw(st.integers(1, 2))
    )
    costs = draw(st.lists(st.integers(1, 5), min_size=len(values), max_size=len(values)))
    return Table(values, tuple(relations), np.array(costs, float))


@st.composite
def three_way(draw: st.DrawFn) -> Table:
    """Draw a small three-way table."""
    shape = draw(st.tuples(*[st.integers(2, 3)] * 3))
    size = int(np.prod(shape))
    counts = draw(st.lists(count, min_size=size, max_size=size))
    return cube(np.array(counts, np.int64).reshape(shape))


@st.composite
def linked(draw: st.DrawFn) -> Table:
    """Draw two or three months of a small two-way table with their sum."""
    shape = (draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(2, 3)))
    size = int(np.prod(shape))
    counts = draw(st.lists(count, min_size=size, max_size=size))
    return months(np.array(counts, np.int64).reshape(shape))
