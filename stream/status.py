"""How the process is doing, as the JSON of `/api/status`: numbers and reasons, no content."""

import os
from collections.abc import Iterable, Mapping
from typing import Final

from zorgstroom.stream.engine import Engine
from zorgstroom.stream.results import Refusal, Tally, utc_text

SIGNALS: Final = {
    "9056": "Identificatie is al eens gebruikt met een andere inhoud",
    "9063": "Verwijdering van een record dat nooit is aangeleverd",
    "9069": "Stop zonder bijbehorende start",
    "9071": "Verwijdering van een start waarvan de stop er nog is",
    "9074": "Record dat er al was, opnieuw aangeleverd",
    "9326": "Start terwijl een eerdere start nog loopt",
    "9413": "Tweede tijdelijke stop bij dezelfde start",
    "9414": "Stop met een eerdere Einddatum dan de stop die er al was",
    "9415": "Stop bij een start die al definitief gestopt is",
}
"""What the level 3 rules of the standard would have caught, by return code."""


def snapshot(
    engine: Engine,
    since_start: Tally,
    refusals: Iterable[Refusal],
    inbox: Mapping[str, object],
    problems: Iterable[str | None],
) -> dict[str, object]:
    """Return the part of the status that only the thread of the engine may look up."""
    publisher = engine.publisher
    protection = engine.settings.protection
    counts = engine.processor.signals
    return {
        "pid": os.getpid(),
        "stand_van": utc_text(engine.clock.now()),
        "vandaag": engine.clock.today().isoformat(),
        "beleid": protection.policy,
        "waarschuwing": protection.warning,
        "tellers": {
            "totaal": dict(sorted(engine.store.counters().items())),
            "sinds_start": dict(sorted(since_start.counters().items())),
        },
        "dossiers": engine.processor.dossiers,
        "signalen": signal_rows(counts),
        "regios": [
            {
                "regio": name,
                "versie": versie,
                "laatste_emissie": utc_text(publisher.last[name])
                if name in publisher.last
                else None,
            }
            for name, versie in sorted(publisher.versions.items())
        ],
        "inbox": dict(inbox),
        "afgekeurd": [refusal.as_json() for refusal in refusals],
        "probleem": " ".join(problem for problem in problems if problem) or None,
    }


def signal_rows(counts: Mapping[str, int]) -> list[dict[str, object]]:
    """Return how often each level 3 rule is broken, with what it means."""
    return [
        {"code": code, "omschrijving": SIGNALS.get(code, ""), "aantal": count}
        for code, count in sorted(counts.items())
        if count
    ]
