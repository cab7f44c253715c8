"""A row of the beginstand beside messages about the same care, as docs/beginstand.md says it."""

import itertools

import pytest

from tests.aggregations.letters import begin, letter
from tests.aggregations.world import KEY, World
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.events import Start

HEADER = b"bsn,gemeente,wet,toewijzing,categorie,code,begindatum,geboortedatum,geslacht\n"
ROW = b"999996770,0153,Wmo,668877,07,07A12,2023-05-17,1950-03-12,2\n"
OTHER_ROW = ROW.replace(b"1950-03-12", b"1950-04-12")


def start(day: str, nr: str) -> bytes:
    return letter(day, begin("2023-05-17"), nr=nr)


def removal(day: str, nr: str) -> bytes:
    return letter(day, begin("2023-05-17", status=3), nr=nr)


@pytest.mark.parametrize(
    ("messages", "actief", "signals"),
    [
        ([], 1, {}),
        ([start("2023-05-17", "S1")], 1, {}),  # changes nothing
        ([start("2023-05-20", "S1")], 1, {}),
        ([removal("2023-05-17", "R1")], 0, {}),  # also on the Begindatum itself
        ([removal("2023-05-20", "R1")], 0, {}),
        ([start("2023-05-17", "S1"), removal("2023-05-17", "R1")], 0, {}),
        ([start("2023-05-20", "S1"), removal("2023-05-20", "R1")], 0, {}),
        ([start("2023-05-20", "S1"), removal("2023-05-21", "R1")], 0, {}),
        ([removal("2023-05-20", "R1"), start("2023-05-21", "S1")], 1, {}),
        ([start("2023-05-20", "S1"), start("2023-05-21", "S2")], 1, {"9074": 1}),
        ([removal("2023-05-20", "R1"), removal("2023-05-21", "R2")], 0, {"9063": 1}),
    ],
)
def test_a_row_and_the_first_start_are_one_delivery(
    messages: list[bytes], actief: int, signals: dict[str, int]
) -> None:
    for rows in (HEADER + ROW, HEADER + ROW + ROW + OTHER_ROW):
        events = [[event] for _, event in read_rows(rows, KEY) if isinstance(event, Start)]
        for order in itertools.permutations([*messages, b"rows"]):
            world = World()
            for message in order:
                if message == b"rows":
                    world.take(events)
                else:
                    world.tell(message)
            assert world.trio("2023")[:2] == (actief, actief), order
            assert world.signals == signals


def test_an_aanbieder_with_the_number_of_the_gemeente_can_still_stop_and_remove() -> None:
    world = World()
    world.tell(
        letter("2023-05-20", begin("2023-05-17"), nr="S1"),
        letter("2023-05-21", begin("2023-05-17", status=3), nr="R1", van="00000000"),
    )
    assert world.trio("2023") == (0, 0, 0)
