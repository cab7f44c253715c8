"""
The attack on a simulated year of Twente.

`python -m benchmarks.twente_attack YEAR.pkl` takes what `benchmarks.twente_year --keep` left.
Nothing of what protects is used: certificates are verified by addition after a replay from the
published rows alone, and intervals come from linear programmes. The true counts serve only to tell
which cells are small, and to choose the assumptions of an attacker who happens to assume nothing
but what is right. Results go to `benchmarks/results/twente_attack.jsonl`.
"""

import argparse
import json
import pickle
import platform
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

import benchmarks.twente_year as year
from benchmarks.programme import NEAR, Equation, Programme
from zorgstroom.aggregations.disclosure.judging import judge, scopes_of
from zorgstroom.aggregations.disclosure.plan import (
    DEFAULT,
    MONTHS_OF,
    Span,
    ending_with,
    months_of,
)
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.table import Ints, Mask, Protected
from zorgstroom.aggregations.disclosure.witnessed import Written
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.results import Emission

RESULTS = Path(__file__).parent / "results" / "twente_attack.jsonl"
RULE = Disclosure().rule
T = RULE.threshold
Made = tuple[Frame, Ints, Protected]


class Seen(NamedTuple):
    """One system at one moment, as the attack looks at it."""

    frame: Frame
    true: Ints
    shown: Mask
    ends: tuple[Ints, Ints]


def seen(made: Made) -> Seen:
    own, true, found = made
    return Seen(own, true, found.shown, own.span(RULE))


def equations(one: Seen, relations: Iterable[Any], column: dict[int, int]) -> list[Equation]:
    """Return relations over what is hidden, with what is shown filled in."""
    found = []
    for relation in relations:
        rest = relation.rhs - sum(t * int(one.true[c]) for c, t in relation.terms if one.shown[c])
        terms = tuple((column[c], t) for c, t in relation.terms if not one.shown[c])
        if terms:
            found.append(Equation(terms, rest, rest))
    return found


def alone(one: Seen, tally: Counter[str]) -> None:
    """Attack one system at one moment: each table by itself, and everything together."""
    small = ~one.shown & (one.true < T)
    tally["small shown"] += int((one.shown & ~one.frame.known & (one.true < T)).sum())
    if not small.any():
        return
    for scope in scopes_of(one.frame.relations, len(one.true), RULE):
        cells = np.flatnonzero(scope.cells & ~one.shown)
        targets = np.flatnonzero(scope.cells & small).tolist()
        if not targets:
            continue
        column = {cell: at for at, cell in enumerate(cells.tolist())}
        programme = Programme(len(cells), equations(one, scope.relations, column))
        for cell in targets:
            tally["small cells attacked"] += 1
            low, high = int(one.ends[0][cell]), int(one.ends[1][cell])
            if scope.guarantee == "breadth":
                high = low + RULE.breadth - 1
                if programme.covers(column[cell], low, high):
                    continue
                least, most = programme.interval(column[cell])
                if most - least + NEAR >= RULE.breadth - 1:
                    continue
            elif programme.covers(column[cell], low, high):
                continue
            least, most = programme.interval(column[cell])
            tally["too narrow"] += 1
            tally["exact"] += most - least < NEAR


def together(moments: Sequence[Seen], tally: Counter[str]) -> None:
    """
    Attack one table at several moments, assuming that a hidden cell moved by less than T.

    Since its last figure, and between the moments. Only assumptions that are right are made: an
    attacker cannot do better with this kind of knowledge.
    """
    offset: list[dict[int, int]] = []
    size = 0
    for one in moments:
        hidden = np.flatnonzero(~one.shown).tolist()
        offset.append({cell: size + at for at, cell in enumerate(hidden)})
        size += len(hidden)
    if not any((~one.shown & (one.true < T)).any() for one in moments):
        return
    rows: list[Equation] = []
    for one, column in zip(moments, offset, strict=True):
        rows += equations(one, one.frame.relations, column)
        for cell, at in column.items():
            last = int(one.frame.last[cell])
            if last != NO_FIGURE and abs(last - int(one.true[cell])) < T:
                rows.append(Equation(((at, 1),), last - T + 1, last + T - 1))
    for (one, first), (other, second) in zip(
        zip(moments, offset, strict=True),
        list(zip(moments, offset, strict=True))[1:],
        strict=False,
    ):
        places = other.frame.place
        for cell, name in enumerate(one.frame.cells):
            there = places.get(name)
            if there is None or abs(int(one.true[cell]) - int(other.true[there])) >= T:
                continue
            here, far = first.get(cell), second.get(there)
            if here is not None and far is not None:
                rows.append(Equation(((here, 1), (far, -1)), 1 - T, T - 1))
            elif here is not None:
                value = int(other.true[there])
                rows.append(Equation(((here, 1),), value - T + 1, value + T - 1))
            elif far is not None:
                value = int(one.true[cell])
                rows.append(Equation(((far, 1),), value - T + 1, value + T - 1))
    programme = Programme(size, rows)
    for one, column in zip(moments, offset, strict=True):
        for cell in np.flatnonzero(~one.shown & (one.true < T)).tolist():
            tally["small cells attacked"] += 1
            low, high = int(one.ends[0][cell]), int(one.ends[1][cell])
            if programme.covers(column[cell], low, high):
                continue
            least, most = programme.interval(column[cell])
            tally["narrower than the rule"] += 1
            tally["fewer than 5 values"] += most - least + NEAR < RULE.breadth - 1
            tally["exact"] += most - least < NEAR


def by_table(moments: Sequence[Sequence[Made]]) -> dict[str, list[Seen]]:
    """Return the systems of some moments by their table; that of a close meets no other moment."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for systems in moments:
        for made in systems:
            found[made[0].name].append(seen(made))
    return found


def closed_in(emission: Emission) -> set[date]:
    """Return the months that an emission closes."""
    return {
        cell.start
        for cell, _, status, _ in year.rows(emission)
        if cell.soort == "maand" and status == "definitief"
    }


def table_start(own: Frame) -> date:
    """Return the first day of the month that a system is about."""
    return date.fromisoformat(own.name.rsplit(" ", 1)[1])


class Attacker:
    """
    The attack on every system, every window of three emissions, and some pairs of emissions.

    It takes emissions one by one and keeps no more than the last three, and those of which pairs
    are drawn: a random `KEPT` of all.
    """

    KEPT: Final = 400
    PAIRS: Final = 50

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._count = 0
        self._last: list[Sequence[Made]] = []
        self._some: list[tuple[int, Sequence[Made]]] = []
        self._closed: set[date] = set()
        self._seconds = 0.0
        names = ("each moment while periods run", "closes", "revisions")
        self._alone = {name: Counter[str]() for name in names}
        self._windows = Counter[str]()

    def take(self, emission: Emission, systems: Sequence[Made]) -> None:
        """Attack what an emission tells by itself and beside the two before."""
        begun = time.perf_counter()
        closes = closed_in(emission) - self._closed
        for made in systems:
            month = table_start(made[0])
            revised = "revisions" if month in self._closed else "each moment while periods run"
            tally = self._alone["closes" if month in closes else revised]
            tally["systems"] += 1
            tally["figures"] += int((made[2].shown & ~made[0].known).sum())
            alone(seen(made), tally)
        self._closed |= closes
        self._last = [*self._last[-2:], systems]
        if len(self._last) > 2:
            self._windows["windows"] += 1
            _joint(self._last, self._windows)
        self._keep(systems)
        self._seconds += time.perf_counter() - begun

    def _keep(self, systems: Sequence[Made]) -> None:
        self._count += 1
        if len(self._some) < self.KEPT:
            self._some.append((self._count, systems))
        elif (at := self._chance.randrange(self._count)) < self.KEPT:
            self._some[at] = self._count, systems

    def report(self) -> dict[str, Any]:
        """Return what was found."""
        begun = time.perf_counter()
        pairs = Counter[str]()
        self._some.sort(key=lambda one: one[0])
        names = [{made[0].name for made in systems} for _, systems in self._some]
        for _ in range(100_000):
            if pairs["pairs"] == self.PAIRS:
                break
            one, other = sorted(self._chance.sample(range(len(names)), 2))
            if names[one] & names[other]:
                pairs["pairs"] += 1
                _joint([self._some[one][1], self._some[other][1]], pairs)
        return {
            "emissions": self._count,
            **{name: dict(tally) for name, tally in self._alone.items()},
            "windows of three, moved by less than T": dict(self._windows),
            "random pairs, moved by less than T": dict(pairs),
            "attack_seconds": round(self._seconds + time.perf_counter() - begun, 1),
        }


def _joint(moments: Sequence[Sequence[Made]], tally: Counter[str]) -> None:
    for tables in by_table(moments).values():
        if len(tables) > 1:
            tally["joint systems"] += 1
            together(tables, tally)


def attacked(kept: year.Kept) -> dict[str, Any]:
    """Attack a publication that was kept as a whole."""
    attacker = Attacker()
    for emission, systems in zip(kept.emissions, kept.systems, strict=True):
        attacker.take(emission, systems)
    return attacker.report()


def stock_and_flow(kept: year.Kept) -> dict[str, Any]:
    """
    Lay `actief` at both ends of a period beside its instroom and uitstroom, as they closed.

    Late messages, and an Einddatum on the last day, keep the sum from being exact; the attacker
    here guesses right for which cells it is, and knows nothing of the others. Per year: of what
    ended before the stream began nothing is told, so the first year has no uitstroom.
    """
    tally: dict[int, Counter[str]] = defaultdict(Counter)
    closed: dict[tuple[str, str, date], Seen] = {}
    for emission, systems in zip(kept.emissions, kept.systems, strict=True):
        # What was revised later is attacked in `benchmarks.twente_revised`.
        months = closed_in(emission) - {end for _, _, end in closed}
        for made in systems:
            first = made[0].cells[0]
            end = table_start(made[0])
            if end in months:
                closed[first.wet, first.maat, end] = seen(made)
    for (wet, maat, end), stock in sorted(closed.items(), key=lambda item: item[0][2]):
        flows = [closed.get((wet, other, end)) for other in ("instroom", "uitstroom")]
        if maat != "actief" or None in flows:
            continue
        for span in ending_with(end):
            before = closed.get((wet, maat, months_of(_before(span))[-1]))
            if before is not None:
                linked([before, stock, *(one for one in flows if one)], span, tally[end.year])
    return {str(number): dict(found) for number, found in tally.items()}


def _before(span: Span) -> Span:
    months = MONTHS_OF[span.soort]
    at = span.start.year * 12 + span.start.month - 1 - months
    return span._replace(start=date(at // 12, at % 12 + 1, 1))


def linked(systems: Sequence[Seen], span: Span, tally: Counter[str]) -> None:
    """
    Attack the stocks before and at the end of `span`, instroom and uitstroom as one system.

    The attacker is right about for which cells the sum is exact, and knows nothing of the others.
    """
    rows: list[Equation] = []
    columns: list[dict[int, int]] = []
    size = 0
    before, now, *flows = systems
    for one in systems:
        # Of the flows the table of this period alone: its parts are attacked with `alone`.
        here = [one is before or one is now or c[3:] == span for c in one.frame.cells]
        hidden = np.flatnonzero(~one.shown & np.array(here)).tolist()
        columns.append({cell: size + at for at, cell in enumerate(hidden)})
        size += len(hidden)
        inside = [r for r in one.frame.relations if all(here[cell] for cell, _ in r.terms)]
        rows += equations(one, inside, columns[-1])
    there = {(cell.gebied, cell.product): at for at, cell in enumerate(before.frame.cells)}
    for at, cell in enumerate(now.frame.cells):
        then = there.get((cell.gebied, cell.product))
        places = [
            flow.frame.place.get(
                cell._replace(maat=maat, soort=span.soort, start=span.start)  # type: ignore[arg-type]
            )
            for maat, flow in zip(("instroom", "uitstroom"), flows, strict=True)
        ]
        if then is None or None in places:
            continue
        terms, rest = [], 0
        for one, column, place, times in zip(
            systems, columns, (then, at, *places), (1, -1, 1, -1), strict=True
        ):
            assert place is not None
            if place in column:
                terms.append((column[place], times))
            else:
                rest -= times * int(one.true[place])
        tally["cells with both ends and both flows"] += 1
        gap = sum(
            times * int(one.true[place])
            for one, place, times in zip(systems, (then, at, *places), (1, -1, 1, -1), strict=True)
            if place is not None
        )
        tally["of which the sum is exact"] += gap == 0
        if terms and gap == 0:
            rows.append(Equation(tuple(terms), rest, rest))
    programme = Programme(size, rows)
    for one, column in zip(systems, columns, strict=True):
        for small in [cell for cell in column if one.true[cell] < T]:
            tally["small cells attacked"] += 1
            if programme.covers(column[small], int(one.ends[0][small]), int(one.ends[1][small])):
                continue
            least, most = programme.interval(column[small])
            tally["narrower than the rule"] += 1
            tally["fewer than 5 values"] += most - least + NEAR < RULE.breadth - 1
            tally["exact"] += most - least < NEAR


def certificates(kept: year.Kept) -> dict[str, Any]:
    """Replay the published rows alone, and verify every certificate by addition."""
    found: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    begun = time.perf_counter()
    replay = Replay(year.REGION, DEFAULT)
    moments = replay.moments(Written.of(emission) for emission in kept.emissions)
    for moment, systems in zip(moments, kept.systems, strict=True):
        findings = list(moment.findings)
        true = {own.name: (values, made) for own, values, made in systems}
        for one in moment.systems:
            judged = judge(one, RULE)
            findings += judged.findings
            found["systems"] += 1
            found["hidden cells"] += judged.hidden
            found["proven by addition"] += judged.proven
            values, made = true[one.frame.name]
            found["replayed otherwise than made"] += int(
                not np.array_equal(one.shown, made.shown)
                or not np.array_equal(one.values[one.shown], values[one.shown])
            )
        kinds.update(finding.soort for finding in findings)
        found["bytes"] += len(moment.written.certificaat)
    return {
        **found,
        "findings": dict(kinds),
        "verify_seconds": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("year", type=Path, help="what twente_year --keep left")
    asked = parser.parse_args()
    for name in ("Told", "Kept"):  # they were kept by a program
        setattr(sys.modules["__main__"], name, getattr(year, name))
    kept, _ = pickle.loads(asked.year.read_bytes())
    tell(
        {
            "what": "year",
            "certificates": certificates(kept),
            **attacked(kept),
            "stock and flow at closes": stock_and_flow(kept),
        }
    )


def tell(line: dict[str, Any]) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"when": when, **line, "threshold": T, "python": platform.python_version()}
    print(json.dumps(line, indent=1), flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
