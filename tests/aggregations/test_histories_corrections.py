"""
Short histories of corrections, removals and messages that come late or twice (OP033, OP080).

Told by hand; the expected figures are worked out in the comments.
"""

import itertools

import pytest

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import World

START = letter("2023-05-18", begin("2023-05-17"), nr="S1")
STOP = letter("2023-08-02", einde("2023-05-17", "2023-07-31", "23"), nr="D1")
REMOVED = letter("2023-05-25", begin("2023-05-17", status=3), nr="R1")


@pytest.mark.parametrize("removal_first", [True, False])
def test_a_wrong_begindatum_is_corrected_within_one_message(removal_first: bool) -> None:
    world = World()
    world.tell(START)
    records = [begin("2023-05-17", status=3), begin("2023-04-17")]
    if not removal_first:
        records.reverse()  # 3 goes before 1, whatever the order in the file
    world.tell(letter("2023-05-25", *records, nr="C1"))
    assert world.counts("instroom", "2023-04", "2023-05", "2023") == [1, 0, 1]
    assert world.signals == {}


def test_a_wrong_product_is_corrected_within_one_message() -> None:
    world = World()
    world.tell(START)
    wrong, right = begin("2023-05-17", status=3), begin("2023-05-17", product="02/02A03")
    world.tell(letter("2023-05-25", wrong, right, nr="C1"))
    assert world.trio("2023", product="07") == (0, 0, 0)
    assert world.trio("2023", product="02") == (1, 1, 0)
    assert world.signals == {}


def test_a_correction_in_two_messages_gives_the_same() -> None:
    world = World()
    world.tell(START, REMOVED, letter("2023-05-26", begin("2023-04-17"), nr="C2"))
    assert world.counts("instroom", "2023-04", "2023-05", "2023") == [1, 0, 1]


def test_what_is_not_in_the_key_is_corrected_by_removal_and_delivery_of_the_same_key() -> None:
    # ToewijzingIngangsdatum is no key: 3 and 1 may not share a message, but may share a day.
    world = World()
    world.tell(START, REMOVED)
    assert world.trio("2023") == (0, 0, 0)
    again = letter("2023-05-26", begin("2023-05-17", ingang="2023-05-15"), nr="C2")
    world.tell(again)
    assert world.trio("2023") == (1, 1, 0)
    assert world.signals == {}


def test_in_3_2_a_wrong_reden_is_corrected_within_one_message() -> None:
    world = World(redenen_zonder_uitstroom={"36"})
    world.tell(START, letter("2023-08-02", einde("2023-05-17", "2023-07-31", "36"), nr="D1"))
    assert world.trio("2023") == (0, 1, 0)
    right = einde("2023-05-17", "2023-07-31", "19")
    wrong = einde("2023-05-17", "2023-07-31", "36", status=3)
    world.tell(letter("2023-08-09", right, wrong, nr="C1"))
    # Two keys, as RedenBeeindiging is part of it: 36 is gone, 19 is uitstroom.
    assert world.trio("2023") == (0, 1, 1)
    assert world.signals == {}


@pytest.mark.parametrize("release", ["3.0", "3.1"])
def test_before_3_2_a_wrong_reden_needs_two_messages(release: str) -> None:
    def told(dag: str, reden: str, nr: str, status: int = 1) -> bytes:
        stop = einde("2022-05-17", "2022-07-31", reden, status=status)
        return letter(dag, stop, nr=nr, release=release)

    world = World(redenen_zonder_uitstroom={"36"})
    world.tell(letter("2022-05-18", begin("2022-05-17"), nr="S1", release=release))
    world.tell(told("2022-08-02", "36", "D1"))
    assert world.trio("2022") == (0, 1, 0)
    # The key is without the reden, so a removal with any reden takes it away.
    world.tell(told("2022-08-09", "19", "R1", status=3))
    assert world.trio("2022") == (1, 1, 0)
    world.tell(told("2022-08-10", "19", "D2"))
    assert world.trio("2022") == (0, 1, 1)
    assert world.signals == {}


def test_before_3_2_the_reden_is_that_of_the_last_delivery_and_never_of_a_removal() -> None:
    def told(dag: str, reden: str, nr: str, status: int = 1) -> bytes:
        stop = einde("2022-05-17", "2022-07-31", reden, status=status)
        return letter(dag, stop, nr=nr, release="3.1")

    world = World(redenen_zonder_uitstroom={"36"})
    world.tell(letter("2022-05-18", begin("2022-05-17"), nr="S1", release="3.1"))
    # Corrected within one day by two messages: 1 + 1 - 1 leaves it present, with reden 19.
    world.tell(told("2022-08-02", "36", "D1"), told("2022-08-09", "19", "C1"))
    world.tell(told("2022-08-09", "36", "R1", status=3))
    assert world.trio("2022") == (0, 1, 1)


def test_in_3_2_a_removal_with_another_reden_removes_nothing() -> None:
    world = World()
    world.tell(START, STOP)
    world.tell(letter("2023-08-09", einde("2023-05-17", "2023-07-31", "19", status=3), nr="R1"))
    assert world.trio("2023") == (0, 1, 1)
    assert world.signals == {"9063": 1}


def test_a_removal_matches_by_key_and_not_by_person_sender_or_ingangsdatum() -> None:
    world = World()
    world.tell(START)
    removal = begin("2023-05-17", status=3, ingang="2020-01-01")
    other = letter("2023-05-25", removal, nr="R1", van="87654321", geboren="1999-01-01")
    world.tell(other)
    assert world.trio("2023") == (0, 0, 0)


def test_a_start_and_a_stop_on_one_day_are_one_day_of_care() -> None:
    world = World()
    world.tell(letter("2023-05-17", begin("2023-05-17"), nr="S1"))
    world.tell(letter("2023-05-17", einde("2023-05-17", "2023-05-17", "23"), nr="D1"))
    # The Einddatum is a day with care: active on it, gone the day after.
    assert world.trio("2023-05-17") == (1, 1, 1)
    assert world.trio("2023-05-18") == (0, 0, 0)
    assert world.trio("2023-05") == (0, 1, 1)


def test_a_delivery_and_its_removal_on_one_day_leave_nothing() -> None:
    world = World()
    world.tell(START, letter("2023-05-18", begin("2023-05-17", status=3), nr="R1"))
    # 0 + 1 delivery - 1 removal = 0, in whichever order they come.
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {}


def test_two_deliveries_and_one_removal_on_one_day_leave_the_record() -> None:
    world = World()
    removal = letter("2023-05-18", begin("2023-05-17", status=3), nr="R1")
    world.tell(START, removal, letter("2023-05-18", begin("2023-05-17"), nr="S2"))
    # 0 + 2 - 1 = 1: start, removal, start again is the only sequence the standard allows.
    assert world.trio("2023") == (1, 1, 0)
    assert world.signals == {}


def test_presence_is_clipped_every_day_so_that_one_removal_undoes_two_deliveries() -> None:
    world = World()
    world.tell(START, letter("2023-05-19", begin("2023-05-17"), nr="S2"), REMOVED)
    # 18 May: 1. 19 May: 1 + 1 = 2, clipped to 1 (signal 9074). 25 May: 1 - 1 = 0.
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {"9074": 1}


def test_removals_do_not_pile_up_against_a_later_delivery() -> None:
    world = World()
    world.tell(letter("2023-05-19", begin("2023-05-17", status=3), nr="R0"), REMOVED)
    world.tell(letter("2023-06-01", begin("2023-05-17"), nr="S1"))
    # 19 May: -1, clipped to 0. 25 May: the same. 1 June: 0 + 1 = 1.
    assert world.trio("2023") == (1, 1, 0)


def test_a_removal_that_arrives_before_its_delivery_still_removes_it() -> None:
    world = World()
    world.tell(REMOVED)
    assert world.signals == {"9063": 1}
    world.tell(START)  # dated a week earlier
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {}


def test_a_stop_that_arrives_before_its_start_waits_for_it() -> None:
    world = World()
    world.tell(STOP)
    assert world.trio("2023") == (0, 0, 0)
    world.tell(START)
    assert world.trio("2023") == (0, 1, 1)
    assert world.signals == {}


def test_stop_removal_and_new_stop_end_in_the_new_one_in_every_order_of_arrival() -> None:
    removal = letter("2023-08-09", einde("2023-05-17", "2023-07-31", "23", status=3), nr="R1")
    again = letter("2023-08-09", einde("2023-05-17", "2023-06-30", "23"), nr="D2")
    for order in itertools.permutations([START, STOP, removal, again]):
        world = World()
        for message in order:
            world.tell(message)
        # 31 July was wrong, 30 June is right: the uitstroom is in the second quarter.
        assert world.trio("2023-K2") == (1, 1, 1)
        assert world.trio("2023-K3") == (0, 0, 0)
        assert world.signals == {}


def test_a_late_correction_changes_a_period_of_years_ago() -> None:
    world = World()
    world.tell(letter("2022-01-10", begin("2022-01-05"), nr="S1"))
    assert world.counts("actief", "2022", "2023") == [1, 1]
    world.tell(letter("2024-03-01", einde("2022-01-05", "2022-02-01", "02"), nr="D1"))
    assert world.counts("actief", "2022-01", "2022-02", "2022", "2023") == [1, 0, 0, 0]
    assert world.counts("uitstroom", "2022-02", "2024-03") == [1, 0]


@pytest.mark.parametrize(("herstart", "signals"), [("2023-07-31", {}), ("2023-07-30", {"9326": 1})])
def test_a_restart_on_or_before_the_old_einddatum_is_a_second_indicatie(
    herstart: str, signals: dict[str, int]
) -> None:
    world = World()
    world.tell(START, STOP, letter("2023-08-05", begin(herstart), nr="S2"))
    # Care from 17 May to 31 July and from `herstart` on; on 31 July both are active.
    assert world.trio("2023-07-31")[0] == 2
    assert world.trio("2023-08-01")[0] == 1
    assert world.trio("2023") == (1, 2, 1)
    assert world.signals == signals


def test_a_restart_the_day_after_the_old_einddatum_never_counts_double() -> None:
    world = World()
    world.tell(START, STOP, letter("2023-08-05", begin("2023-08-01"), nr="S2"))
    assert world.counts("actief", "2023-07-30", "2023-07-31", "2023-08-01") == [1, 1, 1]
    assert world.signals == {}
