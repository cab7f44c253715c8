"""
Tables of others: the exchange format of `audit FILE.json` and `protect IN.json`.

A document has a threshold, cells and relations. All its relations count as one table: several
releases in one file are cells that relations tie together.
"""

from functools import cached_property
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from zorgstroom.aggregations.disclosure.table import (
    FREE,
    HIDDEN,
    KNOWN,
    Floats,
    Ints,
    Mask,
    Protected,
    Relation,
    Rule,
    States,
    Table,
    Witnesses,
)

LABEL: Final = "bestand"
"""The label of the one table that a document is."""
_HEIGHT: Final = 0.1
"""What a total costs more than its parts: of two ways as short, the one that spares totals."""
_SIZE: Final = 0.02
"""What ten times the count costs more: of two ways as short, the one that spares large counts."""

Id = str | int
Whole = Annotated[int, Field(ge=0, le=10**9)]


class DocumentError(Exception):
    """A document cannot be used; the text says what and where (Dutch)."""


class Cell(BaseModel):
    """One cell of a document."""

    model_config = ConfigDict(frozen=True)

    id: Id
    dims: Any = None
    """What the cell is about: passed on unread."""
    value: Whole | None = None
    """The published value; None: suppressed."""
    value_true: Whole | None = None
    """The true value, for who may know it; never written."""
    known: bool = False
    """Whether the value was published before: it can no longer be protected."""
    cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """What withholding it costs; None: 1, and a little more for a total or a large count."""


class Total(BaseModel):
    """The parts add up to the total."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    total: Id
    parts: Annotated[list[Id], Field(min_length=1)]


class Terms(BaseModel):
    """The sum of coefficient x cell is `rhs`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: Annotated[list[tuple[Id, int]], Field(min_length=1)]
    rhs: int = 0


class Certificate(BaseModel):
    """Alternative tables that agree with everything shown; see `docs/disclosure.md`."""

    model_config = ConfigDict(frozen=True)

    rule: Literal["contain", "exact"] = "contain"
    """What it proves."""
    cells: list[Id]
    """The suppressed cells, in the order of the columns."""
    tables: list[list[int]]


class Document(BaseModel):
    """A table with its relations, as it is exchanged."""

    model_config = ConfigDict(frozen=True)

    threshold: Annotated[int, Field(ge=1, le=10**6)] = 10
    cells: Annotated[list[Cell], Field(min_length=1)]
    relations: list[Total | Terms] = []
    certificate: Certificate | None = None

    @cached_property
    def place(self) -> dict[Id, int]:
        """Where each cell is."""
        return {cell.id: at for at, cell in enumerate(self.cells)}

    @cached_property
    def shown(self) -> Mask:
        """Which cells have a value."""
        return np.array([cell.value is not None for cell in self.cells])

    @cached_property
    def values(self) -> Ints:
        """The values that are shown, 0 elsewhere."""
        return np.array([cell.value or 0 for cell in self.cells], np.int64)

    @cached_property
    def state(self) -> States:
        """What is known, what is suppressed already, and what may be shown."""
        known = np.array([cell.known for cell in self.cells])
        return np.where(known, KNOWN, np.where(self.shown, FREE, HIDDEN)).astype(np.int8)

    @cached_property
    def equations(self) -> tuple[Relation, ...]:
        """The relations, with cells as their places."""
        found = []
        for relation in self.relations:
            terms: dict[int, int] = {}
            if isinstance(relation, Total):
                pairs = [(relation.total, -1), *((part, 1) for part in relation.parts)]
                rhs = 0
            else:
                pairs, rhs = relation.terms, relation.rhs
            for name, times in pairs:
                terms[self.place[name]] = terms.get(self.place[name], 0) + times
            kept = tuple((cell, times) for cell, times in terms.items() if times)
            found.append(Relation(kept, rhs, LABEL))
        return tuple(found)

    def table(self) -> Table:
        """
        Return the table with its true values, to be protected.

        Raises:
            DocumentError: A true value is missing, or the values do not obey the relations.

        """
        for cell in self.cells:
            if cell.value is None and cell.value_true is None:
                raise DocumentError(
                    f"cel {cell.id}: geen waarde. Beschermen kan alleen met de ware waarden: vul "
                    "value in, of value_true als de cel al onderdrukt is."
                )
            if None not in (cell.value, cell.value_true) and cell.value != cell.value_true:
                raise DocumentError(f"cel {cell.id}: value en value_true verschillen.")
        values = np.array(
            [c.value if c.value is not None else c.value_true for c in self.cells], np.int64
        )
        for number, relation in enumerate(self.equations, 1):
            found = sum(times * int(values[cell]) for cell, times in relation.terms)
            if found != relation.rhs:
                raise DocumentError(
                    f"relatie {number} klopt niet: de som is {found}, het moet {relation.rhs} "
                    "zijn. Verbeter de waarden of de relatie."
                )
        return Table(values, self.equations, self._costs(values), self.state)

    def _costs(self, values: Ints) -> Floats:
        """Return what each cell costs: about 1, totals and large counts a little more."""
        height = np.zeros(len(self.cells))
        sums = [relation for relation in self.relations if isinstance(relation, Total)]
        for _ in range(8):  # deeper than any table; a circle of totals ends here as well
            for relation in sums:
                parts = max(height[self.place[part]] for part in relation.parts)
                at = self.place[relation.total]
                height[at] = max(height[at], parts + 1)
        given = [cell.cost for cell in self.cells]
        default = 1 + _HEIGHT * np.minimum(height, 8) + _SIZE * np.log10(values + 1)
        return np.array([d if g is None else g for g, d in zip(given, default, strict=True)])

    def published(self) -> Protected | None:
        """Return what is shown with its certificate, or None without one."""
        if self.certificate is None:
            return None
        try:
            cells = np.array([self.place[name] for name in self.certificate.cells], np.int64)
            tables = np.array(self.certificate.tables, np.int64).reshape(
                len(self.certificate.tables), len(cells)
            )
        except (KeyError, ValueError, OverflowError):
            raise DocumentError(
                "certificate: elke tabel heeft één getal per cel van certificate.cells, en die "
                "cellen staan bij cells. Laat het certificaat weg als het er niet bij hoort."
            ) from None
        order = np.argsort(cells)
        proof = Witnesses(LABEL, cells[order], tables[:, order])
        return Protected(self.shown, self.values, (proof,))

    def protected(self, result: Protected, rule: Rule) -> "Document":
        """Return this document with only what may be shown, and the certificate."""
        cells = [
            cell.model_copy(update={"value": value if shown else None, "value_true": None})
            for cell, shown, value in zip(
                self.cells, result.shown.tolist(), result.values.tolist(), strict=True
            )
        ]
        certificate = None
        for proof in result.witnesses:
            names = [self.cells[at].id for at in proof.cells.tolist()]
            certificate = Certificate(
                rule="exact" if rule.within == "exact" else "contain",
                cells=names,
                tables=proof.tables.tolist(),
            )
        return Document(
            threshold=self.threshold,
            cells=cells,
            relations=self.relations,
            certificate=certificate,
        )

    def plain(self) -> dict[str, Any]:
        """Return this document as it is written: only what is filled in, and no true value."""
        cells = []
        for cell in self.cells:
            given = cell.model_dump(exclude_defaults=True, exclude={"value", "value_true"})
            cells.append({"id": cell.id, "value": cell.value, **given})
        whole = self.model_dump(exclude={"cells"}, exclude_none=True)
        return {"threshold": self.threshold, "cells": cells, **whole}


def rule_for(document: Document, rule: str = "contain", breadth: int | None = None) -> Rule:
    """Return the rule for a document: `contain` or `exact`, or a breadth when that is given."""
    if breadth is not None:
        return Rule(document.threshold, breadth, within="breadth")
    if rule not in ("contain", "exact"):
        raise ValueError(f"unknown rule {rule}")
    return Rule(document.threshold, within="exact" if rule == "exact" else "contain")
