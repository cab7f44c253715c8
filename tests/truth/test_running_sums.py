"""Sums of running periods by the rule, whatever is shown and whatever day it is."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.published_rules import LONG, Moment, sum_of_shown
from zorgstroom.aggregations.periods import calendar_periods
from zorgstroom.aggregations.policy import NB
from zorgstroom.aggregations.running_sums import RunningSums

Q1, Q2 = (date(2026, 1, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 6, 30))


def month(number: int) -> tuple[date, date]:
    return date(2026, number, 1), date(2026, number + 1, 1) - timedelta(days=1)


def year(*parts: tuple[tuple[date, date], int]) -> tuple[int | None, date | None]:
    return sum_of_shown(
        date(2026, 1, 1), date(2026, 12, 31), [(*span, figure) for span, figure in parts]
    )


def test_the_rule_worked_out_by_hand() -> None:
    assert year() == (None, None)
    assert year((month(2), 15)) == (None, None), "nothing covers January"
    assert year((month(1), 15)) == (15, date(2026, 1, 31))
    assert year((month(1), 15), (month(3), 20)) == (15, date(2026, 1, 31)), "February is not shown"
    assert year((month(1), 15), (month(2), 15), (month(3), 20), (Q1, 45)) == (45, Q1[1])
    assert year((month(1), 15), (Q1, 45), (month(4), 25)) == (70, date(2026, 4, 30))
    assert year((Q1, 45), (month(4), 25), (month(6), 25)) == (70, date(2026, 4, 30))
    half = (Q1[0], Q2[1])
    assert year((Q1, 45), (Q2, 60), (half, 100), (month(7), 15)) == (115, date(2026, 7, 31))


@settings(deadline=None)
@given(
    st.dates(date(2024, 6, 1), date(2026, 12, 31)),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.data(),
)
def test_the_figures_of_running_periods_follow_it(
    today: date, first: date, data: st.DataObject
) -> None:
    first = min(first, today)
    moment = Moment(today, first)
    periods = calendar_periods(first, today)
    # Two periods of which the same days are published are one thing, with one figure.
    spans = [(max(period.start, first), period.end) for period in periods]
    figure = st.sampled_from((NB, NB, 15, 20, 25, 40, 95))
    by_span = st.fixed_dictionaries(dict.fromkeys(spans, figure))
    lines = [
        [of_span[span] for span in spans]
        for of_span in data.draw(st.lists(by_span, min_size=1, max_size=3))
    ]
    figures = np.array(lines, np.int32)
    reaches = np.zeros(figures.shape, np.int32)
    RunningSums(periods, today).fill(figures, reaches)
    for line, shown in enumerate(lines):
        parts = [
            (*span, value)
            for span, value in zip(spans, shown, strict=True)
            if value != NB and span[1] < today
        ]
        for at, period in enumerate(periods):
            value, reach = int(figures[line, at]), int(reaches[line, at])
            if period.soort in LONG and period.start == moment.running[period.soort]:
                want, until = sum_of_shown(max(period.start, first), period.end, parts)
                assert value == (NB if want is None else want)
                assert reach == (0 if until is None else until.toordinal())
            else:
                assert (value, reach) == (shown[at], 0), "what is over has a figure of its own"
