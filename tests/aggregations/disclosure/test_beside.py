"""Three of the four figures of a period give the fourth."""

from datetime import date
from itertools import product

import pytest

from zorgstroom.aggregations.disclosure.beside import four_of, fourths, stock_of
from zorgstroom.aggregations.disclosure.plan import Cell
from zorgstroom.aggregations.results import PeriodeSoort

MARCH = Cell("0153", 0, "instroom", "maand", date(2025, 3, 1))
QUARTER = MARCH._replace(soort="kwartaal", start=date(2025, 1, 1))
TRUE = {"begin": 40, "instroom": 12, "uitstroom": 15, "einde": 37}


@pytest.mark.parametrize(("missing", "flow"), list(product(TRUE, (MARCH, QUARTER))))
def test_three_of_four_give_the_fourth(missing: str, flow: Cell) -> None:
    four = four_of(flow)
    known = {cell: TRUE[name] for name, cell in four.items() if name != missing}
    assert list(fourths(known)) == [(four[missing], TRUE[missing])]


def test_four_or_two_tell_of_no_other() -> None:
    four = four_of(MARCH)
    assert not list(fourths({cell: TRUE[name] for name, cell in four.items()}))
    assert not list(fourths({four["begin"]: 40, four["einde"]: 37}))
    assert not list(fourths({four["instroom"]: 12, four["einde"]: 37}))


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
