"""The figures held against a naive second calculation, over random histories and definitions."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.oracle import day_counts
from tests.aggregations.strategies import DAYS, TODAY, Events, definitions, histories
from tests.aggregations.world import PROEF, World
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.products import PRODUCTS

pytestmark = pytest.mark.slow

FIRST, LAST = DAYS[0] - timedelta(days=1), TODAY + timedelta(days=1)


def world_of(history: list[Events], chosen: Definitions) -> World:
    world = World(**dict(chosen))
    for arrival in history:
        world.take([arrival])
    return world


@settings(deadline=None, max_examples=250)
@given(histories(12, min_size=4), definitions)
def test_the_ledger_agrees_with_the_naive_calculation_on_every_day(
    history: list[Events], chosen: Definitions
) -> None:
    world = world_of(history, chosen)
    counted = {}
    day = FIRST
    while day <= LAST:
        for cell, (actief, instroom, uitstroom) in world.ledger.cells.items():
            running = sum(by for when, by in actief.items() if when <= day.toordinal())
            of_day = (running, instroom.get(day.toordinal(), 0), uitstroom.get(day.toordinal(), 0))
            for maat, count in zip(MATEN, of_day, strict=True):
                if count:
                    counted[(*cell, maat, day)] = count
        day += timedelta(days=1)
    events = [event for arrival in history for event in arrival]
    assert counted == day_counts(events, chosen, FIRST, LAST)


@settings(deadline=None, max_examples=40)
@given(histories(10, min_size=4), st.sampled_from((*DAYS[1:], date(2024, 3, 15))))
def test_the_figures_of_every_period_agree_with_the_naive_calculation(
    history: list[Events], today: date
) -> None:
    chosen = Definitions()
    world = world_of(history, chosen)
    events = [event for arrival in history for event in arrival]
    expected = day_counts(events, chosen, date(2023, 1, 1), today)
    for name, area in world.figures(today, jaren=0 if today.year == 2023 else 1).areas.items():
        gemeenten = PROEF.gemeenten if name == PROEF.name else (name,)
        for row, product in enumerate(PRODUCTS):
            own = [
                (maat, day, count)
                for (gemeente, wet, categorie, maat, day), count in expected.items()
                if gemeente in gemeenten and wet == product.wet and categorie in product.categorieen
            ]
            if not own:
                assert not area.values[row].any()
                continue
            for at, period in enumerate(area.periods):
                peildatum = min(period.end, today)
                total = dict.fromkeys(MATEN, 0)
                for maat, day, count in own:
                    if day == peildatum if maat == "actief" else period.start <= day <= peildatum:
                        total[maat] += count  # type: ignore[index]
                assert area.values[row, :, at].tolist() == list(total.values()), (product, period)
