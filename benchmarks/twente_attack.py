"""
The attack on a simulated year of Twente, and on weaker publications of the same stream.

`python -m benchmarks.twente_attack YEAR.pkl --stream STREAM.pkl` takes what
`benchmarks.twente_year --keep` left. Nothing of what protects is used: certificates are verified by
addition after a replay from the published rows alone, and intervals come from linear programmes.
The true counts serve only to tell which cells are small, and to choose the assumptions of an
attacker who happens to assume nothing but what is right. Results go to
`benchmarks/results/twente_attack.jsonl`.
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
from typing import Any, NamedTuple

import highspy
import numpy as np

import benchmarks.twente_year as year
from zorgstroom.aggregations.disclosure.grid import Grid, Passed
from zorgstroom.aggregations.disclosure.judging import judge, scopes_of
from zorgstroom.aggregations.disclosure.plan import (
    DEFAULT,
    MONTHS_OF,
    Cell,
    Span,
    ending_with,
    months_of,
)
from zorgstroom.aggregations.disclosure.protected import Snapshot
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.table import Ints, Mask, Protected
from zorgstroom.aggregations.disclosure.witnessed import Written
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.results import Emission

RESULTS = Path(__file__).parent / "results" / "twente_attack.jsonl"
RULE = Disclosure().rule
T = RULE.threshold
Made = tuple[Frame, Ints, Protected]
NEAR = 1e-6


class Equation(NamedTuple):
    """Sum of coefficient x unknown lies from `low` to `high`."""

    terms: tuple[tuple[int, int], ...]
    low: float
    high: float


class Programme:
    """The linear programme of an attacker: unknowns of 0 and more, and what is known of them."""

    def __init__(self, size: int, equations: Sequence[Equation]) -> None:
        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = size, len(equations)
        lp.col_cost_ = np.zeros(size)
        lp.col_lower_, lp.col_upper_ = np.zeros(size), np.full(size, highspy.kHighsInf)
        lp.row_lower_ = np.array([e.low for e in equations])
        lp.row_upper_ = np.array([e.high for e in equations])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(e.terms) for e in equations)])
        lp.a_matrix_.index_ = np.array([c for e in equations for c, _ in e.terms], np.int32)
        lp.a_matrix_.value_ = np.array([t for e in equations for _, t in e.terms], float)
        self._solver.passModel(lp)
        self.seen: list[Any] = []

    def interval(self, at: int) -> tuple[float, float]:
        """Return the least and the largest value of an unknown."""
        return self._end(at, 1), self._end(at, -1)

    def covers(self, at: int, low: int, high: int) -> bool:
        """Return whether an unknown can be `low` or less and `high` or more."""
        column = [table[at] for table in self.seen]
        deep = min(column, default=np.inf) <= low + NEAR or self._end(at, 1) <= low + NEAR
        return deep and (
            max(column, default=-np.inf) >= high - NEAR or self._end(at, -1) >= high - NEAR
        )

    def _end(self, at: int, sign: int) -> float:
        self._solver.changeColCost(at, sign)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kUnknown:  # lost its way from the last answer
            self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
        self._solver.changeColCost(at, 0)
        if status in (
            highspy.HighsModelStatus.kUnbounded,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        ):
            return -sign * np.inf
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"no answer: {status}")
        self.seen = [*self.seen[-40:], np.array(self._solver.getSolution().col_value)]
        return float(self.seen[-1][at])


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


def closes_of(emissions: Sequence[Emission]) -> list[set[date]]:
    """Return the months that each emission closes; one that revises them closes them no more."""
    before: set[date] = set()
    found = []
    for emission in emissions:
        final = {
            cell.start
            for cell, _, status, _ in year.rows(emission)
            if cell.soort == "maand" and status == "definitief"
        }
        found.append(final - before)
        before |= final
    return found


def kind_of(own: Frame, closing: set[date]) -> str:
    """Return what a system was made for."""
    start = table_start(own)
    if closing and start not in closing and any(start < month for month in closing):
        return "revisions"
    return "closes" if start in closing else "each moment while periods run"


def table_start(own: Frame) -> date:
    """Return the first day of the month that a system is about."""
    return date.fromisoformat(own.name.rsplit(" ", 1)[1])


def attacked(kept: year.Kept, pairs: int, seed: int = 1) -> dict[str, Any]:
    """Attack every system, every window of three, and `pairs` of emissions."""
    begun = time.perf_counter()
    windows, random_pairs = Counter[str](), Counter[str]()
    each: dict[str, Counter[str]] = defaultdict(Counter)
    for closing, systems in zip(closes_of(kept.emissions), kept.systems, strict=True):
        for made in systems:
            tally = each[kind_of(made[0], closing)]
            tally["systems"] += 1
            tally["figures"] += int((made[2].shown & ~made[0].known).sum())
            alone(seen(made), tally)
    for at in range(len(kept.systems) - 2):
        windows["windows"] += 1
        for moments in by_table(kept.systems[at : at + 3]).values():
            if len(moments) > 1:
                windows["joint systems"] += 1
                together(moments, windows)
    chance = random.Random(seed)
    names = [{made[0].name for made in systems} for systems in kept.systems]
    tries = 0
    while random_pairs["pairs"] < pairs and tries < 100_000:
        tries += 1
        one, other = sorted(chance.sample(range(len(names)), 2))
        if not names[one] & names[other]:
            continue
        random_pairs["pairs"] += 1
        for moments in by_table([kept.systems[one], kept.systems[other]]).values():
            if len(moments) > 1:
                random_pairs["joint systems"] += 1
                together(moments, random_pairs)
    return {
        "emissions": len(kept.emissions),
        **{kind: dict(tally) for kind, tally in each.items()},
        "windows of three, moved by less than T": dict(windows),
        "random pairs, moved by less than T": dict(random_pairs),
        "attack_seconds": round(time.perf_counter() - begun, 1),
    }


def stock_and_flow(kept: year.Kept) -> dict[str, Any]:
    """
    Lay `actief` at the ends of a longer period beside its instroom and uitstroom.

    Late messages, and an Einddatum on the last day, keep the sum from being exact; the attacker
    here guesses right for which cells it is, and knows nothing of the others. Per year: of what
    ended before the stream began nothing is told, so the first year has no uitstroom.
    """
    tally: dict[int, Counter[str]] = defaultdict(Counter)
    closed: dict[tuple[str, str, date], Seen] = {}
    for closing, systems in zip(closes_of(kept.emissions), kept.systems, strict=True):
        for made in systems:
            first = made[0].cells[0]
            end = table_start(made[0])
            if end in closing:
                closed[first.wet, first.maat, end] = seen(made)
    for (wet, maat, end), stock in sorted(closed.items(), key=lambda item: item[0][2]):
        flows = [closed.get((wet, other, end)) for other in ("instroom", "uitstroom")]
        if maat != "actief" or None in flows:
            continue
        for span in ending_with(end)[1:]:
            before = closed.get((wet, maat, months_of(_before(span))[-1]))
            if before is not None:
                _linked([before, stock, *(one for one in flows if one)], span, tally[end.year])
    return {str(number): dict(found) for number, found in tally.items()}


def _before(span: Span) -> Span:
    months = MONTHS_OF[span.soort]
    at = span.start.year * 12 + span.start.month - 1 - months
    return span._replace(start=date(at // 12, at % 12 + 1, 1))


def _linked(systems: Sequence[Seen], span: Span, tally: Counter[str]) -> None:
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


# Weaker publications of the same stream

SHORT = PublicationRules(jaren=0, naloop_dagen=10)
UNTIL = date(2025, 2, 13)
"""Six weeks and the close of January, with less time for late messages."""


class Weak(year.Watched):
    """A publication without one of the rules, which tells how thin its renewals are."""

    contributors = True
    complementary = True
    thin: list[int]
    """How many dossiers changed each figure that was renewed and came out otherwise."""

    def begin(self, ledger: Ledger, today: date, dossiers: Snapshot) -> None:
        super().begin(ledger, today, dossiers)
        if not self.contributors:
            self._live.has_enough = lambda cell: True  # type: ignore[method-assign]

    def _show_live(self, draft: Any, cell: Cell, waarde: int, today: date, passed: Passed) -> None:
        last = self._live.last.get(cell)
        if last is not None and last.waarde != waarde:
            self.thin.append(self._live.contributors.count(cell))
        super()._show_live(draft, cell, waarde, today, passed)

    def _made(self, own: Frame, values: Ints, candidates: Mask) -> Protected:
        if self.complementary:
            return super()._made(own, values, candidates)
        shown = own.known | (candidates & (values >= T))
        found = Protected(shown, np.where(shown, values, 0), ())
        self.systems.append((own, values, found))
        return found


class Always(Grid):
    """Every moment is one of the grid."""

    def passed(self, after: datetime | None, now: datetime) -> Passed:
        return Passed(moment=True, day=True)


def weak(
    told: list[year.Told],
    rules: PublicationRules,
    until: date,
    *,
    contributors: bool,
    complementary: bool,
    every_message: bool = False,
) -> dict[str, Any]:
    """Publish the stream by weaker rules, through `until`, and attack that."""
    disclosure = Disclosure(grid=Always()) if every_message else Disclosure()
    town = year.Town(disclosure, rules)
    publication = Weak(year.REGION, rules, disclosure, town.definitions, clock=time.monotonic)
    publication.contributors, publication.complementary = contributors, complementary
    publication.thin = []
    town.publication = publication
    begun = time.perf_counter()
    if every_message:
        first = datetime(2025, 1, 20, 7, tzinfo=UTC)
        start = next(at for at, one in enumerate(told) if one.moment > first)
        town.take(told[:start])
        town.publish(first)
        for one in told[start : start + EVENTS]:
            town.take([one])
            town.publish(one.moment)
    else:
        year.run(town, told, until)
    made = round(time.perf_counter() - begun, 1)
    thin = np.array(publication.thin)
    return {
        "publish_seconds": made,
        "failures": town.publication.outcome.failures,
        "renewals that changed": len(thin),
        "renewals that tell of fewer than T dossiers": int((thin < T).sum()),
        "renewals that tell of a single dossier": int((thin == 1).sum()),
        **attacked(town.kept, pairs=50),
    }


EVENTS = 400
"""Messages after each of which is published, in the variant that does so."""
VARIANTS: dict[str, dict[str, bool]] = {
    "drempel": {"contributors": True, "complementary": True},
    "threshold only": {"contributors": False, "complementary": False},
    "without complementary suppression": {"contributors": True, "complementary": False},
    "without contributors": {"contributors": False, "complementary": True},
    "at every message": {"contributors": False, "complementary": True, "every_message": True},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("year", type=Path, nargs="?", help="what twente_year --keep left")
    parser.add_argument("--stream", type=Path, help="the stream of twente_year, for the variants")
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    parser.add_argument("--whole", action="store_true", help="the variants on the whole year")
    asked = parser.parse_args()
    for name in ("Told", "Kept"):  # they were kept by a program
        setattr(sys.modules["__main__"], name, getattr(year, name))
    lines: list[dict[str, Any]] = []
    if asked.year:
        kept, _ = pickle.loads(asked.year.read_bytes())
        lines.append(
            {
                "what": "year",
                "certificates": certificates(kept),
                **attacked(kept, pairs=50),
                "stock and flow at closes": stock_and_flow(kept),
            }
        )
        tell(lines[-1])
    if asked.stream:
        told = pickle.loads(asked.stream.read_bytes())
        rules, until = (year.RULES, year.LAST) if asked.whole else (SHORT, UNTIL)
        for name in asked.variant or VARIANTS:
            made = weak(told, rules, until, **VARIANTS[name])
            tell({"what": name, "until": until.isoformat(), **made})


def tell(line: dict[str, Any]) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"when": when, **line, "threshold": T, "python": platform.python_version()}
    print(json.dumps(line, indent=1), flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
