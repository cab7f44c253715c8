"""Regions and products: every gemeente has one region, every categorie one place."""

import re
from datetime import date

import pytest

from zorgstroom.aggregations.figures import RegionFigures
from zorgstroom.aggregations.products import HOOFDGROEP, HOOFDGROEPEN, PRODUCTS
from zorgstroom.aggregations.regions import TWENTE, Region, Regions


def test_a_gemeente_is_published_by_the_region_that_names_it() -> None:
    regions = Regions({"twente": list(TWENTE), "elders": ["0599"]})
    assert regions.of("0153").name == "twente"
    assert regions.of("0599") == Region("elders", ("0599",), total=True)
    assert [region.name for region in regions.named] == ["twente", "elders"]


def test_the_areas_of_a_region_are_the_whole_and_its_gemeenten() -> None:
    region = Regions({"proef": ["0153", "0141"]}).of("0141")
    assert region.gebieden == ("proef", "0141", "0153")


def test_a_gemeente_in_no_region_is_a_region_of_its_own_without_a_total() -> None:
    regions = Regions({"twente": list(TWENTE)})
    alone = regions.of("0599")
    assert alone == Region("0599", ("0599",), total=False)
    assert alone.gebieden == ("0599",)
    assert regions.of("0599") is alone
    assert alone not in regions.named
    assert set(RegionFigures(alone, date(2024, 1, 1), date(2024, 1, 1), 1).areas) == {"0599"}


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"a": ["0153"], "b": ["0141", "0153"]}, "0153 staat in regio a en in b"),
        ({"a": ["0153", "0153"]}, "0153 staat in regio a en in a"),
        ({"0153": ["0153"]}, "geen bruikbare naam"),
        ({"a": []}, "geen gemeenten"),
        ({"a": ["153"]}, "'153' is geen CBS-code"),
        ({"a": ["GM53"]}, "geen CBS-code"),
    ],
)
def test_a_list_of_regions_that_cannot_be_meant_is_refused(
    named: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Regions(named)


def test_twente_has_fourteen_gemeenten() -> None:
    assert len(TWENTE) == 14
    assert TWENTE["0153"] == "Enschede" and TWENTE["1742"] == "Rijssen-Holten"


def test_every_wmo_categorie_is_in_the_hoofdgroep_of_cbs() -> None:
    # Typed over from the domain reference (CBS, Wmo-maatwerkvoorziening), not from the code.
    groups = {
        "Hulp bij het huishouden": "01",
        "Ondersteuning thuis": "02 03 04 06 07 09 10",
        "Hulpmiddelen en diensten": "05 08 11 12 13 14",
        "Verblijf en opvang": "15 16 17 18",
        "Overig": "onbekend",
    }
    assert list(groups) == list(HOOFDGROEPEN)
    expected = {c: name for name, codes in groups.items() for c in codes.split()}
    assert expected == HOOFDGROEP
    made = {p.product: " ".join(p.categorieen) for p in PRODUCTS if p.niveau == "hoofdgroep"}
    assert made == groups


def test_the_universe_of_products_is_complete_and_names_nothing_twice() -> None:
    wmo = [f"{n:02}" for n in range(1, 19)] + ["onbekend"]
    jw = [f"{n}" for n in range(31, 56) if n != 39] + ["onbekend"]
    names = [(p.wet, p.niveau, p.product) for p in PRODUCTS]
    assert len(set(names)) == len(names) == 1 + 5 + 19 + 1 + 25
    for wet, codes in (("Wmo", wmo), ("Jw", jw)):
        own = [p for p in PRODUCTS if p.wet == wet]
        assert [p.product for p in own if p.niveau == "categorie"] == codes
        assert [p.categorieen for p in own if p.niveau == "totaal"] == [tuple(codes)]
    assert not [p for p in PRODUCTS if p.wet == "Jw" and p.niveau == "hoofdgroep"]


def test_every_wmo_categorie_is_in_exactly_one_hoofdgroep() -> None:
    in_groups = [c for p in PRODUCTS if p.niveau == "hoofdgroep" for c in p.categorieen]
    (totaal,) = [p.categorieen for p in PRODUCTS if (p.wet, p.niveau) == ("Wmo", "totaal")]
    assert sorted(in_groups) == sorted(totaal)
