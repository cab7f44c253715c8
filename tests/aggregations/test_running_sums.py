"""Figures of running periods: the fewest shown parts from the first day on, under every policy."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aggregations.desk import EXACT, Desk
from tests.aggregations.letters import begin, letter
from tests.aggregations.world import PROEF
from zorgstroom.aggregations.periods import MONTHS, Period, calendar_periods
from zorgstroom.aggregations.policy import NB
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.running_sums import RunningSums
from zorgstroom.sinks.contract import Filter

FIRST = date(2026, 1, 1)


def sums_of(
    today: date, figures: dict[str, int], first: date = FIRST
) -> dict[str, tuple[int | None, date | None]]:
    """Return sum and reach of each running period; `figures` are shown, all others are n.b."""
    periods = calendar_periods(first, today)
    shown = np.full((1, len(periods)), NB, np.int32)
    reaches = np.zeros((1, len(periods)), np.int32)
    for at, period in enumerate(periods):
        shown[0, at] = figures.get(label(period), NB)
    sums = RunningSums(periods, today)
    sums.fill(shown, reaches)
    return {
        label(periods[at]): (
            None if shown[0, at] == NB else int(shown[0, at]),
            date.fromordinal(int(reaches[0, at])) if reaches[0, at] else None,
        )
        for at in sums.columns
    }


def label(period: Period) -> str:
    month = period.start.month
    return {
        "maand": f"{period.start:%Y-%m}",
        "kwartaal": f"K{(month + 2) // 3}",
        "halfjaar": f"H{(month + 5) // 6}",
        "jaar": "jaar",
    }[period.soort]


MONTHLY = {f"2026-{month:02}": 10 * month for month in range(1, 9)}


def test_a_year_is_the_ended_half_and_the_months_after_it() -> None:
    figures = MONTHLY | {"K1": 65, "K2": 155, "H1": 215}
    assert sums_of(date(2026, 9, 3), figures) == {
        "K3": (70 + 80, date(2026, 8, 31)),
        "H2": (70 + 80, date(2026, 8, 31)),
        "jaar": (215 + 70 + 80, date(2026, 8, 31)),
    }


def test_where_a_part_is_not_shown_its_own_parts_take_its_place() -> None:
    assert sums_of(date(2026, 9, 3), MONTHLY | {"K1": 65})["jaar"] == (
        65 + 40 + 50 + 60 + 70 + 80,
        date(2026, 8, 31),
    )


def test_a_sum_ends_where_a_month_is_not_shown() -> None:
    figures = {name: value for name, value in MONTHLY.items() if name != "2026-08"}
    assert sums_of(date(2026, 9, 3), figures | {"H1": 215}) == {
        "K3": (70, date(2026, 7, 31)),
        "H2": (70, date(2026, 7, 31)),
        "jaar": (215 + 70, date(2026, 7, 31)),
    }
    # Nothing after a gap counts: the first month is not shown, and the quarter is not either.
    later = {name: value for name, value in MONTHLY.items() if name != "2026-01"}
    assert sums_of(date(2026, 5, 3), later)["jaar"] == (None, None)
    assert sums_of(date(2026, 5, 3), later)["K2"] == (40, date(2026, 4, 30))


def test_the_running_month_is_in_no_sum() -> None:
    assert sums_of(date(2026, 1, 31), MONTHLY) == {
        "K1": (None, None),
        "H1": (None, None),
        "jaar": (None, None),
    }
    assert sums_of(date(2026, 2, 1), MONTHLY)["jaar"] == (10, date(2026, 1, 31))


def test_a_period_that_began_before_the_first_day_is_summed_from_that_day() -> None:
    first = date(2026, 2, 14)
    assert sums_of(date(2026, 4, 1), MONTHLY, first)["jaar"] == (20 + 30, date(2026, 3, 31))


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.data())
def test_a_sum_is_of_parts_that_touch_each_other_from_the_first_day_and_are_fewest(
    today: date, data: st.DataObject
) -> None:
    first = date(today.year, 1, 1)
    periods = [p for p in calendar_periods(first, today) if p.is_over(today)]
    chosen = data.draw(st.lists(st.sampled_from(periods), unique=True)) if periods else []
    figures = {label(period): 1 for period in chosen}
    reachable = {first: 0}
    """Fewest parts that cover from the first day up to a day: by plain search."""
    for day in sorted({first, *(p.start for p in chosen)}):
        if day in reachable:
            for period in chosen:
                if period.start == day:
                    after = date.fromordinal(period.end.toordinal() + 1)
                    reachable[after] = min(reachable.get(after, 99), reachable[day] + 1)
    furthest = max(reachable)
    expected = (
        (None, None)
        if furthest == first
        else (reachable[furthest], date.fromordinal(furthest.toordinal() - 1))
    )
    # A year that runs is made of all of them; each counts 1, so the sum is how many there are.
    assert sums_of(today, figures, first)["jaar"] == expected


@pytest.mark.parametrize("sums", [True, False])
def test_public_figures_sum_ended_months_and_exact_ones_count_as_it_stands(sums: bool) -> None:
    desk = Desk(PublicationRules(jaren=0), EXACT, sums=sums)
    desk.world.tell(
        letter("2024-04-02", begin("2024-01-31", product="02"), nr="S1"),
        letter("2024-04-02", begin("2024-04-01", product="02"), nr="S2"),
    )
    desk.publish(date(2024, 4, 2))
    figures = {
        (f.series.periode_soort, f.periode): (f.waarde, f.tot_en_met)
        for f in desk.table.figures(
            Filter((PROEF.name,), ("Wmo",), ("totaal",), maat=("instroom",))
        )
    }
    assert {soort for soort, _ in figures} == set(MONTHS)
    assert figures["maand", date(2024, 4, 1)] == (1, None)
    assert figures["kwartaal", date(2024, 1, 1)] == (1, None)
    year = (1, date(2024, 3, 31)) if sums else (2, None)
    quarter = (None, None) if sums else (1, None)
    assert figures["jaar", date(2024, 1, 1)] == year
    assert figures["kwartaal", date(2024, 4, 1)] == quarter


def test_a_period_gets_a_figure_of_its_own_the_day_after_it_ended() -> None:
    desk = Desk(PublicationRules(jaren=0), EXACT, sums=True)
    desk.world.tell(letter("2024-03-31", begin("2024-03-30", product="02"), nr="S1"))

    def quarter() -> tuple[int | None, date | None]:
        wanted = Filter((PROEF.name,), ("Wmo",), ("totaal",), maat=("instroom",))
        (figure,) = [
            f
            for f in desk.table.figures(wanted)
            if (f.series.periode_soort, f.periode) == ("kwartaal", date(2024, 1, 1))
        ]
        return figure.waarde, figure.tot_en_met

    desk.publish(date(2024, 3, 31))
    assert quarter() == (0, date(2024, 2, 29))
    desk.publish(date(2024, 4, 1))
    assert quarter() == (1, None)
