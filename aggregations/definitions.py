"""
What counts where the standard leaves room: every open decision is a named setting.

The defaults read the Twentse Monitor Sociaal Domein and the GMSD literally. Another definition is
no migration: figures are derived anew from the dossiers.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Definitions(BaseModel):
    """The decisions that the derivation of indicaties takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voorziening: Literal["categorie", "categorie_code"] = "categorie"
    """What makes two records of one person with one Begindatum the same indicatie."""

    redenen_zonder_uitstroom: frozenset[str] = Field(default=frozenset())
    """
    RedenBeeindiging codes whose ending is no uitstroom, such as 20 (temporary), 36 or 38 (the care
    goes on elsewhere). Empty, as the Twentse definition reads: every ending is uitstroom. The
    client is not `actief` after the ending either way.
    """

    herstart_is_instroom: bool = True
    """Whether a start that follows a temporary stop (20) of the same product is instroom."""

    einddatum_telt_mee: bool = True
    """Whether the Einddatum is the last day with care, on which the indicatie is still `actief`."""

    start_uit_stop: bool = False
    """
    Whether a stop without a start gives an indicatie from the stop's own Begindatum: for a stream
    that begins in the middle of history. Otherwise such a stop waits for its start.
    """

    bereik: Literal["alles", "twents"] = "alles"
    """
    `twents` counts Jeugd through 17 years and Wmo from 18, as the Twentse Monitor does: by the age
    on each day for `actief`, on the Begindatum for instroom and on the Einddatum for uitstroom.
    Without Wmo verblijf (04, 15-18) and without what names no categorie.
    """
