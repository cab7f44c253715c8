import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from tests.broker import broker
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write

__all__ = ["broker"]  # a fixture for every folder below

# A shell that runs the tests in the background lets them ignore SIGINT; what they start must not.
signal.signal(signal.SIGINT, signal.default_int_handler)

TODAY = date(2026, 3, 15)
"""The last day of every made stream."""


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with the published schemas and samples; they may not be redistributed."""
    found = Path(
        os.environ.get("ZORGSTROOM_SHARED", Path(__file__).resolve().parents[1].parent / "shared")
    )
    if not (found / "domain" / "xsd").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("the published schemas are missing, and CI must have them")
        pytest.skip("the published schemas are not on this machine (ZORGSTROOM_SHARED)")
    return found


@pytest.fixture(scope="session")
def valid_xml(shared_dir: Path) -> Callable[[bytes], None]:
    """Check of a message against the 3.2 schemas; older releases get the names of 3.2 first."""
    schemas: dict[str, etree.XMLSchema] = {}

    def check(message: bytes) -> None:
        for release in ("3_0", "3_1"):
            if f"/{release}/".encode() in message:
                subversie = release[2].encode()
                message = message.replace(f"/{release}/".encode(), b"/3_2/")
                message = message.replace(
                    b"BerichtSubversie>" + subversie + b"<", b"BerichtSubversie>2<"
                )
        root = etree.fromstring(message)
        name = etree.QName(root).namespace or ""
        standard, file = name.split("/")[3], name.split("/")[5]
        if name not in schemas:
            path = shared_dir / "domain" / "xsd" / "3.2" / standard / f"{file}.xsd"
            schemas[name] = etree.XMLSchema(etree.parse(path))
        schemas[name].assertValid(root)

    return check


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
