"""Made messages and folders for the tests of the embedded process."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import Simulation, generate
from zorgstroom.stream.generator.write import write

TODAY = date(2026, 3, 15)


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


@pytest.fixture
def made_stream(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder with a stream of its own."""

    def make(messages: int, seed: int, **more: object) -> Path:
        folder = tmp_path / f"stroom-{seed}-{messages}"
        params = Params(today=TODAY, seed=seed, messages=messages, **more)  # type: ignore[arg-type]
        simulation = generate(params, None)
        write(simulation, folder)
        return folder

    return make
