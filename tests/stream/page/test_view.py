from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.emissions import WMO_TOTAAL
from zorgstroom.aggregations.results import Maat, PeriodeSoort, Status
from zorgstroom.sinks.contract import PublishedFigure
from zorgstroom.stream.page import view

TODAY = date(2026, 11, 12)
MADE = datetime(2026, 11, 12, 9, tzinfo=UTC)


def figure(
    soort: PeriodeSoort,
    periode: date,
    waarde: int | None,
    status: Status = "voorlopig",
    maat: Maat = "actief",
) -> PublishedFigure:
    series = replace(WMO_TOTAAL, periode_soort=soort, maat=maat)
    return PublishedFigure(series, periode, waarde, status, 1, MADE)


def chosen(*figures: PublishedFigure, soort: PeriodeSoort = "maand") -> PublishedFigure:
    (found,) = view.newest(figures, soort, TODAY).values()
    return found


@pytest.mark.parametrize(
    ("soort", "start"),
    [
        ("dag", date(2026, 11, 12)),
        ("maand", date(2026, 11, 1)),
        ("kwartaal", date(2026, 10, 1)),
        ("halfjaar", date(2026, 7, 1)),
        ("jaar", date(2026, 1, 1)),
    ],
)
def test_the_running_period_holds_today(soort: PeriodeSoort, start: date) -> None:
    found = view.running(soort, TODAY)
    assert (found.start, found.start <= TODAY <= found.end) == (start, True)


def test_the_running_period_goes_first_also_when_it_is_suppressed() -> None:
    running = figure("maand", date(2026, 11, 1), None)
    assert chosen(figure("maand", date(2026, 10, 1), 40), running) is running
    assert chosen(running, figure("kwartaal", date(2026, 7, 1), 120)) is running


def test_without_the_running_period_the_latest_reference_day_is_shown() -> None:
    quarter = figure("kwartaal", date(2026, 7, 1), 120, "definitief")
    assert chosen(figure("maand", date(2026, 8, 1), 40), quarter) is quarter
    assert chosen(figure("jaar", date(2025, 1, 1), 900), quarter) is quarter


def test_on_the_same_day_a_value_goes_before_none_and_then_the_kind_that_was_asked_for() -> None:
    month = figure("maand", date(2026, 9, 1), None)
    quarter = figure("kwartaal", date(2026, 7, 1), 120)
    assert chosen(month, quarter) is quarter
    shown = figure("maand", date(2026, 9, 1), 40)
    assert chosen(quarter, shown) is shown
    half = figure("halfjaar", date(2026, 1, 1), 5)
    second = figure("kwartaal", date(2026, 4, 1), 4)
    assert chosen(half, second) is second
    assert chosen(half, second, soort="halfjaar") is half


def test_what_is_counted_over_a_period_is_shown_of_the_kind_that_was_asked_for() -> None:
    month = figure("maand", date(2026, 8, 1), 40, maat="instroom")
    quarter = figure("kwartaal", date(2026, 10, 1), 120, maat="instroom")
    assert chosen(month, quarter) is month
    assert chosen(month, quarter, soort="kwartaal") is quarter
    assert chosen(month, quarter, soort="jaar") is quarter
    withheld = figure("maand", date(2026, 8, 1), None, maat="instroom")
    assert chosen(withheld, quarter) is quarter


def test_lines_are_kept_apart_and_none_is_invented() -> None:
    other = figure("maand", date(2026, 11, 1), 3, maat="instroom")
    assert len(view.newest([figure("maand", date(2026, 11, 1), 2), other], "maand", TODAY)) == 2
    assert view.newest([], "maand", TODAY) == {}


def test_a_line_has_its_columns() -> None:
    line = view.as_line(figure("maand", date(2026, 11, 1), None))
    assert dict(zip(view.COLUMNS, line, strict=True)) == {
        "gebied": "0153",
        "wet": "Wmo",
        "product_niveau": "totaal",
        "product": "",
        "maat": "actief",
        "periode_soort": "maand",
        "periode": date(2026, 11, 1),
        "waarde": None,
        "status": "voorlopig",
        "bijgewerkt_op": MADE,
    }


def test_the_next_closes_are_of_the_first_periods_that_are_still_open() -> None:
    found = {str(one["periode_soort"]): one for one in view.next_closes(TODAY, 90)}
    assert found["maand"]["periode"] == date(2026, 8, 1)
    assert found["maand"]["sluit_op"] == date(2026, 11, 30)
    assert found["kwartaal"]["periode"] == date(2026, 7, 1)
    assert found["kwartaal"]["sluit_op"] == date(2026, 12, 30)
    assert found["jaar"]["sluit_op"] == date(2027, 4, 1)
    on_the_day = {str(o["periode_soort"]): o for o in view.next_closes(date(2026, 12, 30), 90)}
    assert on_the_day["kwartaal"]["periode"] == date(2026, 10, 1)
