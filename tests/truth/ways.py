"""
Two ways from messages to published rows: the embedded process, and what the worker does with them.

The worker's is without its broker: a message becomes a record of `gebeurtenissen` and back, moves
the state of a partition, and what that gives is published by the same publisher.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.sinks.contract import Filter, Publication
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.ingest import ingest_beginstand
from zorgstroom.stream.kafka.wire import pack, unpack
from zorgstroom.stream.publisher import Publisher
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.target import Owner
from zorgstroom.stream.timeliness_publication import (
    Destination,
    RegionReports,
    TimelinessPublication,
)
from zorgstroom.stream.worker.partition import Partition, Tables

REGION = "proef"
GEMEENTEN = ("0141", "0153", "1684", "1982")


def settings(**definitions: object) -> Settings:
    """Return settings under which every exact figure is published."""
    return Settings.model_validate(
        {
            "protection": {"policy": "geen"},
            "regios": {REGION: GEMEENTEN},
            "publication": {"jaren": 3},
            "definitions": definitions,
        }
    )


class Way(Protocol):
    """From messages to published rows."""

    def tell(self, *messages: bytes) -> None:
        """Take in messages as one batch."""
        ...

    def tell_beginstand(self, rows: bytes) -> None:
        """Take in a CSV of care that was running already."""
        ...

    def publish(self, today: str) -> None:
        """Publish figures and timeliness as on a day."""
        ...

    @property
    def place(self) -> Publication:
        """Where it is published."""
        ...

    @property
    def signals(self) -> dict[str, int]:
        """Return how often each rule is broken, without the zeros."""
        ...


def figure(way: Way, maat: str, periode: str, wet: str = "Wmo", **where: str) -> int | None:
    """Return a published figure, such as of 2024 or 2024-05, of all products unless named."""
    soort = {4: "jaar", 7: "maand", 10: "dag"}[len(periode)]
    product = where.get("product", "")
    (row,) = (
        row
        for row in way.place.figures(
            Filter(
                gebied=(where.get("gebied", REGION),),
                wet=(wet,),
                product_niveau=("categorie" if product else "totaal",),
                product=(product,) if product else (),
                maat=(maat,),
                periode_soort=(soort,),
            )
        )
        if row.periode.isoformat().startswith(periode)
    )
    return row.waarde


def timeliness(way: Way, soort: str, maand: str, label: str = REGION) -> TimelinessRow | None:
    """Return a row of `tijdigheid` of the Wmo."""
    rows = way.place.timeliness(REGION)
    found = [
        row
        for row in rows
        if (row.wet, row.soort, row.label, row.maand.isoformat()[:7])
        == ("Wmo", soort, label, maand)
    ]
    return found[0] if found else None


class _Embedded:
    def __init__(self, engine: Engine, clock: ManualClock, folder: Path) -> None:
        self._engine, self._clock, self._folder = engine, clock, folder

    def tell(self, *messages: bytes) -> None:
        _, refusals = self._engine.process([Input(str(n), "", m) for n, m in enumerate(messages)])
        assert refusals == [None] * len(messages)

    def tell_beginstand(self, rows: bytes) -> None:
        path = self._folder / "beginstand.csv"
        path.write_bytes(rows)
        _, refused = ingest_beginstand(self._engine, path, lambda _: None)
        assert not refused

    def publish(self, today: str) -> None:
        self._clock.moment = moment(today)
        self._engine.publish()
        self._engine._timeliness._rests_until = float("-inf")  # it has rested since the last time
        self._engine.publish_timeliness()

    @property
    def place(self) -> Publication:
        return self._engine.publication

    @property
    def signals(self) -> dict[str, int]:
        return dict(+self._engine.processor.signals)


class _Worker:
    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._key = PseudonymKey(b"sleutel van de worker in deze tests")
        self._decoder = Decoder(self._key)
        self._partition = Partition(0, chosen.definitions, Tables({}, {}))
        public = PublicFigures(chosen.protection)
        self.place = MemoryPublication()
        self._publisher = Publisher(chosen, public, self.place, None, Owner.this_process())
        self._timeliness = TimelinessPublication(chosen.publication, public)
        self._is_open = False

    def tell(self, *messages: bytes) -> None:
        self._step([self._decoder.decode(message) for message in messages])

    def tell_beginstand(self, rows: bytes) -> None:
        self._step([(e,) for _, e in read_rows(rows, self._key) if isinstance(e, Start)])

    def _step(self, messages: Sequence[Sequence[Start | Stop]]) -> None:
        sleutel = self._key.fingerprint
        records = [unpack(pack(events, sleutel, None)[1]) for events in messages]
        self._partition.take(self._partition.step(records, sleutel))

    def publish(self, today: str) -> None:
        now, day = moment(today), date.fromisoformat(today)
        if not self._is_open:
            self._publisher.open(self._partition.ledger, now)
            self._is_open = True
        self._publisher.tick(self._partition.ledger, now, day)
        gathered = RegionReports(GEMEENTEN, self._timeliness.first(day), self._settings.werkdagen)
        for key, stored in self._partition.dossiers.items():
            gathered.add(key, load(stored))
        to = Destination(self.place, self._publisher.claims[REGION], 1)
        region = self._settings.regions.named[0]
        self._timeliness.publish(region, gathered, to, now, day)

    @property
    def signals(self) -> dict[str, int]:
        return dict(+Counter(self._partition.signals))


def moment(day: str) -> datetime:
    """Return noon of `day` (UTC)."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=12)


@contextmanager
def opened(way: str, folder: Path, **definitions: object) -> Iterator[Way]:
    """Open the way `embedded` or `worker` on an empty state."""
    chosen = settings(**definitions)
    if way == "worker":
        yield _Worker(chosen)
        return
    clock = ManualClock(moment("2024-06-03"))
    with Engine(chosen, folder / "data", clock) as engine:
        yield _Embedded(engine, clock, folder)
