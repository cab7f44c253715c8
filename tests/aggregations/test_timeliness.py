"""The gauges of care: a window of Dagtekening, no small gemeente, and who has gone silent."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.letters import begin, letter
from tests.aggregations.strategies import Events, histories
from tests.aggregations.world import ALMELO, ENSCHEDE, PROEF, World
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.recent import DAYS, Recent
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import reports
from zorgstroom.aggregations.timeliness import quantile, senders, timeliness
from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.aggregations.werkdagen import STANDAARD

TODAY = date(2024, 3, 15)


def recent_of(world: World, today: date = TODAY) -> Recent:
    recent = Recent(STANDAARD, today)
    for key, stored in world.dossiers.items():
        recent.put(key, load(stored))
    return recent


def told(
    world: World, day: date, delay: int = 0, aan: str = ENSCHEDE, van: str = "01234567"
) -> None:
    """Report a start of someone new, `delay` days after it."""
    number = len(world.dossiers)
    made = letter(
        day.isoformat(), begin(str(day - timedelta(days=delay))), nr=str(number), aan=aan, van=van
    )
    bsn = bsns[number]
    world.tell(made.replace(b"999996770", bsn.encode()))


def eleven() -> list[str]:
    found = []
    for number in range(999900000, 999999999):
        digits = [int(digit) for digit in str(number)]
        if (sum(d * (9 - i) for i, d in enumerate(digits[:8])) - digits[8]) % 11 == 0:
            found.append(str(number))
    return found


bsns = eleven()


def test_the_window_is_28_days_of_dagtekening() -> None:
    world = World()
    told(world, TODAY - timedelta(days=28), 20)
    told(world, TODAY - timedelta(days=27), 20)
    told(world, TODAY, 1)
    told(world, TODAY + timedelta(days=1), 20)  # a calendar that was set back
    (region,) = (t for t in timeliness(recent_of(world), PROEF, TODAY, 10) if t.soort == "start")
    assert (region.gebied, region.aantal, region.te_laat) == ("proef", 2, 1)
    assert region.aandeel_te_laat == 0.5


def test_a_gemeente_shows_from_the_threshold_on() -> None:
    world = World()
    for _ in range(9):
        told(world, TODAY, aan=ALMELO)
    assert {t.gebied for t in timeliness(recent_of(world), PROEF, TODAY, 10)} == {"proef"}
    told(world, TODAY, 30, aan=ALMELO)
    found = timeliness(recent_of(world), PROEF, TODAY, 10)
    assert [(t.gebied, t.aantal, t.te_laat) for t in found] == [
        (ALMELO, 10, 1),
        ("proef", 10, 1),
    ]
    alone = Region(ALMELO, (ALMELO,), total=False)
    assert [t.gebied_soort for t in timeliness(recent_of(world), alone, TODAY, 10)] == ["gemeente"]


def test_a_quantile_is_a_value_that_occurs() -> None:
    assert [quantile([1, 2, 3, 4], share) for share in (0.5, 0.9, 1.0)] == [2, 4, 4]
    assert quantile([7], 0.5) == 7
    assert quantile(list(range(1, 11)), 0.9) == 9


def test_an_aanbieder_is_silent_after_eight_times_its_usual_interval() -> None:
    world = World()
    for number in range(20):  # every other werkdag, until three and a half weeks ago
        day = TODAY - timedelta(days=25)
        while STANDAARD.tussen(day, TODAY - timedelta(days=25)) < 2 * number:
            day -= timedelta(days=1)
        told(world, day, van="00000001")
    for week in range(12):
        told(world, TODAY - timedelta(weeks=week), van="00000002")
    for week in range(4, 12):  # weekly: four weeks say nothing
        told(world, TODAY - timedelta(weeks=week), van="00000003")
    found = senders(recent_of(world), PROEF, TODAY, STANDAARD)
    assert (found.actief, found.stil) == (3, ("00000001",))
    before = senders(recent_of(world), PROEF, TODAY - timedelta(weeks=1), STANDAARD)
    assert before.stil == ()


def test_a_holiday_is_no_silence() -> None:
    world, christmas = World(), date(2024, 12, 20)
    for number in range(40):
        if STANDAARD.is_werkdag(christmas - timedelta(days=number)):
            told(world, christmas - timedelta(days=number))
    for today, silent in ((date(2025, 1, 9), ()), (date(2025, 1, 10), ("01234567",))):
        told(world, today, van="00000002")
        found = senders(recent_of(world, today), PROEF, today, STANDAARD)
        assert found.stil == silent, "9 werkdagen on the 9th, of which today is not over"


def test_when_nobody_reports_or_history_is_loading_no_one_has_gone_silent() -> None:
    world = World()
    for number in range(40):
        for van in ("00000001", "00000002"):
            told(world, TODAY - timedelta(days=40 + number), van=van)
    assert senders(recent_of(world), PROEF, TODAY, STANDAARD).stil == ()
    told(world, TODAY - timedelta(days=2), van="00000002")
    assert senders(recent_of(world), PROEF, TODAY, STANDAARD).stil == ("00000001",)


@settings(deadline=None)
@given(history=histories(), days=st.lists(st.dates(date(2024, 1, 1), date(2024, 7, 1)), max_size=3))
def test_what_is_kept_at_hand_is_what_the_dossiers_say(
    history: list[Events], days: list[date]
) -> None:
    world, start = World(), date(2024, 1, 1)
    recent = Recent(STANDAARD, start)
    moments = [start, *sorted(days)]
    for number, arrival in enumerate(history):
        world.take([arrival])
        event = arrival[0]
        recent.mark(event.gemeente + event.client, event.dagtekening.toordinal())
        if number % 2:
            today = moments[min(number // 2, len(moments) - 1)]
            recent.refresh(lambda key: load(world.dossiers.get(key)), today)
    today = moments[-1]
    recent.refresh(lambda key: load(world.dossiers.get(key)), today)
    after = today.toordinal() - DAYS
    for gemeente in ("0141", "0153", "0599"):
        expected = Counter(
            report
            for key, stored in world.dossiers.items()
            if gemeente_of(key) == gemeente
            for report in reports(load(stored), STANDAARD)
            if report.dag > after
        )
        assert Counter(recent.reports(gemeente, after)) == expected


def test_what_was_erased_or_left_is_forgotten() -> None:
    world = World()
    told(world, TODAY, aan=ALMELO)
    told(world, TODAY, aan=ENSCHEDE)
    recent = recent_of(world)
    recent.gone(key for key in world.dossiers if gemeente_of(key) == ALMELO)
    assert recent.gemeenten == {ENSCHEDE}
    recent.leave(ENSCHEDE)
    assert recent.gemeenten == frozenset()
