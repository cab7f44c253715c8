"""A small region under policy `drempel`: clients, a clock, a table in memory, and restarts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Plan
from zorgstroom.aggregations.disclosure.protected import ProtectedPublication
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.movements import Move, Movements
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission
from zorgstroom.aggregations.update import Addition, changes
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.sinks.contract import Filter, PublishedFigure
from zorgstroom.sinks.memory import MemoryPublication

DRIE = Region("proef", ("0141", "0153", "0164"), total=True)
ALMELO, ENSCHEDE, HENGELO = DRIE.gemeenten
DREMPEL = Disclosure(threshold=3, breadth=2)
RULES = PublicationRules(jaren=0, naloop_dagen=40)
LONG_AGO = date(2023, 3, 6)
_NO_MOVES: list[Move] = []


@dataclass
class Town:
    """A region that takes in messages and publishes as the shells do."""

    region: Region = DRIE
    disclosure: Disclosure = DREMPEL
    rules: PublicationRules = RULES
    plan: Plan = DEFAULT
    clock: Callable[[], float] | None = None
    first: date = date(2025, 1, 1)
    """Before every moment of the test."""
    definitions: Definitions = field(default_factory=Definitions)
    dossiers: dict[str, bytes] = field(default_factory=dict)
    table: MemoryPublication = field(default_factory=MemoryPublication)
    emissions: list[Emission] = field(default_factory=list)
    versie: int = 1 << 32
    publication: ProtectedPublication = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(movements=Movements(self.first.toordinal()))
        self._open()

    def _open(self) -> None:
        self.publication = ProtectedPublication(
            self.region,
            self.rules,
            self.disclosure,
            self.definitions,
            list(self.table.published(self.region.gebieden)),
            self.table.moments(self.region.name),
            plan=self.plan,
            clock=self.clock,
        )

    def restart(self) -> None:
        """Begin anew with the dossiers and what was published: nothing else is left."""
        self.versie = ((self.versie >> 32) + 1) << 32
        self.ledger = Ledger(movements=Movements(self.first.toordinal()))
        for key, stored in self.dossiers.items():
            indicaties = derive(load(stored), self.definitions).indicaties
            self.ledger.apply(key, frozenset(), indicaties)
        self._open()

    # Messages

    def start(
        self,
        *clients: int,
        day: date,
        gemeente: str = ENSCHEDE,
        wet: str = "Wmo",
        categorie: str = "02",
        status: int = 1,
    ) -> None:
        """Take in that care of each of `clients` began on `day`."""
        for client in clients:
            self._take(Start(**_said(client, day, gemeente, wet, categorie, status, "s")))

    def stop(
        self,
        *clients: int,
        begin: date,
        day: date,
        gemeente: str = ENSCHEDE,
        wet: str = "Wmo",
        categorie: str = "02",
    ) -> None:
        """Take in that the care of each of `clients` that began on `begin` ended on `day`."""
        for client in clients:
            said = _said(client, begin, gemeente, wet, categorie, 1, f"t{day}")
            said |= {"dagtekening": day, "einddatum": day, "reden": "01"}
            self._take(Stop(**said))

    def end(
        self, *clients: int, day: date, gemeente: str = ENSCHEDE, categorie: str = "02"
    ) -> None:
        """Take in that care of each of `clients` that began long ago ended on `day`."""
        place: dict[str, Any] = {"gemeente": gemeente, "categorie": categorie}
        self.start(*clients, day=LONG_AGO, **place)
        self.stop(*clients, begin=LONG_AGO, day=day, **place)

    def _take(self, event: Start | Stop) -> None:
        made = changes(self.dossiers, [Addition([event], self.versie)], self.definitions)
        self.dossiers.update(made.stored)
        for key, before, after in made.derived:
            self.ledger.apply(key, before.indicaties, after.indicaties)

    def erase(self, client: int, gemeente: str = ENSCHEDE) -> None:
        """Forget a client."""
        key = gemeente + _client(client)
        gone = derive(load(self.dossiers.pop(key)), self.definitions)
        self.ledger.apply(key, gone.indicaties, frozenset())

    # Time

    def publish(self, now: datetime) -> list[Emission]:
        """Publish what may be published at `now`, closes of the past included."""
        found: list[Emission] = []
        if self.publication.needs_dossiers(now) or self.publication.is_due(now):
            found += self._tick(now)
            while self.publication.has_more:
                found += self._tick(now)
        return found

    def _tick(self, now: datetime) -> list[Emission]:
        emission = self.made(now)
        if emission is None:
            return []
        self.table.write(emission)
        self.publication.confirm()
        self.emissions.append(emission)
        return [emission]

    def made(self, now: datetime) -> Emission | None:
        """Bring the figures up to `now` and return the emission, not stored yet."""
        movements = self.ledger.movements
        assert movements is not None
        today = date_of(now)
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
        return self.publication.emission(self.versie, now)

    def days(self, first: date, last: date) -> None:
        """Publish at every moment of the grid from `first` through `last`."""
        for moment in moments(self.disclosure, first, last):
            self.publish(moment)

    # What is shown

    def figures(self, **wanted: str) -> list[PublishedFigure]:
        """Return what stands, by gebied, wet, product, maat and so on."""
        return self.table.figures(Filter(**{name: (text,) for name, text in wanted.items()}))  # type: ignore[arg-type]

    def shown(
        self,
        maat: str,
        soort: str,
        start: date,
        *,
        gebied: str = "proef",
        wet: str = "Wmo",
        niveau: str = "totaal",
        product: str = "",
    ) -> PublishedFigure | None:
        """Return one cell; None when it was never published."""
        found = self.table.figures(
            Filter((gebied,), (wet,), (niveau,), (product,), (maat,), (soort,), start, start)
        )
        return found[0] if found else None

    def value(self, maat: str, soort: str, start: date, **more: str) -> int | None:
        """Return the figure of one cell; None without one."""
        found = self.shown(maat, soort, start, **more)
        return None if found is None else found.waarde


def moments(disclosure: Disclosure, first: date, last: date) -> Iterator[datetime]:
    """Yield the moments of the grid from `first` through `last` (UTC)."""
    day = first
    while day <= last:
        for moment in disclosure.grid.moments(day):
            yield moment.astimezone(UTC)
        day += timedelta(days=1)


def hour(day: date, at: int = 17) -> datetime:
    """Return the moment of the grid at `at` o'clock."""
    (found,) = [m for m in DREMPEL.grid.moments(day) if m.hour == at]
    return found.astimezone(UTC)


def _client(number: int) -> str:
    return f"{number:032x}"


def _said(
    client: int, day: date, gemeente: str, wet: str, categorie: str, status: int, what: str
) -> dict[str, Any]:
    about = f"{what} {client} {gemeente} {wet} {categorie} {day} {status}"
    digest = blake2b(about.encode(), digest_size=16).hexdigest()
    return {
        "wet": wet,
        "release": "3.2",
        "afzender": "00000001",
        "gemeente": gemeente,
        "identificatie": digest[:12],
        "dagtekening": day if status == 1 else day + timedelta(days=1),
        "digest": digest,
        "positie": 1,
        "client": _client(client),
        "geboortemaand": "1950-01",
        "geslacht": "1",
        "toewijzing": 1,
        "categorie": categorie,
        "code": None,
        "toewijzing_ingangsdatum": None,
        "begindatum": day,
        "status": status,
    }
