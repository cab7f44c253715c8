"""
Short histories across time and place: periods, midnight, year change, region totals.

Told by hand; the expected figures are worked out in the comments.
"""

from datetime import date

import pytest

from tests.aggregations.letters import BAKKER, DEVRIES, JANSEN, begin, einde, letter
from tests.aggregations.world import ALMELO, ENSCHEDE, World


def lives() -> World:
    """
    Three clients: the first in Almelo, the others in Enschede.

    01 | Jansen   15 Jan 2023 - 30 Jun 2023
    02 | De Vries 30 Jun 2023 - 1 Jul 2023
    01 | Bakker   1 Jul 2023 - today
    """
    world = World()
    world.tell(
        letter("2023-01-16", begin("2023-01-15", product="01"), nr="1", bsn=JANSEN, aan=ALMELO),
        letter(
            "2023-07-03",
            einde("2023-01-15", "2023-06-30", "19", product="01"),
            nr="2",
            bsn=JANSEN,
            aan=ALMELO,
        ),
        letter("2023-07-02", begin("2023-06-30", product="02"), nr="3", bsn=DEVRIES),
        letter(
            "2023-07-02", einde("2023-06-30", "2023-07-01", "02", product="02"), nr="4", bsn=DEVRIES
        ),
        letter("2023-07-02", begin("2023-07-01", product="01"), nr="5", bsn=BAKKER),
    )
    return world


@pytest.mark.parametrize(
    ("periode", "expected"),
    [
        # actief on the last day, instroom and uitstroom in the period
        ("2022", (0, 0, 0)),
        ("2023-01", (1, 1, 0)),  # Jansen
        ("2023-02", (1, 0, 0)),
        ("2023-06", (2, 1, 1)),  # on 30 June: Jansen's last day and De Vries' first
        ("2023-07", (1, 1, 1)),  # Bakker begins; De Vries ended on the 1st
        ("2023-K1", (1, 1, 0)),
        ("2023-K2", (2, 1, 1)),
        ("2023-K3", (1, 1, 1)),
        ("2023-K4", (1, 0, 0)),
        ("2023-H1", (2, 2, 1)),
        ("2023-H2", (1, 1, 1)),
        ("2023", (1, 3, 2)),
        ("2024", (1, 0, 0)),
        ("2023-01-14", (0, 0, 0)),
        ("2023-01-15", (1, 1, 0)),
        ("2023-06-29", (1, 0, 0)),
        ("2023-06-30", (2, 1, 1)),
        ("2023-07-01", (2, 1, 1)),  # De Vries' last day and Bakker's first
        ("2023-07-02", (1, 0, 0)),
        ("2024-03-15", (1, 0, 0)),
    ],
)
def test_each_kind_of_period_counts_its_own_days(
    periode: str, expected: tuple[int, int, int]
) -> None:
    assert lives().trio(periode) == expected


def test_a_region_is_the_sum_of_its_gemeenten() -> None:
    world = lives()
    assert world.trio("2023-H1", gebied=ALMELO) == (1, 1, 1)
    assert world.trio("2023-H1", gebied=ENSCHEDE) == (1, 1, 0)
    assert world.trio("2023-H1", gebied="proef") == (2, 2, 1)
    assert world.trio("2023", product="01") == (1, 2, 1)
    assert world.trio("2023", product="02") == (0, 1, 1)
    assert world.trio("2023", "Jw") == (0, 0, 0)


def test_a_gemeente_outside_the_region_is_not_in_its_total() -> None:
    world = lives()
    world.tell(letter("2023-01-16", begin("2023-01-15"), nr="1", aan="0599"))
    assert world.trio("2023") == (1, 3, 2)


def test_midnight_moves_actief_without_a_message() -> None:
    world = World()
    world.tell(letter("2024-03-10", begin("2024-03-01"), nr="1"))
    world.tell(letter("2024-03-14", einde("2024-03-01", "2024-03-14", "23"), nr="2"))
    # Peildatum is today while the month runs: the 14th is the last day with care.
    assert world.trio("2024-03", today=date(2024, 3, 14)) == (1, 1, 1)
    assert world.trio("2024-03", today=date(2024, 3, 15)) == (0, 1, 1)
    assert world.trio("2024", today=date(2024, 3, 15)) == (0, 1, 1)


def test_nothing_after_today_counts_when_an_earlier_day_is_replayed() -> None:
    world = lives()
    assert world.trio("2023", today=date(2023, 6, 29)) == (1, 1, 0)  # Jansen only
    assert world.trio("2023", today=date(2023, 6, 30)) == (2, 2, 1)


def test_the_turn_of_the_year_opens_a_new_year_and_keeps_the_old() -> None:
    world = World()
    world.tell(letter("2024-01-02", begin("2023-12-31"), nr="1"))
    world.tell(letter("2024-01-05", einde("2023-12-31", "2024-01-01", "23"), nr="2"))
    today = date(2024, 1, 1)
    assert world.trio("2023", today=today) == (1, 1, 0)
    assert world.trio("2024", today=today) == (1, 0, 1)
    assert world.trio("2024", today=date(2024, 1, 2)) == (0, 0, 1)
    with pytest.raises(ValueError, match="not in list"):
        world.trio("2024", today=date(2023, 12, 31))


def test_care_from_before_the_first_period_is_active_in_it_but_no_instroom() -> None:
    world = World()
    world.tell(letter("2019-06-03", begin("2019-06-01"), nr="1", release="3.0"))
    assert world.trio("2022-01-01") == (1, 0, 0)
    assert world.trio("2022") == (1, 0, 0)


def test_29_february_is_a_day_like_another() -> None:
    world = World()
    world.tell(letter("2024-03-04", begin("2024-02-29"), nr="1"))
    assert world.counts("instroom", "2024-02", "2024-02-29", "2024-K1") == [1, 1, 1]
    assert world.counts("actief", "2024-02-28", "2024-02-29") == [0, 1]
