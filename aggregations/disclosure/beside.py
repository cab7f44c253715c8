"""
Stock beside flow: of the four figures of a period three give the fourth.

`actief` at the end is that at the beginning with instroom and without uitstroom. Late messages and
an Einddatum on the last day may blur it, but mostly it holds exactly.
"""

from typing import Final

from zorgstroom.aggregations.disclosure.plan import Cell, Span, month_before, months_of

SIGNS: Final = {"begin": 1, "instroom": 1, "uitstroom": -1, "einde": -1}
"""With which the four figures add up to 0."""


def stock_of(cell: Cell) -> Cell:
    """Return the stock on the last day of a period, as the cell of its last month."""
    month = months_of(Span(cell.soort, cell.start))[-1]
    return cell._replace(maat="actief", soort="maand", start=month)


def four_of(flow: Cell) -> dict[str, Cell]:
    """Return the four cells of the period of a flow."""
    return {
        "begin": stock_of(flow)._replace(start=month_before(flow.start)),
        "instroom": flow._replace(maat="instroom"),
        "uitstroom": flow._replace(maat="uitstroom"),
        "einde": stock_of(flow),
    }
