"""
Cells that differ from an oracle over random histories, in any spelling and in two orders each.

Not of speed: a proof that is too long for a test. Half of the histories count under scope `twents`.

    python -m benchmarks.histories
"""

import argparse
import json
import platform
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.truth.histories import history
from tests.truth.test_histories import differences

RESULTS: Final = Path(__file__).parent / "results" / "histories.jsonl"
LEAST, MOST = 400, 3000
ORDERS: Final = 2


def measured(seed: int) -> dict[str, object]:
    """Return what one history gave; its first differences are printed."""
    chance = random.Random(seed)
    clients = chance.randint(LEAST, MOST)
    told = history(chance, clients)
    begun = time.perf_counter()
    cells, wrong, arrived = 0, 0, 0
    for order in range(ORDERS):
        arrivals = told.arrivals(random.Random(seed * 10 + order))
        with tempfile.TemporaryDirectory() as folder:
            compared, found = differences(told, arrivals, Path(folder), twents=bool(seed % 2))
        cells, wrong, arrived = cells + compared, wrong + len(found), arrived + len(arrivals)
        print("\n".join(found[:5]), end="")
    return {
        "seed": seed,
        "clients": clients,
        "bereik": "twents" if seed % 2 else "alles",
        "messages": arrived,
        "cells": cells,
        "different": wrong,
        "seconds": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--histories", type=int, default=30)
    parser.add_argument("--first", type=int, default=1)
    asked = parser.parse_args()
    runs = []
    for seed in range(asked.first, asked.first + asked.histories):
        runs.append(measured(seed))
        print(json.dumps(runs[-1]), flush=True)
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "histories": len(runs),
        "orders": ORDERS,
        "python": platform.python_version(),
        **{
            name: sum(int(str(run[name])) for run in runs)
            for name in ("clients", "messages", "cells", "different")
        },
        "runs": runs,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps({name: value for name, value in line.items() if name != "runs"}))


if __name__ == "__main__":
    main()
