"""
What was reported lately, kept at hand: so that gauges of care need not read every dossier.

A dossier is only marked when it changes, and read again when someone asks: the way of a message
pays for a look-up, not for a derivation. Of dossiers without a recent message nothing is kept.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from zorgstroom.aggregations.dossier import Dossier
from zorgstroom.aggregations.reports import Report, reports
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.codecs.beginstand import AFZENDER as GEMEENTE_ZELF

DAYS: Final = 91
"""Days of Dagtekening that are kept: 13 weeks, in which an aanbieder's habit shows."""


class Sent(NamedTuple):
    """A message of an aanbieder, whatever it said."""

    afzender: str
    dag: int


class _Entry(NamedTuple):
    newest: int
    reports: tuple[Report, ...]
    sent: tuple[Sent, ...]


class Recent:
    """
    The recent reports by gemeente, of the dossiers that it was told of.

    Args:
        kalender: Which days are werkdagen.
        today: The date of the calendar; see `advance`.

    """

    def __init__(self, kalender: Werkkalender, today: date) -> None:
        self._kalender = kalender
        self._known: dict[str, dict[str, _Entry]] = {}
        self._marked: set[str] = set()
        self._changed = False
        """Whether something was marked since `take_changed`."""
        self.horizon = today.toordinal() - DAYS
        """Ordinal of the last day that is too long ago."""

    def put(self, key: str, dossier: Dossier) -> None:
        """Take over the dossier `key` as it is now; an empty one is forgotten."""
        of = self._known.setdefault(gemeente_of(key), {})
        messages = dossier.messages
        if not messages or messages[-1].dag <= self.horizon:  # messages stand in order of days
            of.pop(key, None)
            return
        found = tuple(r for r in reports(dossier, self._kalender) if r.dag > self.horizon)
        sent = {
            Sent(message.afzender, message.dag)
            for message in messages
            if message.dag > self.horizon and message.afzender != GEMEENTE_ZELF
        }
        of[key] = _Entry(messages[-1].dag, found, tuple(sent))

    def mark(self, key: str, dag: int) -> None:
        """Remember that the dossier `key` got a message of Dagtekening `dag` (an ordinal)."""
        self._changed = True
        # An old message matters when it removes or repeats something of a dossier that is recent.
        if dag > self.horizon or key in self._known.get(gemeente_of(key), ()):
            self._marked.add(key)

    def take_changed(self) -> bool:
        """Return whether any dossier was marked or erased, and begin again."""
        changed, self._changed = self._changed, False
        return changed

    def gone(self, keys: Iterable[str]) -> None:
        """Forget dossiers that were erased."""
        self._changed = True
        for key in keys:
            self._known.get(gemeente_of(key), {}).pop(key, None)
            self._marked.discard(key)

    def leave(self, gemeente: str) -> None:
        """Forget a gemeente that another process has now."""
        self._known.pop(gemeente, None)
        self._marked = {key for key in self._marked if gemeente_of(key) != gemeente}

    def refresh(self, read: Callable[[str], Dossier], today: date) -> None:
        """Read what was marked again, and let go of what has become old by `today`."""
        marked, self._marked = self._marked, set()
        horizon = today.toordinal() - DAYS
        earlier = horizon < self.horizon  # a calendar that was set back: the rest comes with time
        moved = horizon != self.horizon
        self.horizon = horizon
        for key in marked:
            self.put(key, read(key))
        if moved and not earlier:
            for gemeente, of in self._known.items():
                self._known[gemeente] = {
                    key: entry for key, entry in of.items() if entry.newest > horizon
                }

    @property
    def gemeenten(self) -> frozenset[str]:
        """Every gemeente with a recent dossier."""
        return frozenset(gemeente for gemeente, of in self._known.items() if of)

    def reports(self, gemeente: str, after: int) -> Iterator[Report]:
        """Yield the reports of `gemeente` with a Dagtekening after the ordinal `after`."""
        for entry in self._known.get(gemeente, {}).values():
            for report in entry.reports:
                if report.dag > after:
                    yield report

    def sent(self, gemeente: str) -> Iterator[Sent]:
        """Yield who sent `gemeente` something on which day of the last `DAYS`."""
        for entry in self._known.get(gemeente, {}).values():
            for sent in entry.sent:
                if sent.dag > self.horizon:
                    yield sent
