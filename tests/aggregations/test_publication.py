"""What a region publishes: when it is final, what a stored emission means. Figures are exact."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from tests.aggregations.desk import EXACT, Desk, sizes
from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import ENSCHEDE, PROEF, World
from zorgstroom.aggregations.ledger import BaseCell, Ledger
from zorgstroom.aggregations.publication import PublicationRules, RegionPublication
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission
from zorgstroom.sinks.contract import Filter

NOW = datetime(2024, 4, 2, 12, tzinfo=UTC)
START = letter("2023-12-31", begin("2023-12-31", product="02"), nr="S1")
STOP = letter("2024-04-02", einde("2023-12-31", "2024-01-10", "23", product="02"), nr="D1")


def cell(desk: Desk, maat: str, soort: str, start: date, gebied: str = PROEF.name) -> object:
    wanted = Filter((gebied,), ("Wmo",), ("totaal",), ("",), (maat,), (soort,), start, start)
    (figure,) = desk.table.figures(wanted)
    return figure.waarde, figure.status


def desk_of(**rules: object) -> Desk:
    return Desk(PublicationRules.model_validate({"jaren": 1} | rules))


def test_emission_before_update_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(RuntimeError, match="update comes first"):
        RegionPublication(PROEF, PublicationRules(), EXACT).emission(1, NOW)


def test_a_first_emission_holds_every_cell_also_the_zeros() -> None:
    desk = desk_of()
    emission = desk.publish(date(2024, 4, 2))
    assert emission is not None
    assert (emission.regio, emission.versie) == ("proef", 1)
    # 25 Wmo and 26 Jw products; 16 months, 6 quarters, 3 half-years, 2 years. By day from 1 April
    # 2023: two totals and five hoofdgroepen of the region, two totals of each gemeente.
    days = (date(2024, 4, 2) - date(2023, 4, 1)).days + 1
    assert sizes(emission.values) == (25 + 26) * 3 * (3 * (16 + 6 + 3 + 2)) + days * (7 + 2 * 2)
    assert {value for values in emission.values for value in values.waarden} == {0}


def test_jaren_is_the_number_of_full_years_before_this_one() -> None:
    for jaren, first in ((0, 2024), (2, 2022)):
        desk = desk_of(jaren=jaren)
        desk.publish(date(2024, 4, 2))
        assert min(f.periode for f in desk.table.figures(Filter())) == date(first, 1, 1)


def test_nothing_is_published_before_the_first_day() -> None:
    # Also not of the half-year that it lies in: that would be a reading of the stock of today.
    desk = desk_of(vanaf=date(2024, 4, 3))
    desk.world.tell(START)
    assert desk.publish(date(2024, 4, 2)) is None
    assert desk.publish(date(2024, 4, 3)) is not None
    assert min(f.periode for f in desk.table.figures(Filter(periode_soort=("dag",)))) == date(
        2024, 4, 3
    )


def test_a_gemeente_of_its_own_has_no_regional_total() -> None:
    desk = desk_of()
    desk.region = RegionPublication(Region("0599", ("0599",), total=False), desk.rules, EXACT)
    emission = desk.publish(date(2024, 4, 2))
    assert emission is not None
    assert {(v.series.gebied_soort, v.series.gebied) for v in emission.values} == {
        ("gemeente", "0599")
    }
    daily = {v.series for v in emission.values if v.series.periode_soort == "dag"}
    assert {(one.wet, one.product_niveau, one.maat) for one in daily} == {
        ("Wmo", "totaal", "actief"),
        ("Jw", "totaal", "actief"),
    }


def test_a_period_is_final_the_day_after_the_time_for_late_messages() -> None:
    # December ends on the 31st; 90 days later is 30 March 2024 (a leap year: 31 + 29 + 30).
    desk = desk_of(naloop_dagen=90)
    december = ("actief", "maand", date(2023, 12, 1))
    desk.world.tell(START)
    desk.publish(date(2024, 3, 30))
    assert cell(desk, *december) == (1, "voorlopig")
    emission = desk.publish(date(2024, 3, 31))
    assert emission is not None
    assert cell(desk, *december) == (1, "definitief")
    assert cell(desk, "actief", "jaar", date(2023, 1, 1)) == (1, "definitief")
    assert cell(desk, "actief", "maand", date(2024, 1, 1)) == (1, "voorlopig")
    assert cell(desk, "actief", "dag", date(2023, 12, 31)) == (1, "definitief")
    assert cell(desk, "actief", "dag", date(2024, 1, 1)) == (1, "voorlopig")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_late_correction_changes_a_final_figure_like_any_other(restarted: bool) -> None:
    desk = desk_of(naloop_dagen=30)
    desk.world.tell(START)
    desk.publish(date(2024, 4, 2))
    assert cell(desk, "actief", "maand", date(2024, 2, 1)) == (1, "definitief")
    assert cell(desk, "actief", "maand", date(2024, 3, 1)) == (1, "voorlopig")
    if restarted:
        desk.restart()
    desk.world.tell(STOP)  # ended on 10 January, told in April
    desk.publish(date(2024, 4, 2))
    assert cell(desk, "actief", "maand", date(2024, 2, 1)) == (0, "definitief")
    assert cell(desk, "actief", "maand", date(2024, 3, 1)) == (0, "voorlopig")
    assert desk.publish(date(2024, 4, 2)) is None


def test_until_it_is_stored_an_emission_counts_as_not_published() -> None:
    desk = desk_of()
    desk.world.tell(START)
    first = desk.emission(date(2024, 4, 2))
    again = desk.emission(date(2024, 4, 2))
    assert first is not None and again is not None
    assert list(first.values) == list(again.values)
    desk.region.mark_stored()
    assert desk.emission(date(2024, 4, 2)) is None


def january(emission: Emission | None) -> int | None:
    assert emission is not None
    (found,) = [
        value.waarden[value.perioden.index(date(2024, 1, 1))]
        for value in emission.values
        if (value.series.gebied, value.series.product, value.series.maat)
        == (PROEF.name, "02", "actief")
        and value.series.periode_soort == "maand"
    ]
    return found


@pytest.mark.parametrize("tomorrow", [date(2024, 4, 2), date(2024, 4, 3)])
def test_what_moves_between_an_emission_and_its_storage_is_in_the_next(tomorrow: date) -> None:
    desk = desk_of()
    desk.world.tell(START)
    emission = desk.emission(date(2024, 4, 2))
    assert january(emission) == 1
    desk.world.tell(STOP)
    desk.region.update(desk.world.ledger, desk.world.ledger.take_changed(), tomorrow)
    desk.region.mark_stored()  # of the emission with 1, while the figures say 0 by now
    assert january(desk.emission(tomorrow)) == 0


@pytest.mark.parametrize("tomorrow", [date(2024, 4, 2), date(2024, 4, 3)])
def test_a_lost_emission_is_made_good_also_when_the_figures_return_to_what_was(
    tomorrow: date,
) -> None:
    desk = desk_of()
    desk.world.tell(START)
    desk.publish(date(2024, 4, 2))
    desk.world.tell(STOP)
    assert january(desk.emission(date(2024, 4, 2))) == 0  # no answer: stored or not?
    removal = einde("2023-12-31", "2024-01-10", "23", product="02", status=3)
    desk.world.tell(letter("2024-04-03", removal, nr="R1"))
    assert january(desk.emission(tomorrow)) == 1


def test_a_new_day_publishes_the_new_day_and_what_it_moved() -> None:
    desk = desk_of()
    desk.world.tell(START, letter("2024-04-02", begin("2024-03-31", product="02"), nr="S2"))
    desk.world.tell(
        letter("2024-04-02", einde("2024-03-31", "2024-04-02", "23", product="02"), nr="D2")
    )
    desk.publish(date(2024, 4, 2))
    assert cell(desk, "actief", "maand", date(2024, 4, 1)) == (2, "voorlopig")
    emission = desk.publish(date(2024, 4, 3))
    assert cell(desk, "actief", "maand", date(2024, 4, 1)) == (1, "voorlopig")
    assert cell(desk, "actief", "dag", date(2024, 4, 2)) == (2, "voorlopig")
    assert cell(desk, "actief", "dag", date(2024, 4, 3)) == (1, "voorlopig")
    assert emission is not None
    days = {p for v in emission.values for p in v.perioden if v.series.periode_soort == "dag"}
    # 3 April is new; 3 January became definitief (90 days after it: 2 April).
    assert days == {date(2024, 4, 3), date(2024, 1, 3)}


def test_a_new_year_opens_and_the_year_that_leaves_stays_as_it_was_published() -> None:
    desk = desk_of(jaren=0)
    desk.world.tell(START)
    desk.publish(date(2023, 12, 31))
    assert cell(desk, "instroom", "jaar", date(2023, 1, 1)) == (1, "voorlopig")
    desk.publish(date(2024, 1, 1))
    assert cell(desk, "instroom", "jaar", date(2023, 1, 1)) == (1, "voorlopig")
    assert cell(desk, "actief", "jaar", date(2024, 1, 1)) == (1, "voorlopig")
    assert cell(desk, "instroom", "jaar", date(2024, 1, 1)) == (0, "voorlopig")


def test_published_figures_of_areas_and_products_that_are_no_more_are_left_alone() -> None:
    desk = desk_of()
    desk.publish(date(2024, 4, 2))
    only = Region("proef", (ENSCHEDE,), total=True)
    region = RegionPublication(
        only,
        desk.rules,
        EXACT,
        list(desk.table.published(PROEF.gebieden)),
        sums_running_periods=False,
    )
    region.update(Ledger(), (), date(2024, 4, 2))
    assert region.emission(2, NOW) is None


@pytest.mark.parametrize(
    "rules", [{"jaren": -1}, {"jaren": 21}, {"naloop_dagen": -1}, {"dag_maanden": 0}, {"x": 1}]
)
def test_rules_that_cannot_be_meant_are_refused(rules: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PublicationRules.model_validate(rules)


def test_a_ledger_notes_what_changed_until_it_is_taken() -> None:
    world = World()
    world.tell(START)
    changed = {BaseCell(ENSCHEDE, "Wmo", "02")}
    assert world.ledger.take_changed() == changed
    world.tell(START)
    assert world.ledger.take_changed() == set()
