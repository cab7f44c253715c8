"""
The small form of the fault matrix: each point once, in the next of the ways, on the real broker.

`python -m benchmarks.faults` does all of it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from deploy.local.kafka import Broker
from tests.bridge import running_bridge
from tests.faults.cases import Bench, Facts
from tests.faults.injection import Fault
from tests.faults.points import EMBEDDED, WAYS, WORKER

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
LANES = 4
SELDOM = {"database open", "intake start", "topics start", "topics look", "earliest"}
"""Points whose first call is the one that matters; of the others it is the second."""


def chosen() -> Iterator[tuple[str, str, str, int]]:
    """Yield shell, point, way and number of each case."""
    for shell, points in (("worker", WORKER), ("embedded", EMBEDDED)):
        for place, point in enumerate(points):
            yield shell, point, WAYS[place % len(WAYS)], 1 if point in SELDOM else 2
    yield "worker", "intake delivered", "once", 2
    yield "worker", "writer delivered", "once", 2


def test_each_fault_ends_with_exact_figures(broker: Broker, tmp_path: Path) -> None:
    cases = list(chosen())

    def lane(number: int) -> list[Facts]:
        folder = tmp_path / f"lane-{number}"
        folder.mkdir()
        done: list[Facts] = []
        with running_bridge() as bridge:
            bench = Bench(bridge, folder)
            while True:
                try:
                    place, case = waiting.get_nowait()
                except Empty:
                    return done
                state = folder / f"fout-{place}" / "state"
                done.append(bench.run(Fault(*case, str(state)), broker.address))

    waiting: SimpleQueue[tuple[int, tuple[str, str, str, int]]] = SimpleQueue()
    for numbered in enumerate(cases):
        waiting.put(numbered)
    with ThreadPoolExecutor(LANES) as pool:
        facts = [one for lane in pool.map(lane, range(LANES)) for one in lane]
    assert len(facts) == len(cases)
    assert [one for one in facts if not one["exact"]] == []
    # Calls that a small run does not come to at all would prove nothing.
    assert sum(one["struck"] for one in facts) >= 0.8 * len(facts)
