"""
The state of one partition that this worker owns: what its regions' dossiers add up to.

Dossiers and counts stand in Faust's tables, which have those of all partitions; the rest is derived
from them. Nothing here waits or writes: `counting` makes a `Step` safe and then has it taken.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from zorgstroom.aggregations import tellingen as counts
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import NOTHING, Derived, derive
from zorgstroom.aggregations.dossier import SCHEMA, Dossier, dump, load, stored_schema
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.tellingen import Telling, Tellingen
from zorgstroom.aggregations.update import Changes, changes, key_of, rebuild
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.stream.kafka.wire import KEY_RECORD, Bericht, Wis

_DAMAGED: Final = Telling(-1, -1, -1)
"""Differs from every count of dossiers: instroom and uitstroom are never below 0."""
_SLICE: Final = 2000
"""Dossiers to a slice of the rebuild, between which others get their turn."""


class Tables(NamedTuple):
    """Faust's tables, of all partitions together, from key to stored form."""

    dossiers: MutableMapping[str, bytes]
    tellingen: MutableMapping[str, bytes]


@dataclass(slots=True)
class Step:
    """What a batch makes of the state: to be written first, and to be taken after that."""

    dossiers: dict[str, bytes | None] = field(default_factory=dict)
    tellingen: dict[str, bytes | None] = field(default_factory=dict)
    made: list[Changes] = field(default_factory=list)
    forgotten: list[tuple[str, Derived]] = field(default_factory=list)
    moved: Tellingen = field(default_factory=dict)
    accepted: int = 0
    repeated: int = 0
    outcomes: Counter[tuple[bool, str, str, str]] = field(default_factory=Counter)
    """Messages by whether they were known already, wet, soort and release."""
    marks: list[tuple[str, int]] = field(default_factory=list)
    """Key of the dossier and Dagtekening (an ordinal) of each message."""
    oldest_ms: int | None = None
    """When the oldest message came in, in milliseconds since 1970; None when unknown."""


class Partition:
    """
    Ledger, counts and signals of one partition; all of it follows from its dossiers.

    Args:
        number: Of the topic `gebeurtenissen`.
        definitions: What counts as what.
        tables: Only what belongs to this partition is touched.
        recent: Told of every dossier and of what changes.

    """

    def __init__(
        self,
        number: int,
        definitions: Definitions,
        tables: Tables,
        *,
        recent: Recent | None = None,
    ) -> None:
        self.number = number
        self._recent = recent
        self.definitions = definitions
        self.dossiers, self._tellingen = tables
        self.size = 0
        """How many dossiers there are."""
        self.latest = 0
        """The latest Dagtekening of a message (an ordinal); 0 without messages."""
        self.ledger = Ledger(definitions.einddatum_telt_mee)
        self.signals: Counter[str] = Counter()
        self.sleutel: str | None = None
        """Fingerprint of the key of the pseudonyms; None as long as there are none."""
        self._restored: Tellingen = {}
        self.converted: dict[str, bytes] = {}
        """Dossiers that `restore` found in a former form, in the form of now."""

    def restore(self, dossiers: Mapping[str, bytes], kept: Mapping[str, bytes]) -> Iterator[None]:
        """Take over what the changelogs hold; yields now and then, so that others get a turn."""
        self.dossiers.update(dossiers)
        self.size = len(dossiers)
        items = iter(dossiers.items())
        while part := list(islice(items, _SLICE)):
            former = [pair for pair in part if stored_schema(pair[1]) < SCHEMA]
            self.converted |= {key: dump(load(stored)) for key, stored in former}
            rebuild(part, self.definitions, self.ledger, self.signals, self._seen)
            yield
        self.dossiers.update(self.converted)
        for cell, value in kept.items():
            if cell == KEY_RECORD:
                self.sleutel = value.decode()
            else:
                try:
                    self._restored[cell] = _unpacked(value)
                except (ValueError, TypeError):
                    self._restored[cell] = _DAMAGED  # the dossiers put it right
                else:
                    self._tellingen[cell] = value

    def _seen(self, key: str, dossier: Dossier) -> None:
        if dossier.messages:
            self.latest = max(self.latest, dossier.messages[-1].dag)
        if self._recent is not None:
            self._recent.put(key, dossier)

    def differing(self) -> dict[str, bytes | None]:
        """Return what the table of counts has wrong after `restore`; the dossiers win."""
        right = counts.counted(self.ledger)
        wrong = counts.differing(self._restored, right)
        self._restored = {}
        return {cell: _packed(telling) for cell, telling in wrong.items()}

    def put_right(self, tellingen: Mapping[str, bytes | None]) -> None:
        """Take over counts that are safe by now."""
        for cell, value in tellingen.items():
            if value is None:
                self._tellingen.pop(cell, None)
            elif cell == KEY_RECORD:
                self.sleutel = value.decode()
            else:
                self._tellingen[cell] = value

    def step(self, records: Sequence[Bericht | Wis], sleutel: str) -> Step:
        """
        Return what `records`, in this order, make of the state; nothing changes yet.

        Args:
            records: Of `gebeurtenissen`, all of this partition.
            sleutel: Fingerprint to remember when none is known yet.

        """
        made = Step()
        overlay = _Overlay(self.dossiers)
        messages: list[Sequence[Start | Stop]] = []
        for record in records:
            if isinstance(record, Bericht):
                messages.append(record.gebeurtenissen)
                moment = record.ontvangen_ms
                if moment is not None and (made.oldest_ms is None or moment < made.oldest_ms):
                    made.oldest_ms = moment
            else:
                self._add(made, overlay, messages)
                messages = []
                self._forget(made, overlay, record.wis)
        self._add(made, overlay, messages)
        made.dossiers = overlay.changed
        kept = {c: _unpacked(self._tellingen[c]) for c in made.moved if c in self._tellingen}
        for cell, telling in counts.added(kept, made.moved).items():
            made.tellingen[cell] = _packed(telling)
        if made.dossiers and self.sleutel is None:
            made.tellingen[KEY_RECORD] = sleutel.encode()
        return made

    def take(self, made: Step) -> None:
        """Move the state by `made`, which is safe by now."""
        for key, value in made.dossiers.items():
            before = key in self.dossiers
            if value is None:
                self.dossiers.pop(key, None)
            else:
                self.dossiers[key] = value
            self.size += (value is not None) - before
        for changed in made.made:
            for key, was, now in changed.derived:
                self._move(key, was, now)
        for key, was in made.forgotten:
            self._move(key, was, NOTHING)
        self.latest = max(self.latest, max((dag for _, dag in made.marks), default=0))
        if self._recent is not None:
            self._recent.gone(key for key, _ in made.forgotten)
            for key, dag in made.marks:
                self._recent.mark(key, dag)
        self.put_right(made.tellingen)

    def _move(self, key: str, was: Derived, now: Derived) -> None:
        self.ledger.apply(key, was.indicaties, now.indicaties)
        if was.signals != now.signals:
            self.signals.update(now.signals)
            self.signals.subtract(was.signals)

    def _add(
        self, made: Step, overlay: "_Overlay", messages: Sequence[Sequence[Start | Stop]]
    ) -> None:
        if not messages:
            return
        changed = changes(overlay, messages, self.definitions)
        overlay.changed.update(changed.stored)
        made.made.append(changed)
        for events, again in zip(messages, changed.repeated, strict=True):
            first = events[0]
            if first.positie > 1:
                continue  # the rest of a message of several records was counted with its first
            made.repeated += again
            made.accepted += not again
            made.outcomes[again, first.wet, first.soort, first.release] += 1
            made.marks.append((key_of(first), first.dagtekening.toordinal()))
        self._count(made, changed.derived)

    def _forget(self, made: Step, overlay: "_Overlay", key: str) -> None:
        stored = overlay.get(key)
        if stored is None:
            return
        was = derive(load(stored), self.definitions)
        overlay.changed[key] = None
        made.forgotten.append((key, was))
        self._count(made, [(key, was, NOTHING)])

    def _count(self, made: Step, derived: Iterable[tuple[str, Derived, Derived]]) -> None:
        moved = counts.moves(derived, einddatum_telt_mee=self.definitions.einddatum_telt_mee)
        made.moved |= counts.added(made.moved, moved)


class _Overlay(Mapping[str, bytes]):
    """The table as it will be: what a step has changed so far, over what stands."""

    def __init__(self, under: Mapping[str, bytes]) -> None:
        self._under = under
        self.changed: dict[str, bytes | None] = {}

    def __getitem__(self, key: str) -> bytes:
        found = self.changed[key] if key in self.changed else self._under[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return (key for key in {*self._under, *self.changed} if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _packed(telling: Telling) -> bytes | None:
    """Return the stored form of a count; None, which forgets it, when nothing is left."""
    return None if telling == counts.NOTHING else b"%d %d %d" % telling


def _unpacked(value: bytes) -> Telling:
    return Telling(*(int(part) for part in value.split()))
