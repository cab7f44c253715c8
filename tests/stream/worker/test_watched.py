"""Workers on a real broker, as Prometheus sees them: who owns a region tells of it, and only it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.kafka import Broker
from tests.cluster import Cluster, WorkerProcess, cluster, wait_until
from zorgstroom.aggregations.timeliness_rows import TimelinessRow

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.embedded]


def url(worker: WorkerProcess) -> str:
    """Where the worker answers, as its log says."""
    found = [line.split()[-1] for line in worker.log.splitlines() if "Gestart op" in line]
    return found[-1]


def samples(worker: WorkerProcess) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    with urllib.request.urlopen(f"{url(worker)}/metrics", timeout=10) as answer:
        for family in text_string_to_metric_families(answer.read().decode()):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def regions(worker: WorkerProcess, name: str = "zorgstroom_silent_aanbieders") -> set[str]:
    try:
        return {labels["regio"] for labels, _ in samples(worker).get(name, [])}
    except (OSError, IndexError):
        return set()


def health(worker: WorkerProcess, which: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{url(worker)}/health/{which}", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def ready(worker: WorkerProcess) -> bool:
    try:
        return health(worker, "ready")[0] == 200
    except (OSError, IndexError):
        return False


def taken(worker: WorkerProcess) -> float:
    return sum(
        value
        for labels, value in samples(worker)["zorgstroom_messages_total"]
        if labels["uitkomst"] != "afgekeurd"
    )


def timely(worker: WorkerProcess) -> set[str]:
    answer = urllib.request.urlopen(f"{url(worker)}/api/status", timeout=10)
    return {row["regio"] for row in json.loads(answer.read())["tijdigheid"]}


def test_only_the_owner_of_a_region_tells_of_it(
    made_stream: Callable[..., Path], broker: Broker, tmp_path: Path
) -> None:
    stream = made_stream(2000, seed=5, regios=4)
    more = {"ZORGSTROOM_TIJDIGHEID__TICK_SECONDS": "0.5"}
    with cluster(broker.address, stream, tmp_path, "watched", **more) as running:
        check(running)


def check(running: Cluster) -> None:
    names = set(running.truth.regios)
    first = running.start()
    running.produce()
    wait_until("one worker tells of all regions", lambda: regions(first) == names)
    wait_until("it is ready", lambda: ready(first))
    wait_until("the messages are counted", lambda: taken(first) > 1500)
    found = samples(first)
    assert found["zorgstroom_dossiers"][0][1] > 500
    assert {labels["topic"] for labels, _ in found["zorgstroom_lag_messages"]} == {
        "watched-berichten",
        "watched-gebeurtenissen",
    }
    wait_until(
        "all regions are current",
        lambda: regions(first, "zorgstroom_publication_current_timestamp_seconds") == names,
    )
    assert sum(value for _, value in found["zorgstroom_freshness_seconds_count"]) > 0
    assert health(first, "live")[1]["levend"]
    wait_until("timeliness is told of all regions", lambda: timely(first) == names)

    def rows() -> list[TimelinessRow]:
        return [row for name in names for row in running.publication.timeliness(name)]

    wait_until("and published", lambda: {row.regio for row in rows()} == names)
    assert any(row.te_laat for row in rows())

    second = running.start()
    wait_until("the regions are divided", lambda: bool(regions(second)))
    wait_until("each has one owner", lambda: regions(first) | regions(second) == names)
    assert not regions(first) & regions(second)
    current = "zorgstroom_publication_current_timestamp_seconds"
    wait_until("and one publisher", lambda: not regions(first, current) & regions(second, current))

    second.process.terminate()
    second.process.wait(30)
    wait_until("the first has all of them again", lambda: regions(first) == names)
