from dataclasses import replace
from datetime import date

import pytest

from tests.emissions import WMO_TOTAAL, emission, values
from tests.stream.page.provider import Process
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.stream.page.lookup import Lookup, Watched

TODAY = date(2026, 11, 12)
ENSCHEDE = Watched("0153", "maand")


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def lookup(process: Process) -> Lookup:
    return Lookup(process, {"twente": tuple(TWENTE)})


def lines(lookup: Lookup, wanted: Watched) -> list[dict[str, object]]:
    body = lookup.figures([wanted], TODAY)[wanted]
    columns, rows = body["kolommen"], body["rijen"]
    assert isinstance(columns, tuple) and isinstance(rows, list)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_a_page_shows_the_running_period_and_no_other(process: Process, lookup: Lookup) -> None:
    group = replace(WMO_TOTAAL, product_niveau="hoofdgroep", product="Overig")
    year = replace(WMO_TOTAAL, periode_soort="jaar")
    process.publication.write(
        emission(
            1,
            values(WMO_TOTAAL, [50, 30], eerste=date(2026, 10, 1)),
            values(group, [40, None], eerste=date(2026, 10, 1)),
            values(year, [80], eerste=date(2026, 1, 1), tot_en_met=[date(2026, 10, 31)]),
        )
    )
    months = {line["product"]: line["waarde"] for line in lines(lookup, ENSCHEDE)}
    assert months == {"": 30, "Overig": None}
    (sum_,) = lines(lookup, Watched("0153", "jaar"))
    assert (sum_["waarde"], sum_["tot_en_met"]) == (80, date(2026, 10, 31))
    body = lookup.figures([Watched("0153", "jaar")], TODAY)[Watched("0153", "jaar")]
    assert (body["periode_soort"], body["periode"]) == ("jaar", date(2026, 1, 1))


def test_a_region_comes_with_the_totals_of_its_gemeenten(process: Process, lookup: Lookup) -> None:
    whole = replace(WMO_TOTAAL, gebied_soort="regio", gebied="twente")
    part = replace(WMO_TOTAAL, product_niveau="categorie", product="01")
    process.publication.write(
        emission(
            1,
            *(values(s, [20], eerste=date(2026, 11, 1)) for s in (whole, WMO_TOTAAL, part)),
            values(replace(WMO_TOTAAL, gebied="0168"), [None], eerste=date(2026, 11, 1)),
        )
    )
    found = lines(lookup, Watched("twente", "maand"))
    shown = [(line["gebied"], line["product"], line["waarde"]) for line in found]
    assert sorted(shown, key=str) == [
        ("0153", "", 20),
        ("0168", "", None),
        ("twente", "", 20),
    ]


def test_more_areas_cost_no_more_questions(process: Process, lookup: Lookup) -> None:
    everything = [Watched(area, "maand") for area in ("twente", *TWENTE)]
    found = lookup.figures([*everything, Watched("0153", "jaar")], TODAY)
    assert set(found) == {*everything, Watched("0153", "jaar")}
    # For months one (the gemeenten of the region are among the areas), for years one.
    assert process.asked == 2
    process.asked = 0
    lookup.figures([Watched("twente", "maand")], TODAY)
    assert process.asked == 2, "the region with its products, and totals of its gemeenten"


def test_a_gemeente_outside_every_region_has_a_page_too(process: Process, lookup: Lookup) -> None:
    other = replace(WMO_TOTAAL, gebied="0001")
    process.publication.write(emission(1, values(other, [44], eerste=date(2026, 11, 1))))
    (line,) = lines(lookup, Watched("0001", "maand"))
    assert line["waarde"] == 44


def test_a_region_is_the_same_when_its_gemeenten_are_open_too(
    process: Process, lookup: Lookup
) -> None:
    part = replace(WMO_TOTAAL, product_niveau="categorie", product="01")
    totals = [replace(WMO_TOTAAL, gebied=code) for code in ("0153", "0168")]
    written = [values(one, [20], eerste=date(2026, 11, 1)) for one in (*totals, part)]
    process.publication.write(emission(1, *written))
    region = Watched("twente", "maand")
    alone = lookup.figures([region], TODAY)[region]
    some = [region, Watched("0153", "maand"), Watched("1742", "maand")]
    assert alone["rijen"]
    assert lookup.figures(some, TODAY)[region] == alone
