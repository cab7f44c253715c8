"""
Which figures may leave the process: the policy of the settings, and the one place that applies it.

Every published count, whatever table it stands in, passes `PublicFigures`. Nothing else turns an
exact count into a public one.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from zorgstroom.aggregations.rounding import RoundingKey, shown

Policy = Literal["afronden", "kale_drempel", "geen"]
Counts = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int8]

NB: Final = -1
"""Stands in arrays for a figure that is not shown."""
UNKNOWN: Final = -1
"""Stands in arrays for an offset that was not needed yet."""

_WARNINGS: Final[dict[Policy, str]] = {
    "afronden": "Aantallen zijn afgerond op een veelvoud van {basis} en wijken daardoor hoogstens "
    "{afwijking} af; een lopend kwartaal, halfjaar of jaar is een som van zulke cijfers. Ze tellen "
    "niet precies op. Aantallen tot en met {drempel} worden nooit getoond (n.b.), aantallen vanaf "
    "{altijd} altijd en aantallen daartussen soms.",
    "kale_drempel": "LET OP: beleid 'kale_drempel' toont exacte aantallen vanaf {drempel} en "
    "alleen kleinere niet (n.b.). Door aftrekken zijn kleine aantallen te herleiden.",
    "geen": "LET OP: beleid 'geen' toont exacte aantallen, ook kleine. "
    "Alleen voor synthetische gegevens en tests.",
}


class Protection(BaseModel):
    """How published figures are protected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy = "afronden"
    """`afronden` rounds by fixed secret offsets; `kale_drempel` and `geen` show exact counts."""

    base: int = Field(default=5, ge=3, le=100)
    """Figures are multiples of this, and at most one less off."""

    threshold: int = Field(default=10, ge=1)
    """T: counts up to this are never shown; under `kale_drempel` the lowest count that is shown."""

    @field_validator("policy", mode="before")
    @classmethod
    def _name_the_successor(cls, value: object) -> object:
        if value == "drempel":
            raise ValueError(
                "beleid 'drempel' bestaat niet meer. Kies 'afronden' (aanbevolen: veelvouden van "
                "5, niets tot en met 10) of 'kale_drempel' (exact vanaf 10, maar door aftrekken te "
                "herleiden). Publiceer dan in een nieuwe database: zie docs/operating.md."
            )
        return value

    @property
    def warning(self) -> str:
        """What a reader of the figures has to know (Dutch)."""
        return _WARNINGS[self.policy].format(
            basis=self.base,
            afwijking=self.base - 1,
            drempel=self.threshold,
            altijd=self.threshold + self.base,
        )

    @property
    def mark(self) -> str:
        """What an emission says of its policy: ``afronden 5 10``, ``kale_drempel 10``, ``geen``."""
        match self.policy:
            case "afronden":
                return f"afronden {self.base} {self.threshold}"
            case "kale_drempel":
                return f"kale_drempel {self.threshold}"
            case "geen":
                return "geen"


class PublicFigures:
    """
    Makes exact counts public under a policy.

    Args:
        protection: The policy, with base and threshold.
        key: The rounding key; only `afronden` needs one.

    """

    def __init__(self, protection: Protection, key: RoundingKey | None = None) -> None:
        if protection.policy == "afronden" and key is None:
            raise ValueError("policy afronden needs a rounding key")
        self.protection = protection
        self._key = key if protection.policy == "afronden" else None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the key that figures depend on; empty where they depend on none."""
        return "" if self._key is None else self._key.fingerprint

    @property
    def needs_offset_above(self) -> int | None:
        """The count up to which a figure is n.b. whatever the offset; None: no offset is needed."""
        return None if self._key is None else self.protection.threshold

    def offset(self, name: str) -> int:
        """Return the offset of the thing of this name; 0 under a policy without offsets."""
        return 0 if self._key is None else self._key.offset(name, self.protection.base)

    def shown(self, count: int, name: str) -> int | None:
        """Return what is shown of `count` of the thing `name`; None is n.b."""
        match self.protection.policy:
            case "afronden":
                if count <= self.protection.threshold:
                    return None
                return shown(
                    count, self.offset(name), self.protection.base, self.protection.threshold
                )
            case "kale_drempel":
                return count if count >= self.protection.threshold else None
            case "geen":
                return count

    def shown_array(self, counts: Counts, offsets: Offsets) -> Counts:
        """
        Return what is shown of `counts`, `NB` where nothing is.

        Args:
            counts: Exact counts.
            offsets: Of the same shape; `UNKNOWN` may stand where `needs_offset_above` says that
                none is needed.

        """
        protection = self.protection
        match protection.policy:
            case "afronden":
                total = counts + offsets
                is_shown = (offsets != UNKNOWN) & (total >= protection.threshold + protection.base)
                return np.where(is_shown, total - total % protection.base, np.int32(NB))
            case "kale_drempel":
                return np.where(counts >= protection.threshold, counts, np.int32(NB))
            case "geen":
                return counts.copy()
