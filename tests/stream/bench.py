"""An embedded process without its database of figures: state, key, processor and an inbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.inbox import Inbox, Taken
from zorgstroom.stream.processor import Processor
from zorgstroom.stream.settings import Inbox as Rules
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.store import Store

KEY = PseudonymKey(b"sleutel van de inboxtests, lang genoeg")


@dataclass
class Bench:
    """What an inbox test works with; `seconds` is the inbox's clock."""

    folder: Path
    store: Store
    processor: Processor
    rules: Rules = field(default_factory=lambda: Rules(settle_seconds=1, patience_seconds=60))
    seconds: float = 1000.0
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew on the same folders, as after a kill."""
        self.inbox = Inbox(self.folder, self.rules, lambda: self.seconds)

    def drop(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def step(self) -> Taken:
        return self.inbox.step(self.processor.process)

    def settle(self) -> Taken:
        """See what is there, let it stand still, and take one batch of it."""
        self.step()
        self.seconds += self.rules.settle_seconds
        return self.step()

    def counters(self) -> dict[str, int]:
        return dict(self.store.counters())


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    store = Store(folder / "data")
    clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    try:
        yield Bench(folder / "inbox", store, Processor(Settings(), store, KEY, clock))
    finally:
        store.close()
