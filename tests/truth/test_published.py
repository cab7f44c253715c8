"""What is published of generated streams is what the rules make of the simulation's truth."""

import random
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from tests.conftest import TODAY
from tests.published_rules import Policy, violations
from tests.truth.streams import (
    POLICIES,
    SHORT,
    STREAMS,
    engine_on_today,
    inputs,
    moment_of,
    streamed,
    take_in_beginstand,
    wrong_now,
)
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.run import Simulation, generate

pytestmark = pytest.mark.embedded
MESSAGES = 6000


@pytest.fixture(scope="module")
def short() -> Simulation:
    return generate(SHORT)


@pytest.fixture(scope="module", params=STREAMS)
def stream(request: pytest.FixtureRequest) -> Simulation:
    """One of five streams of some thousands of messages."""
    return generate(replace(STREAMS[request.param], messages=MESSAGES))


def figures(engine: Engine) -> list[PublishedFigure]:
    return engine.publication.figures(Filter())


def told(engine: Engine) -> list[tuple[object, ...]]:
    """Return what is published, without when and under which number."""
    return [(f.series, f.periode, f.waarde, f.tot_en_met, f.status) for f in figures(engine)]


def check(engine: Engine, simulation: Simulation, sent: int) -> None:
    wrong = wrong_now(engine, simulation, sent)
    assert not wrong, f"{len(wrong)} after {sent} messages, such as {wrong[:3]}"


def proves_something(published: list[PublishedFigure]) -> None:
    shown = [one for one in published if one.waarde is not None]
    sums = [one for one in shown if one.tot_en_met is not None]
    assert len(shown) > 500 and len(sums) > 5 and len(published) > len(shown) + 500


@pytest.mark.slow
def test_figures_are_right_while_messages_stream(short: Simulation, tmp_path: Path) -> None:
    def look(engine: Engine, sent: int) -> None:
        check(engine, short, sent)
        if sent == len(short.messages):
            proves_something(figures(engine))

    streamed(short, "afronden", tmp_path / "data", (0.3, 0.98, 1.0), look)


@pytest.mark.slow
def test_figures_of_a_large_stream_are_right_at_every_look(
    stream: Simulation, tmp_path: Path
) -> None:
    def look(engine: Engine, sent: int) -> None:
        check(engine, stream, sent)
        if sent == len(stream.messages):
            proves_something(figures(engine))
            history = engine.publication.figures(Filter(), historie=True)
            assert all(one.waarde is None or one.waarde % 5 == 0 for one in history)
            assert min(one.waarde for one in history if one.waarde is not None) == 15

    shares = (0.25, 0.6, 0.97, 1.0)
    streamed(stream, "afronden", tmp_path / "data", shares, look)


@pytest.mark.slow
def test_every_policy_is_right_and_a_new_database_says_the_same(
    stream: Simulation, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for number, policy in enumerate((*POLICIES, "afronden")):
        with engine_on_today(stream, policy, data, SystemClock(TODAY)) as engine:
            if number == 0:
                take_in_beginstand(engine, stream, tmp_path / "vooraf")
                engine.process(inputs(stream))
            check(engine, stream, len(stream.messages))
            if number == 0:
                first = told(engine)
            elif policy == "afronden":
                assert told(engine) == first, "derived anew from the dossiers, with the same key"
        (data / "chdb").rename(tmp_path / f"chdb-{number}")


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_any_order_with_repeats_and_restarts_gives_the_same(
    policy: Policy, simulated: Simulation, tmp_path: Path
) -> None:
    with engine_on_today(simulated, policy, tmp_path / "in-orde", SystemClock(TODAY)) as engine:
        engine.process(inputs(simulated))
        engine.publish()
        in_order = told(engine)
    chance = random.Random(3)
    messages = inputs(simulated)
    messages += chance.sample(messages, len(messages) // 3)
    chance.shuffle(messages)
    left = iter(messages)
    clock = SystemClock(TODAY)
    while part := list(islice(left, chance.randint(1, 500))):
        with engine_on_today(simulated, policy, tmp_path / "door-elkaar", clock) as engine:
            engine.process(part)
            if chance.random() < 0.5:
                engine.publish()
    with engine_on_today(simulated, policy, tmp_path / "door-elkaar", clock) as engine:
        engine.publish()
        assert told(engine) == in_order
        assert engine.publish() == 0, "nothing changed, so nothing may be written"


@pytest.mark.slow
def test_the_rules_find_what_is_wrong(short: Simulation, tmp_path: Path) -> None:
    clock = SystemClock(TODAY)
    with engine_on_today(short, "afronden", tmp_path / "data", clock) as engine:
        take_in_beginstand(engine, short, tmp_path / "vooraf")
        engine.process(inputs(short))
        engine.publish()
        published, moment = figures(engine), moment_of(engine)
        # The region alone will do.
        regios = dict.fromkeys(engine.settings.regios, ())
    published = [one for one in published if one.series.gebied_soort == "regio"]
    truth = short.truth_after(len(short.messages), TODAY, moment.first)
    assert not violations(published, truth, regios, moment)

    def found(changed: PublishedFigure, instead: PublishedFigure) -> list[str]:
        others = [one for one in published if one is not changed]
        return violations([*others, instead], truth, regios, moment)

    shown = next(one for one in published if one.waarde and one.periode == date(2026, 2, 1))
    hidden = next(one for one in published if one.waarde is None)
    running = next(one for one in published if one.tot_en_met is not None)
    assert shown.waarde and running.waarde and running.tot_en_met
    for changed, instead in (
        (shown, replace(shown, waarde=shown.waarde + 5)),
        (shown, replace(shown, waarde=None)),
        (shown, replace(shown, tot_en_met=TODAY)),
        (shown, replace(shown, status="definitief")),
        (hidden, replace(hidden, waarde=15)),
        (hidden, replace(hidden, waarde=0)),
        (running, replace(running, waarde=running.waarde + 5)),
        (running, replace(running, tot_en_met=TODAY)),
    ):
        assert len(found(changed, instead)) >= 1, instead
    assert len(violations(published[1:], truth, regios, moment)) >= 1
