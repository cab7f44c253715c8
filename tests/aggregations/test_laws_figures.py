"""Laws of figures: how areas, products and periods add up, over random histories."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.strategies import DAYS, TODAY, Events, definitions, histories
from tests.aggregations.world import DAY_MONTHS, PROEF, World
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.figures import AreaFigures, RegionFigures
from zorgstroom.aggregations.ledger import BaseCell
from zorgstroom.aggregations.periods import Period, first_day
from zorgstroom.aggregations.products import HOOFDGROEP, PRODUCTS
from zorgstroom.aggregations.results import PeriodeSoort

pytestmark = pytest.mark.slow

ACTIEF, INSTROOM, UITSTROOM = range(3)
MONTHS_OF = {"kwartaal": 3, "halfjaar": 6, "jaar": 12}


def world_of(history: list[Events], chosen: Definitions | None = None) -> World:
    world = World(**dict(chosen or Definitions()))
    for arrival in history:
        world.take([arrival])
    return world


def column(area: AreaFigures, soort: PeriodeSoort, start: date) -> int:
    return [(p.soort, p.start) for p in area.periods].index((soort, start))


def months(period: Period) -> list[date]:
    count = MONTHS_OF[period.soort]
    return [date(period.start.year, period.start.month + n, 1) for n in range(count)]


@settings(deadline=None, max_examples=40)
@given(histories(10, min_size=3), definitions)
def test_a_region_is_the_sum_of_its_gemeenten(history: list[Events], chosen: Definitions) -> None:
    areas = world_of(history, chosen).figures(TODAY, 1).areas
    parts = [areas[gemeente] for gemeente in PROEF.gemeenten]
    whole = areas[PROEF.name]
    assert {part.periods for part in parts} == {whole.periods}
    assert {part.days for part in parts} == {whole.days}
    assert np.array_equal(whole.values, sum(part.values for part in parts))
    assert np.array_equal(whole.by_day, sum(part.by_day for part in parts))


@settings(deadline=None, max_examples=40)
@given(histories(10, min_size=3), definitions)
def test_totaal_and_hoofdgroepen_are_sums_of_categorieen(
    history: list[Events], chosen: Definitions
) -> None:
    for area in world_of(history, chosen).figures(TODAY, 1).areas.values():
        for wet in ("Wmo", "Jw"):
            by_level = {
                level: [
                    (product, area.values[row])
                    for row, product in enumerate(PRODUCTS)
                    if (product.wet, product.niveau) == (wet, level)
                ]
                for level in ("totaal", "hoofdgroep", "categorie")
            }
            ((_, totaal),) = by_level["totaal"]
            assert np.array_equal(totaal, sum(values for _, values in by_level["categorie"]))
            if wet == "Wmo":
                assert np.array_equal(totaal, sum(values for _, values in by_level["hoofdgroep"]))
            for group, values in by_level["hoofdgroep"]:
                own = [
                    v for c, v in by_level["categorie"] if HOOFDGROEP[c.product] == group.product
                ]
                assert np.array_equal(values, sum(own))


@settings(deadline=None, max_examples=40)
@given(histories(10, min_size=3), definitions, st.sampled_from(DAYS))
def test_longer_periods_are_the_sum_of_their_months_and_end_as_the_last_of_them(
    history: list[Events], chosen: Definitions, today: date
) -> None:
    area = world_of(history, chosen).figures(today, 1).areas[PROEF.name]
    for at, period in enumerate(area.periods):
        if period.soort not in MONTHS_OF:
            continue
        inside = [column(area, "maand", start) for start in months(period) if start <= today]
        flow = area.values[:, INSTROOM:, :]
        assert np.array_equal(flow[:, :, at], flow[:, :, inside].sum(axis=2))
        last = area.values[:, ACTIEF, inside[-1]]
        assert np.array_equal(area.values[:, ACTIEF, at], last)


@settings(deadline=None, max_examples=40)
@given(histories(10, min_size=3))
def test_a_month_is_the_sum_of_its_days(history: list[Events]) -> None:
    world = world_of(history)
    area = world.figures(TODAY, 0).areas[PROEF.name]
    for at, period in enumerate(area.periods):
        if period.soort == "maand":
            span = (period.peildatum(TODAY) - period.start).days + 1
            inside = [period.start + timedelta(days=number) for number in range(span)]
            days = [world.day(day, PROEF.name, TODAY).values[:, INSTROOM:, 0] for day in inside]
            assert np.array_equal(area.values[:, INSTROOM:, at], sum(days))


@settings(deadline=None, max_examples=60)
@given(histories(10, min_size=3), st.booleans())
def test_actief_moves_by_instroom_and_uitstroom(history: list[Events], inclusive: bool) -> None:
    chosen = Definitions(einddatum_telt_mee=inclusive)
    world = world_of(history, chosen)
    area = world.figures(TODAY, 1).areas[PROEF.name]
    for at, period in enumerate(area.periods):
        before = period.start - timedelta(days=1)
        if before < date(2023, 1, 1):
            continue
        # Under the default, who ends today is still active today: gone only the day after.
        first = area.days[0].start
        start = (before - first).days
        end = (period.peildatum(TODAY) - first).days
        moved = area.values[:, INSTROOM, at] - area.values[:, UITSTROOM, at]
        stays = [area.by_day[:, start], area.by_day[:, end]]
        if inclusive:
            for place, day in enumerate((before, period.peildatum(TODAY))):
                stays[place] = (
                    stays[place] - world.day(day, PROEF.name, TODAY).values[:, UITSTROOM, 0]
                )
        assert np.array_equal(stays[1], stays[0] + moved)


@settings(deadline=None, max_examples=60)
@given(histories(10, min_size=3), definitions)
def test_no_figure_is_negative(history: list[Events], chosen: Definitions) -> None:
    for area in world_of(history, chosen).figures(TODAY, 1).areas.values():
        assert area.values.min() >= 0


@settings(deadline=None, max_examples=60)
@given(st.lists(histories(4, min_size=1), min_size=1, max_size=4), definitions)
def test_figures_refreshed_step_by_step_are_those_counted_at_once(
    steps: list[list[Events]], chosen: Definitions
) -> None:
    world = World(**dict(chosen))
    running = RegionFigures(PROEF, first_day(TODAY, 1), TODAY, DAY_MONTHS)
    for step in steps:
        for arrival in step:
            world.take([arrival])
        running.refresh(world.ledger, world.ledger.take_changed())
        assert world.ledger.take_changed() == set()
        for name, area in world.figures(TODAY, 1).areas.items():
            assert np.array_equal(running.areas[name].values, area.values)


def test_a_changed_cell_of_another_region_changes_nothing() -> None:
    world = World()
    figures = RegionFigures(PROEF, date(2024, 1, 1), TODAY, DAY_MONTHS)
    figures.refresh(world.ledger, [BaseCell("0599", "Wmo", "02"), BaseCell("proef", "Wmo", "02")])
    assert not any(area.values.any() for area in figures.areas.values())
