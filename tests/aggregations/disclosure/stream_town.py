"""A few gemeenten under policy `drempel`, in memory: some weeks of made-up starts and stops."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.disclosure.judging import judge
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell
from zorgstroom.aggregations.disclosure.protected import ProtectedPublication
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.witnessed import Finding, Written
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.movements import Movements
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission
from zorgstroom.aggregations.update import Addition, changes
from zorgstroom.codecs.events import Start, Stop

REGION = Region("proef", ("0141", "0153", "0164"), total=True)
RULES = PublicationRules(jaren=0, naloop_dagen=0)
FIRST, LAST = date(2026, 1, 5), date(2026, 2, 3)
DAILY = {"0141": 1, "0153": 6, "0164": 3}
"""Starts a day by gemeente."""


def record(number: int, gemeente: str, begin: date, categorie: str) -> dict[str, object]:
    return {
        "wet": "Wmo",
        "release": "3.2",
        "afzender": "01234567",
        "gemeente": gemeente,
        "identificatie": f"B{number}",
        "dagtekening": begin,
        "digest": f"{number:032x}",
        "positie": 1,
        "client": f"{number:032x}",
        "geboortemaand": "1950-01",
        "geslacht": "1",
        "toewijzing": number,
        "categorie": categorie,
        "code": None,
        "toewijzing_ingangsdatum": begin,
        "begindatum": begin,
        "status": 1,
    }


def ended(made: dict[str, object], day: date) -> Stop:
    """Return the stop of a record."""
    name = f"W{made['toewijzing']}"
    return Stop.model_validate({**made, "identificatie": name, "reden": "19", "einddatum": day})


def told(day: date, chance: random.Random, running: list[dict[str, object]]) -> list[Start | Stop]:
    """Return what is told on `day`: starts of today, and stops of what runs."""
    events: list[Start | Stop] = []
    for gemeente, often in DAILY.items():
        for _ in range(often):
            number = len(running) + 1
            made = record(number, gemeente, day, chance.choice(("01", "01", "02", "06", "15")))
            running.append(made)
            events.append(Start.model_validate(made))
    for made in chance.sample(running, min(len(running), 5)):
        events.append(ended(made, day))
    return events


@dataclass
class Town:
    """The region, its publication and what it published; `run` lets some weeks go by."""

    disclosure: Disclosure = field(default_factory=Disclosure)
    emissions: list[Emission] = field(default_factory=list)
    dossiers: dict[str, bytes] = field(default_factory=dict)
    known: list[dict[str, bytes]] = field(default_factory=list)
    """The dossiers as they were at each emission."""
    versie: int = 1 << 32

    def __post_init__(self) -> None:
        self.ledger = Ledger(movements=Movements(FIRST.toordinal()))
        self.publication = ProtectedPublication(REGION, RULES, self.disclosure, Definitions())

    def take(self, events: list[Start | Stop]) -> None:
        additions = [Addition([event], self.versie) for event in events]
        made = changes(self.dossiers, additions, Definitions())
        self.dossiers.update(made.stored)
        for key, before, after in made.derived:
            self.ledger.apply(key, before.indicaties, after.indicaties)

    def publish(self, now: datetime) -> None:
        movements = self.ledger.movements
        assert movements is not None
        today = now.astimezone(AMSTERDAM).date()
        more = True
        while more:
            if self.publication.needs_dossiers(now):
                movements.begin()
                movements.reach(today.toordinal())
                self.publication.begin(self.ledger, today, list(self.dossiers.items()))
            else:
                moved = {key: (before, after) for key, before, after in movements.take()}
                for key, before, after in movements.reach(today.toordinal()):
                    moved.setdefault(key, (before, after))
                self.publication.touch(self.ledger.take_changed())
                moves = [(key, *stands) for key, stands in moved.items()]
                self.publication.update(self.ledger, moves, today)
            self.versie += 1
            emission = self.publication.emission(self.versie, now.astimezone(UTC))
            if emission is not None:
                self.emissions.append(emission)
                self.known.append(dict(self.dossiers))
                self.publication.confirm()
            more = self.publication.has_more

    def run(self) -> "Town":
        chance = random.Random(7)
        running: list[dict[str, object]] = []
        for number in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=number)
            self.take(told(day, chance, running))
            for hour in (11, 17):
                self.publish(datetime.combine(day, time(hour), AMSTERDAM))
        return self


def audited(emissions: list[Emission], disclosure: Disclosure | None = None) -> list[Finding]:
    """Return what an outsider finds wrong with `emissions`."""
    rule = (disclosure or Disclosure()).rule
    found: list[Finding] = []
    for moment in Replay(REGION, DEFAULT).moments(map(Written.of, emissions)):
        found += moment.findings
        for system in moment.systems:
            found += judge(system, rule).findings
    return found


def thin_renewals(town: Town, threshold: int = 10) -> Iterator[tuple[Cell, int]]:
    """
    Yield the renewals that fewer than `threshold` dossiers made, with how many.

    Counted from the dossiers themselves, as they were at both moments; shares no code with what
    decides.
    """
    last: dict[Cell, dict[str, int]] = {}
    for emission, dossiers in zip(town.emissions, town.known, strict=True):
        day = emission.tijd.astimezone(AMSTERDAM).date()
        for cell, entry in Written.of(emission).rows.items():
            if cell.soort != "maand" or entry.tijd != emission.tijd or entry.waarde is None:
                continue
            now = contributions(dossiers, cell, day)
            assert sum(now.values()) == entry.waarde
            key = cell._replace(start=date.min) if cell.maat == "actief" else cell
            before = last.get(key)
            if before is not None:
                changed = sum(now.get(k, 0) != before.get(k, 0) for k in now.keys() | before.keys())
                if changed < threshold:
                    yield cell, changed
            last[key] = now


def contributions(dossiers: dict[str, bytes], cell: Cell, today: date) -> dict[str, int]:
    """Return what each dossier adds to a cell of a month, up to `today`."""
    product = PRODUCTS[cell.product]
    end = (cell.start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    day = min(today, end)
    found: dict[str, int] = {}
    for key, stored in dossiers.items():
        if cell.gebied not in (REGION.name, key[:4]):
            continue
        for one in derive(load(stored), Definitions()).indicaties:
            if one.wet != product.wet or one.categorie not in product.categorieen:
                continue
            begin, einde = one.begin, one.einde
            counts = {
                "actief": begin <= day.toordinal() and (einde is None or einde >= day.toordinal()),
                "instroom": cell.start.toordinal() <= begin <= day.toordinal(),
                "uitstroom": einde is not None
                and cell.start.toordinal() <= einde <= day.toordinal(),
            }[cell.maat]
            if counts:
                found[key] = found.get(key, 0) + 1
    return found
