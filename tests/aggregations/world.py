"""The core as a caller sees it: messages in, exact figures of a region of two gemeenten out."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.figures import AreaFigures, RegionFigures
from zorgstroom.aggregations.ledger import MATEN, Ledger
from zorgstroom.aggregations.periods import Period, first_day
from zorgstroom.aggregations.products import HOOFDGROEPEN, PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Niveau, PeriodeSoort
from zorgstroom.aggregations.update import changes, rebuild
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder

KEY = PseudonymKey(b"a secret of no less than 32 bytes")
ENSCHEDE, ALMELO = "0153", "0141"
PROEF = Region("proef", (ALMELO, ENSCHEDE), total=True)
NOW = date(2024, 3, 15)
DAY_MONTHS = 36
"""Of figures by day: more than any test looks back."""


class World:
    """Dossiers, ledger and signals, kept the way both shells keep them."""

    def __init__(self, **definitions: object) -> None:
        self.definitions = Definitions.model_validate(definitions)
        self.decoder = Decoder(KEY)
        self.dossiers: dict[str, bytes] = {}
        self.ledger = Ledger(self.definitions.einddatum_telt_mee)
        self.counted: Counter[str] = Counter()

    @property
    def signals(self) -> dict[str, int]:
        """Return how often each rule is broken, without the zeros."""
        return {code: count for code, count in self.counted.items() if count}

    def tell(self, *messages: bytes) -> list[bool]:
        """Take in XML messages as one batch; return which were known already."""
        return self.take([self.decoder.decode(message) for message in messages])

    def take(self, messages: Sequence[Sequence[Start | Stop]]) -> list[bool]:
        """Take in decoded messages as one batch; return which were known already."""
        result = changes(self.dossiers, messages, self.definitions)
        result.settle(self.dossiers, self.ledger, self.counted)
        return result.repeated

    def rebuilt(self, **definitions: object) -> "World":
        """Return the same dossiers under (other) definitions, everything else derived anew."""
        other = World(**(definitions or dict(self.definitions)))
        other.dossiers = dict(self.dossiers)
        rebuild(other.dossiers.items(), other.definitions, other.ledger, other.counted)
        return other

    def figures(self, today: date = NOW, jaren: int = 2, region: Region = PROEF) -> RegionFigures:
        """Return all figures of the region on `today`, counted from the whole ledger."""
        figures = RegionFigures(region, first_day(today, jaren), today, DAY_MONTHS)
        figures.refresh(self.ledger, self.ledger.cells)
        return figures

    def trio(
        self,
        periode: str,
        wet: str = "Wmo",
        product: str = "",
        *,
        gebied: str = "proef",
        today: date = NOW,
    ) -> tuple[int, int, int]:
        """Return (actief, instroom, uitstroom) of a `periode` such as 2023, 2023-K2, 2023-05."""
        soort, start = parse_period(periode)
        area = (
            self.day(start, gebied, today) if soort == "dag" else self.figures(today).areas[gebied]
        )
        at = [(p.soort, p.start) for p in area.periods].index((soort, start))
        names = [(p.wet, p.niveau, p.product) for p in PRODUCTS]
        row = names.index((wet, niveau_of(product), product))
        actief, instroom, uitstroom = area.values[row, :, at].tolist()
        assert MATEN == ("actief", "instroom", "uitstroom")
        return actief, instroom, uitstroom

    def day(self, day: date, gebied: str, today: date = NOW) -> AreaFigures:
        """Return the figures of one day as a period of its own, flows as well."""
        codes = PROEF.identity(gebied).gemeenten
        total = AreaFigures(day, [Period("dag", day, day)], (), today)
        for code in codes:
            part = AreaFigures(day, total.periods, (), today)
            for cell, days in self.ledger.cells.items():
                if cell.gemeente == code:
                    part.set(cell.wet, cell.categorie, days)
            part.add_up(("Wmo", "Jw"))
            total.values += part.values
        return total

    def counts(self, maat: str, *periodes: str, wet: str = "Wmo", **where: str) -> list[int]:
        """Return one measure of several periods."""
        place = MATEN.index(maat)
        return [self.trio(periode, wet, **where)[place] for periode in periodes]  # type: ignore[arg-type]


def niveau_of(product: str) -> Niveau:
    """Return the level that `product` names."""
    if not product:
        return "totaal"
    return "hoofdgroep" if product in HOOFDGROEPEN else "categorie"


def parse_period(text: str) -> tuple[PeriodeSoort, date]:
    """Read 2023, 2023-H1, 2023-K2, 2023-05 or 2023-05-17."""
    year = int(text[:4])
    if len(text) == 4:
        return "jaar", date(year, 1, 1)
    if text[5] == "H":
        return "halfjaar", date(year, {"1": 1, "2": 7}[text[6]], 1)
    if text[5] == "K":
        return "kwartaal", date(year, {"1": 1, "2": 4, "3": 7, "4": 10}[text[6]], 1)
    if len(text) == 7:
        return "maand", date(year, int(text[5:]), 1)
    return "dag", date.fromisoformat(text)
