"""What an outsider sees of closed figures that were made anew: the tables that were revised."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zorgstroom.aggregations.disclosure.closing import revision_frame
from zorgstroom.aggregations.disclosure.plan import (
    STOCKS,
    Cell,
    Plan,
    Span,
    Tabel,
    months_of,
    names_of,
    parts_of,
    running,
)
from zorgstroom.aggregations.disclosure.witnessed import Entry, Finding, Moment, Weighed
from zorgstroom.aggregations.regions import Region


@dataclass(frozen=True, slots=True)
class Revised:
    """
    The rows of one emission that tell of closed figures again.

    Args:
        region: Whose.
        plan: What is published of it.
        rows: What stood before.
        made: The closed cells that were made at their close or later.
        closed: The periods that were closed before.
        moment: Where findings go.

    """

    region: Region
    plan: Plan
    rows: Mapping[Cell, Entry]
    made: Set[Cell]
    closed: Set[Span]
    moment: Moment

    def systems(self, told: Mapping[Cell, Entry], proofs: dict[str, str]) -> list[Weighed]:
        """Return the tables that are `told` anew; what may not be told is a finding."""
        tables: dict[Tabel, dict[Cell, set[int]]] = {}
        for cell, entry in told.items():
            self._check(cell, entry)
            if cell.maat not in STOCKS and cell.soort != "maand":
                self._check_sum(cell, entry, told)
            elif entry.waarde is not None:
                month = months_of(Span(cell.soort, cell.start))[-1]
                tabel = Tabel(cell.wet, cell.maat, "maand", month)
                own = cell._replace(soort="maand", start=month)
                tables.setdefault(tabel, {}).setdefault(own, set()).add(entry.waarde)
        return [self._system(tabel, tables[tabel], proofs) for tabel in sorted(tables)]

    def _check(self, cell: Cell, entry: Entry) -> None:
        if self.rows[cell].waarde is None:
            self._find("teruggezet", cell, "was onderdrukt")
        if entry.waarde is None:
            self._find("teruggezet", cell, "weggehaald na de sluiting")
        elif entry.tijd != self.moment.written.tijd:
            self._find("teruggezet", cell, "herzien cijfer van een ander moment")
        month = months_of(Span(cell.soort, cell.start))[-1]
        if running(month)[2] not in self.closed:
            self._find("teruggezet", cell, "het halfjaar is nog niet gesloten")

    def _system(
        self, tabel: Tabel, told: Mapping[Cell, set[int]], proofs: dict[str, str]
    ) -> Weighed:
        own = revision_frame(self.region, self.plan, tabel, self._last)
        for cell in told:
            if len(told[cell]) > 1:
                self._find("niet afgeleid", cell, "twee cijfers van dezelfde stand")
        self.moment.fresh += len(told)
        shown = np.array([cell in told for cell in own.cells])
        values = np.array([max(told.get(cell, {0})) for cell in own.cells], np.int64)
        is_cut = self.moment.written.is_cut
        return Weighed(own, shown, values, proofs.pop(own.name, None), False, is_cut)

    def _check_sum(self, cell: Cell, entry: Entry, told: Mapping[Cell, Entry]) -> None:
        """Find a longer period that is not the sum of its parts."""
        self.moment.derived += 1
        total = 0
        for span in parts_of(Span(cell.soort, cell.start)):
            part = cell._replace(soort=span.soort, start=span.start)
            row = told.get(part) or (self.rows[part] if part in self.made else None)
            if row is None or row.waarde is None:
                self._find("niet afgeleid", cell, "een deel is niet van de sluiting of later")
                return
            total += row.waarde
        if entry.waarde != total and not self.moment.written.is_cut:
            self._find("niet afgeleid", cell, "niet de som van de delen")

    def _last(self, cell: Cell) -> int | None:
        found = (self.rows.get(name) for name in names_of(cell))
        closed = (row for row in found if row is not None and row.status == "definitief")
        return next((row.waarde for row in closed if row.waarde is not None), None)

    def _find(self, soort: Literal["teruggezet", "niet afgeleid"], cell: Cell, why: str) -> None:
        self.moment.findings.append(Finding(soort, cell, uitleg=why))
