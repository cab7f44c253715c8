"""The publication plan as cells and relations: counted by hand, and true for any counts."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.disclosure.town import DRIE
from zorgstroom.aggregations.disclosure.plan import (
    DEFAULT,
    Cell,
    Level,
    Span,
    Tabel,
    areas,
    cells,
    ending_with,
    last_day,
    levels,
    links,
    months_of,
    parts_of,
    relations,
    running,
)
from zorgstroom.aggregations.disclosure.table import Relation, Table
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region

JANUARY = date(2025, 1, 1)
ALONE = Region("0599", ("0599",), total=False)
WMO = Tabel("Wmo", "instroom", "maand", JANUARY)
CATEGORIES = {
    wet: sum(p.wet == wet and p.niveau == "categorie" for p in PRODUCTS) for wet in ("Wmo", "Jw")
}
EVERYTHING = DEFAULT.closing("actief", "kwartaal")


def named(cell: Cell) -> tuple[str, str, str]:
    product = PRODUCTS[cell.product]
    return cell.gebied, product.niveau, product.product


def test_live_are_totals_of_gemeenten_and_hoofdgroepen_of_the_region() -> None:
    found = {named(cell) for cell in cells(DRIE, WMO, DEFAULT.live)}
    groups = {p.product for p in PRODUCTS if p.wet == "Wmo" and p.niveau == "hoofdgroep"}
    assert found == {
        ("proef", "totaal", ""),
        *(("proef", "hoofdgroep", group) for group in groups),
        *((code, "totaal", "") for code in DRIE.gemeenten),
    }
    # The Jeugdwet has no hoofdgroepen.
    jw = cells(DRIE, WMO._replace(wet="Jw"), DEFAULT.live)
    assert {named(cell)[1] for cell in jw} == {"totaal"}


def test_every_level_stands_in_a_close_of_its_own_kind() -> None:
    assert DEFAULT.closing("instroom", "kwartaal") < DEFAULT.closing("instroom", "halfjaar")
    assert ("gemeente", "categorie") not in DEFAULT.closing("uitstroom", "kwartaal")
    assert ("gemeente", "categorie") in DEFAULT.closing("actief", "kwartaal")
    for maat in ("actief", "instroom"):
        for soort in ("maand", "kwartaal", "halfjaar", "jaar"):
            # Else a live figure would never be made final.
            assert DEFAULT.closing(maat, soort) >= DEFAULT.live


@pytest.mark.parametrize("wet", ["Wmo", "Jw"])
def test_a_full_table_has_each_cell_once_and_all_sums(wet: str) -> None:
    tabel = WMO._replace(wet=wet)
    found = cells(DRIE, tabel, EVERYTHING)
    products = sum(p.wet == wet for p in PRODUCTS)
    assert len(set(found)) == len(found) == 4 * products
    sums = relations(DRIE, tabel, EVERYTHING, 0, "t")
    groups = sum(p.wet == wet and p.niveau == "hoofdgroep" for p in PRODUCTS)
    # Per area: each hoofdgroep and the total; per product: the region.
    assert len(sums) == 4 * (groups + 1) + products
    assert {relation.table for relation in sums} == {"t"}


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(("Wmo", "Jw")),
    st.sampled_from((DEFAULT.live, EVERYTHING, DEFAULT.closing("instroom", "kwartaal"))),
    st.integers(0, 2**32 - 1),
)
def test_the_relations_hold_for_any_counts(wet: str, wanted: frozenset[Level], seed: int) -> None:
    tabel = WMO._replace(wet=wet)
    random = np.random.default_rng(seed)
    base = {
        (code, p.product): int(random.integers(0, 30))
        for code in DRIE.gemeenten
        for p in PRODUCTS
        if p.wet == wet and p.niveau == "categorie"
    }

    def count(cell: Cell) -> int:
        of = DRIE.gemeenten if cell.gebied == "proef" else (cell.gebied,)
        return sum(base[code, c] for code in of for c in PRODUCTS[cell.product].categorieen)

    found = cells(DRIE, tabel, wanted)
    values = np.array([count(cell) for cell in found], np.int64)
    Table(values, tuple(relations(DRIE, tabel, wanted, 0, "t")))  # refuses what does not add up


def test_a_sum_of_which_a_part_is_not_published_is_no_relation() -> None:
    wanted = frozenset[Level]({("regio", "totaal"), ("gemeente", "categorie")})
    assert relations(DRIE, WMO, wanted, 0, None) == []


def test_a_gemeente_by_itself_has_the_levels_of_a_region() -> None:
    assert areas(ALONE) == [("0599", "gemeente")]
    assert levels(ALONE, DEFAULT.live) == {("gemeente", "totaal"), ("gemeente", "hoofdgroep")}
    assert levels(DRIE, DEFAULT.live) == DEFAULT.live
    found = cells(ALONE, WMO, DEFAULT.closing("instroom", "maand"))
    assert {cell.gebied for cell in found} == {"0599"}
    assert sum(named(cell)[1] == "categorie" for cell in found) == CATEGORIES["Wmo"]


def test_a_longer_period_is_the_sum_of_its_parts_cell_by_cell() -> None:
    spans = [Span("kwartaal", JANUARY), *parts_of(Span("kwartaal", JANUARY))]
    place: dict[Cell, int] = {}
    for span in spans:
        for cell in cells(DRIE, Tabel("Jw", "uitstroom", *span), DEFAULT.live):
            place[cell] = len(place)
    found = links(place, spans)
    assert len(found) == 4
    one = Cell("proef", next(iter(place)).product, "uitstroom", "kwartaal", JANUARY)
    months = [place[one._replace(soort="maand", start=date(2025, m, 1))] for m in (1, 2, 3)]
    assert Relation(((place[one], -1), *((m, 1) for m in months)), 0, None) in found
    # Without one of the months nothing follows for the quarter.
    del place[one._replace(soort="maand", start=date(2025, 2, 1))]
    assert len(links(place, spans)) == 3


def test_relations_name_cells_from_where_their_table_begins() -> None:
    here = relations(DRIE, WMO, DEFAULT.live, 0, "t")
    there = relations(DRIE, WMO, DEFAULT.live, 100, "t")
    moved = [tuple((cell + 100, times) for cell, times in r.terms) for r in here]
    assert [relation.terms for relation in there] == moved


@pytest.mark.parametrize(
    ("month", "ends"),
    [
        (date(2025, 2, 1), ["maand"]),
        (date(2025, 3, 1), ["maand", "kwartaal"]),
        (date(2024, 6, 1), ["maand", "kwartaal", "halfjaar"]),
        (date(2024, 12, 1), ["maand", "kwartaal", "halfjaar", "jaar"]),
    ],
)
def test_periods_end_with_their_last_month(month: date, ends: list[str]) -> None:
    found = ending_with(month)
    assert [span.soort for span in found] == ends
    assert {last_day(span) for span in found} == {last_day(Span("maand", month))}


def test_the_calendar_of_periods() -> None:
    assert running(date(2024, 8, 1)) == [
        Span("maand", date(2024, 8, 1)),
        Span("kwartaal", date(2024, 7, 1)),
        Span("halfjaar", date(2024, 7, 1)),
        Span("jaar", date(2024, 1, 1)),
    ]
    assert last_day(Span("maand", date(2024, 2, 1))) == date(2024, 2, 29)
    assert last_day(Span("jaar", date(2024, 1, 1))) == date(2024, 12, 31)
    year = Span("jaar", date(2024, 1, 1))
    assert parts_of(year) == [Span("halfjaar", date(2024, m, 1)) for m in (1, 7)]
    assert months_of(year) == [date(2024, m, 1) for m in range(1, 13)]
