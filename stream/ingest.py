"""One pass over files, folders and archives: the figures of what lies there."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import sleep
from typing import Final

from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import Reason
from zorgstroom.codecs.events import Start
from zorgstroom.stream import sources
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.sources import Input

BATCH: Final = 20_000
"""
Messages to a transaction. Much is done once for each client in a batch, so large ones are quicker;
a crash loses the work of a few seconds, and no message.
"""
BATCH_BYTES: Final = 64_000_000
"""Content to a transaction, for memory."""

Told = Callable[[int], None]
"""Called with a number of inputs done."""


def ingest(engine: Engine, paths: Iterable[Path], told: Told) -> tuple[Tally, list[Refusal]]:
    """Take in every message of `paths`; return the counts and the refusals."""
    total = Tally()
    refused: list[Refusal] = []

    def skip() -> None:
        total.ignored += 1

    for batch in _batches(sources.read(paths, skip)):
        tally, outcomes = engine.process(batch)
        total.add(tally)
        refused.extend(outcome for outcome in outcomes if outcome is not None)
        told(len(batch))
    return total, refused


def ingest_beginstand(engine: Engine, path: Path, told: Told) -> tuple[Tally, list[Refusal]]:
    """Take in a CSV of care that was running already; raises a `DecodeError` for a wrong file."""
    total = Tally()
    refused: list[Refusal] = []
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    rows = read_rows(data, engine.key, engine.clock.today())
    while part := list(islice(rows, BATCH)):
        events = [(event,) for _, event in part if isinstance(event, Start)]
        bad = [(line, event) for line, event in part if isinstance(event, Reason)]
        total.add(engine.take_in(events))
        inputs = [
            Input(str(path), f"regel {line}", b"", reason, digest=digest) for line, reason in bad
        ]
        tally, outcomes = engine.process(inputs)
        total.add(tally)
        refused.extend(outcome for outcome in outcomes if outcome is not None)
        told(len(part))
    return total, refused


def publish_at_end(engine: Engine, pause: Callable[[float], None] = sleep) -> int:
    """
    Publish what changed; return the number of emissions.

    If a former process crashed, this first waits until its last insert must have timed out (see
    `sinks.ownership`).
    """
    if wait := engine.publisher.waits(engine.clock.now()):
        pause(wait)
    emissions = engine.publish()
    engine.publish_timeliness()
    return emissions


def _batches(inputs: Iterator[Input]) -> Iterator[Sequence[Input]]:
    batch: list[Input] = []
    size = 0
    for item in inputs:
        batch.append(item)
        size += len(item.data)
        if len(batch) == BATCH or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
