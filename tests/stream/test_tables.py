"""Figures as a terminal and a spreadsheet get them."""

import io
from datetime import UTC, date, datetime
from typing import cast

import msgspec
from rich.console import Console

from tests.emissions import series
from zorgstroom.sinks.contract import PublishedFigure
from zorgstroom.stream.questions import as_row
from zorgstroom.stream.tables import COLUMNS, Row, figures_table, write_csv

JUNE = date(2026, 6, 30)
MOMENT = datetime(2026, 7, 3, 9, tzinfo=UTC)


def row(maat: str, waarde: int | None, tot_en_met: date | None = None) -> Row:
    """Return a figure of the running year of Enschede."""
    year = series(periode_soort="jaar", maat=maat)
    figure = PublishedFigure(year, date(2026, 1, 1), waarde, tot_en_met, "voorlopig", 7, MOMENT)
    return cast(Row, msgspec.to_builtins(as_row(figure)))


def printed(*rows: Row) -> list[str]:
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(figures_table(rows, "Cijfers"))
    return console.export_text().splitlines()


def test_the_columns_are_those_of_a_row_in_its_order() -> None:
    assert tuple(row("actief", 35)) == COLUMNS


def test_csv_tells_how_far_a_sum_reaches_and_leaves_out_what_is_not_shown() -> None:
    out = io.StringIO()
    write_csv([row("instroom", 1205, JUNE), row("uitstroom", None)], out)
    assert out.getvalue().splitlines() == [
        ",".join(COLUMNS),
        "gemeente,0153,Wmo,totaal,,jaar,2026-01-01,instroom,1205,2026-06-30,voorlopig,7,"
        "2026-07-03T09:00:00Z",
        "gemeente,0153,Wmo,totaal,,jaar,2026-01-01,uitstroom,,,voorlopig,7,2026-07-03T09:00:00Z",
    ]


def test_a_table_tells_how_far_a_sum_reaches() -> None:
    lines = printed(row("actief", 20780), row("instroom", 1205, JUNE), row("uitstroom", None))
    (total,) = [line.split() for line in lines if "totaal" in line]
    assert total == ["totaal", "20.780", "1.205", "t/m", "jun", "n.b.", "voorlopig"]
