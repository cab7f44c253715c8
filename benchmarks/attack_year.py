"""
The year that `benchmarks.attack` attacks: a generated Twente, counted by the ordinary engine code.

Messages are decoded, added to dossiers, derived and put in the ledger as in the product; exact
counts come from `RegionFigures`. The ledger is kept in `.cache`, so that a second run need not.
"""

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zorgstroom.aggregations.attack.cells import Count
from zorgstroom.aggregations.attack.equations import Rule
from zorgstroom.aggregations.attack.places import Place
from zorgstroom.aggregations.attack.published import Publication
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.figures import RegionFigures
from zorgstroom.aggregations.ledger import MATEN, BaseCell, Days, Ledger
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import TWENTE, Region
from zorgstroom.aggregations.results import Series
from zorgstroom.aggregations.update import changes
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import Simulation, generate
from zorgstroom.stream.generator.write import write_beginstand

CACHE = Path(__file__).parents[1] / ".cache"
BEGIN, TODAY = date(2024, 1, 1), date(2026, 3, 31)
"""The stream: a year before the year that is attacked, and the late messages after it."""
FIRST = date(2024, 12, 1)
"""The first published day, for the stocks at the beginning of the year."""
REGION = Region("twente", tuple(TWENTE), total=True)
RULES = PublicationRules(vanaf=FIRST)
KEY = PseudonymKey(b"only for a benchmark: 32 bytes..")
_DAY_MONTHS = 16
"""Months before `TODAY` through those of `FIRST`."""


class Year(NamedTuple):
    """A ledger of everything that was told by `TODAY`, and of how many messages."""

    messages: int
    cells: dict[BaseCell, tuple[Days, Days, Days]]


class Line(NamedTuple):
    """`actief` of one area and product on every day from `FIRST`."""

    gebied: frozenset[str]
    product: frozenset[str]
    has_days: bool
    """Whether it is published by day."""
    stocks: npt.NDArray[np.int32]


def load_year(scale: float, seed: int) -> Year:
    """Return the year, made when it is not in the cache."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"attack-year-{scale:g}-{seed}.pickle"
    if path.exists():
        kept: Year = Year(*pickle.loads(path.read_bytes()))
        return kept
    year = _year(generate(Params(TODAY, seed, start=BEGIN, scale=scale, beginstand=True)))
    path.write_bytes(pickle.dumps(tuple(year)))
    return year


def _year(simulation: Simulation) -> Year:
    messages = list(_messages(simulation))
    ledger = Ledger()
    changes({}, messages, Definitions()).settle({}, ledger, Counter())
    return Year(len(messages), ledger.cells)


def _messages(simulation: Simulation) -> Iterator[tuple[Start | Stop, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        running = Path(folder, "beginstand.csv")
        write_beginstand(simulation, running)
        for _, event in read_rows(running.read_bytes(), KEY, BEGIN):
            if isinstance(event, Start):
                yield (event,)
    decoder = Decoder(KEY)
    for delivery in simulation.deliveries():
        try:
            yield tuple(decoder.decode(delivery.inhoud, today=delivery.moment.date()))
        except DecodeError:
            continue


class ExactYear:
    """Exact counts of one wet in the first `months` of the year, and of the stocks before it."""

    def __init__(self, year: Year, wet: str, months: int) -> None:
        self.wet = wet
        self.first = FIRST + timedelta(days=31)
        self.last = _months_later(self.first, months) - timedelta(days=1)
        ledger = Ledger(cells=year.cells)
        figures = RegionFigures(REGION, FIRST, TODAY, _DAY_MONTHS)
        figures.refresh(ledger, ledger.cells)
        publication = Publication(REGION, RULES, Rule(1, 0))
        self.counts: dict[Count, int] = {}
        """Every count that is published; what stands in two places is here once."""
        self.lines: list[Line] = []
        lines: set[tuple[frozenset[str], frozenset[str]]] = set()
        for gebied, area in figures.areas.items():
            identity = REGION.identity(gebied)
            for row, product in enumerate(PRODUCTS):
                if product.wet != wet:
                    continue
                for at, maat in enumerate(MATEN):
                    for column, period in enumerate(area.periods):
                        series = Series(
                            identity.soort,
                            gebied,
                            wet,
                            product.niveau,
                            product.product,
                            period.soort,
                            maat,
                        )
                        count = publication.count(Place(series, period.start), TODAY)
                        if self._is_wanted(count):
                            self.counts[count] = int(area.values[row, at, column])
                line = (frozenset(identity.gemeenten), frozenset(product.categorieen))
                if line not in lines:
                    lines.add(line)
                    has_days = product.niveau == "totaal" or (
                        identity.soort == "regio" and product.niveau == "hoofdgroep"
                    )
                    self.lines.append(Line(*line, has_days, area.by_day[row].copy()))

    def _is_wanted(self, count: Count) -> bool:
        if count.is_stock:
            return self.first - timedelta(days=1) <= count.last <= self.last
        return self.first <= count.first and count.last <= self.last


def _months_later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
