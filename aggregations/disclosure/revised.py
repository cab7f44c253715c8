"""What an outsider sees of closed figures that were made anew: the tables that were revised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zorgstroom.aggregations.disclosure.closing import closed_tables, names_of, revision_frame
from zorgstroom.aggregations.disclosure.plan import STOCKS, Cell, Plan, Span
from zorgstroom.aggregations.disclosure.release import NO_FIGURE
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
        moment: Where findings go.
        told: The rows; they are taken out as they are read.

    """

    region: Region
    plan: Plan
    rows: Mapping[Cell, Entry]
    moment: Moment
    told: dict[Cell, Entry]

    def systems(self, spans: Iterable[Span], proofs: dict[str, str]) -> list[Weighed]:
        """Return the tables of `spans`, which may be revised now; other rows are findings."""
        found = []
        for span in spans:
            for tabel in closed_tables(self.plan, span):
                own = revision_frame(self.region, self.plan, tabel, self._last)
                entries = [self._take(cell) for cell in own.cells]
                gone = np.array([one is not None and one.waarde is None for one in entries])
                shown = np.array([one is not None for one in entries]) & ~gone
                if not shown.any():
                    continue
                # What is taken away is known to be small, whatever it was before.
                own = replace(own, last=np.where(gone, NO_FIGURE, own.last))
                values = np.array([(one and one.waarde) or 0 for one in entries], np.int64)
                proof = proofs.pop(own.name, None)
                is_cut = self.moment.written.is_cut
                found.append(Weighed(own, shown, values, proof, False, is_cut))
                self.moment.fresh += int(shown.sum())
        for cell in self.told:
            if cell.soort not in self.plan.summed or cell.maat in STOCKS:
                self._find("teruggezet", cell, "was al definitief")
        return found

    def _take(self, cell: Cell) -> Entry | None:
        """Return what is told of a cell of a closed table, under all names that it has."""
        names = self._names(cell)
        entries = [entry for one in names if (entry := self.told.pop(one, None))]
        if not entries:
            return None
        whole = len(entries) == len(names) or self.moment.written.is_cut
        if len({entry.waarde for entry in entries}) > 1 or not whole:
            self._find("niet afgeleid", cell, "twee cijfers van dezelfde stand")
        if entries[0].tijd != self.moment.written.tijd:
            self._find("teruggezet", cell, "herzien cijfer van een ander moment")
        if self._last(cell) is None:
            self._find("teruggezet", cell, "was onderdrukt")
        return entries[0]

    def _last(self, cell: Cell) -> int | None:
        names = self._names(cell)
        return self.rows[names[0]].waarde if names else None

    def _names(self, cell: Cell) -> list[Cell]:
        return [
            one
            for one in names_of(cell)
            if one in self.rows and self.rows[one].status == "definitief"
        ]

    def _find(self, soort: Literal["teruggezet", "niet afgeleid"], cell: Cell, why: str) -> None:
        self.moment.findings.append(Finding(soort, cell, uitleg=why))
