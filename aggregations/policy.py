"""
Which exact figures may leave the process: the policies `geen` and `drempel`.

`drempel` hides every count below the threshold. On its own that is no protection: a hidden count
can often be found by subtraction from totals, so every output says so.
"""

from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from zorgstroom.aggregations.figures import Counts
from zorgstroom.aggregations.results import Niveau, PeriodeSoort

SUPPRESSED: Final = -1
"""Stands for a suppressed count in an array of figures."""

WARNINGS: Final = {
    "geen": "LET OP: beleid 'geen' toont exacte aantallen, ook kleine. "
    "Alleen voor synthetische gegevens en tests.",
    "drempel": "LET OP: aantallen onder {drempel} zijn weggelaten (n.b.), maar zijn soms nog uit "
    "totalen af te leiden door aftrekken. Deel deze cijfers niet buiten de eigen organisatie.",
}


class Disclosure(BaseModel):
    """How figures are protected against disclosure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Literal["drempel", "geen"] = "drempel"
    """`drempel` hides counts below the threshold; `geen` shows all (synthetic data and tests)."""

    threshold: int = Field(default=10, ge=1)
    """The lowest count that is shown: 10 in the Twentse Monitor."""

    @property
    def warning(self) -> str:
        """What a reader of the figures has to know (Dutch)."""
        return WARNINGS[self.policy].format(drempel=self.threshold)

    @property
    def mark(self) -> str:
        """The certificate of an emission under this policy: `geen`, or ``drempel 10``."""
        return self.policy if self.policy == "geen" else f"{self.policy} {self.threshold}"

    def allows(self, mark: str) -> bool:
        """
        Return whether what was published under `mark` may stand beside figures of this policy.

        A weaker policy of before has shown counts that this one hides, and no later emission takes
        them back: the history keeps every value.
        """
        if self.policy == "geen":
            return True
        name, _, threshold = mark.partition(" ")
        return name == self.policy and threshold.isdigit() and int(threshold) >= self.threshold

    def plans(self, niveau: Niveau, soort: PeriodeSoort) -> bool:
        """
        Return whether cells of this product level and kind of period are published at all.

        `geen` shows every combination. Otherwise days are published as totals only: by product
        nearly all of them would be too small to show.
        """
        return self.policy == "geen" or soort != "dag" or niveau == "totaal"

    def protect(self, values: Counts) -> Counts:
        """Return `values` with `SUPPRESSED` where a count may not be shown."""
        if self.policy == "geen":
            return values
        return np.where(values < self.threshold, np.int32(SUPPRESSED), values)
