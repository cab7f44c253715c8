"""Which dossiers moved: by messages, and by time alone."""

from datetime import date

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.movements import Movements, movements_for
from zorgstroom.aggregations.policy import Disclosure

DAY = date(2025, 3, 3).toordinal()
NONE: frozenset[Indicatie] = frozenset()


def care(begin: int, einde: int | None = None) -> frozenset[Indicatie]:
    return frozenset([Indicatie("Wmo", "02", None, begin, einde, True, einde is not None)])


def test_what_moved_is_kept_from_its_first_stand_to_its_last() -> None:
    moves = Movements(DAY, begun=True)
    moves.note("a", NONE, care(DAY))
    moves.note("a", care(DAY), care(DAY - 1))
    moves.note("b", care(DAY), NONE)
    assert sorted(moves.take()) == [("a", NONE, care(DAY - 1)), ("b", care(DAY), NONE)]
    assert moves.take() == []


def test_nothing_is_kept_before_someone_asks() -> None:
    moves = Movements(DAY)
    moves.note("a", NONE, care(DAY + 2))
    assert moves.take() == []
    moves.begin()
    # But the days to come are known all the same.
    assert moves.reach(DAY + 2) == [("a", care(DAY + 2), care(DAY + 2))]


def test_time_moves_what_begins_and_ends_later_once() -> None:
    moves = Movements(DAY, begun=True)
    moves.note("a", NONE, care(DAY - 9, DAY + 3))
    moves.take()
    assert moves.reach(DAY + 2) == []
    assert moves.reach(DAY + 3) == [("a", care(DAY - 9, DAY + 3), care(DAY - 9, DAY + 3))]
    # With the Einddatum a day of care, `actief` falls on the day after.
    assert [key for key, _, _ in moves.reach(DAY + 4)] == ["a"]
    assert moves.reach(DAY + 900) == []


def test_a_day_that_is_no_longer_said_moves_nobody() -> None:
    moves = Movements(DAY, begun=True)
    moves.note("a", NONE, care(DAY - 9, DAY + 3))
    moves.note("a", care(DAY - 9, DAY + 3), care(DAY - 9, DAY + 6))
    assert moves.reach(DAY + 5) == []
    assert moves.reach(DAY + 6) == [("a", care(DAY - 9, DAY + 6), care(DAY - 9, DAY + 6))]
    moves.note("a", care(DAY - 9, DAY + 6), NONE)
    assert moves.reach(DAY + 9) == []


def test_several_days_at_once_give_each_dossier_once_as_it_is_now() -> None:
    moves = Movements(DAY, begun=True)
    moves.note("a", NONE, care(DAY + 1, DAY + 3))
    moves.note("b", NONE, care(DAY + 2))
    found = moves.reach(DAY + 30)
    assert sorted(key for key, _, _ in found) == ["a", "b"]
    assert all(before is after for _, before, after in found)


def test_a_clock_that_is_set_back_moves_nobody_twice() -> None:
    moves = Movements(DAY, begun=True)
    moves.note("a", NONE, care(DAY + 2))
    assert [key for key, _, _ in moves.reach(DAY + 2)] == ["a"]
    assert moves.reach(DAY - 5) == []
    assert moves.reach(DAY + 2) == []


def test_a_ledger_tells_of_every_dossier_that_changes_it() -> None:
    ledger = Ledger(movements=movements_for(Disclosure(), date(2025, 3, 3)))
    assert ledger.movements is not None
    ledger.movements.begin()
    ledger.apply("0153a", NONE, care(DAY))
    ledger.apply("0153b", care(DAY), care(DAY))
    assert ledger.movements.take() == [("0153a", NONE, care(DAY))]
    assert movements_for(Disclosure(policy="geen"), date(2025, 3, 3)) is None
