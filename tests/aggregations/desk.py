"""A desk that publishes exact figures: a world, its region and a table in memory."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from tests.aggregations.strategies import Arrival
from tests.aggregations.world import PROEF, World
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.publication import PublicationRules, RegionPublication
from zorgstroom.aggregations.results import Emission, Maat, Series, SeriesValues
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.memory import MemoryPublication

MOMENT = datetime(2024, 4, 2, 12, tzinfo=UTC)
RULES = PublicationRules(jaren=0, naloop_dagen=40)
MATEN: tuple[Maat, ...] = ("actief", "instroom", "uitstroom")
Cells = dict[tuple[Series, date], tuple[int | None, str]]


class Desk:
    """A world that publishes into memory, as the shells do."""

    def __init__(self, rules: PublicationRules = RULES) -> None:
        self.world = World()
        self.rules = rules
        self.table = MemoryPublication()
        self.versie = 0
        self.restart()

    def restart(self) -> None:
        published = list(self.table.published(PROEF.gebieden))
        self.region = RegionPublication(PROEF, self.rules, published)
        self.world.ledger.changed.update(self.world.ledger.cells)

    def tell(self, history: Sequence[Arrival]) -> None:
        for arrival in history:
            self.world.take([arrival.events], emissie=self.versie)

    def emission(self, today: date) -> Emission | None:
        self.region.update(self.world.ledger, self.world.ledger.take_changed(), today)
        self.versie += 1
        return self.region.emission(self.versie, MOMENT + timedelta(seconds=self.versie))

    def publish(self, today: date) -> Emission | None:
        emission = self.emission(today)
        if emission is not None:
            self.table.write(emission)
            self.region.confirm()
        return emission

    def shown(self) -> Cells:
        return {(f.series, f.periode): (f.waarde, f.status) for f in self.table.figures(Filter())}

    def expected(self, today: date) -> Cells:
        """What the table must hold of the periods of now, counted from nothing."""
        cells: Cells = {}
        for name, area in self.world.figures(today, self.rules.jaren).areas.items():
            for row, maat, at in np.ndindex(area.values.shape):
                product, period = PRODUCTS[row], area.periods[at]
                over = today - period.end > timedelta(days=self.rules.naloop_dagen)
                series = Series(
                    "regio" if name == PROEF.name else "gemeente",
                    name,
                    product.wet,
                    product.niveau,
                    product.product,
                    period.soort,
                    MATEN[maat],
                )
                cells[series, period.start] = (
                    int(area.values[row, maat, at]),
                    "definitief" if over else "voorlopig",
                )
        return cells


def sizes(values: Sequence[SeriesValues]) -> int:
    return sum(len(value.perioden) for value in values)
