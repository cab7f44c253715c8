"""
Whether the figures in the database rest on the dossiers beside it.

Publishing from dossiers that are lost, or older than the figures, would lower figures without a
word. A `versie` begins with the epoch under which it was published, and the state keeps the highest
epoch that it ever had: a database that knows a higher one was written by somebody else.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from zorgstroom.sinks.contract import Claim, Publication
from zorgstroom.stream.errors import StateError
from zorgstroom.stream.store import Store

_EPOCH: Final = "epoch"
"""Property of the state: the highest epoch that it may have published under."""
_FILLS: Final = "vult_database"
"""Property of the state: whether the figures in the database rest on the dossiers here."""
_YES: Final = "ja"
_NOT_YET: Final = "nog niet"
"""It takes over from other dossiers, and has not published since."""


class Foundation:
    """
    What the state knows of the figures in one database.

    Args:
        store: The state.
        publication: The figures.

    """

    def __init__(self, store: Store, publication: Publication) -> None:
        self._store = store
        self._published = _published_epoch(publication)
        self._epoch = int(store.property(_EPOCH) or 0)
        self._is_known = False

    def check(self, place: str, data: Path, *, has_dossiers: bool, takes_over: bool) -> None:
        """
        Check that the figures in `place` rest on the dossiers in `data`.

        Args:
            place: What the database is called.
            data: Where the state is.
            has_dossiers: Whether there are any.
            takes_over: Whether to go on although they do not; known again after `note_published`.

        Raises:
            StateError: They do not.

        """
        fills = self._store.property(_FILLS)
        if fills == _YES and self._published <= self._epoch:
            self._is_known = True
            return
        # A former version did not keep whether they do.
        if fills != _YES and ((fills is None and has_dossiers) or not self._published):
            return
        if not takes_over:
            raise StateError(_older(place, data) if fills == _YES else _lost(place, data))
        self._store.set_property(_FILLS, _NOT_YET)

    def begin(self) -> int:
        """Return the epoch of this process, above all that was published."""
        self._keep(max(self._epoch, self._published) + 1)
        return self._epoch

    def note(self, claims: Iterable[Claim]) -> None:
        """Keep under which epochs figures are about to be written; before they are."""
        highest = max((claim.epoch for claim in claims), default=0)
        if highest > self._epoch:
            self._keep(highest)

    def note_published(self) -> None:
        """Keep that all figures rest on the dossiers here."""
        if not self._is_known:
            self._store.set_property(_FILLS, _YES)
            self._is_known = True

    def _keep(self, epoch: int) -> None:
        self._epoch = epoch
        self._store.set_property(_EPOCH, str(epoch))


def _published_epoch(publication: Publication) -> int:
    """Return the highest epoch that any figure was published under; 0 without figures."""
    gebieden = sorted(publication.gebieden())
    return publication.last_version("", gebieden) >> 32 if gebieden else 0


def _older(place: str, data: Path) -> str:
    return (
        f"De database {place} heeft cijfers die later zijn gepubliceerd dan deze dossiers: "
        f"dossiers.sqlite in {data} is een oudere kopie, of een ander proces publiceerde "
        "intussen. Publiceren zou die cijfers terugzetten. Zet de nieuwste dossiers.sqlite terug; "
        "of lees alle berichten van daarna opnieuw in met `zorgstroom ingest --overnemen`."
    )


def _lost(place: str, data: Path) -> str:
    return (
        f"In de database {place} staan cijfers, maar in {data} staan de dossiers niet waar ze op "
        "rusten: dossiers.sqlite is kwijt, nieuw, of niet tot het einde opnieuw ingelezen. "
        "Publiceren zou die cijfers omlaag bijwerken. Zet de reservekopie van dossiers.sqlite "
        "terug; of lees alle berichten en de beginstand in een keer opnieuw in met `zorgstroom "
        "ingest --overnemen`. Horen de cijfers bij een ander systeem, kies dan een andere database."
    )
