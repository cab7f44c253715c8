"""Breakage under the default policy: both shells end alike, and nothing else was ever shown."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.breakage.kinds import KINDS
from tests.broker import need_kafka
from tests.cluster import cluster
from tests.rounded_workers import ROUNDED, check_same, embedded
from tests.truth.streams import SHORT
from zorgstroom.sinks.contract import Filter
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
PARAMS = replace(SHORT, messages=2000, regios=8, beginstand=False)


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Messages of eight regions, one a partition, so that each of two workers has some."""
    folder = tmp_path_factory.mktemp("regios")
    write(generate(PARAMS), folder)
    return folder


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this module."""
    need_kafka()
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.mark.parametrize("kind", ["kill", "join_leave", "zombie", "sink_away"])
def test_after_breakage_both_shells_publish_the_same(
    kind: str, regions: Path, own_broker: Broker, tmp_path: Path
) -> None:
    name = f"afgerond-{kind.replace('_', '-')}-{uuid4().hex[:8]}"
    more = {**ROUNDED, "ZORGSTROOM_PUBLICATION__VANAF": str(PARAMS.first_day)}
    with cluster(own_broker.address, regions, tmp_path / "workers", name, **more) as running:
        KINDS[kind](running, own_broker, random.Random(kind))
        running.sent()
        running.read()
        check_same(running, embedded(running, tmp_path / "embedded"))
        history = running.publication.figures(Filter(), historie=True)
        shown = [one.waarde for one in history if one.waarde is not None]
        assert len(shown) > 500, "this proves nothing"
        assert min(shown) >= 15 and not [figure for figure in shown if figure % 5]
        assert {one.status for one in history} <= {"voorlopig", "definitief"}
        (kept,) = running.publication.safeguards()
        assert (kept.beleid, kept.basis, kept.drempel) == ("afronden", 5, 10)
