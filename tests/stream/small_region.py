"""A region of two gemeenten, its publisher and a place of publication in memory."""

from datetime import UTC, date, datetime

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.results import Emission
from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.sinks.contract import Claim, Filter
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.publisher import Publisher
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import Owner

TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
MONTH = Filter(
    gebied=("0153",),
    product_niveau=("totaal",),
    wet=("Wmo",),
    maat=("actief",),
    periode_soort=("maand",),
    periode_vanaf=date(2026, 3, 1),
)
SMALL: dict[str, object] = {
    "regios": {"twente": ["0153", "0164"]},
    "publication": {"jaren": 1, "naloop_dagen": 90},
}
"""A region of few cells, so that a test takes a moment."""
NONE: frozenset[Indicatie] = frozenset()
KEY = RoundingKey(b"k" * 32)
OTHER_KEY = RoundingKey(b"o" * 32)


class Flaky(MemoryPublication):
    """Fails a number of times, after having stored the emission or before."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.after = False
        self.seen: list[Emission] = []

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        self.seen.append(emission)
        if self.failures:
            self.failures -= 1
            if self.after:
                super().write(emission, claim)
            raise SinkUnavailableError("de database antwoordt niet")
        super().write(emission, claim)


def indicatie(
    begin: int, einde: int | None = None, *, code: str | None = None, instroom: bool = True
) -> Indicatie:
    """Return care of Wmo categorie 02 by its first and last day (ordinals)."""
    ended = einde is not None
    return Indicatie("Wmo", "02", code, begin, einde, instroom, ended and instroom, begin)


def care(day: int, count: int = 1) -> frozenset[Indicatie]:
    """Return care that began on `count` days from `day` on, counted from 1 March 2026."""
    first = date(2026, 3, 1).toordinal() + day
    return frozenset(indicatie(first + number) for number in range(count))


def of(policy: str, threshold: int = 10, base: int = 5, **more: object) -> Settings:
    protection = {"policy": policy, "threshold": threshold, "base": base}
    return Settings.model_validate({"protection": protection, **SMALL, **more})


def publisher_of(
    settings: Settings,
    place: MemoryPublication,
    exact: MemoryPublication | None = None,
    *,
    epoch: int = 1,
    key: RoundingKey = KEY,
) -> Publisher:
    public = PublicFigures(settings.protection, key)
    return Publisher(settings, public, place, exact, Owner("proef", epoch))


def opened(
    place: MemoryPublication, settings: Settings | None = None, *, epoch: int = 1
) -> tuple[Publisher, Ledger]:
    publisher = publisher_of(settings or of("geen"), place, epoch=epoch)
    ledger = Ledger()
    publisher.open(ledger, NOW)
    return publisher, ledger


def value(place: MemoryPublication) -> int | None:
    (figure,) = place.figures(MONTH)
    return figure.waarde
