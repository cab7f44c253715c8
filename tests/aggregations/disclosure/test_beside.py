"""Which four figures of a period belong together."""

from datetime import date

import pytest

from zorgstroom.aggregations.disclosure.beside import four_of, stock_of
from zorgstroom.aggregations.disclosure.plan import Cell
from zorgstroom.aggregations.results import PeriodeSoort

MARCH = Cell("0153", 0, "instroom", "maand", date(2025, 3, 1))


@pytest.mark.parametrize(
    ("soort", "start", "before", "end"),
    [
        ("maand", date(2025, 1, 1), date(2024, 12, 1), date(2025, 1, 1)),
        ("kwartaal", date(2025, 4, 1), date(2025, 3, 1), date(2025, 6, 1)),
        ("halfjaar", date(2025, 7, 1), date(2025, 6, 1), date(2025, 12, 1)),
        ("jaar", date(2025, 1, 1), date(2024, 12, 1), date(2025, 12, 1)),
    ],
)
def test_a_period_lies_between_two_stocks(
    soort: PeriodeSoort, start: date, before: date, end: date
) -> None:
    flow = MARCH._replace(soort=soort, start=start)
    four = four_of(flow)
    stock = MARCH._replace(maat="actief")
    assert four["begin"] == stock._replace(start=before)
    assert four["einde"] == stock._replace(start=end) == stock_of(flow)
