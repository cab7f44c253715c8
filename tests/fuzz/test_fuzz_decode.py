"""A small run of the fuzz harness, and proof that it finds what it looks for."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from zorgstroom.codecs.errors import NotXmlError
from zorgstroom.codecs.registry import Decoder


@pytest.fixture(scope="module")
def harness() -> ModuleType:
    path = Path(__file__).with_name("fuzz_decode.py")
    spec = importlib.util.spec_from_file_location("fuzz_decode", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_decode"] = module
    spec.loader.exec_module(module)
    return module


def test_damaged_messages_give_events_or_a_reason(harness: ModuleType) -> None:
    seen, wrong = harness.run(3_000, 20250405)
    assert wrong is None
    kinds = {"events", "geen_xml", "afgebroken_xml", "onveilig", "ander_bericht", "envelop"}
    assert set(seen) == kinds | {"structuur", "regel"}
    assert min(seen.values()) > 30


def raises(error: Exception) -> Callable[..., object]:
    def decode(*_: object, **__: object) -> object:
        raise error

    return decode


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("x"), "KeyError"),
        (RecursionError(), "RecursionError"),
        (NotXmlError("Zwaluwstaart", regel="XML", oplossing="."), "tells a name"),
        (NotXmlError("bij 999900006", regel="XML", oplossing="."), "tells a number"),
        (NotXmlError("x", regel="XML", oplossing=".", lijn=0), "impossible line"),
    ],
)
def test_the_harness_reports_what_a_decoder_must_not_do(
    harness: ModuleType, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    monkeypatch.setattr(Decoder, "decode", raises(error))
    _, wrong = harness.run(1, 1)
    assert wrong is not None and told in wrong
    Path(wrong.rsplit(" ", 1)[1]).unlink()


def test_the_harness_reports_a_hang(harness: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(*_: object, **__: object) -> None:
        while True:
            pass

    monkeypatch.setattr(harness, "SECONDS_PER_INPUT", 0.05)
    monkeypatch.setattr(Decoder, "decode", forever)
    _, wrong = harness.run(1, 1)
    assert wrong is not None and "TimeoutError" in wrong
    Path(wrong.rsplit(" ", 1)[1]).unlink()
