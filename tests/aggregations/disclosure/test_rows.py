"""What stands published: read back from a table it is what was written to it."""

from datetime import UTC, date, datetime

import pytest

from tests.aggregations.disclosure.town import DRIE, ENSCHEDE
from zorgstroom.aggregations.disclosure.plan import Cell, Span
from zorgstroom.aggregations.disclosure.rows import Draft, Row, Rows
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.results import Emission, Series, SeriesValues
from zorgstroom.sinks.memory import MemoryPublication

JAN, FEB = date(2025, 1, 1), date(2025, 2, 1)
TOTAL = [(p.wet, p.niveau, p.product) for p in PRODUCTS].index(("Wmo", "totaal", ""))
EIGHT, NINE = datetime(2025, 1, 6, 8, tzinfo=UTC), datetime(2025, 1, 6, 9, tzinfo=UTC)
STARTS = Cell("proef", TOTAL, "instroom", "maand", JAN)
OTHER = STARTS._replace(gebied=ENSCHEDE)


def stored(table: MemoryPublication, draft: Draft) -> None:
    emission = Emission("proef", draft.versie, draft.tijd, draft.values(), "drempel 3 plan 1;{}")
    table.write(emission)
    draft.confirm()


def test_a_draft_stands_once_it_is_confirmed() -> None:
    rows = Rows(DRIE)
    draft = Draft(rows, 1, EIGHT)
    draft.show(STARTS, 12)
    assert (draft.value(STARTS), rows.value(STARTS)) == (12, None)
    draft.confirm()
    assert rows.rows == {STARTS: Row(12, "voorlopig", 1, EIGHT)}
    assert rows.is_fresh(STARTS) and not rows.is_closed(STARTS)


def test_a_figure_that_comes_out_the_same_is_one_of_now_and_a_missing_one_no_news() -> None:
    rows = Rows(DRIE)
    first = Draft(rows, 1, EIGHT)
    first.show(STARTS, 12)
    first.withhold(OTHER)
    first.confirm()
    second = Draft(rows, 2, NINE)
    second.show(STARTS, 12)
    second.withhold(OTHER)
    assert list(second.rows) == [STARTS]
    second.withhold(OTHER, "definitief")
    assert list(second.rows) == [STARTS, OTHER], "a close is always told"


def test_what_is_read_back_is_what_was_written() -> None:
    table, rows = MemoryPublication(), Rows(DRIE)
    first = Draft(rows, 1, EIGHT)
    first.show(STARTS, 12)
    first.show(STARTS._replace(start=FEB), 3)
    first.show(OTHER, 7)
    first.withhold(STARTS._replace(maat="actief"))
    stored(table, first)
    second = Draft(rows, 2, NINE)
    second.show(STARTS, 14, "definitief")
    second.hold(OTHER, 7, EIGHT, "definitief")
    stored(table, second)
    again = Rows.read(DRIE, table.published(DRIE.gebieden))
    assert again.rows == rows.rows
    assert again.closed == rows.closed == {Span("maand", JAN): 2}
    assert again.is_fresh(STARTS)
    assert not again.is_fresh(OTHER), "held at the close: it carries the time it was made"


def test_rows_of_products_that_are_no_more_are_left_alone() -> None:
    gone = Series("gemeente", ENSCHEDE, "Wmo", "categorie", "99", "maand", "actief")
    values = SeriesValues(gone, [JAN], [12], ["voorlopig"], [EIGHT], [1])
    assert Rows.read(DRIE, [values]).rows == {}
    with pytest.raises(ValueError, match="shorter"):  # a place that tells no times is a mistake
        Rows.read(
            DRIE,
            [
                SeriesValues(
                    Series("gemeente", ENSCHEDE, "Wmo", "totaal", "", "maand", "actief"),
                    [JAN],
                    [12],
                    ["voorlopig"],
                )
            ],
        )


def test_periods_of_one_series_are_one_row_in_order_of_time() -> None:
    draft = Draft(Rows(DRIE), 1, EIGHT)
    draft.show(STARTS._replace(start=FEB), 3)
    draft.show(OTHER, 7)
    draft.hold(STARTS, 12, NINE, "voorlopig")
    first, second = draft.values()
    assert (first.series.gebied_soort, first.series.gebied) == ("regio", "proef")
    assert (first.perioden, first.waarden, first.tijden) == ([JAN, FEB], [12, 3], [NINE, EIGHT])
    assert second.series.gebied_soort == "gemeente"
