"""Figures under policy `geen` equal those of the simulation, whatever the order of the messages."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.conftest import TODAY
from tests.truth.exact import differences
from zorgstroom.stream import sources
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.ingest import ingest, ingest_beginstand
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

pytestmark = pytest.mark.embedded


def settings(**more: object) -> Settings:
    return Settings.model_validate({"today": TODAY, "protection": {"policy": "geen"}, **more})


def engine(data: Path, **more: object) -> Engine:
    return Engine(settings(**more), data, SystemClock(TODAY))


def in_parts(inputs: list[Input], chance: random.Random) -> Iterator[list[Input]]:
    left = iter(inputs)
    while part := list(islice(left, chance.randint(1, 700))):
        yield part


@pytest.mark.slow
def test_a_folder_and_its_archive_give_the_figures_of_the_simulation(
    stream_dir: Path, simulated: object, tmp_path: Path
) -> None:
    with engine(tmp_path / "map") as from_folder:
        ingest(from_folder, [stream_dir / "berichten"], lambda _: None)
        assert from_folder.publish() == 1
        assert differences(from_folder.publication, stream_dir / "truth.json") == []


@pytest.mark.slow
def test_any_order_with_repeats_and_restarts_gives_the_same(
    stream_dir: Path, tmp_path: Path
) -> None:
    chance = random.Random(3)
    inputs = list(sources.read([stream_dir / "berichten"]))
    inputs += chance.sample(inputs, len(inputs) // 3)
    chance.shuffle(inputs)
    for part in in_parts(inputs, chance):
        with engine(tmp_path / "data") as running:
            running.process(part)
            if chance.random() < 0.5:
                running.publish()
    with engine(tmp_path / "data") as running:
        running.publish()
        assert differences(running.publication, stream_dir / "truth.json") == []
        assert running.publish() == 0, "nothing changed, so nothing may be written"


@pytest.mark.slow
def test_care_from_before_the_stream_is_counted(
    made_stream: Callable[..., Path], tmp_path: Path
) -> None:
    folder = made_stream(1000, 11, beginstand=True)
    with engine(tmp_path / "data") as running:
        tally, refused = ingest_beginstand(running, folder / "beginstand.csv", lambda _: None)
        assert tally.accepted > 50 and not refused
        ingest(running, [folder / "berichten"], lambda _: None)
        again, _ = ingest_beginstand(running, folder / "beginstand.csv", lambda _: None)
        assert again.accepted == 0, "a second time changes nothing"
        running.publish()
        assert differences(running.publication, folder / "truth.json") == []


@pytest.mark.slow
def test_made_up_regions_each_have_their_own_figures(
    made_stream: Callable[..., Path], tmp_path: Path
) -> None:
    from zorgstroom.stream.generator.truthfile import load_truth

    folder = made_stream(1500, 5, regios=3)
    regios = {
        name: [code for code, _ in gemeenten]
        for name, gemeenten in load_truth(folder / "truth.json").regios.items()
    }
    assert len(regios) == 3
    with engine(tmp_path / "data", regios=regios) as running:
        ingest(running, [folder / "berichten"], lambda _: None)
        assert running.publish() == 3
        assert differences(running.publication, folder / "truth.json") == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_twenty_thousand_messages_give_the_exact_figures(
    seed: int, made_stream: Callable[..., Path], tmp_path: Path
) -> None:
    folder = made_stream(20_000, seed)
    with engine(tmp_path / "data") as running:
        tally, _ = ingest(running, [folder / "berichten"], lambda _: None)
        assert tally.accepted >= 20_000
        running.publish()
        assert differences(running.publication, folder / "truth.json") == []
