from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge import Bridge, running_bridge
from zorgstroom.sinks.connection import Connection, connect_embedded


@pytest.fixture(scope="session")
def bridge() -> Iterator[Bridge]:
    pytest.importorskip("chdb")
    with running_bridge() as started:
        yield started


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """An embedded engine on a new folder."""
    pytest.importorskip("chdb")
    opened = connect_embedded(tmp_path / "chdb")
    yield opened
    opened.close()
