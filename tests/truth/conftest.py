"""Made messages and folders for the tests of the embedded process."""

from pathlib import Path

import pytest

from tests.conftest import TODAY
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import Simulation, generate
from zorgstroom.stream.generator.write import write


@pytest.fixture
def key() -> PseudonymKey:
    return PseudonymKey(b"k" * 32)


@pytest.fixture(scope="session")
def simulated() -> Simulation:
    """A small Twente: some 1,000 messages with everything that can happen to them."""
    return generate(Params(today=TODAY, seed=7, messages=1000), None)


@pytest.fixture(scope="session")
def stream_dir(simulated: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a folder with `berichten/` and `truth.json`."""
    folder = tmp_path_factory.mktemp("stroom")
    write(simulated, folder)
    return folder
