"""
What an aanbieder tells of a spell, and when: late, wrong and put right, or withdrawn.

Two rules keep what is told free of doubt, whatever the order of arrival: a claim is withdrawn on a
later day than it was told, and told again (same key) on a later day than it was withdrawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Final

from zorgstroom.codecs.catalog import TIJDELIJK, Release, redenen
from zorgstroom.stream.generator import mix
from zorgstroom.stream.generator.calendar import add_weekdays, release_on
from zorgstroom.stream.generator.model import Aanbieder, Claim, Params, Product, Spell
from zorgstroom.stream.generator.simulation import Key, key_of

_LATE: Final = (6, 20)
_VERY_LATE: Final = (21, 160)


@dataclass(slots=True)
class Teller:
    """Turns spells into claims; `used` holds the keys of starts that may not be invented again."""

    params: Params
    rng: Random
    used: set[Key]
    _bundles: Iterator[int]

    @classmethod
    def of(cls, params: Params, rng: Random, used: set[Key]) -> "Teller":
        """Make a teller that starts its numbering of shared messages at 1."""
        return cls(params, rng, used, count(1))

    def tell(self, spell: Spell) -> list[Claim]:
        """Return the claims about `spell`; none for older care without a beginstand."""
        rates, draw = self.params.rates, self.rng.random()
        vooraf = spell.begin < self.params.first_day
        if vooraf and not self.params.beginstand:
            return []
        told = spell.begin if vooraf else self._told(spell.begin, spell.aanbieder)
        start = Claim(
            soort="start",
            client=spell.client,
            wet=spell.wet,
            aanbieder=spell.aanbieder,
            product=spell.product,
            begin=spell.begin,
            told=told,
            release=spell.release,
            vooraf=vooraf,
        )
        stops = self._stops(spell, start)
        if vooraf:
            return [start, *self._mended_stops(spell, start, stops)]
        if draw < rates.intrekking_start:
            return self._never_was(start, stops)
        draw -= rates.intrekking_start
        if draw < rates.correctie_start:
            return self._mended_start(start, stops)
        draw -= rates.correctie_start
        claims = [start, *self._mended_stops(spell, start, stops)]
        if draw < rates.dubbel:
            again = next((claim for claim in reversed(claims) if claim.retracted is None), None)
            if again and sum(_same_key(again, claim) for claim in claims) == 1:
                later = add_weekdays(again.told, self.rng.randint(1, 15))
                claims.append(replace(again, told=later, dubbel=True, bundle=0))
        elif draw < rates.dubbel + rates.wees_verwijdering:
            claims += self._orphan(start)
        return claims

    def _stops(self, spell: Spell, start: Claim) -> list[Claim]:
        """Return the true stops of `spell`, temporary before definitive."""
        stops = []
        not_before = start.told
        if spell.tijdelijk:
            told = max(self._told(spell.tijdelijk, spell.aanbieder), not_before)
            stops.append(_stop(start, told, spell.tijdelijk, TIJDELIJK))
            not_before = told
        if spell.einde:
            known = max(spell.bekend or spell.einde, spell.einde)
            told = max(self._told(known, spell.aanbieder), not_before)
            stops.append(_stop(start, told, spell.einde, spell.reden))
        return stops

    def _never_was(self, start: Claim, stops: list[Claim]) -> list[Claim]:
        """Tell a start by mistake and withdraw it, after its stops if it has any (9071)."""
        last = max(claim.told for claim in (start, *stops))
        before = add_weekdays(last, self.rng.randint(1, 15))
        if any(not self._same_form(stop, before) for stop in stops):
            return [start, *stops]
        after = before if self.rng.random() < 0.5 else add_weekdays(before, 1)
        return [
            replace(start, retracted=after),
            *(replace(stop, retracted=before) for stop in stops),
        ]

    def _mended_start(self, start: Claim, stops: list[Claim]) -> list[Claim]:
        """Tell a start wrong at first, in its key (begin, product) or elsewhere."""
        rng = self.rng
        mended = add_weekdays(start.told, rng.randint(1, 25))
        wrong = self._wrong_start(start)
        if wrong is None:
            again = add_weekdays(mended, rng.randint(1, 3))
            if any(stop.told <= again for stop in stops):
                return [start, *stops]
            ingang = start.begin - timedelta(days=rng.randint(20, 60))
            first = replace(start, product=replace(start.product, ingang=ingang))
            return [replace(first, retracted=mended), replace(start, told=again), *stops]
        known = [stop for stop in stops if stop.told < mended]
        chain = (
            bool(known)
            and all(stop.einde and wrong.begin <= stop.einde for stop in known)
            and all(self._same_form(stop, mended) for stop in known)
            and rng.random() < 0.7
        )
        bundle = next(self._bundles) if rng.random() < self.params.rates.in_een_bericht else 0
        right = mended if bundle or rng.random() < 0.5 else add_weekdays(mended, rng.randint(1, 3))
        claims = [
            replace(wrong, retracted=mended, retract_bundle=bundle or next(self._bundles)),
            replace(start, told=right, bundle=bundle or next(self._bundles)),
        ]
        for stop in stops:
            if not chain or stop not in known:
                claims.append(stop)
                continue
            claims.append(replace(stop, product=wrong.product, begin=wrong.begin, retracted=mended))
            claims.append(replace(stop, told=right))
        return claims

    def _wrong_start(self, start: Claim) -> Claim | None:
        """Return the start with a wrong key field, or None to be wrong elsewhere."""
        rng, product = self.rng, start.product
        draw = rng.random()
        wrong = start
        if draw < 0.5:
            latest = (start.told - start.begin).days
            shift = rng.choice([n for n in range(-20, min(latest, 20) + 1) if n])
            wrong = replace(start, begin=start.begin + timedelta(days=shift))
        elif draw < 0.85 and product.categorie is not None:
            kinds = mix.MIX[start.wet]
            kind = next(kind for kind in kinds if kind.categorie == product.categorie)
            if draw < 0.65:
                kind = rng.choice(kinds)
            code = rng.choice(kind.codes)
            changed = Product(product.toewijzing, kind.categorie, code, product.ingang)
            wrong = replace(start, product=changed)
        key = key_of(wrong.client, wrong.wet, wrong.product, wrong.begin)
        if key in self.used:
            return None
        self.used.add(key)
        return wrong

    def _mended_stops(self, spell: Spell, start: Claim, stops: list[Claim]) -> list[Claim]:
        """Return the stops, perhaps with one that was wrong at first or came too early."""
        rates, draw = self.params.rates, self.rng.random()
        if draw < rates.intrekking_stop:
            return stops + self._premature(spell, start, stops)
        if stops and draw < rates.intrekking_stop + rates.correctie_stop:
            return [*stops[:-1], *self._mended_stop(stops[-1], {s.einde for s in stops[:-1]})]
        return stops

    def _premature(self, spell: Spell, start: Claim, stops: list[Claim]) -> list[Claim]:
        """Return a stop that was told while the care went on, and withdrawn."""
        rng = self.rng
        last = min([stop.einde for stop in stops if stop.einde] + [self.params.today])
        first = max(spell.begin, self.params.first_day)
        if (last - first).days < 2:
            return []
        einde = first + timedelta(days=rng.randrange((last - first).days))
        told = max(self._told(einde, spell.aanbieder), start.told)
        retracted = add_weekdays(told, rng.randint(1, 20))
        reden = TIJDELIJK if rng.random() < 0.3 else self._reden(spell, einde)
        stop = replace(_stop(start, told, einde, reden), retracted=retracted)
        return [stop] if self._same_form(stop, retracted) else []

    def _mended_stop(self, stop: Claim, taken: set[date | None]) -> list[Claim]:
        """Tell a stop whose Einddatum or reden was wrong at first."""
        rng = self.rng
        assert stop.einde is not None
        mended = add_weekdays(stop.told, rng.randint(1, 20))
        if not self._same_form(stop, mended):
            return [stop]
        days = (stop.told - stop.begin).days + 1
        einde = stop.told - timedelta(days=rng.randrange(min(days, 30)))
        in_key = True
        if rng.random() < 0.6 and einde != stop.einde and einde not in taken:
            wrong = replace(stop, einde=einde)
        else:
            release = self._release(stop, stop.told)
            others = [r for r in redenen(stop.wet, release) if r not in (stop.reden, TIJDELIJK)]
            wrong = replace(stop, reden=rng.choice(others))
            in_key = release == "3.2"
        if not in_key:
            again = add_weekdays(mended, rng.randint(1, 3))
            return [replace(wrong, retracted=mended), replace(stop, told=again)]
        bundle = next(self._bundles) if rng.random() < self.params.rates.in_een_bericht else 0
        return [
            replace(wrong, retracted=mended, retract_bundle=bundle or next(self._bundles)),
            replace(stop, told=mended, bundle=bundle or next(self._bundles)),
        ]

    def _orphan(self, start: Claim) -> list[Claim]:
        """Return a removal of what was never delivered: a claim told on the last day there is."""
        begin = start.begin - timedelta(days=self.rng.randint(1, 40))
        key = key_of(start.client, start.wet, start.product, begin)
        if key in self.used:
            return []
        self.used.add(key)
        return [replace(start, begin=begin, told=date.max, retracted=start.told)]

    def _told(self, fact: date, aanbieder: Aanbieder) -> date:
        """Return the Dagtekening for a fact: mostly within 5 werkdagen, with a long tail (5.1)."""
        rates, rng = self.params.rates, self.rng
        draw = rng.random()
        if draw < rates.zeer_laat:
            days = rng.randint(*_VERY_LATE)
        elif draw < rates.zeer_laat + rates.te_laat * (3 if aanbieder.traag else 1):
            days = rng.randint(*_LATE)
        else:
            days = rng.randint(0, 5)
        return add_weekdays(fact, days)

    def _reden(self, spell: Spell, einde: date) -> str:
        known = redenen(spell.wet, spell.release or release_on(einde))
        return self.rng.choice([r for r in mix.REDENEN[spell.wet] if r in known])

    def _release(self, claim: Claim, day: date) -> Release:
        return claim.release or release_on(day)

    def _same_form(self, stop: Claim, day: date) -> bool:
        """Say whether a removal on `day` has the same key fields: 3.2 adds the reden (4.1)."""
        return (self._release(stop, stop.told) == "3.2") == (self._release(stop, day) == "3.2")


def _stop(start: Claim, told: date, einde: date, reden: str) -> Claim:
    return replace(start, soort="stop", told=told, einde=einde, reden=reden, vooraf=False)


def _same_key(one: Claim, other: Claim) -> bool:
    return (one.soort, one.product, one.begin, one.einde) == (
        other.soort,
        other.product,
        other.begin,
        other.einde,
    )
