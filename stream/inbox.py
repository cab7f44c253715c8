"""
A folder as a stream of messages: what is complete goes into the state, then out of the way.

A file is moved only after its batch is safe. Killed in between, the process reads it again as a
repeat: nothing is lost and nothing counts twice.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zorgstroom.stream import processor, settings
from zorgstroom.stream.arrivals import Arrival, Arrivals
from zorgstroom.stream.filing import Filing, InboxError
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.sources import (
    Input,
    StorageError,
    is_archive,
    is_premature,
    read_file,
)

_LOG = logging.getLogger(__name__)
_MOST_BYTES: Final = 64_000_000
"""Of messages in a batch; large files make smaller batches."""
_RETRY_SECONDS: Final = 60.0
"""A file that could not be moved is tried again after this; it is a repeat then."""

Process = Callable[[Sequence[Input]], tuple[Tally, list[Refusal | None]]]
"""How a batch is taken in and made safe: `Engine.process`."""


@dataclass(slots=True)
class Taken:
    """What one step took in."""

    tally: Tally = field(default_factory=Tally)
    refusals: list[Refusal] = field(default_factory=list)
    more: bool = False
    """Whether there may be more to take at once."""
    seconds: float | None = None
    """How long ago the oldest message of this step was first seen; None without any."""


@dataclass(slots=True)
class _File:
    arrival: Arrival
    inputs: Iterator[Input]
    refusal: Refusal | None = None
    """Why the file as a whole is refused."""
    premature: bool = False
    failed: bool = False
    """Whether a refused member could not be written."""


class Inbox:
    """
    The inbox of one embedded process.

    Args:
        folder: Made, with `verwerkt` and `afgekeurd` in it, when not there.
        rules: When a file is complete.
        now: A clock that never goes back (seconds).

    Raises:
        InboxError: The folder cannot be used.

    """

    def __init__(self, folder: Path, rules: settings.Inbox, now: Callable[[], float]) -> None:
        self.folder = folder.absolute()
        self._rules = rules
        self._now = now
        self._filing = Filing(self.folder)
        self._filing.prepare()
        self._arrivals = Arrivals(self.folder, rules.settle_seconds, now)
        self._open: _File | None = None
        self._moving: str | None = None
        self._unread: str | None = None
        self._passed_over = 0

    def status(self) -> dict[str, object]:
        """Return what a status page shows: folder, waiting files, files and members left alone."""
        return {
            "map": str(self.folder),
            "wachtend": self._arrivals.waiting + (self._open is not None),
            "genegeerd": self._arrivals.ignored + self._passed_over,
        }

    @property
    def backlog(self) -> tuple[int, float]:
        """How many files wait, and for how many seconds the oldest does."""
        seen = [self._arrivals.oldest, self._open.arrival.since if self._open else None]
        oldest = min((since for since in seen if since is not None), default=None)
        waiting = self._arrivals.waiting + (self._open is not None)
        return waiting, 0.0 if oldest is None else max(0.0, self._now() - oldest)

    @property
    def problem(self) -> str | None:
        """Why files stay where they are; None when all is well."""
        return self._arrivals.problem or self._unread or self._moving

    def step(self, process: Process) -> Taken:
        """Take in one batch and file what is finished; an archive may need several steps."""
        batch, finished, more = self._gather()
        if batch:
            tally, outcomes = process([item for _, item in batch])
        else:
            tally, outcomes = Tally(), []
        taken = Taken(tally, more=more)
        if batch:
            taken.seconds = self._now() - min(file.arrival.since for file, _ in batch)
        for (file, item), refusal in zip(batch, outcomes, strict=True):
            if refusal is not None:
                self._note(file, item, refusal, taken)
        for file in finished:
            self._finish(file)
        return taken

    def _gather(self) -> tuple[list[tuple[_File, Input]], list[_File], bool]:
        batch: list[tuple[_File, Input]] = []
        finished: list[_File] = []
        size = 0
        while len(batch) < processor.BATCH and len(finished) < processor.BATCH:
            if size >= _MOST_BYTES:
                break
            if self._open is None:
                arrival = self._arrivals.take()
                if arrival is None:
                    return batch, finished, False
                self._open = _File(arrival, self._read(arrival))
            try:
                item = next(self._open.inputs, None)
            except StorageError as error:
                self._wait_for_storage(error)
                continue
            self._unread = None
            if item is not None:
                batch.append((self._open, item))
                size += len(item.data)
            if item is None or not is_archive(item.pad):
                finished.append(self._open)
                self._open = None
        return batch, finished, True

    def _wait_for_storage(self, error: StorageError) -> None:
        """Leave the open file where it is; what was read of an archive is a repeat next time."""
        assert self._open is not None
        self._arrivals.hold(self._open.arrival, self._now() + _RETRY_SECONDS)
        self._open = None
        if self._unread is None:
            _LOG.error("%s", error)
        self._unread = str(error)

    def _read(self, arrival: Arrival) -> Iterator[Input]:
        """Yield the messages of a file; nothing of one that changed or went while it was read."""
        growing = self._now() < arrival.since + self._rules.patience_seconds
        for item in read_file(arrival.path, self._pass_over):
            if item.lid:
                # The list of members stands at the end of an archive: it is complete.
                yield item
            elif self._arrivals.unchanged(arrival):
                yield item._replace(growing=growing)

    def _pass_over(self) -> None:
        """Count a member that is left alone because of its name."""
        self._passed_over += 1

    def _note(self, file: _File, item: Input, refusal: Refusal, taken: Taken) -> None:
        if is_premature(item, refusal.reason):
            file.premature = True
            return
        taken.refusals.append(refusal)
        if not item.lid:
            file.refusal = refusal
            return
        try:
            self._filing.refused_member(file.arrival.name, item.data, refusal)
        except OSError as error:
            file.failed = True
            self._report(error)

    def _finish(self, file: _File) -> None:
        arrival = file.arrival
        if file.premature:
            self._arrivals.hold(arrival, arrival.since + self._rules.patience_seconds)
            return
        if not self._arrivals.unchanged(arrival):
            return  # gone, or another content under the same name: the next pass sees it as new
        if not file.failed:
            try:
                if file.refusal is not None:
                    self._filing.refused(arrival, file.refusal)
                else:
                    self._filing.accepted(arrival)
                self._moving = None
            except OSError as error:
                file.failed = True
                self._report(error)
        if file.failed:
            self._arrivals.hold(arrival, self._now() + _RETRY_SECONDS)

    def _report(self, error: OSError) -> None:
        problem = (
            f"Verwerkte bestanden kunnen niet uit {self.folder} worden verplaatst "
            f"({error.strerror or error}). Controleer rechten en ruimte."
        )
        if problem != self._moving:
            _LOG.error("%s", problem)
        self._moving = problem
        with suppress(InboxError, OSError):  # said already
            self._filing.prepare()
