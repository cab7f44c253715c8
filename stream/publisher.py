"""
Publication on a fixed grid of time: what changed in each region that this process owns.

An emission that could not be written is kept and written again, the same, until it is stored; only
then does the next one get its number. Before its first emission the process claims a region, so
that no other process writes it (`sinks.ownership`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from zorgstroom.aggregations.disclosure.outcome import Outcome
from zorgstroom.aggregations.disclosure.protected import ProtectedPublication, Snapshot
from zorgstroom.aggregations.ledger import BaseCell, Ledger
from zorgstroom.aggregations.movements import Indicaties, Move
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.regions import Region, Regions
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.sinks.errors import OwnershipLostError, SinkError, SinkUnavailableError
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import Owner, Target

_LONGEST_PAUSE = timedelta(seconds=60)


class WeakerPolicyError(OperatorError):
    """The database already shows what today's policy hides."""


class Publisher:
    """
    Writes what changed, at most once a tick for each region.

    `tick` does all of it. A process with an event loop takes it apart: `update` reads the ledger
    and must not run while that moves; `connect` and `write` wait for the database and may run in
    another thread, one at a time.

    Args:
        settings: Regions, periods, policy and grid.
        publication: Where the protected figures go.
        exact: Where exact figures go as well, if anywhere.
        owner: Who claims the regions. A `versie` is (epoch << 32) + counter, so that none was ever
            used before, also not for an emission that a crash kept from being written.
        dossiers: Gives all dossiers of a region as they are now, for a policy that counts who
            changed a figure; called by `update`.

    """

    def __init__(
        self,
        settings: Settings,
        publication: Publication,
        exact: Publication | None,
        owner: Owner,
        dossiers: Callable[[Region], Snapshot] = lambda region: (),
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._dossiers = dossiers
        self._regions: Regions = settings.regions
        self._targets = [Target(publication, settings.disclosure)]
        if exact is not None:
            self._targets.append(Target(exact, Disclosure(policy="geen")))
        self._active: dict[str, Region] = {}
        self._found: dict[str, Region] = {}
        self._ready_at: dict[str, datetime] = {}
        self._changed: dict[str, set[BaseCell]] = {}
        self._moves: dict[str, dict[str, tuple[Indicaties, Indicaties]]] = {}
        self._numbers: dict[str, int] = {}
        self._today: dict[str, date] = {}
        self._asked: dict[str, datetime] = {}
        self._pauses = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self._lost: dict[str, str] = {}
        self._failure: str | None = None
        self.last: dict[str, datetime] = {}
        """When each region was last written (UTC)."""
        self.versions: dict[str, int] = {}
        """`versie` of the last emission of each region, from the moment that its figures stand."""

    @property
    def is_refused(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return self._failure is not None

    @property
    def problem(self) -> str | None:
        """Why something cannot be written now; None when all is well."""
        return self._failure or next(iter(self._lost.values()), None)

    @property
    def claims(self) -> Mapping[str, Claim]:
        """What this process holds of each region whose figures it publishes."""
        held = self._targets[0].claims
        return {name: held[name] for name in self._active}

    def open(self, ledger: Ledger, now: datetime, mark: str | None = None) -> None:
        """Count the whole `ledger` as changed, and `learn` what was published before."""
        ledger.changed.update(ledger.cells)
        self.learn({cell.gemeente for cell in ledger.cells}, now, mark)

    def learn(
        self,
        gemeenten: Collection[str],
        now: datetime,
        mark: str | None = None,
        mine: Callable[[str], bool] = lambda gemeente: True,
    ) -> None:
        """
        Learn from the database what was published before, and claim the regions.

        Args:
            gemeenten: Those of the ledger.
            now: The present moment.
            mark: Policy of the last start, which may have left an emission half written.
            mine: Tells whether this process publishes a gemeente; or what is left of a region
                that the settings no longer name.

        Raises:
            WeakerPolicyError: The database holds figures that today's policy would have hidden.

        """
        contents = self._targets[0].publication.contents()
        marks = contents.merken | ({mark} if mark is not None and contents.gebieden else set())
        for found in marks:
            if not self._settings.disclosure.allows(found):
                raise WeakerPolicyError(
                    f"Deze database bevat cijfers die onder een zwakker beleid ({found}) zijn "
                    f"gepubliceerd dan nu geldt ({self._settings.disclosure.mark}), ook in de "
                    "historie. Publiceer in een nieuwe database, of verwijder deze eerst (ingebed: "
                    "de map chdb); de cijfers worden uit de dossiers opnieuw gemaakt."
                )
        gebieden = contents.gebieden.union(
            *(t.publication.contents().gebieden for t in self._targets[1:])
        )
        for code in filter(mine, {*gemeenten, *filter(_is_code, gebieden)}):
            region = self._regions.of(code)
            self._found[region.name] = region
        for gebied in gebieden:
            if not _is_code(gebied) and gebied not in self._settings.regios and mine(gebied):
                for target in self._targets:
                    target.retract(gebied, self._owner, now)
        self._connect(now)

    def due(self, now: datetime) -> bool:
        """Return whether there may be something to write: every tick, or when a region is ready."""
        tick = self._settings.tick_seconds
        waiting = timedelta(0) < self._not_before - now <= _LONGEST_PAUSE
        return not waiting and (
            not (self._active or self._ready_at)
            or any(name not in self._asked for name in self._active)
            or any(now >= moment for moment in self._ready_at.values())
            # Another tick, also an earlier one: a clock may be set back.
            or any(
                now.timestamp() // tick != asked.timestamp() // tick
                for asked in self._asked.values()
            )
        )

    def waits(self, now: datetime) -> float:
        """Return how many seconds from `now` every claimed region can be written."""
        return max(((at - now).total_seconds() for at in self._ready_at.values()), default=0.0)

    def tick(self, ledger: Ledger, now: datetime, today: date) -> int:
        """
        Write what changed in every region; return the number of emissions.

        A database that cannot be reached is tried again after growing pauses: see `problem`.
        """
        self.find(ledger)
        self.connect(now)
        self.update(ledger, now, today)
        return self.write(now)

    def find(self, ledger: Ledger) -> None:
        """Take from `ledger` what changed, and know the regions in which it did."""
        for cell in ledger.take_changed():
            region = self._regions.of(cell.gemeente)
            if region.name in self._lost:
                continue
            self._changed.setdefault(region.name, set()).add(cell)
            if region.name not in self._active:
                self._found[region.name] = region

    def connect(self, now: datetime) -> None:
        """Claim the regions that are new here, and open those whose former owner has ended."""
        self._guarded(lambda: self._connect(now), now)

    def update(self, ledger: Ledger, now: datetime, today: date) -> None:
        """Bring the figures that may be written now up to `ledger` and `today`."""
        self._asked = dict.fromkeys(self._active, now)
        self.find(ledger)
        self._take_moves(ledger, today)
        for name in self._active:
            changed = self._changed.get(name, set())
            for target in self._targets:
                one = target.regions[name]
                if isinstance(one, ProtectedPublication):
                    one.touch(changed)
                    if name in target.waiting or not self._bring_up(one, ledger, now, today):
                        continue
                elif changed or today != self._today.get(name):
                    one.update(ledger, changed, today)
                else:
                    continue
                # From here on a message arrives after this emission, written or not yet.
                if name not in self._numbers:
                    self._numbers[name] = self.versions[name] = self.versions[name] + 1
            self._changed.pop(name, None)
            self._today[name] = today

    def _bring_up(
        self, one: ProtectedPublication, ledger: Ledger, now: datetime, today: date
    ) -> bool:
        """Bring a protected region up to date if it is due; return whether it was."""
        name = one.region.name
        if one.needs_dossiers(now):
            one.begin(ledger, today, self._dossiers(one.region))
        elif one.is_due(now):
            moves = [(key, *stands) for key, stands in self._moves.get(name, {}).items()]
            one.update(ledger, moves, today)
        else:
            return False
        self._moves[name] = {}
        return True

    def _take_moves(self, ledger: Ledger, today: date) -> None:
        """Keep by region which dossiers moved, until its figures are brought up to them."""
        movements = ledger.movements
        if movements is None:
            return
        if not movements.begun:
            movements.begin()
        moves: list[Move] = [*movements.take(), *movements.reach(today.toordinal())]
        for key, before, after in moves:
            known = self._moves.setdefault(self._regions.of(key[:4]).name, {})
            first, last = known.get(key, (before, after))
            known[key] = (first, last if before is after and key in known else after)

    def write(self, now: datetime) -> int:
        """Make and write the emissions that `update` calls for; return how many were stored."""
        stored: list[str] = []
        if self._guarded(lambda: self._write(now, stored), now):
            self._pauses = 0
            self._failure = None
        return len(stored)

    def release(self, now: datetime) -> None:
        """Give the regions back: the next owner need not wait. Nothing may be under way."""
        for target in self._targets:
            for held in target.claims.values():
                if held.regio not in self._lost:
                    target.publication.release(held, now)
            target.claims.clear()

    def _guarded(self, action: Callable[[], None], now: datetime) -> bool:
        """Run `action` unless a failure was just now; return whether it ran to its end."""
        if timedelta(0) < self._not_before - now <= _LONGEST_PAUSE:
            return False
        try:
            action()
        except SinkUnavailableError as error:
            self._failure = str(error)
            self._not_before = now + min(timedelta(seconds=2**self._pauses), _LONGEST_PAUSE)
            self._pauses += 1
            return False
        return True

    def _connect(self, now: datetime) -> None:
        for region in list(self._found.values()):
            if region.name not in self._ready_at:
                self._claim(region, now)
            if now >= self._ready_at[region.name]:
                self._open_region(region)
                del self._found[region.name], self._ready_at[region.name]

    def _claim(self, region: Region, now: datetime) -> None:
        waits = [0.0]
        for target in self._targets:
            held = target.publication.claim(region.name, self._owner.name, self._owner.epoch, now)
            target.claims[region.name] = held
            waits.append(held.wait_seconds)
        self._ready_at[region.name] = now + timedelta(seconds=max(waits))
        # Known as early as can be: messages that come in are stamped with it.
        self.versions[region.name] = self._last_version(region)

    def _last_version(self, region: Region) -> int:
        published: Iterable[Publication] = [target.publication for target in self._targets]
        last = max(one.last_version(region.name, region.gebieden) for one in published)
        return max(last, *(target.claims[region.name].epoch << 32 for target in self._targets))

    def _open_region(self, region: Region) -> None:
        self.versions[region.name] = self._last_version(region)
        last = self._targets[0].publication.last_emission(region.name)
        if last is not None:
            self.last[region.name] = self._asked[region.name] = last
        for target in self._targets:
            target.regions[region.name] = target.opened(region, self._settings)
        self._active[region.name] = region
        self._changed.setdefault(region.name, set())

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """How protection went, by region; empty under a policy without."""
        return {
            name: one.outcome
            for name, one in self._targets[0].regions.items()
            if isinstance(one, ProtectedPublication)
        }

    @property
    def more(self) -> bool:
        """Whether a region has more to write at this same moment: closes of the past."""
        return any(
            isinstance(one, ProtectedPublication) and one.has_more
            for target in self._targets
            for one in target.regions.values()
        )

    def _write(self, now: datetime, stored: list[str]) -> None:
        self._write_waiting(stored)
        for name, versie in list(self._numbers.items()):
            for target in self._targets:
                emission = target.regions[name].emission(versie, now)
                if emission is not None:
                    target.waiting[name] = emission
            del self._numbers[name]
            self._write_waiting(stored)

    def _write_waiting(self, stored: list[str]) -> None:
        for target in self._targets:
            for name, emission in list(target.waiting.items()):
                try:
                    target.publication.write(emission, target.claims[name])
                except OwnershipLostError as error:
                    self._lose(name, error)
                    break
                target.regions[name].confirm()
                del target.waiting[name]
                self.last[name] = emission.tijd
                stored.append(name)

    def _lose(self, name: str, error: SinkError) -> None:
        """Stop with a region that another process has taken; it goes on from what is published."""
        self._lost[name] = str(error)
        for known in (
            self._active,
            self._changed,
            self._moves,
            self._numbers,
            self._asked,
            self.versions,
            self.last,
        ):
            known.pop(name, None)
        for target in self._targets:
            target.regions.pop(name, None)
            target.waiting.pop(name, None)


def _is_code(gebied: str) -> bool:
    return gebied.isdigit()
