"""
What late messages changed of closed months in the simulated year of Twente, and the attack on it.

`python -m benchmarks.twente_revised YEAR.pkl` takes what `benchmarks.twente_year --keep` left. Per
level: how many closed figures were made anew, and how far closed figures were from the truth of
that moment before and after. Attacked are the tables that were made, each by itself, and those of a
month together with the stock before it, by someone who is right about which sums are exact.
Results go to `benchmarks/results/twente_attack.jsonl`.
"""

import argparse
import pickle
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import benchmarks.twente_year as year
from benchmarks.twente_attack import (
    Made,
    Seen,
    alone,
    closed_in,
    linked,
    seen,
    table_start,
    tell,
)
from zorgstroom.aggregations.disclosure.plan import Span, month_before
from zorgstroom.aggregations.disclosure.release import NO_FIGURE


def revisions(kept: year.Kept) -> Iterator[list[Made]]:
    """Yield the tables of closed months that were made anew, moment by moment."""
    closed: set[date] = set()
    for emission, systems in zip(kept.emissions, kept.systems, strict=True):
        found = [made for made in systems if table_start(made[0]) in closed]
        if found:
            yield found
        closed |= closed_in(emission)


def worth(tables: list[Made], found: dict[str, Counter[str]]) -> None:
    """Count what was made anew, and how far closed figures were and are from the truth."""
    for own, true, made in tables:
        for at, cell in enumerate(own.cells):
            if own.last[at] == NO_FIGURE:
                continue
            one = found[f"{year.level(cell)} {cell.maat}"]
            off = abs(int(own.last[at]) - int(true[at]))
            one["closed figures"] += 1
            one["made anew"] += int(made.shown[at])
            one["count"] += int(true[at])
            one["off before"] += off
            one["off after"] += 0 if made.shown[at] else off


def attacked(tables: list[Made], single: Counter[str], joint: Counter[str]) -> None:
    """Attack the tables of one moment, each by itself and stock beside flow."""
    by_name: dict[tuple[str, str, date], Seen] = {}
    for made in tables:
        single["tables"] += 1
        single["figures"] += int(made[2].shown.sum())
        alone(seen(made), single)
        first = made[0].cells[0]
        by_name[first.wet, first.maat, table_start(made[0])] = seen(made)
    for wet, maat, month in by_name:
        if maat != "actief":
            continue
        names = [
            (wet, "actief", month_before(month)),
            (wet, "actief", month),
            (wet, "instroom", month),
            (wet, "uitstroom", month),
        ]
        four = [by_name[name] for name in names if name in by_name]
        if len(four) == len(names):
            joint["months"] += 1
            linked(four, Span("maand", month), joint)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("year", type=Path, help="what twente_year --keep left")
    asked = parser.parse_args()
    for name in ("Told", "Kept"):  # they were kept by a program
        setattr(sys.modules["__main__"], name, getattr(year, name))
    kept, _ = pickle.loads(asked.year.read_bytes())
    single, joint = Counter[str](), Counter[str]()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    moments = 0
    for tables in revisions(kept):
        moments += 1
        worth(tables, found)
        attacked(tables, single, joint)
    line: dict[str, Any] = {
        "what": "revisions",
        "moments": moments,
        "tables": dict(single),
        "stock and flow": dict(joint),
        "worth": {name: dict(one) for name, one in sorted(found.items())},
    }
    tell(line)


if __name__ == "__main__":
    main()
