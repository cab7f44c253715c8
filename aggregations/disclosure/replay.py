"""
A publication as an outsider lives through it: emission by emission, from public data alone.

What was published tells which cells were made anew at each moment and which were not; the plan,
which everyone may know, tells what they form together. This rebuilds both, and finds whatever the
rules do not allow, without a line of what publishes. What can be computed is for `judging`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

import numpy as np

from zorgstroom.aggregations.disclosure.attack import Interval
from zorgstroom.aggregations.disclosure.beside import stock_of
from zorgstroom.aggregations.disclosure.certificate import CertificateError, systems
from zorgstroom.aggregations.disclosure.closing import closing_frames, closing_spans
from zorgstroom.aggregations.disclosure.follows import Follows, followed
from zorgstroom.aggregations.disclosure.plan import (
    LONGER,
    STOCKS,
    VERSION,
    Cell,
    Level,
    Plan,
    Span,
    Tabel,
    areas,
    cells,
    levels,
    months_of,
    parts_of,
)
from zorgstroom.aggregations.disclosure.release import Frame, frame
from zorgstroom.aggregations.disclosure.revised import Revised
from zorgstroom.aggregations.disclosure.witnessed import Entry, Finding, Moment, Weighed, Written
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region

_MONTH: Final = "maand"


class Replay:
    """
    The public state of one region.

    Args:
        region: Whose.
        plan: What is published of it.
        threshold: T of an emission that was cut off; the others tell it.

    """

    def __init__(self, region: Region, plan: Plan, threshold: int = 10) -> None:
        self._region, self._plan, self._threshold = region, plan, threshold
        self._kinds = dict(areas(region))
        self._live_levels = levels(region, plan.live)
        self._rows: dict[Cell, Entry] = {}
        self._fresh: set[Cell] = set()
        """Closed cells whose figure was made at their close."""
        self._closed: set[Span] = set()
        self._live: dict[Cell, Entry] = {}
        """The last word on each live cell of a month."""
        self._months: list[date] = []
        """The months of live cells, in order."""
        self._ties = Follows(region, plan)
        self._tijd: datetime | None = None
        self._made: dict[Cell, int] = {}
        """What was made at that time, in one or more emissions."""

    def moments(self, emissions: Iterable[Written]) -> Iterator[Moment]:
        """Yield what each of `emissions` (in order of their versie) comes down to."""
        for written in emissions:
            yield self._moment(written)

    def _moment(self, written: Written) -> Moment:
        mark, proof, text = written.certificaat.partition(";")
        moment = Moment(written, 0)
        found = moment.findings
        rows = written.rows
        if not proof and all(entry.waarde is None for entry in rows.values()):
            self._take(rows)  # a region that the settings no longer name is withheld as a whole
            return moment
        match mark.split(" "):
            case ["drempel", threshold, "plan", version] if version == str(VERSION):
                moment.threshold = int(threshold)
            case _ if written.is_cut:
                moment.threshold = self._threshold
                moment.notes.append(Finding("zonder emissie"))
                text = "{}"
            case _:
                found.append(Finding("onbeschermd", uitleg=mark))
        if not moment.threshold:
            self._take(rows)
            return moment
        try:
            proofs = dict(systems(text))
        except CertificateError:
            found.append(Finding("certificaat", uitleg="niet te lezen"))
            proofs = {}
        self._read(moment, proofs)
        for name in proofs:
            found.append(Finding("certificaat", systeem=name, uitleg="hoort bij geen systeem"))
        return moment

    def _read(self, moment: Moment, proofs: dict[str, str]) -> None:
        revised, closing, live, derived = self._sorted(moment)
        if revised:
            before = Revised(
                self._region, self._plan, self._rows, self._fresh, self._closed, moment
            )
            moment.systems += before.systems(revised, proofs)
            self._take(revised)
            self._fresh.update(revised)
        if closing:
            self._close(moment, closing, proofs)
        self._renew(moment, live, proofs)
        self._take(moment.written.rows)
        for cell, entry in derived.items():
            moment.derived += 1
            if not self._follows(cell, entry, live, moment.written.tijd):
                moment.findings.append(Finding("niet afgeleid", cell))
        self._add_up(moment, closing)

    def _sorted(self, moment: Moment) -> tuple[dict[Cell, Entry], ...]:
        """Return what is told anew of closed cells, what closes, what runs, and what follows."""
        found = moment.findings
        revised: dict[Cell, Entry] = {}
        closing: dict[Cell, Entry] = {}
        live: dict[Cell, Entry] = {}
        derived: dict[Cell, Entry] = {}
        for cell, entry in moment.written.rows.items():
            if entry.waarde is not None and entry.waarde < moment.threshold:
                found.append(Finding("getoond", cell))
            known = self._rows.get(cell)
            if known is not None and known.status == "definitief":
                if entry.status == "definitief":
                    revised[cell] = entry
                else:
                    found.append(Finding("teruggezet", cell, uitleg="was al definitief"))
            elif entry.status == "definitief":
                closing[cell] = entry
            elif self._level(cell) not in (
                self._plan.by_day if cell.soort == "dag" else self._live_levels
            ):
                found.append(Finding("buiten het plan", cell))
            elif cell.soort == _MONTH:
                live[cell] = entry
            else:
                derived[cell] = entry
        return revised, closing, live, derived

    def _add_up(self, moment: Moment, closing: Mapping[Cell, Entry]) -> None:
        """Find what is small and follows from all figures that are made at one moment."""
        if moment.written.tijd != self._tijd:
            self._tijd, self._made = moment.written.tijd, {}
        self._made |= {
            stock_of(cell) if cell.maat in STOCKS else cell: entry.waarde
            for cell, entry in moment.written.rows.items()
            if entry.waarde is not None
            and entry.tijd == moment.written.tijd
            # Under longer periods stand running stocks too, and sums of months.
            and (cell.soort == _MONTH or (cell in closing and cell.soort not in self._plan.summed))
        }
        for cell, waarde in followed(self._ties, self._made, self._tijd):
            if waarde < moment.threshold:
                why = "volgt uit wat op dit moment is gemaakt, met actief, instroom en uitstroom"
                interval = Interval(waarde, waarde)
                moment.findings.append(Finding("herleidbaar", cell, "", interval, why))

    # While a period runs

    def _renew(self, moment: Moment, live: dict[Cell, Entry], proofs: dict[str, str]) -> None:
        tables: dict[Tabel, set[Cell]] = {}
        for cell, entry in live.items():
            last = self._live.get(cell)
            if entry.waarde is None:
                if self._last_live(cell) is None:
                    why = "weggehaald, maar er stond niets"
                    moment.findings.append(Finding("teruggezet", cell, uitleg=why))
                continue
            if cell.maat in STOCKS and last is None and entry == self._last_entry(cell):
                continue  # goes on under the month that has begun
            if entry.tijd != moment.written.tijd:
                why = "lopend cijfer van een ander moment"
                moment.findings.append(Finding("teruggezet", cell, uitleg=why))
            if last is not None and last.waarde is None:
                why = "was onderdrukt"
                moment.findings.append(Finding("teruggezet", cell, uitleg=why))
            tables.setdefault(Tabel(cell.wet, cell.maat, cell.soort, cell.start), set()).add(cell)
        for tabel, fresh in tables.items():
            moment.fresh += len(fresh)
            own = frame(
                self._region,
                tabel.label,
                [(tabel, self._plan.live, True)],
                # What is taken away now is known to be small, whatever it was before.
                lambda cell: None if _gone(live.get(cell)) else self._last_live(cell),
            )
            shown = np.array([cell in fresh for cell in own.cells])
            values = np.array(
                [(live[cell].waarde or 0) if cell in fresh else 0 for cell in own.cells], np.int64
            )
            proof = proofs.pop(own.name, None)
            moment.systems.append(Weighed(own, shown, values, proof, False, moment.written.is_cut))

    def _last_live(self, cell: Cell) -> int | None:
        """Return the last figure of a live cell; a stock runs on from month to month."""
        entry = self._last_entry(cell)
        return None if entry is None else entry.waarde

    def _last_entry(self, cell: Cell) -> Entry | None:
        entry = self._live.get(cell)
        if entry is None and cell.maat in STOCKS:
            before = (cell._replace(start=month) for month in reversed(self._months))
            entry = next(
                (self._live[c] for c in before if c.start <= cell.start and c in self._live), None
            )
        return entry

    # Rows that follow from others

    def _follows(
        self, cell: Cell, entry: Entry, live: Mapping[Cell, Entry], tijd: datetime
    ) -> bool:
        """Return whether a row tells nothing that is not published already."""
        if cell.maat in STOCKS:
            return any(
                (other.waarde, other.tijd) == (entry.waarde, entry.tijd)
                and month[:3] == cell[:3]
                and _holds(cell, month.start)
                for month, other in live.items()
            )
        if cell.soort not in LONGER or entry.tijd != tijd or entry.waarde is None:
            return False
        total = 0
        for month in months_of(Span(cell.soort, cell.start)):
            row = self._rows.get(cell._replace(soort=_MONTH, start=month))
            if row is None or row.waarde is None:
                return False
            total += row.waarde
            if total == entry.waarde:
                return True
        return False

    # At a close

    def _close(self, moment: Moment, closing: dict[Cell, Entry], proofs: dict[str, str]) -> None:
        found = moment.findings
        months = sorted({cell.start for cell in closing if cell.soort == _MONTH})
        if len(months) != 1:
            found.append(Finding("teruggezet", uitleg="geen sluiting van een enkele maand"))
            return
        spans = closing_spans(months[0], self._closed)
        asked = self._asked(spans)
        for cell in closing.keys() - asked:
            found.append(Finding("buiten het plan", cell))
        for cell in () if moment.written.is_cut else asked - closing.keys():
            if not _gone(self._rows.get(cell)):
                found.append(Finding("ontbreekt", cell))
        for cell, entry in closing.items():
            self._check_held(moment, months[0], cell, entry)
        for own in closing_frames(
            self._region, self._plan, months[0], self._closed, self._last_of, self._is_known
        ):
            moment.systems += self._closed_system(moment, own, spans, closing, proofs)
        self._check_sums(moment, closing)
        self._closed.update(spans)

    def _check_sums(self, moment: Moment, closing: Mapping[Cell, Entry]) -> None:
        """Find closed figures of a summed period that are not the sum of its published parts."""
        for cell, entry in closing.items():
            if cell.soort not in self._plan.summed or cell.maat in STOCKS or entry.waarde is None:
                continue
            moment.derived += 1
            parts = [
                cell._replace(soort=part.soort, start=part.start)
                for part in parts_of(Span(cell.soort, cell.start))
            ]
            rows = [closing.get(part) or self._rows.get(part) for part in parts]
            whole = [row.waarde for row in rows if row is not None and row.waarde is not None]
            if len(whole) < len(parts) or sum(whole) != entry.waarde:
                moment.findings.append(Finding("niet afgeleid", cell))

    def _asked(self, spans: list[Span]) -> set[Cell]:
        """Return every cell that must be told of at a close."""
        found: set[Cell] = set()
        for wet in dict.fromkeys(product.wet for product in PRODUCTS):
            for maat in ("actief", "instroom", "uitstroom"):
                for span in spans:
                    tabel = Tabel(wet, maat, span.soort, span.start)
                    found.update(cells(self._region, tabel, self._plan.closing(maat, span.soort)))
        return found

    def _check_held(self, moment: Moment, month: date, cell: Cell, entry: Entry) -> None:
        """Find a figure of before that is not the one that stood."""
        if entry.waarde is None or entry.tijd == moment.written.tijd:
            return
        if cell.maat in STOCKS:
            cell = cell._replace(soort=_MONTH, start=month)
            if self._last_live(cell) == entry.waarde:
                return
        elif (last := self._live.get(cell)) and (last.waarde, last.tijd) == (
            entry.waarde,
            entry.tijd,
        ):
            return
        why = "een ouder cijfer dat er niet stond"
        moment.findings.append(Finding("teruggezet", cell, uitleg=why))

    def _closed_system(
        self,
        moment: Moment,
        own: Frame,
        spans: list[Span],
        closing: Mapping[Cell, Entry],
        proofs: dict[str, str],
    ) -> list[Weighed]:
        closes = set(spans)
        shown, values = own.known.copy(), np.where(own.known, own.last, 0)
        fresh = False
        for at, cell in enumerate(own.cells):
            if Span(cell.soort, cell.start) not in closes:
                continue
            under = [cell]
            if cell.maat in STOCKS:
                under = [cell._replace(soort=s.soort, start=s.start) for s in spans]
            told = {
                entry.waarde
                for row in under
                if (entry := closing.get(row))
                and entry.waarde is not None
                and entry.tijd == moment.written.tijd
            }
            if len(told) > 1:
                moment.findings.append(
                    Finding("niet afgeleid", cell, uitleg="twee cijfers van dezelfde stand")
                )
            if told:
                shown[at], values[at], fresh = True, max(told), True
                moment.fresh += 1
                self._fresh.update(row for row in under if row in closing)
        proof = proofs.pop(own.name, None)
        if not fresh and proof is None:
            return []
        return [Weighed(own, shown, values, proof, True, moment.written.is_cut)]

    def _last_of(self, cell: Cell) -> int | None:
        row = self._rows.get(cell)
        if row is not None and row.status == "definitief":
            return row.waarde
        if cell.maat in STOCKS:
            return self._last_live(cell)
        last = self._live.get(cell)
        return None if last is None else last.waarde

    def _is_known(self, cell: Cell) -> bool:
        return cell in self._fresh

    # The state

    def _level(self, cell: Cell) -> Level | None:
        soort = self._kinds.get(cell.gebied)
        return None if soort is None else (soort, PRODUCTS[cell.product].niveau)

    def _take(self, rows: Mapping[Cell, Entry]) -> None:
        for cell, entry in rows.items():
            self._rows[cell] = entry
            if cell.soort == _MONTH and entry.status == "voorlopig":
                self._live[cell] = entry
                if cell.start not in self._months:
                    self._months = sorted([*self._months, cell.start])


def _gone(entry: Entry | None) -> bool:
    return entry is not None and entry.waarde is None


def _holds(cell: Cell, month: date) -> bool:
    """Return whether the period of `cell` holds a month; of a day: whether the month holds it."""
    if cell.soort == "dag":
        return cell.start.replace(day=1) == month
    return month in months_of(Span(cell.soort, cell.start))
