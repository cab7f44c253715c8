"""
The outsider on a published year of Twente: what `zorgstroom audit` finds when all goes well.

The generated stream is taken in day by day by the real engine, which publishes once a day under
the default policy, from 1 January 2025 through March 2026; then the database is audited. Run
`python -m benchmarks.attack_published FOLDER`; what was published there before is used again, and
an audit that ran out of time goes on. Results go to `benchmarks/results/attack_published.jsonl`.
"""

import argparse
import json
import platform
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from benchmarks.attack import commit
from benchmarks.attack_year import BEGIN, KEY, TODAY
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.audit import Wishes, audit
from zorgstroom.stream.audit_report import as_json
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write_beginstand
from zorgstroom.stream.settings import Settings

RESULTS = Path(__file__).parent / "results" / "attack_published.jsonl"
VANAF = date(2025, 1, 1)
HOURS = (17,)
"""Of the day, when figures are published."""
DONE = "gepubliceerd.json"
"""In the folder: what was published there, when all of it was."""


def settings() -> Settings:
    return Settings.model_validate(
        {"publication": {"vanaf": VANAF}, "tijdigheid": {"tick_seconds": 1}}
    )


def stream(
    scale: float, seed: int, folder: Path
) -> Iterator[tuple[datetime, Sequence[Start | Stop]]]:
    """Yield care that ran at the beginning, and then every message that is accepted, in order."""
    simulation = generate(Params(TODAY, seed, start=BEGIN, scale=scale, beginstand=True))
    running = folder / "beginstand.csv"
    write_beginstand(simulation, running)
    before = datetime.combine(BEGIN, datetime.min.time(), AMSTERDAM)
    for _, event in read_rows(running.read_bytes(), KEY, BEGIN):
        if isinstance(event, Start):
            yield before, (event,)
    decoder = Decoder(KEY)
    for delivery in simulation.deliveries():
        try:
            events = decoder.decode(delivery.inhoud, today=delivery.moment.date())
        except DecodeError:
            continue
        yield delivery.moment, tuple(events)


def publish(data: Path, scale: float, seed: int) -> dict[str, object]:
    """Stream the year into `data`, which is made."""
    data.mkdir(parents=True)
    clock = ManualClock(datetime.combine(VANAF, datetime.min.time(), AMSTERDAM).astimezone(UTC))
    begun = time.perf_counter()
    count = emissions = 0
    with Engine(settings(), data, clock) as engine:
        for moment, messages in groupby(stream(scale, seed, data), key=_published_at):
            batch = [events for _, events in messages]
            count += len(batch)
            engine.take_in(batch)
            if moment.date() < VANAF:
                continue
            clock.moment = moment.astimezone(UTC)
            emissions += engine.publish()
            engine.publish_timeliness()
    line: dict[str, object] = {
        "messages": count,
        "emissions": emissions,
        "publish_seconds": round(time.perf_counter() - begun, 1),
    }
    (data / DONE).write_text(json.dumps(line), "utf-8")
    return line


def _published_at(message: tuple[datetime, object]) -> datetime:
    """Return the moment at which a message is published with others."""
    sent = message[0].astimezone(AMSTERDAM)
    for hour in HOURS:
        if sent.hour < hour:
            return sent.replace(hour=hour, minute=0, second=0, microsecond=0)
    following = sent + timedelta(days=1)
    return following.replace(hour=HOURS[0], minute=0, second=0, microsecond=0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="for the publication; made when it is not there")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the size of Twente")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--counts", type=int, default=2000, help="hidden counts for each programme")
    parser.add_argument("--hours", type=float, default=2.0, help="then report what was reached")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    done = asked.folder / DONE
    if done.exists():
        published = json.loads(done.read_text("utf-8"))
    else:
        published = publish(asked.folder, asked.scale, asked.seed)
    begun = time.perf_counter()
    wishes = Wishes(steekproef=asked.counts, uren=asked.hours)
    report = audit(settings(), asked.folder, wishes, asked.folder / "audit-voortgang.json")
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "scale": asked.scale,
        "seed": asked.seed,
        **published,
        "audit_seconds": round(time.perf_counter() - begun, 1),
        "audit": as_json(report),
        "python": platform.python_version(),
    }
    print(json.dumps(line, indent=1, ensure_ascii=False))
    with asked.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
