"""A small region under policy `drempel`, published by the real engine over some months."""

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

BEGIN, FIRST, LAST = date(2025, 6, 1), date(2026, 1, 1), date(2026, 3, 10)
"""The stream begins half a year before the figures: care has to end as well."""
TOWNS = ("0141", "0153", "0164")


def settings(**disclosure: object) -> Settings:
    return Settings.model_validate(
        {
            "disclosure": disclosure,
            "regios": {"proef": list(TOWNS)},
            "publication": {"jaren": 1, "naloop_dagen": 5, "vanaf": FIRST},
        }
    )


def publish_town(folder: Path, asked: Settings) -> None:
    """Stream ten weeks of three gemeenten into `folder`, and publish each day at 11 and 17."""
    decoder = Decoder(PseudonymKey(b"alleen voor een test: 32 bytes .."))
    clock = ManualClock(datetime.combine(FIRST, time(1), AMSTERDAM).astimezone(UTC))
    told = list(generate(Params(today=LAST, start=BEGIN, seed=3, scale=0.15)).deliveries())
    at = 0
    with Engine(asked, folder, clock) as engine:
        for day in (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)):
            for hour in (11, 17):
                clock.moment = datetime.combine(day, time(hour), AMSTERDAM).astimezone(UTC)
                messages = []
                while at < len(told) and told[at].moment <= clock.moment:
                    try:
                        events = decoder.decode(told[at].inhoud, today=day)
                    except DecodeError:
                        events = ()
                    if events and all(event.gemeente in TOWNS for event in events):
                        messages.append(events)
                    at += 1
                engine.take_in(messages)
                engine.publish()
