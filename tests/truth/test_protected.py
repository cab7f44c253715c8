"""Policy `drempel` publishes the same at each moment, however the messages before it came in."""

import random
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream import sources
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

pytestmark = pytest.mark.embedded
T = 4
SETTINGS = Settings.model_validate(
    {
        "disclosure": {"policy": "drempel", "threshold": T, "breadth": 2},
        "publication": {"jaren": 1, "naloop_dagen": 364},
    }
)
MOMENTS = [
    datetime(2026, 3, day, hour, 10, tzinfo=UTC)
    for day, hour in ((16, 7), (16, 9), (16, 16), (17, 16), (18, 16), (1, 7))
]
MOMENTS[-1] = datetime(2026, 4, 1, 7, 10, tzinfo=UTC)
"""Moments of March (the last of a day is 16:00 UTC), and the close of March 2025."""


def lived(inputs: list[Input], data: Path, chance: random.Random | None) -> list[PublishedFigure]:
    """Take in a share of `inputs` before each moment; with `chance` in any order and batches."""
    share = -(-len(inputs) // len(MOMENTS))
    left = iter(inputs)
    for moment in MOMENTS:
        part = list(islice(left, share))
        if chance is not None:
            part += chance.sample(part, len(part) // 4)
            chance.shuffle(part)
        with Engine(SETTINGS, data, ManualClock(moment)) as engine:
            while part:
                size = len(part) if chance is None else chance.randint(1, 150)
                engine.process(part[:size])
                part = part[size:]
            engine.publish()
            history = engine.publication.figures(Filter(), historie=True)
    return history


@pytest.mark.slow
def test_order_batches_and_repeats_change_no_emission(stream_dir: Path, tmp_path: Path) -> None:
    inputs = list(sources.read([stream_dir / "berichten"]))
    in_order = lived(inputs, tmp_path / "one", None)
    shuffled = lived(inputs, tmp_path / "other", random.Random(4))
    assert [told(one) for one in in_order] == [told(one) for one in shuffled]
    shown = [one for one in in_order if one.waarde is not None]
    assert min(one.waarde for one in shown if one.waarde is not None) >= T
    assert len({one.versie for one in shown}) >= len(MOMENTS)
    assert len(shown) > 100, "this proves nothing"


def told(figure: PublishedFigure) -> tuple[object, ...]:
    return (figure.series, figure.periode, figure.waarde, figure.status, figure.bijgewerkt_op)
