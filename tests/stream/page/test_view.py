from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.emissions import WMO_TOTAAL
from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.contract import PublishedFigure
from zorgstroom.stream.page import view

TODAY = date(2026, 11, 12)


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
    period = view.running(soort, TODAY)
    assert (period.start, period.start <= TODAY <= period.end) == (start, True)


def test_only_the_running_period_of_the_chosen_kind_is_asked_for() -> None:
    question = view.current(["twente"], "kwartaal", TODAY)
    assert question.periode_soort == ("kwartaal",)
    assert question.periode_vanaf == question.periode_tot_en_met == date(2026, 10, 1)
    assert question.product_niveau == ()
    totals = view.totals(["0153"], "kwartaal", TODAY)
    assert totals == replace(question, gebied=("0153",), product_niveau=("totaal",))


def test_a_line_has_its_columns() -> None:
    series = replace(WMO_TOTAAL, periode_soort="jaar")
    moment = datetime(2026, 11, 12, 9, tzinfo=UTC)
    reached = date(2026, 10, 31)
    figure = PublishedFigure(series, date(2026, 1, 1), 1205, reached, "voorlopig", 1, moment)
    assert dict(zip(view.COLUMNS, view.as_line(figure), strict=True)) == {
        "gebied": "0153",
        "wet": "Wmo",
        "product_niveau": "totaal",
        "product": "",
        "maat": "instroom",
        "waarde": 1205,
        "tot_en_met": reached,
        "status": "voorlopig",
    }
