"""
The way of a batch in the embedded process: decode, change dossiers, make safe, move the ledger.

One batch is one transaction. The ledger moves only after the commit, so whatever happens it equals
what a rebuild from the stored dossiers gives.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from zorgstroom.aggregations.derivation import NOTHING
from zorgstroom.aggregations.dossier import Dossier
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.update import changes, key_of, rebuild
from zorgstroom.codecs.errors import DecodeError, Reason
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.sinks.metrics import Metrics, Outcome
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.results import Refusal, Tally, utc_text
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input, is_premature
from zorgstroom.stream.state_upgrade import message_identity
from zorgstroom.stream.store import Store

BATCH: Final = 2000
"""Messages to a transaction of a running service, which has to publish in between."""

_LOG = logging.getLogger(__name__)
INTERNAL: Final = Reason(
    reden="intern",
    regel="programma",
    element="",
    lijn=None,
    melding="het bericht kon door een fout in dit programma niet worden gelezen",
    oplossing="Meld dit aan de makers; lever het bericht na een nieuwe versie opnieuw aan.",
)
"""Refusal of a message on which the decoder itself failed."""

Progress = Callable[[int], None]
"""Called with a number of steps done."""


class Processor:
    """
    Turns inputs into dossiers and a ledger.

    Args:
        settings: Definitions.
        store: The state; its dossiers are read once, to rebuild the ledger.
        key: Replaces BSNs.
        clock: Today, for rule TR135, and the time of a refusal.
        progress: Told how many dossiers the rebuild has read.
        metrics: Told of what becomes of messages.

    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        key: PseudonymKey,
        clock: Clock,
        progress: Progress | None = None,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._metrics = metrics or Metrics(process=False)
        self._definitions = settings.definitions
        self._store = store
        self._decoder = Decoder(key)
        self._clock = clock
        self.ledger = Ledger(settings.definitions.einddatum_telt_mee)
        self.signals: Counter[str] = Counter()
        self.recent = Recent(settings.werkdagen, clock.today())
        """What was reported lately, for the gauges of care."""
        self.seen: Counter[str] = Counter()
        """Messages that were taken in since the start, new or not, by soort."""
        self.dossiers = 0
        """How many there are; counting them in the store would read them all."""
        self._latest = 0
        stored = self._counted(store.dossiers.stored(), progress)
        rebuild(stored, self._definitions, self.ledger, self.signals, self._see)

    @property
    def latest(self) -> date | None:
        """The latest Dagtekening of a message; None without messages."""
        return date.fromordinal(self._latest) if self._latest else None

    def _see(self, key: str, dossier: Dossier) -> None:
        """Take note of a dossier that was read at the start."""
        if dossier.messages:  # in the order of their dates
            self._latest = max(self._latest, dossier.messages[-1].dag)
        self.recent.put(key, dossier)

    def process(self, inputs: Sequence[Input]) -> tuple[Tally, list[Refusal | None]]:
        """
        Take in a batch; return its counts and, for each input, None or why it was refused.

        A refusal that is premature (`sources.is_premature`) is given back, but neither kept nor
        counted: the caller offers the input again later.
        """
        today = self._clock.today()
        tally = Tally()
        outcomes: list[Refusal | None] = []
        accepted: list[Sequence[Start | Stop]] = []
        refusals: list[Refusal] = []
        for item in inputs:
            result = self._decode(item, today)
            if isinstance(result, Reason):
                refusal = self._refusal(item, result)
                outcomes.append(refusal)
                if not is_premature(item, result):
                    refusals.append(refusal)
                    tally.rejected[refusal.label] = tally.rejected.get(refusal.label, 0) + 1
            else:
                accepted.append(result)
                outcomes.append(None)
        self._take_in(accepted, tally, refusals)
        return tally, outcomes

    def take_in(self, messages: Sequence[Sequence[Start | Stop]]) -> Tally:
        """Take in messages that are events already (care from before the stream)."""
        tally = Tally()
        self._take_in(messages, tally, [])
        return tally

    def _take_in(
        self,
        messages: Sequence[Sequence[Start | Stop]],
        tally: Tally,
        refusals: Sequence[Refusal],
    ) -> None:
        store = self._store
        store.dossiers.fetch({key_of(events[0]) for events in messages})
        made = changes(store.dossiers, messages, self._definitions)
        identities = [_identity(events[0]) for events in messages]
        known = store.known_contents({identity for identity, _ in identities})
        for (identity, content), repeated in zip(identities, made.repeated, strict=True):
            if repeated:
                tally.repeated += 1
            else:
                tally.accepted += 1
                tally.conflicts += known.setdefault(identity, content) != content
        counters = Counter(tally.counters())
        for refusal in refusals:
            # Offered again, such as after a crash: it was counted before.
            if store.is_refused(refusal):
                counters[f"afgekeurd: {refusal.label}"] -= 1
                counters["afgekeurd_herhaald"] += 1
        store.commit(made.stored, identities, refusals, +counters)
        made.settle(store.dossiers, self.ledger, self.signals)
        self._tell(messages, made.repeated, refusals)
        self.dossiers += sum(before is NOTHING for _, before, _ in made.derived)

    def _tell(
        self,
        messages: Sequence[Sequence[Start | Stop]],
        repeated: Sequence[bool],
        refusals: Sequence[Refusal],
    ) -> None:
        """Tell the metrics what became of a batch that is safe."""
        mark = self.recent.mark
        outcomes: Counter[tuple[bool, str, str, str]] = Counter()
        for events, again in zip(messages, repeated, strict=True):
            first = events[0]
            outcomes[again, first.wet, first.soort, first.release] += 1
            dag = first.dagtekening.toordinal()
            self._latest = max(self._latest, dag)
            mark(key_of(first), dag)
        for (again, wet, soort, release), count in outcomes.items():
            outcome: Outcome = "herhaald" if again else "aanvaard"
            self._metrics.message(outcome, wet, soort, release, count)
            self.seen[soort] += count
        for refusal in refusals:
            self._metrics.refused(refusal.reason.reden, refusal.reason.regel)

    def _counted(
        self, stored: Iterable[tuple[str, bytes]], progress: Progress | None
    ) -> Iterator[tuple[str, bytes]]:
        for pair in stored:
            yield pair
            self.dossiers += 1
            if progress is not None:
                progress(1)

    def _decode(self, item: Input, today: date) -> Sequence[Start | Stop] | Reason:
        if item.problem is not None:
            return item.problem
        try:
            return self._decoder.decode(item.data, today=today)
        except DecodeError as error:
            return error.reason
        except Exception as error:
            _LOG.error("Onverwachte fout bij het lezen van een bericht: %s", type(error).__name__)
            return INTERNAL

    def _refusal(self, item: Input, reason: Reason) -> Refusal:
        digest = item.digest or hashlib.sha256(item.data).hexdigest()
        return Refusal(
            _printable(item.pad),
            _printable(item.lid),
            digest,
            reason,
            utc_text(self._clock.now()),
        )


def _identity(event: Start | Stop) -> tuple[int, int]:
    """Return a message's identity and content, each as a number of 63 bits (rule TR056)."""
    return message_identity(
        event.afzender,
        event.berichtcode,
        event.identificatie,
        key_of(event),
        bytes.fromhex(event.digest),
    )


def _printable(name: str) -> str:
    """Return `name` as text that can be stored; file names on disk need not be valid UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
