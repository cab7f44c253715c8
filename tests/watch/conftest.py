"""A publication of a small made-up Twente, in the real engine, for whoever reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TODAY
from zorgstroom.aggregations.policy import Protection
from zorgstroom.sinks.connection import Connection, connect_embedded
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.ingest import ingest, publish_at_end
from zorgstroom.stream.settings import Settings


@pytest.fixture(scope="module", params=["afronden", "geen"])
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """The database `publicatie` under a policy, with figures and timeliness."""
    pytest.importorskip("chdb")
    folder: Path = tmp_path_factory.mktemp("watch")
    write(generate(Params(today=TODAY, seed=7, messages=2500), None), folder / "stroom")
    settings = Settings(today=TODAY, protection=Protection(policy=request.param))
    with Engine(settings, folder / "data", SystemClock(TODAY)) as engine:
        ingest(engine, [folder / "stroom" / "berichten"], lambda _: None)
        publish_at_end(engine)
    connection = connect_embedded(folder / "data" / "chdb")
    yield connection
    connection.close()
