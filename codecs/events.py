"""
The events that the decoder gives and the topic `gebeurtenissen` carries: one per Start/StopProduct.

An event holds no BSN and no name. It carries the identity of its message, so that a record can be
found again and a repeated message does nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from zorgstroom.codecs.catalog import BERICHTCODE, CATEGORIE, Release, Wet
from zorgstroom.codecs.content import RecordValues, content_digest

Geslacht = Literal["0", "1", "2"]
"""COD046: 0 unknown, 1 male, 2 female."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    wet: Wet
    release: Release
    afzender: str = Field(pattern=r"^[0-9]{8}$")
    """AGB code of the aanbieder."""
    gemeente: str = Field(pattern=r"^[0-9]{4}$")
    """CBS code of the gemeente (the Ontvanger)."""
    identificatie: str = Field(min_length=1, max_length=12)
    dagtekening: date
    digest: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Digest of what the message says (`codecs.content`): tells a repeat from another message."""
    positie: int = Field(ge=1)
    """1-based place of the record in its message."""
    client: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Keyed pseudonym of the BSN within this gemeente."""
    geboortemaand: str | None = Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")
    """Year and month of birth; None when wholly unknown (DatumGebruik 3)."""
    geslacht: Geslacht
    toewijzing: int | None = Field(ge=0, le=999_999_999)
    """ToewijzingNummer; None when taakgericht."""
    categorie: str | None = Field(pattern=r"^[0-9]{2}$")
    """Productcategorie; None for a generic toewijzing without product."""
    code: str | None = Field(min_length=1, max_length=5)
    toewijzing_ingangsdatum: date | None
    begindatum: date
    """First day of care."""
    status: Literal[1, 3]
    """StatusAanlevering: 1 delivers the record, 3 removes it (COD467; CS058)."""
    ontvangen: datetime | None = None
    """Time of receipt in the chain (UTC), from the GGk envelope; None without one."""

    @model_validator(mode="after")
    def _categorie_fits_wet(self) -> Self:
        """Refuse an event from elsewhere whose categorie is not in the list of its wet."""
        if self.categorie is not None and self.categorie not in CATEGORIE[self.wet]:
            raise ValueError("categorie bestaat niet in deze wet")
        return self


class Start(_Record):
    """Care has started: one StartProduct of a WMO305 or JW305."""

    soort: Literal["start"] = "start"

    @property
    def berichtcode(self) -> str:
        """The message's number in the Vektis list."""
        return BERICHTCODE[self.wet, "start"]


class Stop(_Record):
    """Care has stopped: one StopProduct of a WMO307 or JW307."""

    soort: Literal["stop"] = "stop"
    reden: str = Field(pattern=r"^[0-9]{2}$")
    """RedenBeeindiging, whose meaning depends on `wet`."""
    einddatum: date

    @property
    def berichtcode(self) -> str:
        """The message's number in the Vektis list."""
        return BERICHTCODE[self.wet, "stop"]


Event = Annotated[Start | Stop, Field(discriminator="soort")]
EVENT: TypeAdapter[Start | Stop] = TypeAdapter(Event)
"""Reads and writes the JSON form of an event."""


def record_values(event: Start | Stop) -> RecordValues:
    """Return what `event` says of its product, with days as ordinals."""
    # One look at the event's values instead of nine: this runs twice at every message.
    of = event.__dict__
    ingangsdatum, einddatum = of["toewijzing_ingangsdatum"], of.get("einddatum")
    return (
        of["positie"],
        of["status"],
        of["toewijzing"],
        of["categorie"],
        of["code"],
        None if ingangsdatum is None else ingangsdatum.toordinal(),
        of["begindatum"].toordinal(),
        of.get("reden"),
        None if einddatum is None else einddatum.toordinal(),
    )


def events_digest(events: Sequence[Start | Stop]) -> str:
    """Return the digest of the message that `events`, all of it in their order, came from."""
    first = events[0]
    header = (
        first.wet,
        first.soort,
        first.release,
        first.afzender,
        first.identificatie,
        first.dagtekening.toordinal(),
        first.geboortemaand,
        first.geslacht,
    )
    return content_digest(header, [record_values(event) for event in events]).hex()
