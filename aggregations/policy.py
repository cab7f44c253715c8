"""
Which figures may leave the process: the policies `geen` and `drempel`, as settings.

`drempel` withholds every count below the threshold and as many others as it takes that nobody can
work them out, renews on a fixed grid, and only when enough dossiers changed; see
`aggregations.disclosure` and `docs/disclosure.md`.
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from zorgstroom.aggregations.disclosure.grid import Grid
from zorgstroom.aggregations.disclosure.plan import VERSION
from zorgstroom.aggregations.disclosure.table import Rule

WARNINGS: Final = {
    "geen": "LET OP: beleid 'geen' toont exacte aantallen, ook kleine. "
    "Alleen voor synthetische gegevens en tests.",
    "drempel": "Aantallen onder {drempel}, en aantallen waaruit die zijn af te leiden, worden niet "
    "getoond (n.b.). Een aantal wordt pas vernieuwd als ten minste {drempel} dossiers het "
    "veranderden: elk aantal heeft zijn eigen tijd.",
}


class Disclosure(BaseModel):
    """How figures are protected against disclosure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Literal["drempel", "geen"] = "drempel"
    """`drempel` protects; `geen` shows all (synthetic data and tests)."""

    threshold: int = Field(default=10, ge=1)
    """T: the lowest count that is shown, 10 in the Twentse Monitor; and how many dossiers renew."""

    breadth: int = Field(default=5, ge=2)
    """How many values a small count keeps when longer periods are laid beside their parts."""

    overal_omvattend: bool = False
    """Ask there too that everything from 0 to T - 1 stays possible; this withholds more."""

    grid: Grid = Grid()
    """The moments at which figures may be renewed."""

    budget_seconds: float = Field(default=120.0, gt=0)
    """How long protection of one system of cells may take; after that the last figures stand."""

    @property
    def rule(self) -> Rule:
        """The threshold and the guarantees."""
        across: Literal["contain", "breadth"] = "contain" if self.overal_omvattend else "breadth"
        return Rule(self.threshold, self.breadth, within="contain", across=across)

    @property
    def warning(self) -> str:
        """What a reader of the figures has to know (Dutch)."""
        return WARNINGS[self.policy].format(drempel=self.threshold)

    @property
    def mark(self) -> str:
        """What an emission says of its policy: `geen`, or ``drempel 10 plan 1``."""
        if self.policy == "geen":
            return "geen"
        return f"drempel {self.threshold} plan {VERSION}"

    def allows(self, mark: str) -> bool:
        """
        Return whether what was published under `mark` may stand beside figures of this policy.

        A weaker policy of before has shown counts that this one withholds, and no later emission
        takes them back: the history keeps every value. Another plan ties cells in another way.
        """
        if self.policy == "geen":
            return True
        match mark.split(" "):
            case ["drempel", threshold, "plan", plan]:
                return (
                    threshold.isdigit()
                    and int(threshold) >= self.threshold
                    and plan == str(VERSION)
                )
            case _:
                return False
