"""The embedded process and the worker are two shells around one core: both publish the same."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.kafka import Broker
from tests.cluster import cluster, wait_until
from tests.conftest import TODAY
from tests.truth.exact import published
from zorgstroom.stream import sources
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.ingest import ingest
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.settings import Settings

pytestmark = [pytest.mark.embedded, pytest.mark.kafka, pytest.mark.slow]


def test_embedded_and_worker_publish_the_same_exact_figures(
    made_stream: Callable[..., Path], broker: Broker, tmp_path: Path
) -> None:
    stream = made_stream(20_000, seed=11)
    inputs = [one.data for one in sources.read([stream / "berichten"]) if one.problem is None]
    chance = random.Random(11)
    shuffled = inputs + chance.sample(inputs, len(inputs) // 4)
    chance.shuffle(shuffled)
    settings = Settings.model_validate({"today": TODAY, "protection": {"policy": "geen"}})
    with Engine(settings, tmp_path / "embedded", SystemClock(TODAY)) as engine:
        ingest(engine, [stream / "berichten"], lambda _: None)
        engine.publish()
        embedded = published(engine.publication)
    more = {"ZORGSTROOM_PUBLICATION__JAREN": "2"}
    with cluster(broker.address, stream, tmp_path / "workers", "contract", **more) as running:
        running.start()
        with producer(running.settings.kafka) as client:
            sent = [client.send(running.settings.kafka.berichten, data) for data in shuffled]
            for one in sent:
                one.get(60)
        second = running.start()
        wait_until("the second takes part", lambda: bool(second.partitions()))
        running.check()
        assert published(running.publication) == embedded
