"""What an outsider lays together is true of the exact counts, and finds what leaks."""

import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pytest

from tests.aggregations.attack.watched_region import FIRST, KEY, REGION, RULE, RULES, WatchedRegion
from zorgstroom.aggregations.attack.cells import Count
from zorgstroom.aggregations.attack.equations import ContradictionError, Programme, Rule
from zorgstroom.aggregations.attack.families import (
    Family,
    Moment,
    few_records,
    figures_family,
    running_month,
    timeliness_family,
)
from zorgstroom.aggregations.attack.places import Place
from zorgstroom.aggregations.attack.published import Publication
from zorgstroom.aggregations.attack.solve import Attack
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.figures import RegionFigures
from zorgstroom.aggregations.ledger import MATEN, Ledger
from zorgstroom.aggregations.periods import calendar_periods
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.results import Series
from zorgstroom.aggregations.timeliness_rows import (
    GemeenteReport,
    TimelinessRow,
    months_of,
    timeliness_rows,
)

pytest.importorskip("highspy")
pytestmark = pytest.mark.slow
PUBLISHED = Publication(REGION, RULES, RULE)


def exact(ledger: Ledger, today: date, moment: int = 0, wet: str = "Wmo") -> dict[Count, int]:
    """Return every count that is published, exactly."""
    figures = RegionFigures(REGION, FIRST, today, RULES.dag_maanden)
    figures.refresh(ledger, ledger.cells)
    counts: dict[Count, int] = {}
    for gebied, area in figures.areas.items():
        soort = REGION.identity(gebied).soort
        for row, product in enumerate(PRODUCTS):
            if product.wet != wet:
                continue
            line = (soort, gebied, wet, product.niveau, product.product)
            for at, period in enumerate(area.periods):
                for number, maat in enumerate(MATEN):
                    place = Place(Series(*line, period.soort, maat), period.start)
                    value = int(area.values[row, number, at])
                    counts[PUBLISHED.count(place, today, moment)] = value
            for at, day in enumerate(area.days):
                place = Place(Series(*line, "dag", "actief"), day.start)
                counts[PUBLISHED.count(place, today, moment)] = int(area.by_day[row, at])
    return counts


def is_true(programme: Programme, counts: Mapping[Count, int]) -> bool:
    """Return whether the exact counts fit the programme, with some offsets."""
    for count, place in programme.places.items():
        try:
            programme.bound(place, counts[count], counts[count])
        except ContradictionError:
            return False
    try:
        Attack(programme, 1).interval(0)
    except ContradictionError:
        return False
    return True


class Region(WatchedRegion):
    """Also keeps what was true at some moments."""

    def __init__(self, *, einddatum_telt_mee: bool = True) -> None:
        super().__init__()
        self.ledger.einddatum_telt_mee = einddatum_telt_mee
        self.exact: dict[int, dict[Count, int]] = {}

    def family(self, today: date, definitions: Definitions) -> tuple[Family, dict[Count, int]]:
        """Return what an outsider lays together, with the exact counts of all of it."""
        history, _ = self.watched()
        assert history.today == today
        figures: dict[Place, int | None] = {}
        earlier: list[Moment] = []
        counts = exact(self.ledger, today)
        for versie, rows in self.history.items():
            of_wet = [row for row in rows if row.series.wet == "Wmo"]
            figures |= {Place(row.series, row.periode): row.waarde for row in of_wet}
            if versie in self.exact:
                day = rows[0].bijgewerkt_op.date()
                earlier.append(Moment(versie, day, running_month(figures, day)))
                counts |= self.exact[versie]
        latest = Moment(0, today, history.values())
        return figures_family(PUBLISHED, latest, earlier, definitions), counts


def lived(*, einddatum_telt_mee: bool = True) -> Region:
    region = Region(einddatum_telt_mee=einddatum_telt_mee)
    for _ in range(300):
        region.start(date(2025, 3, 1))
    for number in range(60):
        day = date(2025, 12, 10) + timedelta(days=number)
        region.live([day], a_day=4)
        if number % 13 == 5:
            versie = max(region.history)
            region.exact[versie] = exact(region.ledger, day, versie)
    return region


@pytest.fixture(scope="module")
def region() -> Region:
    return lived()


@pytest.mark.parametrize("counts_along", [True, False])
def test_everything_that_is_laid_together_is_true(*, counts_along: bool) -> None:
    region = lived(einddatum_telt_mee=counts_along)
    definitions = Definitions(einddatum_telt_mee=counts_along)
    family, counts = region.family(date(2026, 2, 7), definitions)
    moments = {count.moment for count in family.programme.places}
    assert len(moments) == 1 + len(region.exact) > 4
    assert len(family.programme.equations) > 1000
    assert is_true(family.programme, counts)


def test_a_wrong_assumption_would_be_noticed(region: Region) -> None:
    # That stock and flow agree exactly, though the end date counts as a day of care.
    family, counts = region.family(date(2026, 2, 7), Definitions(einddatum_telt_mee=False))
    assert not is_true(family.programme, counts)


@pytest.mark.parametrize(
    "definitions",
    [
        Definitions(herstart_is_instroom=False),
        Definitions(redenen_zonder_uitstroom=frozenset({"20"})),
        Definitions(bereik="twents"),
    ],
)
def test_stock_and_flow_are_kept_apart_where_some_flows_do_not_count(
    region: Region, definitions: Definitions
) -> None:
    apart, _ = region.family(date(2026, 2, 7), definitions)
    beside, _ = region.family(date(2026, 2, 7), Definitions())
    assert len(apart.programme.equations) < len(beside.programme.equations)


def test_hidden_counts_are_named_as_they_stand(region: Region) -> None:
    family, _ = region.family(date(2026, 2, 7), Definitions())
    assert "0141 Wmo 11 instroom maand 2026-01-01" in family.hidden.values()
    assert all(family.programme.highs[place] <= RULE.hidden for place in family.hidden)
    assert len(set(family.hidden.values())) == len(family.hidden) < family.counts


MONTHS = months_of(calendar_periods(date(2026, 1, 1), date(2026, 3, 31)))


SENDERS = (("11", "0141", 400), ("11", "0153", 60), ("12", "0141", 20), ("13", "0153", 9))
"""An aanbieder in two gemeenten and two small ones, with how much they report at most."""


def reports(seed: int) -> list[GemeenteReport]:
    chance = random.Random(seed)
    result = []
    for aanbieder, gemeente, size in SENDERS:
        for _ in range(chance.randint(size // 2, size)):
            delay = chance.choice((0, 1, 2, 3, 4, 5, 5, 6, 9))
            dag = date(2026, 1, 1).toordinal() + chance.randrange(60)
            result.append(
                GemeenteReport(
                    gemeente,
                    Report("Wmo", "start", aanbieder, dag, delay, delay == 0, None, None),
                )
            )
    return result


def rows(sent: Iterable[GemeenteReport], public: PublicFigures) -> list[TimelinessRow]:
    return [
        row
        for row in timeliness_rows(sent, REGION, MONTHS, date(2026, 1, 1), public)
        if row.wet == "Wmo"
    ]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_certain_of_tijdigheid_is_true(seed: int) -> None:
    sent = reports(seed)
    public = rows(sent, PublicFigures(Protection(), KEY))
    family = timeliness_family(public, REGION.gemeenten, RULE)
    exact_rows = rows(sent, PublicFigures(Protection(policy="geen")))
    truth = timeliness_family(exact_rows, REGION.gemeenten, Rule(1, -1)).programme
    counts = {count: round(truth.lows[place]) for count, place in truth.places.items()}
    assert len(family.hidden) > 10
    assert any(row.mediaan is not None for row in public)
    assert any(row.p90 is not None for row in public)
    assert is_true(family.programme, counts)


def row(
    op_tijd: int | None, te_laat: int | None, mediaan: int | None, p90: int | None
) -> TimelinessRow:
    start = MONTHS[0].start
    label = ("proef", "Wmo", "start", "gemeente", "0141", start)
    return TimelinessRow(*label, op_tijd, te_laat, None, mediaan, p90)  # type: ignore[arg-type]


def test_a_median_of_too_few_records_is_a_leak() -> None:
    assert few_records(row(95, 15, 3, 8), RULE) is None
    assert few_records(row(15, None, 3, None), RULE) is None, "33 at most, and 30 is enough"
    leak = few_records(row(15, None, 3, 8), RULE)
    assert leak is not None and "hoogstens 33 meldingen" in leak.uitleg
    assert few_records(row(None, None, 3, None), RULE) is not None


def test_a_median_alone_does_not_tell_who_was_late() -> None:
    sent = reports(3)
    family = timeliness_family(rows(sent, PublicFigures(Protection(), KEY)), REGION.gemeenten, RULE)
    attack = Attack(family.programme, 1)
    assert min(attack.interval(place).values for place in family.hidden) >= 2
