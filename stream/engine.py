"""
The embedded process put together: state, key, processor and publication in one folder.

`ingest`, `serve`, `demo` and `erase` are different ways of feeding it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Final, Self

from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.dossier import Dossier, load
from zorgstroom.aggregations.periods import date_of
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.retention import boundary, is_expired
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.sinks.clickhouse import DATABASE, ClickHousePublication
from zorgstroom.sinks.connection import Connection, connect_embedded, connect_server
from zorgstroom.sinks.errors import OwnershipLostError, SinkError, SinkUnavailableError
from zorgstroom.sinks.measured import MeasuredPublication
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.sinks.retry import PAUSES
from zorgstroom.stream import keyfile
from zorgstroom.stream.brake import ClockWatch, check_date, check_retention
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.errors import OperatorError, StateError
from zorgstroom.stream.foundation import Foundation
from zorgstroom.stream.monitor import Monitor
from zorgstroom.stream.processor import Processor, Progress
from zorgstroom.stream.publisher import Publisher
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.security import secret
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import Store
from zorgstroom.stream.target import Owner
from zorgstroom.stream.timeliness_publication import (
    Destination,
    RegionReports,
    TimelinessPublication,
)

MARKER: Final = "DEMO"
"""A file of this name says that a folder holds a demo, which may be made anew."""
_KEPT_FROM: Final = "bewaard_vanaf"
"""Property of the state: the latest boundary before which dossiers were forgotten."""


def connect(settings: Settings, data: Path, pauses: Sequence[float] = PAUSES) -> Connection:
    """
    Open the database of the settings: a server, or the embedded one in the folder `data`.

    What fails on a server is tried again after each of `pauses` (seconds).
    """
    place = settings.clickhouse
    if place.url:
        return connect_server(
            place.url,
            place.user,
            secret(place.password, place.password_file),
            ca_file=place.ca_file,
            longest_insert=place.longest_insert_seconds,
            pauses=pauses,
        )
    return connect_embedded(data / "chdb")


class Engine:
    """
    The open embedded process; close it, or use it in a ``with``.

    Args:
        settings: All of them.
        data: Folder of the state, the key and the embedded database.
        clock: Today and now.
        progress: Called with the number of dossiers there are, gives what is told of each one read.
        metrics: Where to tell what happens; its own when nobody looks.
        takes_over: Whether to go on from published figures of which no dossier is here: what is
            taken in before the next publication has to be everything.

    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock,
        progress: Callable[[int], Progress] | None = None,
        *,
        metrics: Metrics | None = None,
        takes_over: bool = False,
    ) -> None:
        self.metrics = metrics or Metrics(process=False)
        self.settings = settings
        self.clock = clock
        self.clock_problem: str | None = None
        """Why the date is not believed, so that nothing is published; None when it is."""
        self._watch = ClockWatch.of(clock)
        self._open: list[Callable[[], None]] = []
        try:
            self.store = Store(data)
            self._open.append(self.store.close)
            known = self.store.property("sleutel")
            self.key = keyfile.obtain(settings, data, known)
            if known is None:
                self.store.set_property("sleutel", self.key.fingerprint)
            connection = connect(settings, data)
            connection.retried = self.metrics.retried
            self._open.append(connection.close)
            self.publication = MeasuredPublication(
                ClickHousePublication(connection, DATABASE), self.metrics
            )
            exact = None
            if settings.exact_database:
                exact = ClickHousePublication(connection, settings.exact_database)
            told = progress(len(self.store.dossiers)) if progress else None
            with self.store.read_whole():
                self.processor = Processor(
                    settings, self.store, self.key, clock, told, metrics=self.metrics
                )
            self.monitor = Monitor(settings, self.processor.recent, self.metrics)
            public = keyfile.public_figures(settings, data, may_make_key=True)
            self._timeliness = TimelinessPublication(settings.publication, public)
            self._refuse_forgotten_periods()
            self._foundation = Foundation(self.store, self.publication)
            self._foundation.check(
                connection.place,
                data,
                has_dossiers=bool(self.processor.dossiers),
                takes_over=takes_over,
            )
            owner = Owner.this_process(self._foundation.begin())
            self.publisher = Publisher(settings, public, self.publication, exact, owner)
            self.publisher.open(self.processor.ledger, clock.now())
            self._open.append(self._release)
        except SinkUnavailableError as error:
            self.close()
            raise OperatorError(f"{error} Er is nog niets verwerkt.") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def process(self, inputs: Sequence[Input]) -> tuple[Tally, list[Refusal | None]]:
        """Take in a batch of messages; see `Processor.process`."""
        return self.processor.process(inputs)

    def take_in(self, messages: Sequence[Sequence[Start | Stop]]) -> Tally:
        """Take in messages that are events already; see `Processor.take_in`."""
        return self.processor.take_in(messages)

    def publish(self) -> int:
        """Write what changed, unless the date is not plausible; return the number of emissions."""
        if not self._believes_clock():
            return 0
        now, today = self.clock.now(), self.clock.today()
        ledger = self.processor.ledger
        count = self.publisher.tick(ledger, now, today, self._foundation.note)
        if self.publisher.problem is None:
            self._foundation.note_published()
        return count

    @property
    def problem(self) -> str | None:
        """Why figures cannot be published now; None when all is well."""
        return self.clock_problem or self.publisher.problem

    def _believes_clock(self) -> bool:
        if self._watch is not None:
            self.clock_problem = self._watch.problem(self.processor.latest, self._emission())
        return self.clock_problem is None

    def _emission(self) -> date | None:
        """Return the day of the last emission of any region."""
        return date_of(max(self.publisher.last.values())) if self.publisher.last else None

    def publish_if_due(self) -> int:
        """Write what changed if a tick has passed; return the emissions."""
        return self.publish() if self.publisher.due(self.clock.now()) else 0

    def measure(self) -> bool:
        """Tell which regions are up to date; derive the gauges of care, and return if it is due."""
        now, today = self.clock.now(), self.clock.today()
        self.monitor.keep_only(self.publisher.claims)
        if self.problem is None:
            for name in self.publisher.claims:
                self.metrics.current(name, now)
        if not self.monitor.due(now):
            return False
        self._note_changes()
        self.monitor.measure_all(self._read, self._regions().values(), now, today)
        return True

    def publish_timeliness(self) -> int:
        """Write changed rows of `tijdigheid`, if the date is plausible; return how many."""
        if not self._believes_clock():
            return 0
        now, today = self.clock.now(), self.clock.today()
        self._note_changes()
        regions = list(self._regions().values())
        publication = self._timeliness
        begun = perf_counter()
        if not publication.is_due(regions, today, begun):
            return 0
        publication.begin()
        gathered = RegionReports(
            {code for region in regions for code in region.gemeenten},
            publication.first(today),
            self.settings.werkdagen,
        )
        for key, stored in self.store.dossiers.stored():
            gathered.add(key, load(stored))
        written = 0
        for region in regions:
            claim, versie = (
                self.publisher.claims[region.name],
                self.publisher.versions[region.name],
            )
            to = Destination(self.publication, claim, versie)
            try:
                written += publication.publish(region, gathered, to, now, today)
            except OwnershipLostError as error:
                self.publisher.lose(region.name, error)
        publication.end(today, begun, perf_counter())
        return written

    def _note_changes(self) -> None:
        """Hand on whether a dossier changed since the last time."""
        if self.processor.recent.take_changed():
            self._timeliness.note_change()

    def _regions(self) -> dict[str, Region]:
        """Return the regions that this process publishes, by name; not one that was lost."""
        regions = self.settings.regions
        found = {region.name: region for region in regions.named}
        return {
            name: found.get(name) or regions.of(name)
            for name in self.publisher.claims
            if name in found or name.isdigit()
        }

    def _read(self, key: str) -> Dossier:
        return load(self.store.dossiers.get(key))

    def erase(self, bsn: str) -> int:
        """
        Forget the client with `bsn` in every gemeente; return how many dossiers went.

        The figures of the past are then without this client. A message about them that comes in
        again makes a new dossier.
        """
        gemeenten = {cell.gemeente for cell in self.processor.ledger.cells}
        gemeenten |= {gemeente_of(key) for key in self.store.dossiers}
        return self._forget([code + self.key.client(code, bsn) for code in sorted(gemeenten)])

    def expire(self, *, many: bool = False) -> int:
        """
        Forget the dossiers that retention no longer keeps; no figure changes by it.

        Args:
            many: Whether someone asked for it, however many they are.

        Raises:
            RetentionHeldError: The date is not plausible, or they are many and nobody asked.

        """
        # A calendar that is fixed on a later day, for a replay, must not make anything older.
        today = min(self.clock.today(), date_of(self.clock.now()))
        first = self.settings.publication.first(today)
        limit = boundary(today, self.settings.retention_years, first)
        expired = []
        for key, stored in self.store.dossiers.stored():
            dossier = load(stored)
            if is_expired(dossier, derive(dossier, self.settings.definitions), limit):
                expired.append(key)
        if not expired:
            return 0
        latest, emission = self.processor.latest, self._emission()
        if many:
            check_date(today, latest, emission)
        else:
            total = self.processor.dossiers
            check_retention(len(expired), total, today=today, latest=latest, emission=emission)
        known = self.store.property(_KEPT_FROM) or ""
        return self._forget(expired, {_KEPT_FROM: max(known, limit.isoformat())})

    def _refuse_forgotten_periods(self) -> None:
        """Refuse to publish periods whose dossiers retention has taken away."""
        first = self.settings.publication.first(self.clock.today())
        kept = self.store.property(_KEPT_FROM)
        if kept is not None and first.isoformat() < kept:
            raise StateError(
                f"Cijfers vanaf {first} kunnen niet: dossiers van voor {kept} zijn al vergeten "
                "(bewaartermijn). Zet ZORGSTROOM_PUBLICATION__JAREN lager, of lees de berichten in "
                "een nieuwe map opnieuw in."
            )

    def _forget(self, keys: Sequence[str], properties: Mapping[str, str] | None = None) -> int:
        found = {key: self.store.dossiers[key] for key in keys if key in self.store.dossiers}
        self.store.forget(found, properties or {})
        for key, stored in found.items():
            derived = derive(load(stored), self.settings.definitions)
            self.processor.ledger.apply(key, derived.indicaties, frozenset())
            self.processor.signals.subtract(derived.signals)
        self.processor.dossiers -= len(found)
        self.processor.recent.gone(found)
        return len(found)

    def _release(self) -> None:
        with suppress(SinkError):  # the next owner then waits a little
            self.publisher.release(self.clock.now())

    def close(self) -> None:
        """Give back everything that is held open."""
        while self._open:
            self._open.pop()()
