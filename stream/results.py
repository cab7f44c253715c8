"""What became of the inputs of a run: the values that shells, pages and summaries show."""

from dataclasses import dataclass, field
from datetime import datetime

from zorgstroom.codecs.errors import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused input: where it was, why, and the SHA-256 by which to find it back."""

    pad: str
    lid: str
    """Member of an archive; empty for a file of its own."""
    hash: str
    reason: Reason
    tijd: str
    """When it was refused (ISO, UTC)."""

    @property
    def label(self) -> str:
        """Reason code and rule, such as ``regel CS058``: what refusals are counted by."""
        return f"{self.reason.reden} {self.reason.regel}"

    def row(self) -> tuple[object, ...]:
        """Return the row of the state's table."""
        r = self.reason
        return (
            self.pad,
            self.lid,
            self.hash,
            r.reden,
            r.regel,
            r.element,
            r.lijn,
            r.melding,
            r.oplossing,
            self.tijd,
        )

    @classmethod
    def from_row(cls, row: tuple[str, ...]) -> "Refusal":
        """Read a row of the state's table."""
        pad, lid, digest, reden, regel, element, lijn, melding, oplossing, tijd = row
        reason = Reason.model_validate(
            {
                "reden": reden,
                "regel": regel,
                "element": element,
                "lijn": lijn,
                "melding": melding,
                "oplossing": oplossing,
            }
        )
        return cls(pad, lid, digest, reason, tijd)

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "pad": self.pad,
            "lid": self.lid,
            "hash": self.hash,
            "tijd": self.tijd,
            **self.reason.model_dump(),
        }


@dataclass(slots=True)
class Tally:
    """Counts of a run."""

    accepted: int = 0
    repeated: int = 0
    conflicts: int = 0
    """Accepted, but with an identity that another content had before (TR056)."""
    rejected: dict[str, int] = field(default_factory=dict)
    """By reason code and rule, such as ``regel CS058``."""
    ignored: int = 0
    """Files and members that were left alone because of their names."""

    @property
    def inputs(self) -> int:
        """How many messages were looked at."""
        return self.accepted + self.repeated + sum(self.rejected.values())

    def add(self, other: "Tally") -> None:
        """Count the inputs of `other` as well."""
        self.accepted += other.accepted
        self.repeated += other.repeated
        self.conflicts += other.conflicts
        self.ignored += other.ignored
        for reason, count in other.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count

    def counters(self) -> dict[str, int]:
        """Return the counts under the names that the state keeps."""
        counts = {
            "aanvaard": self.accepted,
            "herhaald": self.repeated,
            "identiteit_dubbel": self.conflicts,
        }
        counts |= {f"afgekeurd: {reason}": count for reason, count in self.rejected.items()}
        return {name: count for name, count in counts.items() if count}


def utc_text(moment: datetime) -> str:
    """Return `moment` as ISO text with milliseconds."""
    return moment.isoformat(timespec="milliseconds")
