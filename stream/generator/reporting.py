"""
Claims into messages: which records share one, what it is called, when it is sent, what is repeated.

Only what is told by `today` becomes a message; the rest is not in the stream and not in the truth.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from zorgstroom.codecs.catalog import MessageType, Release, Soort
from zorgstroom.stream.generator.calendar import release_on
from zorgstroom.stream.generator.model import Aanbieder, Claim, Message, Params, Record

ZONE: Final = ZoneInfo("Europe/Amsterdam")
_HOURS: Final[dict[tuple[Soort, int], int]] = {
    ("stop", 3): 7,
    ("start", 3): 9,
    ("start", 1): 11,
    ("stop", 1): 15,
}
"""First hour at which a kind is sent when a day is orderly: removals of stops before others."""
_Group = tuple[int, str, Soort, str, Release, date, int]


@dataclass(slots=True)
class Reporter:
    """Makes the good messages of one run."""

    params: Params
    rng: Random

    def messages(self, claims: Iterable[Claim]) -> list[Message]:
        """Return the messages that tell `claims`, with repeats, in order of sending."""
        rates, rng = self.params.rates, self.rng
        messages = [self._message(records) for records in self._grouped(claims)]
        messages.sort(key=lambda message: message.moment)
        number(messages, rng, rates.identiteit_hergebruikt)
        repeats = []
        for message in messages:
            draw = rng.random()
            if draw < rates.herhaling + rates.herhaling_envelop:
                enveloped = draw >= rates.herhaling
                moment = self._later(message.moment, rng.randint(0, 20))
                repeats.append(
                    replace(
                        message,
                        moment=moment,
                        kind="herhaling_envelop" if enveloped else "herhaling",
                        referentie=self.reference() if enveloped else message.referentie,
                    )
                )
        return sorted(messages + repeats, key=lambda message: message.moment)

    def reference(self) -> str:
        """Return a UUID version 4 for an envelope."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def _grouped(self, claims: Iterable[Claim]) -> list[list[Record]]:
        """
        Return the records that share a message.

        One key never comes twice in one (TR101), because it never has two statements on one day.
        """
        rates, today = self.params.rates, self.params.today
        groups: dict[_Group, list[Record]] = {}
        alone = -1
        for claim in claims:
            for status, day, bundle in (
                (1, claim.told, claim.bundle),
                (3, claim.retracted, claim.retract_bundle),
            ):
                if day is None or day > today or (status == 1 and claim.vooraf):
                    continue
                shared = bundle
                if not bundle and (claim.dubbel or self.rng.random() >= rates.samen):
                    shared, alone = alone, alone - 1
                release = claim.release or release_on(day)
                key = _group(claim, release, day, shared)
                record = Record(claim, status)
                groups.setdefault(key, []).append(record)
        return list(groups.values())

    def _message(self, records: list[Record]) -> Message:
        claim = records[0].claim
        statuses = {record.status for record in records}
        day = claim.told if records[0].status == 1 else claim.retracted
        assert day is not None
        if claim.dubbel:
            kind = "dubbel"
        elif statuses == {1, 3}:
            kind = "correctie"
        else:
            kind = "aanlevering" if statuses == {1} else "verwijdering"
        return Message(
            moment=self._moment(day, claim.soort, max(statuses)),
            kind=kind,
            type=MessageType(claim.wet, claim.soort, claim.release or release_on(day)),
            dagtekening=day,
            records=tuple(records),
            referentie=self.reference() if claim.aanbieder.envelop else None,
        )

    def _moment(self, day: date, soort: Soort, status: int) -> datetime:
        """Send on the Dagtekening in a sensible order, now and then in no order or days later."""
        rates, rng = self.params.rates, self.rng
        first, hours = _HOURS[soort, status], 2 if status == 3 else 4
        if rng.random() < rates.door_elkaar:
            first, hours = 7, 12
        seconds = rng.randrange(hours * 3600)
        start = datetime.combine(day, time(first), ZONE)
        moment = start + timedelta(seconds=seconds)
        if rng.random() < rates.vertraagd:
            return self._later(moment, rng.randint(1, 10))
        return moment

    def _later(self, moment: datetime, days: int) -> datetime:
        """Return a later time, `days` on but not after today."""
        left = (self.params.today - moment.date()).days
        later = moment + timedelta(days=min(days, left))
        return later + timedelta(minutes=self.rng.randint(1, 120))


def number(messages: Iterable[Message], rng: Random, reuse: float = 0.0) -> None:
    """Give every message an Identificatie, unique per aanbieder but for a share of `reuse`."""
    counters: dict[str, int] = {}
    last: dict[tuple[str, str], str] = {}
    for message in messages:
        aanbieder: Aanbieder = message.records[0].claim.aanbieder
        agb, code = aanbieder.agb, message.type.berichtcode
        nr = counters[agb] = counters.get(agb, 0) + 1
        text = f"ZS{nr:08d}" if int(agb) % 3 else f"{nr}"
        previous = last.get((agb, code))
        if reuse and previous and message.kind != "dubbel" and rng.random() < reuse:
            text = previous
        message.identificatie = last[agb, code] = text


def _group(claim: Claim, release: Release, day: date, bundle: int) -> _Group:
    return claim.client.nr, claim.wet, claim.soort, claim.aanbieder.agb, release, day, bundle
