"""What `/api/status` tells of a worker: how it is doing, never about a person."""

import os

from zorgstroom.stream.clock import Clock
from zorgstroom.stream.results import utc_text
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.status import signal_rows
from zorgstroom.stream.worker.life import Life


def snapshot(
    settings: Settings, clock: Clock, life: Life | None, restarts: int, problem: str | None
) -> dict[str, object]:
    """Return the status of a worker that began again `restarts` times."""
    topics = (life.oversight.problem or life.oversight.lost) if life else None
    found: dict[str, object] = {
        "pid": os.getpid(),
        "stand_van": utc_text(clock.now()),
        "vandaag": clock.today().isoformat(),
        "beleid": settings.protection.policy,
        "waarschuwing": settings.protection.warning,
        "herstarts": restarts,
        "gereed": bool(life and life.ready and not topics),
        "probleem": problem or topics or (life.publishing.problem if life else None),
    }
    if life is None:
        return found
    signals: dict[str, int] = {}
    for partition in life.owned.partitions.values():
        for code, count in partition.signals.items():
            signals[code] = signals.get(code, 0) + count
    publishers = life.publishing.publishers()
    refused = {f"afgekeurd: {label}": n for label, n in sorted(life.intake.refused.items())}
    return found | {
        "tijdigheid": life.care.monitor.status(),
        "aanbieders": life.care.monitor.silent(),
        "versheid_seconden": life.pulse.freshness,
        "tellers": {
            "sinds_start": {
                "gelezen": life.intake.read,
                "aanvaard": life.counting.accepted,
                "herhaald": life.counting.repeated,
                **refused,
            }
        },
        "achterstand": dict(zip(("berichten", "seconden"), life.backlog.total, strict=True)),
        "verloren": [loss.model_dump() for loss in life.oversight.losses],
        "afgekeurd": list(life.intake.last),
        "dossiers": sum(partition.size for partition in life.owned.partitions.values()),
        "tellingen_hersteld": life.owned.corrected,
        "signalen": signal_rows(signals),
        "partities": sorted(life.owned.partitions),
        "regios": [
            {
                "regio": name,
                "versie": versie,
                "laatste_emissie": utc_text(one.last[name]) if name in one.last else None,
            }
            for one in publishers
            for name, versie in sorted(one.versions.items())
        ],
    }
