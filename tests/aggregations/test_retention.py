"""How long a dossier is kept: the border of its care, of its messages, and of the figures."""

from datetime import date

import pytest

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import World
from zorgstroom.aggregations.derivation import derive
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.ledger import same
from zorgstroom.aggregations.periods import first_day
from zorgstroom.aggregations.retention import boundary, is_expired

BORDER = date(2022, 1, 1)
START = letter("2021-05-18", begin("2021-05-17"), nr="S1")


def expired(world: World, day: date = BORDER) -> bool:
    (stored,) = world.dossiers.values()
    dossier = load(stored)
    return is_expired(dossier, derive(dossier, world.definitions), day)


def stop(einddatum: str, dagtekening: str) -> bytes:
    return letter(dagtekening, einde("2021-05-17", einddatum, "23"), nr="D1")


@pytest.mark.parametrize(
    ("years", "first", "kept"),
    [
        (7, date(2022, 1, 1), date(2017, 3, 15)),
        (1, date(2022, 1, 1), date(2022, 1, 1)),  # never after the first published day
        (0, date(2022, 1, 1), date(2022, 1, 1)),
    ],
)
def test_the_boundary_is_years_ago_but_never_within_the_published_periods(
    years: int, first: date, kept: date
) -> None:
    assert boundary(date(2024, 3, 15), years, first) == kept


def test_a_boundary_on_29_february_is_the_28th_in_other_years() -> None:
    assert boundary(date(2024, 2, 29), 1, date(2024, 1, 1)) == date(2023, 2, 28)
    assert boundary(date(2024, 2, 29), 4, date(2024, 1, 1)) == date(2020, 2, 29)


def test_care_that_ended_before_the_boundary_goes() -> None:
    world = World()
    world.tell(START, stop("2021-06-30", "2021-07-02"))
    assert expired(world)


def test_care_that_runs_stays() -> None:
    world = World()
    world.tell(START)
    assert not expired(world)


@pytest.mark.parametrize(
    ("einddatum", "goes"),
    # Gone from `actief` the day after, which has to lie before the boundary too.
    [("2021-12-30", True), ("2021-12-31", False), ("2022-01-01", False)],
)
def test_care_that_ended_on_the_day_before_the_boundary_stays(einddatum: str, goes: bool) -> None:
    world = World()
    # The Dagtekening is kept out of it: such a message breaks TR134 and is made as an event.
    world.tell(START)
    (event,) = world.decoder.decode(stop("2021-06-30", "2021-07-02"))
    world.take([[event.model_copy(update={"einddatum": date.fromisoformat(einddatum)})]])
    assert expired(world) is goes


@pytest.mark.parametrize(("dagtekening", "goes"), [("2021-12-31", True), ("2022-01-01", False)])
def test_a_message_from_the_boundary_on_keeps_the_dossier(dagtekening: str, goes: bool) -> None:
    world = World()
    world.tell(START, stop("2021-06-30", dagtekening))
    assert expired(world) is goes


def test_a_dossier_without_care_goes_once_its_messages_are_old() -> None:
    world = World()
    world.tell(stop("2021-06-30", "2021-07-02"))
    assert expired(world)
    assert not expired(world, date(2021, 7, 2))


def test_care_that_runs_outside_the_chosen_scope_stays() -> None:
    # Another scope is no migration: figures under it are derived from the same dossiers.
    world = World(bereik="twents")
    world.tell(letter("2021-05-18", begin("2021-05-17", product="15"), nr="S1"))
    assert not expired(world)


def test_forgetting_what_is_expired_changes_no_figure_from_the_boundary_on() -> None:
    today = date(2024, 3, 15)
    limit = boundary(today, 1, first_day(today, 2))
    for last in ("2021-12-29", "2021-12-30", "2021-12-31"):
        world = World()
        world.tell(START, stop(last, "2021-12-31"))
        before = world.figures(today).areas["proef"].values.copy()
        (stored,) = world.dossiers.values()
        derived = derive(load(stored), world.definitions)
        if is_expired(load(stored), derived, limit):
            world.ledger.apply("0153", derived.indicaties, frozenset())
            assert same(world.ledger, World().ledger)
        assert (world.figures(today).areas["proef"].values == before).all()
