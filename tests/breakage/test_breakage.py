"""Every way to break the workers once, on the real broker: every figure stays exact."""

import random
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Broker
from tests.breakage.kinds import KINDS, alone_ready
from tests.broker import need_kafka
from tests.cluster import cluster
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
MESSAGES = 2000
TODAY = date(2024, 1, 31)


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Messages of eight regions of unequal size, with everything that can happen to them."""
    folder = tmp_path_factory.mktemp("regios")
    write(generate(Params(today=TODAY, seed=8, messages=MESSAGES, regios=8), None), folder)
    return folder


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that may be stopped and killed."""
    need_kafka()
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_stays_exact(
    kind: str, regions: Path, own_broker: Broker, tmp_path: Path
) -> None:
    name = f"{kind.replace('_', '-')}-{uuid4().hex[:8]}"
    with cluster(own_broker.address, regions, tmp_path, name) as running:
        KINDS[kind](running, own_broker, random.Random(kind))
        running.check()


def test_a_silent_database_holds_up_neither_counting_nor_the_end(
    regions: Path, own_broker: Broker, tmp_path: Path
) -> None:
    name = f"stil-{uuid4().hex[:8]}"
    with cluster(own_broker.address, regions, tmp_path, name) as running:
        worker = alone_ready(running)
        running.bridge.fail(1_000_000, "slow600")
        running.produce()
        running.read()
        begun = time.monotonic()
        assert worker.end(signal.SIGTERM) == 0, worker.log
        assert time.monotonic() - begun < 30
        running.bridge.fail(0, "503")
        running.start()
        running.check()
