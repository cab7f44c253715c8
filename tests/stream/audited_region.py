"""A small region that the real engine published over some months, for `zorgstroom audit`."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.settings import Settings

BEGIN, FIRST, LAST = date(2025, 7, 1), date(2026, 1, 1), date(2026, 3, 12)
"""The stream begins half a year before the figures: care has to end as well."""
TOWNS = ("0141", "0153", "0164")
KEY, OTHER_KEY = "6b" * 32, "6f" * 32


def settings(*, key: str = KEY, **protection: object) -> Settings:
    return Settings.model_validate(
        {
            "protection": protection,
            "rounding": {"key": key},
            "regios": {"proef": list(TOWNS)},
            "publication": {"jaren": 1, "naloop_dagen": 5, "vanaf": FIRST},
            "tijdigheid": {"tick_seconds": 0.001},
        }
    )


def publish_region(folder: Path, asked: Settings, until: date = LAST) -> None:
    """Stream into `folder` what was sent to three gemeenten, and publish every five days."""
    decoder = Decoder(PseudonymKey(b"alleen voor een test: 32 bytes .."))
    clock = ManualClock(datetime.combine(FIRST, time(1), AMSTERDAM).astimezone(UTC))
    messages = list(generate(Params(today=LAST, start=BEGIN, seed=3, scale=0.1)).deliveries())
    at = 0
    with Engine(asked, folder, clock) as engine:
        for number in range(0, (until - FIRST).days + 1, 5):
            day = FIRST + timedelta(days=number)
            clock.moment = datetime.combine(day, time(17), AMSTERDAM).astimezone(UTC)
            accepted = []
            while at < len(messages) and messages[at].moment <= clock.moment:
                try:
                    events = decoder.decode(messages[at].inhoud, today=day)
                except DecodeError:
                    events = ()
                if events and all(event.gemeente in TOWNS for event in events):
                    accepted.append(events)
                at += 1
            engine.take_in(accepted)
            engine.publish()
            engine.publish_timeliness()
