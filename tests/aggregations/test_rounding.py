"""The rounding key, offsets and names: known answers, uniform, independent, and never changing."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.aggregations.rounding import (
    NAMED_CODES,
    RoundingKey,
    RoundingKeyError,
    area_name,
    flow_name,
    product_name,
    shown,
    stock_name,
)
from zorgstroom.codecs.catalog import CATEGORIE

GOLDEN = json.loads((Path(__file__).parent / "golden_names.json").read_text("utf-8"))
KEY = RoundingKey(bytes(range(32)))
BASE, THRESHOLD = 5, 10
UPPER_1_IN_MILLION = {4: 33.4, 16: 59.1}
"""Values that chi-square exceeds once in a million, by degrees of freedom."""


@given(st.integers(0, 10**7), st.integers(0, BASE - 1))
def test_what_is_shown_is_a_multiple_within_four_and_never_of_a_small_count(
    count: int, offset: int
) -> None:
    figure = shown(count, offset, BASE, THRESHOLD)
    if count <= 10:
        assert figure is None
    if count >= 15:
        assert figure is not None
    if figure is not None:
        assert figure % 5 == 0 and abs(figure - count) <= 4


@given(st.integers(15, 10**7))
def test_the_mean_over_the_offsets_is_the_count(count: int) -> None:
    figures = [shown(count, offset, BASE, THRESHOLD) or 0 for offset in range(BASE)]
    assert sum(figures) == BASE * count


def test_counts_of_11_to_14_are_shown_more_often_the_larger_they_are() -> None:
    def share(count: int) -> int:
        return sum(shown(count, offset, BASE, THRESHOLD) is not None for offset in range(BASE))

    assert [share(count) for count in (10, 11, 12, 13, 14, 15)] == [0, 1, 2, 3, 4, 5]


def test_key_and_offsets_have_known_answers() -> None:
    assert KEY.fingerprint == GOLDEN["vingerafdruk"]
    assert {name: KEY.offset(name, BASE) for name in GOLDEN["offsets"]} == GOLDEN["offsets"]


def test_names_of_what_is_published_never_change() -> None:
    area = area_name(TWENTE)
    names = [stock_name("0153", product_name(p.wet, p.categorieen), "actief") for p in PRODUCTS] + [
        flow_name(area, "Wmo 01", "instroom", date(2026, 1, 1), date(2026, 1, 31)),
        flow_name("0164", "Jw", "uitstroom", date(2026, 3, 14), date(2026, 3, 31)),
    ]
    assert names == GOLDEN["namen"]


def test_one_thing_has_one_name_wherever_it_stands() -> None:
    by_name = {(p.wet, p.niveau, p.product): product_name(p.wet, p.categorieen) for p in PRODUCTS}
    household = by_name["Wmo", "hoofdgroep", "Hulp bij het huishouden"]
    assert household == by_name["Wmo", "categorie", "01"] == "Wmo 01"
    assert by_name["Wmo", "hoofdgroep", "Overig"] == by_name["Wmo", "categorie", "onbekend"]
    assert (by_name["Wmo", "totaal", ""], by_name["Jw", "totaal", ""]) == ("Wmo", "Jw")
    assert area_name(["0164", "0153"]) == area_name(["0153", "0164"]) == "0153,0164"
    different = {(p.wet, frozenset(p.categorieen)) for p in PRODUCTS}
    assert len(set(by_name.values())) == len(different)


def test_codes_of_a_later_release_change_no_name() -> None:
    for wet, labels in CATEGORIE.items():
        named = NAMED_CODES[wet]
        assert named == {*labels, "onbekend"}, "pinned when the list was this"
        assert product_name(wet, {*named, "99"}) == wet
    assert product_name("Wmo", {"01", "99"}) == "Wmo 01"
    assert product_name("Wmo", {"98", "99"}) == "Wmo 98+99"


def chi_square(observed: Counter[object], cells: int) -> float:
    expected = observed.total() / cells
    missing = (cells - len(observed)) * expected
    return missing + sum((n - expected) ** 2 / expected for n in observed.values())


@pytest.mark.parametrize("neighbour", ["parent", "product", "gemeente", "month", "measure"])
def test_offsets_are_uniform_and_those_of_neighbours_independent(neighbour: str) -> None:
    pairs: Counter[object] = Counter()
    singles: Counter[object] = Counter()
    for number in range(10_000):
        gemeente, month = f"{number % 400:04}", number // 400 % 12 + 1
        first, year = date(2020 + number // 4800, month, 1), 2020 + number // 4800

        def name(
            area: str = gemeente,
            product: str = "Wmo 02",
            maat: str = "instroom",
            first: date = first,
        ) -> str:
            return flow_name(area, product, maat, first, first.replace(day=28))

        other = {
            "parent": name(product="Wmo"),
            "product": name(product="Wmo 03"),
            "gemeente": name(area=f"{number % 400 + 1:04}"),
            "month": name(first=date(year + month // 12, month % 12 + 1, 1)),
            "measure": name(maat="uitstroom"),
        }[neighbour]
        one, two = KEY.offset(name(), BASE), KEY.offset(other, BASE)
        pairs[one, two] += 1
        singles[one] += 1
    assert chi_square(singles, 5) < UPPER_1_IN_MILLION[4]
    # All 25 pairs equally often: 24 degrees of freedom.
    assert chi_square(pairs, 25) < 76.0


@pytest.mark.parametrize(
    ("text", "said"), [("zz" * 32, "hexadecimale"), ("00" * 31, "31 bytes"), ("", "0 bytes")]
)
def test_a_useless_key_is_refused_without_showing_it(text: str, said: str) -> None:
    with pytest.raises(RoundingKeyError, match=said) as refused:
        RoundingKey.from_text(text)
    assert not text or text not in str(refused.value)


def test_a_new_key_is_another_one_each_time_and_never_shows_itself() -> None:
    text = RoundingKey.new_text()
    assert text != RoundingKey.new_text()
    assert text not in repr(RoundingKey.from_text(text + "\n"))
