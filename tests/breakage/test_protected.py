"""Breakage under policy `drempel`: the history stays safe, and both shells publish the same."""

import random
import signal
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.breakage.kinds import KINDS, alone_ready, amid
from tests.broker import need_kafka
from tests.cluster import Cluster, cluster, wait_until
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.truth import Cell
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.ingest import ingest
from zorgstroom.stream.settings import ClickHouse

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
TODAY = date(2024, 1, 30)
T = 4
DREMPEL = {
    "ZORGSTROOM_DISCLOSURE__POLICY": "drempel",
    "ZORGSTROOM_DISCLOSURE__THRESHOLD": str(T),
    "ZORGSTROOM_DISCLOSURE__BREADTH": "2",
    "ZORGSTROOM_PUBLICATION__JAREN": "1",
    "ZORGSTROOM_PUBLICATION__NALOOP_DAGEN": "364",
}
"""A day before January 2023 closes nothing has, so one evaluation is all there is."""


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Messages of three regions, with everything that can happen to them."""
    folder = tmp_path_factory.mktemp("regios")
    write(generate(Params(today=TODAY, seed=9, messages=2000, regios=3), None), folder)
    return folder


@pytest.fixture(scope="module")
def more_regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Messages of eight regions, so that each of two workers has some."""
    folder = tmp_path_factory.mktemp("regios")
    write(generate(Params(today=TODAY, seed=8, messages=2000, regios=8), None), folder)
    return folder


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this module."""
    need_kafka()
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def cell(figure: PublishedFigure) -> Cell:
    s = figure.series
    where = (s.gebied_soort, s.gebied, s.wet, s.product_niveau, s.product)
    return Cell(*where, s.periode_soort, figure.periode, s.maat)


def values(figures: list[PublishedFigure]) -> dict[Cell, tuple[int | None, str]]:
    return {cell(one): (one.waarde, one.status) for one in figures}


def is_safe(running: Cluster) -> list[PublishedFigure]:
    """Every value that was ever published is T or more; return all of them."""
    history = running.publication.figures(Filter(), historie=True)
    small = [one for one in history if one.waarde is not None and one.waarde < T]
    assert not small, f"{len(small)} counts below {T}"
    return history


def embedded(running: Cluster, data: Path) -> dict[Cell, tuple[int | None, str]]:
    """Return what the embedded process publishes of the same messages."""
    own = running.settings.model_copy(update={"clickhouse": ClickHouse()})
    with Engine(own, data, SystemClock(TODAY)) as engine:
        ingest(engine, [running.stream / "berichten"], lambda _: None)
        engine.publish()
        return values(engine.publication.figures(Filter()))


def test_after_breakage_both_shells_publish_the_same(
    regions: Path, own_broker: Broker, tmp_path: Path
) -> None:
    """The database is away while a worker is killed amid a batch and another joins."""
    name = f"drempel-{uuid4().hex[:8]}"
    with cluster(own_broker.address, regions, tmp_path / "workers", name, **DREMPEL) as running:
        running.bridge.fail(1_000_000, "503")
        struck = alone_ready(running)
        amid(running, struck, random.Random(1))
        struck.end(signal.SIGKILL)
        first, second = running.start(), running.start()
        running.sent()
        wait_until("all messages are counted", lambda: running.behind() == 0)
        assert first.process.poll() is None and second.process.poll() is None
        running.bridge.fail(0, "503")
        want = embedded(running, tmp_path / "embedded")
        wait_until(
            "every region is published",
            lambda: (
                len(running.epochs()) == 3
                and len(
                    {r for (r,) in running._rows("SELECT DISTINCT regio FROM publicatie.emissies")}
                )
                == 3
            ),
        )
        history = is_safe(running)
        assert values(history) == values(running.publication.figures(Filter())) == want
        # Figures of one evaluation after everything was counted are those of the simulation.
        true = running.truth.cells
        shown = [one for one in history if one.waarde is not None]
        assert len(shown) > 20, "this proves nothing"
        assert [one for one in shown if one.waarde != true.get(cell(one), 0)] == []


@pytest.mark.parametrize("kind", ["kill", "join_leave", "zombie"])
def test_whatever_breaks_the_history_stays_safe(
    kind: str, more_regions: Path, own_broker: Broker, tmp_path: Path
) -> None:
    name = f"veilig-{kind.replace('_', '-')}-{uuid4().hex[:8]}"
    with cluster(own_broker.address, more_regions, tmp_path, name, **DREMPEL) as running:
        KINDS[kind](running, own_broker, random.Random(kind))
        running.sent()
        wait_until("all messages are read", lambda: running.behind() == 0)
        history = is_safe(running)
        assert {one.status for one in history} <= {"voorlopig"}
        # A figure is made once an evaluation, and a region has one owner at a time.
        made = running._rows(
            "SELECT regio, versie, tijd FROM publicatie.emissies ORDER BY regio, versie"
        )
        for (regio, _, before), (other, _, after) in pairwise(made):
            assert regio != other or before <= after
