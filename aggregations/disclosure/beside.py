"""
Stock beside flow, as an outsider adds it up: of four figures of a period three give the fourth.

`actief` at the end is that at the beginning with instroom and without uitstroom. Late messages and
an Einddatum on the last day may blur it, but mostly it holds exactly.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from zorgstroom.aggregations.disclosure.plan import STOCKS, Cell, Span, months_of

_DAY: Final = timedelta(days=1)
_SIGNS: Final = {"begin": 1, "instroom": 1, "uitstroom": -1, "einde": -1}
"""What the sum of the four figures is 0 with."""


def stock_of(cell: Cell) -> Cell:
    """Return the stock on the last day of a period, as the cell of its last month."""
    month = months_of(Span(cell.soort, cell.start))[-1]
    return cell._replace(maat="actief", soort="maand", start=month)


def fourths(figures: Mapping[Cell, int]) -> Iterator[tuple[Cell, int]]:
    """
    Yield each figure that follows from three of its four, and what it must be.

    Args:
        figures: What is known of one moment; a stock as the cell of a month.

    """
    for flow in {cell._replace(maat="instroom") for cell in figures if cell.maat not in STOCKS}:
        four = four_of(flow)
        missing = [name for name, cell in four.items() if cell not in figures]
        if len(missing) == 1:
            (name,) = missing
            rest = sum(_SIGNS[one] * figures[cell] for one, cell in four.items() if one != name)
            yield four[name], -rest * _SIGNS[name]


def four_of(flow: Cell) -> dict[str, Cell]:
    """Return the four cells of the period of a flow."""
    return {
        "begin": stock_of(flow)._replace(start=_month_before(flow.start)),
        "instroom": flow._replace(maat="instroom"),
        "uitstroom": flow._replace(maat="uitstroom"),
        "einde": stock_of(flow),
    }


def _month_before(start: date) -> date:
    return (start - _DAY).replace(day=1)
