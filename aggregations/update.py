"""
What a batch of messages changes: the one function that both shells call on their table of dossiers.

The table is any `MutableMapping` from a dossier's key to its stored form. Nothing is written into
it here: the caller makes the result safe first, and only then moves table and ledger (see
`Changes.settle`), so that a crash in between leaves what was there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import NOTHING, Derived, derive
from zorgstroom.aggregations.dossier import DamagedDossierError, Dossier, add, dump, load
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.codecs.events import Start, Stop


def key_of(event: Start | Stop) -> str:
    """Return the key of the dossier that `event` belongs to: gemeente and pseudonym."""
    return event.gemeente + event.client


def gemeente_of(key: str) -> str:
    """Return the gemeente (CBS code) of a dossier's key."""
    return key[:4]


def load_named(key: str, stored: bytes | None) -> Dossier:
    """Return the dossier `key`; a `DamagedDossierError` says which it is, and not whose."""
    try:
        return load(stored)
    except DamagedDossierError as error:
        name = f"{gemeente_of(key)}-{key[4:12]}"
        raise DamagedDossierError(f"{error} Het gaat om dossier {name}.") from None


@dataclass(slots=True)
class Changes:
    """What a batch makes of the dossiers it touched."""

    stored: dict[str, bytes]
    """New stored forms, by key; only of dossiers that changed."""
    repeated: list[bool]
    """For each message of the batch, whether it was known already."""
    derived: list[tuple[str, Derived, Derived]] = field(default_factory=list)
    """Key, what followed before and what follows after, of each dossier that changed."""

    def settle(
        self, dossiers: MutableMapping[str, bytes], ledger: Ledger, signals: Counter[str]
    ) -> None:
        """Move the table, the ledger and the count of signals, once `stored` is safe."""
        dossiers.update(self.stored)
        for key, before, after in self.derived:
            ledger.apply(key, before.indicaties, after.indicaties)
            if before.signals != after.signals:
                signals.update(after.signals)
                signals.subtract(before.signals)


def changes(
    dossiers: Mapping[str, bytes],
    messages: Iterable[Sequence[Start | Stop]],
    definitions: Definitions,
) -> Changes:
    """Return what the events of `messages`, in any order and repeated, change in `dossiers`."""
    before: dict[str, Dossier] = {}
    after: dict[str, Dossier] = {}
    repeated: list[bool] = []
    for events in messages:
        key = key_of(events[0])
        dossier = after.get(key)
        if dossier is None:
            before[key] = dossier = load_named(key, dossiers.get(key))
        after[key], known = add(dossier, events)
        repeated.append(known)
    result = Changes({}, repeated)
    for key, old in before.items():
        new = after[key]
        if new is not old:
            result.stored[key] = dump(new)
            was = derive(old, definitions) if old.messages else NOTHING
            result.derived.append((key, was, derive(new, definitions)))
    return result


def rebuild(
    dossiers: Iterable[tuple[str, bytes]],
    definitions: Definitions,
    ledger: Ledger,
    signals: Counter[str],
    seen: Callable[[str, Dossier], None] | None = None,
) -> None:
    """
    Fill an empty `ledger` and `signals` from all stored `dossiers` (key, stored form).

    `seen` is told of each dossier, for what else follows from it.
    """
    nothing = NOTHING.indicaties
    for key, stored in dossiers:
        dossier = load_named(key, stored)
        if seen is not None:
            seen(key, dossier)
        derived = derive(dossier, definitions)
        ledger.apply(key, nothing, derived.indicaties)
        signals.update(derived.signals)
