"""Generated streams, and an embedded process that reads one and publishes under a policy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from pydantic import SecretStr

from tests.conftest import TODAY
from tests.published_rules import Moment, Policy, violations
from zorgstroom.sinks.contract import Filter
from zorgstroom.stream.clock import Clock, ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params, Rates
from zorgstroom.stream.generator.run import Simulation
from zorgstroom.stream.generator.write import write_beginstand
from zorgstroom.stream.ingest import ingest_beginstand
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

KEYS = {"key": SecretStr("6b" * 32), "rounding": {"key": SecretStr("c3" * 32)}}
POLICIES: tuple[Policy, ...] = ("afronden", "kale_drempel", "geen")
_PLAIN = Params(today=TODAY)
SHORT = replace(_PLAIN, seed=7, start=date(2025, 10, 1), messages=1500, regios=1, beginstand=True)
"""Many messages on few cells: a test takes seconds, and most of what can be shown is."""
STREAMS = {
    "twente": replace(_PLAIN, seed=1),
    "beginstand": replace(_PLAIN, seed=2, beginstand=True),
    "regions": replace(_PLAIN, seed=3, regios=3),
    "releases": replace(_PLAIN, seed=4, releases=("3.0", "3.1", "3.2")),
    "corrections": replace(
        _PLAIN,
        seed=5,
        rates=Rates(
            te_laat=0.3,
            zeer_laat=0.1,
            correctie_start=0.1,
            correctie_stop=0.1,
            intrekking_start=0.05,
            intrekking_stop=0.05,
            vertraagd=0.1,
            herhaling=0.05,
        ),
    ),
}


def settings(simulation: Simulation, policy: Policy, **more: object) -> Settings:
    """Return settings for the regions of `simulation`, with keys that are always the same."""
    regios = {region.naam: [g.code for g in region.gemeenten] for region in simulation.regions}
    rules = {"jaren": 1, "vanaf": simulation.params.first_day}
    given = {"protection": {"policy": policy}, "regios": regios, "publication": rules, **KEYS}
    return Settings.model_validate(given | more)


def inputs(simulation: Simulation) -> list[Input]:
    """Return the messages in order of sending."""
    return [Input(one.naam, "", one.inhoud) for one in simulation.deliveries()]


def wrong_now(engine: Engine, simulation: Simulation, sent: int) -> list[str]:
    """Publish, and return what is wrong beside the truth of the first `sent` messages."""
    engine.publish()
    today = engine.clock.today()
    moment = moment_of(engine)
    truth = simulation.truth_after(sent, today, moment.first)
    return violations(engine.publication.figures(Filter()), truth, engine.settings.regios, moment)


def moment_of(engine: Engine) -> Moment:
    """Return when and how `engine` publishes."""
    asked, today = engine.settings, engine.clock.today()
    rules = asked.publication
    return Moment(today, rules.first(today), asked.protection.policy, rules.naloop_dagen)


def take_in_beginstand(engine: Engine, simulation: Simulation, folder: Path) -> None:
    """Read the care that was running already, if the stream has any."""
    if simulation.params.beginstand:
        folder.mkdir(exist_ok=True)
        write_beginstand(simulation, folder / "beginstand.csv")
        ingest_beginstand(engine, folder / "beginstand.csv", lambda _: None)


def streamed(
    simulation: Simulation,
    policy: Policy,
    data: Path,
    shares: tuple[float, ...],
    look: Callable[[Engine, int], None],
) -> None:
    """Take in the stream on its own clock, and `look` after each of `shares` of it."""
    messages = inputs(simulation)
    clock = ManualClock(datetime.combine(simulation.params.first_day, time(8), UTC))
    done = 0
    with Engine(settings(simulation, policy), data, clock) as engine:
        take_in_beginstand(engine, simulation, data.parent / "vooraf")
        for share in shares:
            sent = int(share * len(messages))
            clock.moment = simulation.messages[sent - 1].moment.astimezone(UTC)
            engine.process(messages[done:sent])
            done = sent
            look(engine, sent)


def engine_on_today(simulation: Simulation, policy: Policy, data: Path, clock: Clock) -> Engine:
    """Open a process on the last day of the stream."""
    return Engine(settings(simulation, policy, today=TODAY), data, clock)
