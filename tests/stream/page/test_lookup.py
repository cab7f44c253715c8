from dataclasses import replace
from datetime import date

import pytest

from tests.emissions import WMO_TOTAAL, emission, values
from tests.stream.page.provider import MADE, Process
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.stream.page.lookup import Lookup, Watched
from zorgstroom.stream.settings import Settings

TODAY = date(2026, 11, 12)
ENSCHEDE = Watched("0153", "maand")


@pytest.fixture
def process() -> Process:
    return Process()


def lines(lookup: Lookup, wanted: Watched) -> list[dict[str, object]]:
    body = lookup.figures([wanted], TODAY, 0.0)[wanted]
    columns, rows = body["kolommen"], body["rijen"]
    assert isinstance(columns, tuple) and isinstance(rows, list)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_figures_that_appear_at_a_close_only_come_with_their_own_period(process: Process) -> None:
    running = values(WMO_TOTAAL, [31], eerste=date(2026, 11, 1))
    group = replace(WMO_TOTAAL, product_niveau="hoofdgroep", product="Overig")
    closed = values(
        replace(group, periode_soort="kwartaal"), [12], eerste=date(2026, 4, 1), status="definitief"
    )
    process.publication.write(emission(1, running, closed, tijd=MADE))
    lookup = Lookup(process, Settings())
    found = {str(line["product"]): line for line in lines(lookup, ENSCHEDE)}
    assert (found[""]["waarde"], found[""]["periode"]) == (31, date(2026, 11, 1))
    assert found["Overig"]["waarde"] == 12
    assert found["Overig"]["periode_soort"] == "kwartaal"
    assert found["Overig"]["status"] == "definitief"


def test_a_region_comes_with_the_totals_of_its_gemeenten(process: Process) -> None:
    whole = replace(WMO_TOTAAL, gebied_soort="regio", gebied="twente")
    part = replace(WMO_TOTAAL, product_niveau="categorie", product="01")
    process.publication.write(
        emission(
            1,
            *(values(s, [20], eerste=date(2026, 11, 1)) for s in (whole, WMO_TOTAAL, part)),
            values(replace(WMO_TOTAAL, gebied="0168"), [None], eerste=date(2026, 10, 1)),
            tijd=MADE,
        )
    )
    lookup = Lookup(process, Settings())
    found = lines(lookup, Watched("twente", "maand"))
    shown = [(line["gebied"], line["product"], line["waarde"]) for line in found]
    assert sorted(shown, key=str) == [
        ("0153", "", 20),
        ("0168", "", None),
        ("twente", "", 20),
    ]


def test_earlier_periods_are_not_asked_for_each_time(process: Process) -> None:
    lookup = Lookup(process, Settings())
    lookup.figures([ENSCHEDE], TODAY, 0.0)
    assert process.asked == 2
    lookup.figures([ENSCHEDE], TODAY, 2.0)
    assert process.asked == 3
    lookup.figures([ENSCHEDE], TODAY, 30.0)
    assert process.asked == 5


def test_more_areas_cost_no_more_questions(process: Process) -> None:
    lookup = Lookup(process, Settings())
    everything = [Watched(area, "maand") for area in ("twente", *TWENTE)]
    found = lookup.figures([*everything, Watched("0153", "jaar")], TODAY, 0.0)
    assert set(found) == {*everything, Watched("0153", "jaar")}
    # For months: the areas (of the region's gemeenten nothing more), and the same of earlier; for
    # years: the area.
    assert process.asked == 3


def test_a_gemeente_outside_every_region_has_a_page_too(process: Process) -> None:
    other = replace(WMO_TOTAAL, gebied="0001")
    process.publication.write(emission(1, values(other, [44], eerste=date(2026, 11, 1)), tijd=MADE))
    (line,) = lines(Lookup(process, Settings()), Watched("0001", "maand"))
    assert line["waarde"] == 44


def test_a_region_is_the_same_when_its_gemeenten_are_open_too(process: Process) -> None:
    part = replace(WMO_TOTAAL, product_niveau="categorie", product="01")
    totals = [replace(WMO_TOTAAL, gebied=code) for code in ("0153", "0168")]
    written = [values(one, [20], eerste=date(2026, 11, 1)) for one in (*totals, part)]
    process.publication.write(emission(1, *written, tijd=MADE))
    region = Watched("twente", "maand")
    alone = Lookup(process, Settings()).figures([region], TODAY, 0.0)[region]
    some = [region, Watched("0153", "maand"), Watched("1742", "maand")]
    assert alone["rijen"]
    assert Lookup(process, Settings()).figures(some, TODAY, 0.0)[region] == alone
