"""Workers publish rounded figures that were right at every version, and as one process would."""

import signal
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.cluster import Cluster, cluster, wait_until
from tests.published_rules import violations, violations_at_any_version
from tests.rounded_workers import ROUNDED, check_same, embedded
from tests.truth.streams import SHORT
from zorgstroom.sinks.clickhouse import open_server
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

pytestmark = [pytest.mark.embedded, pytest.mark.kafka, pytest.mark.slow]
INTERN = "intern"
WITH_EXACT = ROUNDED | {
    "ZORGSTROOM_EXACT_DATABASE": INTERN,
    "ZORGSTROOM_PUBLICATION__VANAF": str(SHORT.first_day),
}


def history(running: Cluster) -> tuple[list[PublishedFigure], list[PublishedFigure]]:
    """Return everything that was ever published, rounded and exact."""
    bridge = running.bridge
    exact = open_server(bridge.url, bridge.user, bridge.password, INTERN)
    try:
        whole = Filter()
        return (
            running.publication.figures(whole, historie=True),
            exact.figures(whole, historie=True),
        )
    finally:
        exact.close()


def test_rounded_figures_are_right_at_every_version_and_as_the_embedded_process_has_them(
    broker: Broker, tmp_path: Path
) -> None:
    simulation = generate(replace(SHORT, messages=3000, regios=2, beginstand=False))
    stream = tmp_path / "stroom"
    write(simulation, stream)
    name = f"afgerond-{uuid4().hex[:8]}"
    with cluster(broker.address, stream, tmp_path / "workers", name, **WITH_EXACT) as running:
        first = running.start()
        wait_until("it has its partitions", lambda: bool(first.partitions()))
        total = running.produce_slowly(40)
        wait_until("a part is counted", lambda: first.counted() > total / 4)
        second = running.start()
        wait_until("the second takes part", lambda: bool(second.partitions()))
        running.sent()
        running.read()
        check_same(running, embedded(running, tmp_path / "embedded"))
        assert second.end(signal.SIGTERM) == 0, second.log

        regios = running.settings.regios
        rounded, exact = history(running)
        compared, wrong = violations_at_any_version(rounded, exact, regios, running.moment)
        assert not wrong, f"{len(wrong)}, such as {wrong[:3]}"
        versions = {one.versie for one in rounded}
        assert len(versions) > 5 and compared > 50_000, "this proves nothing"
        latest = running.publication.figures(Filter())
        sent, first_day = len(simulation.messages), running.moment.first
        truth = simulation.truth_after(sent, running.truth.today, first_day)
        wrong = violations(latest, truth, regios, running.moment)
        assert not wrong, f"{len(wrong)}, such as {wrong[:3]}"
        assert {one.beleid for one in running.publication.emissions(1000)} == {"afronden 5 10"}
