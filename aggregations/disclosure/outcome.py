"""How the publication of a region went, for whoever watches the process: numbers and kinds only."""

from dataclasses import dataclass, field
from typing import Final

_REASONS: Final = 50


@dataclass(slots=True)
class Outcome:
    """How the last evaluations went, for whoever watches the process."""

    failures: int = 0
    """Systems of cells that could not be protected or checked in time."""
    held: int = 0
    """Live cells that were up for renewal and keep their figure."""
    vetoed: int = 0
    """Tables that were not renewed, since something small would have followed from all together."""
    withheld: int = 0
    """Published cells without a figure."""
    shown: int = 0
    reasons: list[str] = field(default_factory=list)
    """Kinds of the last failures; they say nothing of a cell."""
    told: int = 0
    """How many of the failures `take_failures` has given."""
    told_vetoed: int = 0

    def failed(self, reason: str) -> None:
        """Count a failure of this kind."""
        self.failures += 1
        self.reasons = [*self.reasons[-_REASONS:], reason]

    def take_vetoed(self) -> int:
        """Return how many tables were not made since the last call."""
        new, self.told_vetoed = self.vetoed - self.told_vetoed, self.vetoed
        return new

    def take_failures(self) -> list[str]:
        """Return the kinds of the failures since the last call."""
        new, self.told = self.failures - self.told, self.failures
        return self.reasons[-new:] if new else []
