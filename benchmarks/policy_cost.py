"""
What the default policy costs beside `geen`: `ingest` of small and large streams, paired.

Run `python -m benchmarks.policy_cost`; some ten minutes. For 4,000, 20,000 and 200,000 messages,
with and without a beginstand, both policies run the console command on the same archive in turn,
into new folders. Ratios are of processor time and of wall time; the median of the pairs counts.
`rows` is how many rows the first publication wrote, `shown` how many of them have a figure.
Results go to `benchmarks/results/policy_cost.jsonl`.
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.quick import POLICIES, TODAY, Side, Took, side
from zorgstroom.sinks.connection import connect_embedded

RESULTS = Path(__file__).parent / "results" / "policy_cost.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, nargs="*", default=[4_000, 20_000, 200_000])
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    geen = side("geen", Path(sys.executable).with_name("zorgstroom"))
    default = Side("default", geen.command, dict(geen.environment))
    for variable in POLICIES.values():
        default.environment.pop(variable, None)
    with tempfile.TemporaryDirectory(prefix="beleid-") as name:
        for messages in asked.messages:
            stream = Path(name) / str(messages)
            geen.run(
                "generate", "--out", str(stream), "--messages", str(messages), "--seed", "1",
                "--zip", "--beginstand", "--today", TODAY,
            )  # fmt: skip
            for beginstand in (False, True):
                pairs, rows = measure(default, geen, stream, beginstand, asked.pairs)
                report(messages, beginstand, pairs, rows)


def measure(
    default: Side, geen: Side, stream: Path, beginstand: bool, count: int
) -> tuple[list[tuple[Took, Took]], dict[str, int]]:
    """Return the pairs after one that does not count, and the rows of the default policy."""
    pairs = []
    rows: dict[str, int] = {}
    for _ in range(count + 1):
        taken = []
        for one in (default, geen):
            with tempfile.TemporaryDirectory(dir=stream) as data:
                more = ["--beginstand", str(stream / "beginstand.csv")] if beginstand else []
                taken.append(
                    one.run(
                        "ingest", str(stream / "berichten.zip"), *more, "--data", data, "--json"
                    )
                )
                if one is default and not rows:
                    rows = rows_of(Path(data))
        pairs.append((taken[0], taken[1]))
    return pairs[1:], rows


def rows_of(data: Path) -> dict[str, int]:
    """Return how many rows were published, and how many of them show a figure."""
    connection = connect_embedded(data / "chdb")
    try:
        ((rows, shown),) = connection.rows(
            "SELECT count(), countIf(waarde IS NOT NULL) FROM publicatie.cijfers"
        )
    finally:
        connection.close()
    return {"rows": int(str(rows)), "shown": int(str(shown))}


def report(
    messages: int, beginstand: bool, pairs: list[tuple[Took, Took]], rows: dict[str, int]
) -> None:
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": messages,
        "beginstand": beginstand,
        "pairs": len(pairs),
        "cpu": round(median(one.cpu / two.cpu for one, two in pairs), 3),
        "wall": round(median(one.wall / two.wall for one, two in pairs), 3),
        "cpu_seconds": round(median(one.cpu for one, _ in pairs), 2),
        **rows,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line), flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
