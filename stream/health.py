"""
Whether the process lives and is ready, with reasons: the same typed body in good and bad.

Alive means that it makes progress, not that it answers: whoever restarts what is not alive must do
so for a loop that hangs. Ready means that what it shows is of now: it has its regions, has caught
up, and can write its figures. `/health/live` and `/health/ready` answer 200 or 503.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from zorgstroom.stream.web import as_json

LONGEST_STEP: Final = 120.0
"""Seconds without progress after which a process counts as hanging."""
CAUGHT_UP: Final = 60.0
"""Seconds: whoever is less behind has caught up."""


class Check(BaseModel):
    """One part of the process."""

    model_config = ConfigDict(frozen=True)

    onderdeel: str
    """`voortgang`, `toewijzing`, `topics`, `verlies`, `invoer`, `bij` or `publicatie`."""
    goed: bool
    reden: str = ""
    """What is wrong (Dutch); empty when well."""


class Health(BaseModel):
    """What both health pages answer."""

    model_config = ConfigDict(frozen=True)

    levend: bool
    """Whether the process makes progress."""
    gereed: bool
    """Whether all checks are well."""
    voortgang_seconden: float
    """Seconds since the last progress."""
    onderdelen: tuple[Check, ...]


def judged(silent: float, problems: Sequence[tuple[str, str | None]]) -> Health:
    """
    Return the health of a process.

    Args:
        silent: Seconds since its last progress.
        problems: Of each other part its name, and what is wrong with it if anything.

    """
    alive = silent < LONGEST_STEP
    stuck = "" if alive else f"al {silent:.0f} s geen voortgang"
    checks = (
        Check(onderdeel="voortgang", goed=alive, reden=stuck),
        *(Check(onderdeel=name, goed=not why, reden=why or "") for name, why in problems),
    )
    return Health(
        levend=alive,
        gereed=all(check.goed for check in checks),
        voortgang_seconden=round(silent, 1),
        onderdelen=checks,
    )


def behind(waiting: int, seconds: float) -> str | None:
    """Return why a process has not caught up, None when it has."""
    if seconds < CAUGHT_UP:
        return None
    return f"{waiting} berichten wachten; het oudste {seconds:.0f} s"


class Provider(Protocol):
    """What the routes need of a shell."""

    def health(self) -> Health:
        """Return how the process is; must not block."""
        ...


def health_routes(provider: Provider) -> list[web.RouteDef]:
    """Return the routes under ``/health``."""

    async def live(_: web.Request) -> web.Response:
        health = provider.health()
        return as_json(health.model_dump(), 200 if health.levend else 503)

    async def ready(_: web.Request) -> web.Response:
        health = provider.health()
        return as_json(health.model_dump(), 200 if health.gereed else 503)

    return [web.get("/health/live", live), web.get("/health/ready", ready)]
