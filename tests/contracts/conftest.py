from collections.abc import Iterator

import pytest

from tests.bridge import Bridge, running_bridge


@pytest.fixture(scope="session")
def bridge() -> Iterator[Bridge]:
    pytest.importorskip("chdb")
    with running_bridge() as started:
        yield started
