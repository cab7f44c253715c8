"""
The contract of disclosure control: cells, linear relations between them, a rule, and a result.

A `Table` holds everything that one publication must be weighed on together: the cells of an
emission, what was published before, and every relation that an outsider knows. What is protected
here is one system of cells; which cells there are, and when, is decided elsewhere.

An outsider knows the relations, the shown values, that counts are whole, and the lowest value a
cell can have. A suppressed cell is one whose value was not published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.int8]

Guarantee = Literal["contain", "breadth", "exact"]
Label = str | int
"""The name of a table within the system: relations with the same label are one table."""

FREE: Final = 0
"""The protector decides whether this cell is shown."""
KNOWN: Final = 1
"""The outsider knows this value already (published before, or fixed by definition)."""
HIDDEN: Final = 2
"""This cell must not be shown: it was suppressed before, or is not part of the publication."""


class DisclosureError(Exception):
    """Nothing safe can be published now; the last safe publication stands."""


class BudgetError(DisclosureError):
    """Protection was not done within its budget of time."""


class UnprotectableError(DisclosureError):
    """What is known already gives cells away, whatever else is suppressed."""

    def __init__(self, cells: Sequence[int]) -> None:
        super().__init__(f"{len(cells)} cells cannot be protected")
        self.cells = tuple(cells)
        """Indices of cells without the guarantee (they are small: not for a log)."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What an outsider knows to hold: the sum of coefficient x cell is `rhs`."""

    terms: tuple[tuple[int, int], ...]
    """Pairs of cell (its index) and coefficient, not 0; each cell once."""
    rhs: int = 0
    table: Label | None = None
    """The table this belongs to; None for a link between tables (stock and flow, versions)."""


def total(cell: int, parts: Sequence[int], table: Label | None = None) -> Relation:
    """Return the relation that `parts` add up to `cell`."""
    return Relation(((cell, -1), *((part, 1) for part in parts)), 0, table)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What a publication must leave open.

    `contain`: the interval of every small cell covers [0, threshold - 1]. `breadth`: at least
    `breadth` whole numbers remain possible. `exact`: at least two do.
    """

    threshold: int = 10
    """The lowest count that may be shown."""
    breadth: int = 5
    within: Guarantee = "contain"
    """Holds for each table (relations with one label) by itself."""
    across: Guarantee = "breadth"
    """Holds for all relations together, where links or several tables make that more."""

    def __post_init__(self) -> None:
        if self.threshold < 1 or self.breadth < 2:
            raise ValueError("threshold is at least 1 and breadth at least 2")

    def values(self, guarantee: Guarantee) -> int:
        """Return how many possible values `guarantee` asks for, where it asks for a number."""
        return 2 if guarantee == "exact" else self.breadth


@dataclass(frozen=True)
class Table:
    """
    A system of cells with their true values: only the protector may see it.

    Arrays have one place per cell. Everything but `values` and `sensitive` counts as known to
    everyone, so it must not depend on the true values of suppressed cells.
    """

    values: Ints
    """True counts, whole; they obey the relations."""
    relations: tuple[Relation, ...]
    cost: Floats = field(default_factory=lambda: np.zeros(0))
    """How much is lost by withholding a cell; > 0; dearer cells are withheld later. Empty: 1."""
    state: States = field(default_factory=lambda: np.zeros(0, np.int8))
    """`FREE`, `KNOWN` or `HIDDEN`. Empty: all free."""
    sensitive: Mask | None = None
    """Which cells need the guarantee; None: those below the threshold. `KNOWN` ones never do."""
    lower: Ints | None = None
    """The least value a cell can have; None: 0. A difference with a published count can be < 0."""
    span: tuple[Ints, Ints] | None = None
    """What containment must cover per cell, from and to; None: 0 and threshold - 1."""
    floor: Ints | None = None
    """
    What an outsider who knows the rule may conclude of a suppressed cell that lacks the guarantee:
    it cannot be small, so it is at least this. None: the threshold; or nothing, with `sensitive`.
    """

    def __post_init__(self) -> None:
        for name, kind in (("values", np.int64), ("cost", np.float64), ("state", np.int8)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        if not len(self.cost):
            object.__setattr__(self, "cost", np.ones(len(self)))
        if not len(self.state):
            object.__setattr__(self, "state", np.zeros(len(self), np.int8))
        self._check()

    def __len__(self) -> int:
        return len(self.values)

    def _check(self) -> None:
        lengths = {len(self.values), len(self.cost), len(self.state)}
        if len(lengths) > 1 or (self.cost <= 0).any():
            raise ValueError("every cell has a value, a state, and a cost above 0")
        if (self.values < self.lowest).any():
            raise ValueError("a value below its lower bound")
        for number, relation in enumerate(self.relations):
            if len(dict(relation.terms)) < len(relation.terms):
                raise ValueError(f"relation {number} names a cell twice")
            found = sum(times * int(self.values[cell]) for cell, times in relation.terms)
            if found != relation.rhs:
                raise ValueError(f"the values do not obey relation {number}")

    @cached_property
    def lowest(self) -> Ints:
        """The least value of each cell, as everyone knows it."""
        return np.zeros(len(self), np.int64) if self.lower is None else self.lower

    def small(self, rule: Rule) -> Mask:
        """Return which cells need the guarantee of `rule`."""
        small: Mask = self.values < rule.threshold if self.sensitive is None else self.sensitive
        free: Mask = self.state != KNOWN
        return small & free

    def ends(self, rule: Rule) -> tuple[Ints, Ints]:
        """Return what containment must cover: from and to, per cell."""
        if self.span is not None:
            return self.span
        return np.zeros(len(self), np.int64), np.full(len(self), rule.threshold - 1)

    def floors(self, rule: Rule) -> Ints:
        """Return the least value of each cell once it is clear that it is not a small one."""
        if self.floor is not None:
            return np.maximum(self.floor, self.lowest)
        if self.sensitive is not None:
            return self.lowest
        return np.maximum(self.lowest, rule.threshold)


@dataclass(frozen=True, eq=False)
class Witnesses:
    """
    Alternative tables: each agrees with everything shown and with all relations of its scope.

    They prove without a solver how wide a suppressed cell still is: it can have every value that
    it has in one of them. All suppressed cells of the scope share them.
    """

    scope: Label | None
    """The table whose relations hold; None: all relations together."""
    cells: Ints
    """The suppressed cells of the scope, ascending; m of them."""
    tables: Ints
    """One row a table, one column a suppressed cell: k x m whole numbers."""


@dataclass(frozen=True, eq=False)
class Protected:
    """What may be shown, and the proof. It holds no value that is not shown."""

    shown: Mask
    """Per cell; the cells that were `KNOWN` are among the shown."""
    values: Ints
    """Per cell the value where it is shown, else 0."""
    witnesses: tuple[Witnesses, ...]
    """One per scope; made from what is shown alone, so that it may be published."""
