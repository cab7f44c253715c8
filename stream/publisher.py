"""
Publication at a tick: what changed in each region that this process owns.

An emission that could not be written is kept and written again, the same, until it is stored; only
then does the next one get its number. Before its first emission the process claims a region, so
that no other process writes it (`sinks.ownership`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from zorgstroom.aggregations.ledger import BaseCell, Ledger
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.regions import Region, Regions
from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.sinks.errors import OwnershipLostError, SinkError, SinkUnavailableError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import Owner, Target

_LONGEST_PAUSE = timedelta(seconds=60)


@dataclass(slots=True)
class _RegionState:
    """What is known of a region whose figures this process publishes."""

    region: Region
    versie: int
    """Of the last emission."""
    changed: set[BaseCell] = field(default_factory=set)
    """Cells that moved since its figures were last brought up to date."""
    asked: datetime | None = None
    """When it was last looked at; None when never."""
    today: date | None = None
    """The day of its figures."""
    must_emit: bool = False


class Publisher:
    """
    Writes what changed, at most once a tick for each region.

    `tick` does all of it. A process with an event loop takes it apart: `update` reads the ledger
    and must not run while that moves; `connect` and `write` wait for the database and may run in
    another thread, one at a time.

    Args:
        settings: Regions, periods and tick.
        public: Makes counts public.
        publication: Where the public figures go.
        exact: Where exact figures go as well, if anywhere.
        owner: Who claims the regions. A `versie` is (epoch << 32) + counter, so that none was ever
            used before, also not for an emission that a crash kept from being written.

    """

    def __init__(
        self,
        settings: Settings,
        public: PublicFigures,
        publication: Publication,
        exact: Publication | None,
        owner: Owner,
    ) -> None:
        self._rules = settings.publication
        self._tick = settings.tick
        self._owner = owner
        self._regions: Regions = settings.regions
        self._targets = [Target(publication, public)]
        if exact is not None:
            in_full = PublicFigures(Protection(policy="geen"))
            self._targets.append(Target(exact, in_full, is_exact=True))
        self._states: dict[str, _RegionState] = {}
        self._found: dict[str, Region] = {}
        """Regions with figures that are not claimed or not open yet."""
        self._changed: dict[str, set[BaseCell]] = {}
        """What moved in regions that are not open yet."""
        self._ready_at: dict[str, datetime] = {}
        self._pauses = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self._lost: dict[str, str] = {}
        self._failure: str | None = None
        self.last: dict[str, datetime] = {}
        """When each region was last written (UTC)."""

    @property
    def is_refused(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return self._failure is not None

    @property
    def has_lost(self) -> bool:
        """Whether another process has taken a region that was published from here."""
        return bool(self._lost)

    @property
    def problem(self) -> str | None:
        """Why something cannot be written now; None when all is well."""
        return self._failure or next(iter(self._lost.values()), None)

    @property
    def claims(self) -> Mapping[str, Claim]:
        """What this process holds of each region whose figures it publishes."""
        held = self._targets[0].claims
        return {name: held[name] for name in list(self._states)}

    @property
    def versions(self) -> Mapping[str, int]:
        """`versie` of the last emission of each region that this process publishes."""
        return {name: state.versie for name, state in list(self._states.items())}

    def open(self, ledger: Ledger, now: datetime) -> None:
        """Count the whole `ledger` as changed, and `learn` what was published before."""
        ledger.changed.update(ledger.cells)
        self.learn({cell.gemeente for cell in ledger.cells}, now)

    def learn(
        self,
        gemeenten: Collection[str],
        now: datetime,
        mine: Callable[[str], bool] = lambda gemeente: True,
    ) -> None:
        """
        Learn from the database what was published before, and claim the regions.

        Args:
            gemeenten: Those of the ledger.
            now: The present moment.
            mine: Tells whether this process publishes a gemeente; or what is left of a region
                that the settings no longer name.

        Raises:
            SafeguardError: The figures there are protected in another way than the settings say.

        """
        for target in self._targets:
            target.check_safeguard(now)
        gebieden = frozenset[str]().union(*(t.publication.gebieden() for t in self._targets))
        for code in filter(mine, {*gemeenten, *filter(_is_code, gebieden)}):
            region = self._regions.of(code)
            self._found[region.name] = region
        for gebied in gebieden:
            is_named = any(region.name == gebied for region in self._regions.named)
            if not _is_code(gebied) and not is_named and mine(gebied):
                for target in self._targets:
                    target.retract(gebied, self._owner, now)
        self._connect(now)

    def due(self, now: datetime) -> bool:
        """Return whether there may be something to write: every tick, or when a region is ready."""
        waiting = timedelta(0) < self._not_before - now <= _LONGEST_PAUSE
        return not waiting and (
            not (self._states or self._ready_at)
            or any(now >= moment for moment in self._ready_at.values())
            or any(
                state.asked is None
                # Another tick, also an earlier one: a clock may be set back.
                or now.timestamp() // self._tick != state.asked.timestamp() // self._tick
                for state in self._states.values()
            )
        )

    def waits(self, now: datetime) -> float:
        """Return how many seconds from `now` every claimed region can be written."""
        return max(((at - now).total_seconds() for at in self._ready_at.values()), default=0.0)

    def tick(
        self,
        ledger: Ledger,
        now: datetime,
        today: date,
        claimed: Callable[[Iterable[Claim]], None] = lambda claims: None,
    ) -> int:
        """
        Write what changed in every region; return the number of emissions.

        A database that cannot be reached is tried again after growing pauses: see `problem`.

        Args:
            ledger: All that is counted.
            now: The present moment.
            today: The date of the calendar.
            claimed: Told of every claim before anything is written under it.

        """
        self.find(ledger)
        self.connect(now)
        claimed(self.claims.values())
        self.update(ledger, now, today)
        return self.write(now)

    def find(self, ledger: Ledger) -> None:
        """Take from `ledger` what changed, and know the regions in which it did."""
        for cell in ledger.take_changed():
            region = self._regions.of(cell.gemeente)
            if region.name in self._states:
                self._states[region.name].changed.add(cell)
            elif region.name not in self._lost:
                self._changed.setdefault(region.name, set()).add(cell)
                self._found[region.name] = region

    def connect(self, now: datetime) -> None:
        """Claim the regions that are new here, and open those whose former owner has ended."""
        self._guarded(lambda: self._connect(now), now)

    def update(self, ledger: Ledger, now: datetime, today: date) -> None:
        """Bring the figures that may be written now up to `ledger` and `today`."""
        self.find(ledger)
        for name, state in self._states.items():
            state.asked = now
            if not state.changed and today == state.today:
                continue
            for target in self._targets:
                target.regions[name].update(ledger, state.changed, today)
            state.changed = set()
            state.today = today
            state.must_emit = True

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

    def lose(self, name: str, error: SinkError) -> None:
        """Stop with a region that another process has taken; it goes on from what is published."""
        self._lost[name] = str(error)
        self._states.pop(name, None)
        self.last.pop(name, None)
        for target in self._targets:
            target.regions.pop(name, None)
            target.waiting.pop(name, None)

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

    def _last_version(self, region: Region) -> int:
        published: Iterable[Publication] = [target.publication for target in self._targets]
        last = max(one.last_version(region.name, region.gebieden) for one in published)
        return max(last, *(target.claims[region.name].epoch << 32 for target in self._targets))

    def _open_region(self, region: Region) -> None:
        state = _RegionState(region, self._last_version(region))
        last = self._targets[0].publication.last_emission(region.name)
        if last is not None:
            self.last[region.name] = last
        for target in self._targets:
            target.open_region(region, self._rules)
        state.changed = self._changed.pop(region.name, set())
        self._states[region.name] = state

    def _write(self, now: datetime, stored: list[str]) -> None:
        self._write_waiting(stored)
        for name, state in list(self._states.items()):
            if not state.must_emit:
                continue
            versie = state.versie + 1
            for target in self._targets:
                emission = target.regions[name].emission(versie, now)
                if emission is not None:
                    target.waiting[name] = emission
                    state.versie = versie
            state.must_emit = False
            self._write_waiting(stored)

    def _write_waiting(self, stored: list[str]) -> None:
        for target in self._targets:
            for name, emission in list(target.waiting.items()):
                try:
                    target.publication.write(emission, target.claims[name])
                except OwnershipLostError as error:
                    self.lose(name, error)
                    break
                target.regions[name].mark_stored()
                del target.waiting[name]
                self.last[name] = emission.tijd
                stored.append(name)


def _is_code(gebied: str) -> bool:
    return gebied.isdigit()
