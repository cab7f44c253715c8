"""A desk that publishes figures: a world, its region and a table in memory."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from tests.aggregations.strategies import Events
from tests.aggregations.world import PROEF, World
from zorgstroom.aggregations.periods import Period, month_before
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.products import PRODUCTS, Product
from zorgstroom.aggregations.publication import PublicationRules, RegionPublication
from zorgstroom.aggregations.results import Emission, GebiedSoort, Maat, Series, SeriesValues
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.memory import MemoryPublication

MOMENT = datetime(2024, 4, 2, 12, tzinfo=UTC)
RULES = PublicationRules(jaren=0, naloop_dagen=40)
EXACT = PublicFigures(Protection(policy="geen"))
MATEN: tuple[Maat, ...] = ("actief", "instroom", "uitstroom")
Cells = dict[tuple[Series, date], tuple[int | None, str]]


class Desk:
    """A world that publishes into memory, as the shells do."""

    def __init__(
        self, rules: PublicationRules = RULES, public: PublicFigures = EXACT, *, sums: bool = False
    ) -> None:
        self.public = public
        self.sums = sums
        self.world = World()
        self.rules = rules
        self.table = MemoryPublication()
        self.versie = 0
        self.restart()

    def restart(self) -> None:
        published = list(self.table.published(PROEF.gebieden))
        self.region = RegionPublication(
            PROEF, self.rules, self.public, published, sums_running_periods=self.sums
        )
        self.world.ledger.changed.update(self.world.ledger.cells)

    def tell(self, history: Sequence[Events]) -> None:
        for arrival in history:
            self.world.take([arrival])

    def emission(self, today: date) -> Emission | None:
        self.region.update(self.world.ledger, self.world.ledger.take_changed(), today)
        self.versie += 1
        return self.region.emission(self.versie, MOMENT + timedelta(seconds=self.versie))

    def publish(self, today: date) -> Emission | None:
        emission = self.emission(today)
        if emission is not None:
            self.table.write(emission)
            self.region.mark_stored()
        return emission

    def shown(self) -> Cells:
        return {(f.series, f.periode): (f.waarde, f.status) for f in self.table.figures(Filter())}

    def expected(self, today: date) -> Cells:
        """What the table must hold of the periods of now, counted from nothing."""
        cells: Cells = {}

        def keep(name: str, product: Product, maat: Maat, period: Period, count: int) -> None:
            over = today - period.end > timedelta(days=self.rules.naloop_dagen)
            soort: GebiedSoort = "regio" if name == PROEF.name else "gemeente"
            series = Series(
                soort, name, product.wet, product.niveau, product.product, period.soort, maat
            )
            cells[series, period.start] = (count, "definitief" if over else "voorlopig")

        for name, area in self.world.figures(today, self.rules.jaren).areas.items():
            for row, maat, at in np.ndindex(area.values.shape):
                count = int(area.values[row, maat, at])
                keep(name, PRODUCTS[row], MATEN[maat], area.periods[at], count)
            levels = ("totaal", "hoofdgroep") if name == PROEF.name else ("totaal",)
            first_day = month_before(today, self.rules.dag_maanden - 1)
            for row, at in np.ndindex(area.by_day.shape):
                product, day = PRODUCTS[row], area.days[at]
                if product.niveau in levels and day.start >= first_day:
                    keep(name, product, "actief", day, int(area.by_day[row, at]))
        return cells


def sizes(values: Sequence[SeriesValues]) -> int:
    return sum(len(value.perioden) for value in values)
