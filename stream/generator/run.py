"""
One run: parameters in, a simulation out, whose messages can be streamed in order of sending.

All chance comes from one `random.Random`, and there is no clock; see `generate`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Final, NamedTuple

from zorgstroom.codecs.encode import Person, encode
from zorgstroom.codecs.encode_envelope import envelope
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.stream.generator.bad import Spoiler, spoil
from zorgstroom.stream.generator.model import Claim, Message, Params, Region
from zorgstroom.stream.generator.population import World
from zorgstroom.stream.generator.reporting import Reporter, number
from zorgstroom.stream.generator.simulation import Simulator
from zorgstroom.stream.generator.telling import Teller
from zorgstroom.stream.generator.truth import Cell, count, indicaties, told_by, told_in

Progress = Callable[[int, int], None]
_TRIES: Final = 8


class Delivery(NamedTuple):
    """One file as it is sent: aware time in Dutch local time, relative name, content, kind."""

    moment: datetime
    naam: str
    inhoud: bytes
    kind: str


@dataclass(frozen=True)
class Simulation:
    """The outcome of a run; `params.scale` is the scale that was used."""

    params: Params
    regions: tuple[Region, ...]
    claims: list[Claim]
    messages: list[Message]
    """Good and bad, in order of sending."""

    @cached_property
    def kinds(self) -> dict[str, int]:
        """Numbers of messages by kind, in alphabetical order."""
        return dict(sorted(Counter(message.kind for message in self.messages).items()))

    @cached_property
    def truth(self) -> dict[Cell, int]:
        """The exact figures that are not 0."""
        told = told_by(self.claims, self.params.today)
        return count(indicaties(told), self.regions, self.params.vanaf, self.params.today)

    def truth_after(self, sent: int, today: date, vanaf: date) -> dict[Cell, int]:
        """
        Return the exact figures, those that are not 0, for who received the first messages.

        Args:
            sent: How many of `messages` were received; the beginstand always was.
            today: The day on which is counted.
            vanaf: First day of the figures.

        """
        told = told_in(self.messages[:sent], self.beginstand)
        return count(indicaties(told), self.regions, vanaf, today)

    @property
    def good(self) -> int:
        """Number of good messages, without exact repeats."""
        return _good(self.messages)

    @property
    def beginstand(self) -> list[Claim]:
        """Care that was running on the first day, when the parameters ask for it."""
        return [claim for claim in self.claims if claim.vooraf and claim.soort == "start"]

    def deliveries(self) -> Iterator[Delivery]:
        """Yield every message in order of sending; names are unique and sort the same way."""
        for nr, message in enumerate(self.messages, start=1):
            when, kind = message.moment, message.type.name
            agb = message.records[0].claim.aanbieder.agb
            stamp = when.replace(tzinfo=None).isoformat(timespec="seconds")
            compact = stamp.replace("-", "").replace(":", "")
            naam = f"{stamp[:7]}/{compact}-{nr:07d}-{kind}-{agb}.xml"
            yield Delivery(when, naam, render(message), message.kind)


def generate(params: Params, progress: Progress | None = None) -> Simulation:
    """
    Simulate care and what is told of it, as `params` say.

    `progress` is called with the gemeenten done and in all. With `params.messages` the scale is
    sought until at least that many good messages result (a few runs on small numbers). Raises
    ValueError when more persons are needed than there are synthetic BSNs.
    """
    if params.messages is None:
        return _run(params, progress)
    scale = params.messages / _estimate(params)
    best: Simulation | None = None
    for _ in range(_TRIES):
        found = _run(replace(params, scale=scale), progress)
        short = params.messages / max(found.good, 1)
        if short <= 1 and (best is None or found.good < best.good):
            best = found
        if 0.95 < short <= 1:
            break
        scale *= min(max(short, 0.1), 10) * 1.015
    while best is None:
        scale *= 1.3
        found = _run(replace(params, scale=scale), progress)
        best = found if found.good >= params.messages else None
    return best


def render(message: Message) -> bytes:
    """Return the bytes of `message` as they are sent, in its envelope if it has one."""
    first = message.records[0].claim
    client, person = first.client, first.client.person
    month = None if person.datumgebruik == "3" else f"{person.geboortedatum:%Y-%m}"
    events: list[Start | Stop] = []
    for positie, record in enumerate(message.records, start=1):
        claim = record.claim
        common = {
            "wet": claim.wet,
            "release": message.type.release,
            "afzender": claim.aanbieder.agb,
            "gemeente": client.gemeente,
            "identificatie": message.identificatie,
            "dagtekening": message.dagtekening,
            "digest": "0" * 32,
            "positie": positie,
            "client": f"{client.nr:032x}",
            "geboortemaand": month,
            "geslacht": client.geslacht,
            "toewijzing": claim.product.toewijzing,
            "categorie": claim.product.categorie,
            "code": claim.product.code,
            "toewijzing_ingangsdatum": claim.product.ingang,
            "begindatum": claim.begin,
            "status": record.status,
        }
        if claim.soort == "start":
            events.append(Start.model_validate(common))
        else:
            stop = {"reden": claim.reden, "einddatum": claim.einde}
            events.append(Stop.model_validate(common | stop))
    data = encode(events, _name_on(client.nr, person, message.dagtekening), first.aanbieder.style)
    if message.bad:
        data = spoil(message.kind, data)
    if message.referentie is None:
        return data
    return envelope(
        data,
        message=message.type,
        zender=first.aanbieder.agb,
        ontvanger=client.gemeente,
        referentie=message.referentie,
        tijdstip=message.moment,
    )


def _run(params: Params, progress: Progress | None) -> Simulation:
    rng = Random(params.seed)  # noqa: S311
    world = World.of(params, rng)
    simulator = Simulator(world, params.scale)
    teller = Teller.of(params, rng, simulator.used)
    claims = [claim for spell in simulator.run(progress) for claim in teller.tell(spell)]
    good = Reporter(params, rng).messages(claims)
    bad = Spoiler(world, rng).messages(good)
    bad.sort(key=lambda message: message.moment)
    number(bad, rng)
    for message in bad:
        message.identificatie = "F" + message.identificatie[-11:]
    messages = sorted(good + bad, key=lambda message: message.moment)
    return Simulation(params, world.regions, claims, messages)


def _good(messages: list[Message]) -> int:
    return sum(not m.bad and not m.kind.startswith("herhaling") for m in messages)


def _estimate(params: Params) -> float:
    """Good messages to expect at scale 1: some 0.1 per inhabitant a year."""
    world = World.of(params, Random(params.seed))  # noqa: S311
    inwoners = sum(g.inwoners for region in world.regions for g in region.gemeenten)
    days = (params.today - params.first_day).days + 1
    return inwoners * 0.1 * days / 365


def _name_on(nr: int, person: Person, day: date) -> Person:
    """One client in fifty takes another name at some time: person data may differ (OP039)."""
    if nr % 50 == 0 and day > date(2020, 1, 1) + timedelta(days=nr * 37 % 2900):
        return replace(person, achternaam=f"{person.achternaam}-Smit")
    return person
