"""
Disclosure control on tables by themselves: safety, extra cells against the optimum, and time.

Tables are random: 14 areas x 20 products in two groups, with margins 345 cells, counts as skewed as
those of gemeenten and categories. `cold` protects each from nothing and compares with the fewest
cells possible (Benders' cuts, scipy); `stream` changes one person at a time, with all margins;
`months` protects three months and their quarter together, 1,380 linked cells; `maten` does so for
actief, instroom and uitstroom, 4,140. Everything is checked by addition, and `cold` attacked by
other code. Run `python -m benchmarks.disclosure`; results go to
`benchmarks/results/disclosure.jsonl`.
"""

import argparse
import json
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

from zorgstroom.aggregations.disclosure.attack import Attack, informed
from zorgstroom.aggregations.disclosure.certificate import packed
from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import Protected, Relation, Rule, Table, total

RESULTS = Path(__file__).parent / "results" / "disclosure.jsonl"
RULE = Rule(10)
AREAS, PRODUCTS, GROUPS = 14, 20, 2
PARTS = ["cold", "stream", "months", "maten"]
Grid = npt.NDArray[np.int64]


def margins(counts: Grid) -> Grid:
    """Return a table of areas x products with its groups, totals and region."""
    parts = np.array_split(np.arange(counts.shape[1]), GROUPS)
    groups = [counts[:, part].sum(axis=1) for part in parts]
    full = np.column_stack([counts, *groups, counts.sum(axis=1)])
    return np.vstack([full, full.sum(axis=0)])


def relations(shape: tuple[int, ...], label: int, first: int = 0) -> list[Relation]:
    """Return the relations of such a table whose first cell has the number `first`."""
    place = np.arange(np.prod(shape)).reshape(shape) + first
    products = shape[1] - GROUPS - 1
    parts = np.array_split(np.arange(products), GROUPS)
    found = []
    for row in place:
        found += [
            total(int(row[products + at]), row[part].tolist(), label)
            for at, part in enumerate(parts)
        ]
        found.append(total(int(row[-1]), row[products:-1].tolist(), label))
    found += [total(int(column[-1]), column[:-1].tolist(), label) for column in place.T]
    return found


def means(random: np.random.Generator, mean_count: float) -> npt.NDArray[np.float64]:
    skewed = np.outer(random.lognormal(0, 0.8, AREAS), random.lognormal(0, 1.3, PRODUCTS))
    return np.asarray(skewed * mean_count / skewed.mean())


def regional(seed: int) -> Grid:
    random = np.random.default_rng(seed)
    return random.poisson(means(random, 60.0))


def table(counts: Grid) -> Table:
    full = margins(counts)
    return Table(full.ravel(), tuple(relations(full.shape, 0)))


def linked(seed: int, flows_only: bool) -> Table:
    """
    Return three months and their quarter: instroom alone, or actief, instroom and uitstroom.

    One table a maat and period. Links: months add up to the quarter, actief of a month is that of
    the month before with instroom and without uitstroom, actief of the quarter is its last month's.
    """
    random = np.random.default_rng(seed)
    stock_means, flow_means = means(random, 60.0), means(random, 20.0)
    stock = random.poisson(stock_means)
    stocks, coming, going = [], [], []
    for _ in range(3):
        coming.append(random.poisson(flow_means))
        going.append(np.minimum(random.poisson(flow_means), stock))
        stock = stock + coming[-1] - going[-1]
        stocks.append(stock)
    kinds = [[*coming, np.sum(coming, axis=0)]]
    if not flows_only:
        kinds += [[*going, np.sum(going, axis=0)], [*stocks, stocks[-1]]]
    grids = [margins(counts) for kind in kinds for counts in kind]
    size = grids[0].size
    found: list[Relation] = []
    for label, grid in enumerate(grids):
        found += relations(grid.shape, label, label * size)
    for cell in range(size):
        place = [cell + label * size for label in range(len(grids))]
        found.append(total(place[3], place[:3]))
        if not flows_only:
            found.append(total(place[7], place[4:7]))
            found.append(Relation(((place[11], 1), (place[10], -1))))
            found += [
                Relation(((place[8 + m], 1), (place[7 + m], -1), (place[m], -1), (place[4 + m], 1)))
                for m in (1, 2)
            ]
    return Table(np.concatenate([grid.ravel() for grid in grids]), tuple(found))


def fewest(own: Table) -> int:
    """
    Return the least number of extra cells for containment, by Benders' cuts.

    The master says which cells to withhold; an attack on each small cell and end that fails gives a
    cut from its dual: enough of these cells must be withheld.
    """
    size = len(own)
    rows = [(at, cell, times) for at, r in enumerate(own.relations) for cell, times in r.terms]
    row, cell, times = (np.array(part) for part in zip(*rows, strict=True))
    matrix = csr_array((times.astype(float), (row, cell)), shape=(len(own.relations), size))
    zero = np.zeros(len(own.relations))
    small = own.values < RULE.threshold
    ends = [
        (int(at), sign, int(far))
        for at in np.flatnonzero(small)
        for sign, far in ((1, RULE.threshold - 1 - own.values[at]), (-1, own.values[at]))
        if far > 0
    ]
    cuts: list[csr_array] = []
    least: list[float] = []
    whole = False
    while True:
        hidden = small.astype(float)
        if cuts:
            demands = LinearConstraint(vstack(cuts), np.array(least), np.inf)
            found = milp(
                np.ones(size),
                constraints=demands,
                bounds=Bounds(hidden, 1),
                integrality=np.full(size, int(whole)),
            )
            hidden = np.clip(found.x, 0, 1)
            hidden = np.rint(hidden) if whole else hidden
        before = len(cuts)
        for at, sign, far in ends:
            up = np.full(size, float(far))
            down = np.minimum(own.values, far).astype(float)
            (down if sign > 0 else up)[at] = 0
            cost = np.zeros(size)
            cost[at] = -sign
            bounds = np.column_stack([-down * hidden, up * hidden])
            reach = linprog(cost, A_eq=matrix, b_eq=zero, bounds=bounds, method="highs")
            if -reach.fun > far - 1e-6:
                continue
            reduced = cost - matrix.T @ reach.eqlin.marginals
            weight = np.where(reduced < 0, -reduced * up, reduced * down)
            needed = far - weight[small].sum()
            weight = np.where(small, 0, np.minimum(weight, needed))
            if needed > 1e-7 and weight @ hidden < needed - 1e-5:
                cuts.append(csr_array(weight[None]))
                least.append(float(needed))
        if len(cuts) == before:
            if whole:
                return round(float(hidden.sum() - small.sum()))
            whole = True


def violations(own: Table, found: Protected) -> int:
    """Return how many small cells the attacks narrow, with and without knowledge of the rule."""
    plain = Attack(own.relations, found.shown, found.values, own.lowest)
    knowing, _ = informed(own, RULE, found)
    small = np.flatnonzero(own.values < RULE.threshold).tolist()
    return sum(
        not attack.covers(cell, 0, RULE.threshold - 1)
        for cell in small
        for attack in (plain, knowing)
    )


def extra(own: Table, found: Protected) -> int:
    return int((~found.shown).sum() - (own.values < RULE.threshold).sum())


def checked(own: Table, found: Protected) -> float:
    """Return the milliseconds of the check, which must find nothing."""
    checker = Checker(own, RULE)
    taken = []
    for _ in range(20):
        begun = time.perf_counter()
        problems = checker.inside(found, own)
        taken.append(time.perf_counter() - begun)
        assert not problems
    return median(taken) * 1000


def cold(tables: int, optimum: bool) -> dict[str, Any]:
    seconds, own_time, checks, sizes = [], [], [], []
    extras = optimal = wrong = small = 0
    for seed in range(tables):
        own = table(regional(seed))
        begun, spent = time.perf_counter(), time.process_time()
        found = protect(own, RULE)
        seconds.append(time.perf_counter() - begun)
        own_time.append(time.process_time() - spent)
        checks.append(checked(own, found))
        sizes.append(len(packed(found.witnesses)))
        extras += extra(own, found)
        wrong += violations(own, found)
        small += int((own.values < RULE.threshold).sum())
        if optimum:
            optimal += fewest(own)
            print(f"table {seed}: {extras} extra so far, fewest {optimal}", flush=True)
    return {
        "tables": tables,
        "small": small / tables,
        "violations": wrong,
        "extra": extras,
        "fewest": optimal or None,
        "above": round(extras / optimal - 1, 4) if optimal else None,
        "seconds": {"mean": mean(seconds), "most": max(seconds)},
        "cpu_seconds": {"mean": mean(own_time), "most": max(own_time)},
        "check_ms": median(checks),
        "certificate_bytes": median(sizes),
    }


def stream(tables: int, emissions: int) -> dict[str, Any]:
    taken, changes, first, last, sizes = [], [], 0, 0, []
    for seed in range(tables):
        random = np.random.default_rng(seed)
        counts = regional(seed)
        found = protect(table(counts), RULE)
        first += int((~found.shown).sum())
        for _ in range(emissions):
            at = (random.integers(AREAS), random.integers(PRODUCTS))
            counts[at] += 1 if not counts[at] else random.choice([-1, 1])
            own = table(counts)
            begun = time.perf_counter()
            later = protect(own, RULE, former=found)
            taken.append((time.perf_counter() - begun) * 1000)
            assert not Checker(own, RULE).inside(later, own)
            changes.append(int((later.shown != found.shown).sum()))
            found = later
        last += int((~found.shown).sum())
        sizes.append(len(packed(found.witnesses)))
    return {
        "tables": tables,
        "emissions": emissions,
        "ms": {"median": median(taken), "p95": float(np.percentile(taken, 95)), "most": max(taken)},
        "changes": mean(changes),
        "suppressed": [first / tables, last / tables],
        "certificate_bytes": median(sizes),
    }


def growth(flows_only: bool) -> dict[str, Any]:
    own = linked(0, flows_only)
    begun, spent = time.perf_counter(), time.process_time()
    found = protect(own, RULE, attempts=0)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - spent
    small = int((own.values < RULE.threshold).sum())
    return {
        "cells": len(own),
        "small": small,
        "extra": extra(own, found),
        "share": round(extra(own, found) / (len(own) - small), 4),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "check_ms": checked(own, found),
        "certificate_bytes": len(packed(found.witnesses)),
        "tables": sum(len(proof.tables) for proof in found.witnesses),
    }


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--emissions", type=int, default=100)
    parser.add_argument("--no-optimum", action="store_true")
    asked = parser.parse_args()
    parts = asked.part or PARTS
    for part in parts:
        if part == "cold":
            found = cold(asked.tables, not asked.no_optimum)
        elif part == "stream":
            found = stream(asked.tables, asked.emissions)
        else:
            found = growth(flows_only=part == "months")
        line = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "part": part,
            "threshold": RULE.threshold,
            "breadth": RULE.breadth,
            **rounded(found),
            "python": platform.python_version(),
            "highspy": version("highspy"),
            "scipy": version("scipy"),
            "threads": 1,
        }
        print(json.dumps(line))
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
