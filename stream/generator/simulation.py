"""
Care over time: who gets which care from when until when, before anyone reports anything.

Clients who already have care on the first day live on with exponential remaining durations, so that
the numbers are in balance from the start.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

from zorgstroom.codecs.catalog import Release, Wet, redenen
from zorgstroom.stream.generator import mix
from zorgstroom.stream.generator.calendar import arrival_weights, release_on
from zorgstroom.stream.generator.model import (
    Client,
    Gemeente,
    Product,
    Region,
    Spell,
)
from zorgstroom.stream.generator.population import World

WETTEN: Final[tuple[Wet, ...]] = ("Wmo", "Jw")
Key = tuple[int, Wet, int | None, str | None, str | None, date]
"""Key of a start record: client, wet, toewijzing, categorie, code, Begindatum (4.1)."""
Leave = tuple[date, str]
"""When a client dies or moves away, and the reden of the stops."""


def key_of(client: Client, wet: Wet, product: Product, begin: date) -> Key:
    """Return the key by which a receiver tells start records apart."""
    return client.nr, wet, product.toewijzing, product.categorie, product.code, begin


@dataclass(slots=True)
class Simulator:
    """Makes the spells of one world; `used` holds every key of a start that is taken."""

    world: World
    scale: float
    used: set[Key] = field(default_factory=set)
    _task_based: set[tuple[int, Wet, str | None]] = field(default_factory=set)
    _shares: dict[Wet, list[float]] = field(
        default_factory=lambda: {
            wet: list(accumulate(kind.share for kind in mix.MIX[wet])) for wet in WETTEN
        }
    )

    def run(self, progress: Callable[[int, int], None] | None = None) -> Iterator[Spell]:
        """Yield all spells, gemeente by gemeente; `progress` gets gemeenten done and in all."""
        params = self.world.params
        weights = {wet: arrival_weights(params.first_day, params.today, wet) for wet in WETTEN}
        years = ((params.today - params.first_day).days + 1) / 365.25
        total = sum(len(region.gemeenten) for region in self.world.regions)
        done = 0
        for region in self.world.regions:
            for gemeente in region.gemeenten:
                for wet in WETTEN:
                    volume = mix.VOLUME[wet]
                    running = gemeente.inwoners * volume.per_inhabitant * self.scale
                    for _ in range(self._round(running)):
                        client = self.world.client(gemeente.code, wet, params.first_day)
                        yield from self._career(region, gemeente, client, wet, None)
                    days, cumulative = weights[wet]
                    new = self._round(running * volume.turnover * years)
                    for day in self.world.rng.choices(days, cum_weights=cumulative, k=new):
                        client = self.world.client(gemeente.code, wet, day)
                        yield from self._career(region, gemeente, client, wet, day)
                done += 1
                if progress:
                    progress(done, total)

    def _career(
        self, region: Region, gemeente: Gemeente, client: Client, wet: Wet, entry: date | None
    ) -> Iterator[Spell]:
        """Yield all care of one client under one wet; `entry` is None for who has care already."""
        rng, params = self.world.rng, self.world.params
        volume = mix.VOLUME[wet]
        first = entry or params.first_day
        leave = self._leave(first, wet)
        lines = 1
        for chance in volume.extra:
            if rng.random() >= chance:
                break
            lines += 1
        for nr in range(lines):
            begin = entry
            if nr and (entry or rng.random() < 0.4) and rng.random() < 0.6:
                begin = first + timedelta(days=rng.randint(1, 600))
            yield from self._line(region, client, wet, begin, leave)
        if rng.random() < params.rates.beide_wetten:
            other: Wet = "Jw" if wet == "Wmo" else "Wmo"
            begin = first + timedelta(days=rng.randint(0, 300))
            yield from self._line(region, client, other, begin, self._leave(begin, other))
        if leave and leave[1] == mix.VERHUIZING[wet] and rng.random() < 0.3:
            there = rng.choice(region.gemeenten)
            if there is not gemeente:
                moved = self.world.as_client(there.code, client.person, client.geslacht)
                begin = leave[0] + timedelta(days=rng.randint(0, 30))
                yield from self._line(region, moved, wet, begin, None)

    def _line(
        self, region: Region, client: Client, wet: Wet, begin: date | None, leave: Leave | None
    ) -> Iterator[Spell]:
        """Yield spells that follow one another: pauses, renewals and changes of aanbieder."""
        rng, params = self.world.rng, self.world.params
        rates = params.rates
        kind = rng.choices(mix.MIX[wet], cum_weights=self._shares[wet])[0]
        aanbieder = self.world.aanbieder(region, wet)
        if begin is None:
            begin = params.first_day - timedelta(days=1 + int(rng.expovariate(1 / kind.days)))
            natural = params.first_day + timedelta(days=int(rng.expovariate(1 / kind.days)))
        else:
            natural = begin + self._duration(kind.days)
        product = self._product(client, wet, kind, begin)
        release = rng.choice(params.releases) if params.releases else None
        twin = kind.categorie in mix.TWEE_AANBIEDERS and rng.random() < rates.twee_toewijzingen
        if (twin or kind.categorie in mix.HULPMIDDELEN) and product.toewijzing is not None:
            second = self.world.aanbieder(region, wet) if twin else aanbieder
            if second is not aanbieder or (not twin and rng.random() < 0.12):
                numbered = self._renumbered(client, wet, product, begin)
                end = begin + self._duration(kind.days)
                if end >= params.first_day or begin >= params.first_day:
                    yield from self._final(
                        Spell(client, wet, second, numbered, begin, release), end, leave
                    )
        while begin <= params.today and not (leave and begin > leave[0]):
            spell = Spell(client, wet, aanbieder, product, begin, release)
            draw = rng.random()
            if (leave and leave[0] <= natural) or natural > params.today:
                yield from self._final(spell, natural, leave)
                return
            if draw < rates.tijdelijk:
                begin = natural + timedelta(days=rng.randint(5, 60))
                if draw >= rates.tijdelijk * 0.55:
                    yield from self._paused_for_good(spell, natural)
                    return
                yield from self._take(replace(spell, tijdelijk=natural))
            elif draw < rates.tijdelijk + rates.verlenging:
                reden = rng.choice(mix.VERLENGING[wet])
                yield from self._take(replace(spell, einde=natural, reden=reden))
                begin = natural + timedelta(days=1 if rng.random() < 0.9 else 0)
                product = self._renumbered(client, wet, product, begin)
            elif draw < rates.tijdelijk + rates.verlenging + rates.overstap:
                known = mix.OVERSTAP in redenen(wet, release or release_on(natural))
                reden = mix.OVERSTAP if known else mix.ANDERS
                yield from self._take(replace(spell, einde=natural, reden=reden))
                begin = natural + timedelta(days=rng.randint(1, 20))
                aanbieder = self.world.aanbieder(region, wet)
                product = self._renumbered(client, wet, product, begin)
            else:
                yield from self._final(spell, natural, None)
                return
            natural = begin + self._duration(kind.days)

    def _final(self, spell: Spell, natural: date, leave: Leave | None) -> Iterator[Spell]:
        """Yield the last spell of a line: running, or ended in time or because the client left."""
        if leave and leave[0] <= natural:
            if leave[0] >= spell.begin:
                ended = leave[0] <= self.world.params.today
                yield from self._take(
                    replace(spell, einde=leave[0], reden=leave[1]) if ended else spell
                )
        elif natural > self.world.params.today:
            yield from self._take(spell)
        else:
            release: Release = spell.release or release_on(natural)
            known = redenen(spell.wet, release)
            table = mix.REDENEN[spell.wet]
            reden = self.world.rng.choices(list(table), list(table.values()))[0]
            reden = reden if reden in known else mix.ANDERS
            yield from self._take(replace(spell, einde=natural, reden=reden))

    def _paused_for_good(self, spell: Spell, pause: date) -> Iterator[Spell]:
        """Yield a temporary stop that stays so, or is later followed by a definitive one."""
        rng = self.world.rng
        if rng.random() < 0.2:
            yield from self._take(replace(spell, tijdelijk=pause))
            return
        # Before 3.2 two stops on one Einddatum have the same key (4.6).
        same_day_allowed = (spell.release or release_on(pause)) == "3.2"
        same_day = same_day_allowed and rng.random() < 0.5
        einde = pause if same_day else pause + timedelta(days=rng.randint(1, 30))
        reden = rng.choice(("21", "23") if spell.wet == "Wmo" else ("32", "34"))
        bekend = einde + timedelta(days=rng.randint(1, 40))
        yield from self._take(
            replace(spell, tijdelijk=pause, einde=einde, reden=reden, bekend=bekend)
        )

    def _take(self, spell: Spell) -> Iterator[Spell]:
        """Yield `spell` unless its key is taken."""
        key = key_of(spell.client, spell.wet, spell.product, spell.begin)
        if key not in self.used:
            self.used.add(key)
            yield spell

    def _leave(self, first: date, wet: Wet) -> Leave | None:
        rng, volume = self.world.rng, mix.VOLUME[wet]
        years = rng.expovariate(volume.death + volume.move)
        if years > 20:
            return None
        died = rng.random() * (volume.death + volume.move) < volume.death
        reden = mix.OVERLIJDEN if died else mix.VERHUIZING[wet]
        return first + timedelta(days=int(years * 365.25)), reden

    def _product(self, client: Client, wet: Wet, kind: mix.Kind, begin: date) -> Product:
        rng, rates = self.world.rng, self.world.params.rates
        draw = rng.random()
        categorie: str | None = kind.categorie
        code = None if rng.random() < rates.aspecifiek else rng.choice(kind.codes)
        task = (client.nr, wet, categorie)
        if draw < rates.taakgericht and task not in self._task_based:
            self._task_based.add(task)
            return Product(None, categorie, code, None)
        if draw > 1 - rates.generiek:
            categorie, code = None, None
        return self._numbered(client, wet, categorie, code, begin)

    def _renumbered(self, client: Client, wet: Wet, product: Product, begin: date) -> Product:
        """Return the same product under a new toewijzing (taakgericht care has none)."""
        if product.toewijzing is None:
            return product
        return self._numbered(client, wet, product.categorie, product.code, begin)

    def _numbered(
        self, client: Client, wet: Wet, categorie: str | None, code: str | None, begin: date
    ) -> Product:
        rng = self.world.rng
        ingang = begin - timedelta(days=rng.randrange(15)) if rng.random() < 0.9 else None
        return Product(self.world.toewijzing(client.gemeente, wet), categorie, code, ingang)

    def _duration(self, mean: float) -> timedelta:
        rng = self.world.rng
        if rng.random() < self.world.params.rates.zelfde_dag:
            return timedelta(0)
        return timedelta(days=int(rng.expovariate(1 / mean)))

    def _round(self, number: float) -> int:
        """Round up or down by chance, so that small gemeenten are not lost at a small scale."""
        whole = int(number)
        return whole + (self.world.rng.random() < number - whole)
