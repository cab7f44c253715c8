"""
What all processes of a group must have alike, and in what a process differs: pure, without Kafka.

Another key or list of regions puts people elsewhere or counts them double; other definitions or
another calendar make other figures of the same dossiers, one region beside the other.
"""

import json
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.stream.settings import Settings

Regios = tuple[tuple[str, tuple[str, ...]], ...]
"""Names with their gemeenten, in the order of the settings, from which partitions follow."""


class Calculation(BaseModel):
    """How figures follow from dossiers; of concern to workers only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    definitions: Definitions
    werkdagen: Werkkalender
    today: date | None
    """The day on which the calendar stands; None: it is the day of today."""


class Agreed(BaseModel):
    """What stands in the topic `beheer` under `instellingen`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vorm: Literal[1] = 1
    sleutel: str
    """Fingerprint of the pseudonym key."""
    regios: Regios
    rekenwijze: Calculation | None
    """None as long as no worker has begun: who only sends knows nothing of it."""

    @classmethod
    def of_sender(cls, settings: Settings, sleutel: str) -> "Agreed":
        """Return what a process that only sends has."""
        regios = tuple((region.name, region.gemeenten) for region in settings.regions.named)
        return cls(sleutel=sleutel, regios=regios, rekenwijze=None)

    @classmethod
    def of_worker(cls, settings: Settings, sleutel: str) -> "Agreed":
        """Return what a worker has."""
        calculation = Calculation(
            definitions=settings.definitions, werkdagen=settings.werkdagen, today=settings.today
        )
        return cls.of_sender(settings, sleutel).model_copy(update={"rekenwijze": calculation})

    def completed(self, here: "Agreed") -> "Agreed":
        """Return this with what it does not say, taken from `here`."""
        return self.model_copy(update={"rekenwijze": self.rekenwijze or here.rekenwijze})


def differences(agreed: Agreed, here: Agreed) -> list[str]:
    """Return in what `here` differs from what was `agreed`, as sentences (Dutch)."""
    told = []
    if agreed.sleutel != here.sleutel:
        told.append(
            "de pseudoniemsleutel is een andere (ZORGSTROOM_KEY, ZORGSTROOM_KEY_FILE of --data)"
        )
    if agreed.regios != here.regios:
        told.append(f"ZORGSTROOM_REGIOS is daar {_shown(dict(agreed.regios))}")
    if agreed.rekenwijze is None or here.rekenwijze is None:
        return told
    there = json.loads(agreed.rekenwijze.model_dump_json())
    ours = json.loads(here.rekenwijze.model_dump_json())
    for group in ("definitions", "werkdagen"):
        for name, value in there[group].items():
            if _sorted(value) != _sorted(ours[group][name]):
                variable = f"ZORGSTROOM_{group}__{name}".upper()
                told.append(f"{variable} is daar {_shown(value)}, hier {_shown(ours[group][name])}")
    if there["today"] != ours["today"]:
        told.append(
            f"ZORGSTROOM_TODAY is daar {there['today'] or 'leeg'}, hier {ours['today'] or 'leeg'}"
        )
    return told


def _sorted(value: object) -> object:
    """Return `value` such that sets are equal when they hold the same."""
    return sorted(value) if isinstance(value, list) else value


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
