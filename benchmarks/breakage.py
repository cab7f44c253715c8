"""
The breakage runs in their long form: `python -m benchmarks.breakage --runs 20`.

Each run is appended to `benchmarks/results/breakage.jsonl`, so that a run that is cut off goes on
where it stopped. A failed run stays in the record, with the worker's logs beside the results.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from deploy.local.kafka import Broker
from tests.breakage.kinds import KINDS
from tests.cluster import cluster
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "breakage.jsonl"
TODAY = date(2024, 1, 31)
STREAMS = 4
"""Different streams, in turn."""


def done() -> Counter[str]:
    """Return how many runs of each kind the record has."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return Counter(json.loads(line)["kind"] for line in lines)


def main() -> int:
    """Run until every kind has as many runs as asked; return 1 when one failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    chosen = parser.parse_args()
    version = subprocess.check_output(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True
    ).strip()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="breuk-") as name:
        folder = Path(name)
        with Broker(folder / "kafka") as broker:
            while left := [k for k in chosen.kinds if done()[k] < chosen.runs]:
                for kind in left:
                    number = done()[kind] + 1
                    told = one_run(kind, number, broker, folder, chosen.messages)
                    with RESULTS.open("a") as file:
                        file.write(json.dumps({**told, "version": version}) + "\n")
                    print(told, flush=True)
                    failed += not told["exact"]
    return 1 if failed else 0


def stream(folder: Path, number: int, messages: int) -> Path:
    """Return a stream of eight regions of unequal size; made once."""
    made = folder / f"stroom-{number % STREAMS}"
    if not made.exists():
        params = Params(today=TODAY, seed=100 + number % STREAMS, messages=messages, regios=8)
        write(generate(params, None), made)
    return made


def one_run(kind: str, number: int, broker: Broker, folder: Path, messages: int) -> dict[str, Any]:
    """Break the workers once; return the record of it."""
    name = f"{kind.replace('_', '-')}-{number}-{int(time.time())}"
    begun = time.monotonic()
    told: dict[str, Any] = {"kind": kind, "run": number, "when": datetime.now(UTC).isoformat()}
    messages_of = stream(folder, number, messages)
    try:
        with cluster(broker.address, messages_of, folder / name, name) as running:
            try:
                told |= KINDS[kind](running, broker, random.Random(f"{kind}{number}"))
                running.check()
                told["exact"] = True
            finally:
                logs = [worker.log for worker in running.workers]
                # Counts that differed from the dossiers after a restart are put right; a run that
                # needed that is kept to be looked at.
                told["mended"] = sum("tellingen hersteld" in log for log in logs)
                if told["mended"] or not told.get("exact"):
                    kept = RESULTS.parent / "breakage-failed" / name
                    kept.mkdir(parents=True, exist_ok=True)
                    for at, log in enumerate(logs):
                        (kept / f"worker-{at}.log").write_text(log)
    except Exception as error:
        told |= {"exact": False, "error": traceback.format_exception_only(error)[-1][:2000]}
    shutil.rmtree(folder / name, ignore_errors=True)
    return told | {"seconds": round(time.monotonic() - begun, 1)}


if __name__ == "__main__":
    sys.exit(main())
