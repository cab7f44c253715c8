"""Public figures through the publisher: protected in one way for ever, and written only as news."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from tests.stream.small_region import (
    KEY,
    MONTH,
    NONE,
    NOW,
    OTHER_KEY,
    TODAY,
    Flaky,
    care,
    indicatie,
    of,
    opened,
    publisher_of,
    value,
)
from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.sinks.contract import Filter, Safeguard
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import SafeguardError

QUARTER = Filter(
    gebied=("0153",),
    product_niveau=("totaal",),
    wet=("Wmo",),
    maat=("instroom",),
    periode_soort=("kwartaal",),
    periode_vanaf=date(2026, 1, 1),
)
ROUNDED = of("afronden")


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        (of("geen"), of("afronden"), "'geen'.*'afronden' .basis 5, drempel 10"),
        (of("afronden"), of("geen"), "'afronden' .basis 5, drempel 10.*'geen'"),
        (of("afronden"), of("afronden", base=10), "basis 5, drempel 10.*basis 10, drempel 10"),
        (of("afronden"), of("afronden", 12), "basis 5, drempel 10.*basis 5, drempel 12"),
        (of("kale_drempel"), of("kale_drempel", 5), "drempel 10.*drempel 5"),
        (of("kale_drempel"), of("afronden"), "'kale_drempel' .drempel 10.*'afronden'"),
    ],
)
def test_a_process_with_another_protection_is_refused_and_told_what_to_do(
    before: Settings, now: Settings, difference: str
) -> None:
    place = Flaky()
    opened(place, before)
    with pytest.raises(SafeguardError, match=difference) as refusal:
        publisher_of(now, place, epoch=2).open(Ledger(), NOW)
    assert "ZORGSTROOM_PROTECTION__ terug" in str(refusal.value)
    assert "nieuwe database" in str(refusal.value)
    assert "ZORGSTROOM_PUBLICATION__VANAF" in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (of("afronden"), of("afronden")),
        (of("kale_drempel"), of("kale_drempel", base=7)),
        (of("geen"), of("geen", 5, 7)),
    ],
)
def test_a_setting_that_the_policy_does_not_use_makes_no_other_protection(
    before: Settings, now: Settings
) -> None:
    place = MemoryPublication()
    opened(place, before)
    publisher_of(now, place, epoch=2).open(Ledger(), NOW)


def test_another_key_is_refused_by_its_fingerprint_and_no_key_is_told() -> None:
    place = MemoryPublication()
    opened(place, ROUNDED)
    with pytest.raises(SafeguardError, match="andere afrondsleutel") as refusal:
        publisher_of(ROUNDED, place, epoch=2, key=OTHER_KEY).open(Ledger(), NOW)
    text = str(refusal.value)
    assert KEY.fingerprint in text and OTHER_KEY.fingerprint in text
    assert (b"k" * 32).hex() not in text and (b"o" * 32).hex() not in text
    assert "Zet de oude terug" in text and "ZORGSTROOM_PUBLICATION__VANAF" in text
    assert [one.sleutel for one in place.safeguards()] == [KEY.fingerprint]


def test_a_key_that_the_policy_does_not_use_may_be_any() -> None:
    place = MemoryPublication()
    opened(place, of("kale_drempel"))
    publisher_of(of("kale_drempel"), place, epoch=2, key=OTHER_KEY).open(Ledger(), NOW)


def test_a_refused_process_takes_no_region_from_the_one_that_runs() -> None:
    place = Flaky()
    running, ledger = opened(place, ROUNDED)
    ledger.apply("0153", NONE, care(0))
    assert running.tick(ledger, NOW, TODAY) == 1
    other, theirs = publisher_of(of("geen"), place, epoch=9), Ledger()
    theirs.apply("0153", NONE, care(0, 3))
    with pytest.raises(SafeguardError):
        other.open(theirs, NOW)
    assert not other.claims
    ledger.apply("0153", NONE, care(1, 13))
    assert running.tick(ledger, NOW + timedelta(hours=1), TODAY) == 1
    assert {one.beleid for one in place.seen} == {"afronden 5 10"}


class Crowded(MemoryPublication):
    """A place where another process records its protection at the same moment."""

    def __init__(self, theirs: Safeguard) -> None:
        super().__init__()
        self._theirs = theirs

    def safeguards(self) -> list[Safeguard]:
        kept = super().safeguards()
        return [*kept, self._theirs] if kept else []


def test_of_two_processes_that_begin_at_once_differently_none_publishes() -> None:
    place = Crowded(Safeguard("geen", 0, 0, ""))
    with pytest.raises(SafeguardError):
        publisher_of(ROUNDED, place).open(Ledger(), NOW)
    assert not place.figures(Filter())


def test_the_exact_database_keeps_that_it_is_exact() -> None:
    place, exact = MemoryPublication(), MemoryPublication()
    publisher_of(ROUNDED, place, exact).open(Ledger(), NOW)
    assert exact.safeguards() == [Safeguard("geen", 0, 0, "")]
    assert place.safeguards() == [Safeguard("afronden", 5, 10, KEY.fingerprint)]
    # The names of the two were exchanged in the settings.
    with pytest.raises(SafeguardError):
        publisher_of(ROUNDED, exact, place, epoch=2).open(Ledger(), NOW)


def history(place: MemoryPublication, wanted: Filter = MONTH) -> list[int | None]:
    return [figure.waarde for figure in place.figures(wanted, historie=True)]


def test_only_a_change_of_what_is_shown_is_written() -> None:
    place = Flaky()
    publisher, ledger = opened(place, ROUNDED)
    in_order = sorted(care(-60, 60), key=lambda begun: begun.begin)
    emissions = 0
    for number, one in enumerate(in_order, start=1):
        ledger.apply("0153", NONE, frozenset([one]))
        moment = NOW + timedelta(minutes=number)
        emissions += publisher.tick(ledger, moment, TODAY)
        shown = value(place)
        assert shown is None or (shown % 5 == 0 and abs(shown - number) <= 4)
        assert shown is not None or number <= 14
    rows = history(place)
    assert rows == [None, *range(15, 61, 5)][: len(rows)]
    assert len(rows) in (10, 11), "from 60 on, 60 or 55 is shown"
    # Other cells (quarter, region, days) move at counts of their own, all of them by fives.
    assert emissions < 60
    assert publisher.tick(ledger, NOW + timedelta(hours=2), TODAY) == 0


def test_a_restart_or_another_order_shows_the_same() -> None:
    def shown(batches: Sequence[frozenset[Indicatie]], key: RoundingKey) -> list[object]:
        place = MemoryPublication()
        ledger = Ledger()
        for number, batch in enumerate(batches):
            publisher = publisher_of(ROUNDED, place, epoch=number + 1, key=key)
            publisher.open(ledger, NOW)
            ledger.apply("0153", NONE, batch)
            publisher.tick(ledger, NOW + timedelta(hours=number), TODAY)
        return [(f.series, f.periode, f.waarde, f.status) for f in place.figures(Filter())]

    parts = [care(-300, 90), care(-200, 21), care(-40, 38)]
    assert (
        shown(parts, KEY) == shown(parts[::-1], KEY) == shown([parts[0] | parts[1] | parts[2]], KEY)
    )
    assert shown(parts, KEY) != shown(parts, OTHER_KEY)


def test_the_tick_follows_the_policy_unless_it_is_set() -> None:
    assert (of("afronden").tick, of("geen").tick, of("kale_drempel").tick) == (10.0, 1.0, 1.0)
    assert of("afronden", tick_seconds=3).tick == of("geen", tick_seconds=3).tick == 3
    publisher, ledger = opened(MemoryPublication(), ROUNDED)
    ledger.apply("0153", NONE, care(0))
    publisher.tick(ledger, NOW, TODAY)
    assert not publisher.due(NOW + timedelta(seconds=9.9))
    assert publisher.due(NOW + timedelta(seconds=10))


def test_a_late_message_changes_a_final_figure() -> None:
    place = Flaky()
    publisher, ledger = opened(place, of("kale_drempel"))
    day = date(2025, 6, 10).toordinal()

    def begun(*toewijzingen: int) -> frozenset[Indicatie]:
        return frozenset(indicatie(day, day, code=str(n)) for n in toewijzingen)

    june = Filter(
        ("0153",),
        ("Wmo",),
        ("totaal",),
        (),
        ("instroom",),
        ("maand",),
        date(2025, 6, 1),
        date(2025, 6, 1),
    )
    ledger.apply("0153", NONE, begun(*range(12)))
    publisher.tick(ledger, NOW, TODAY)
    ledger.apply("0153", NONE, begun(12))
    publisher.tick(ledger, NOW + timedelta(minutes=1), TODAY)
    ledger.apply("0153", begun(*range(13)), NONE)
    publisher.tick(ledger, NOW + timedelta(minutes=2), TODAY)
    rows = place.figures(june, historie=True)
    assert [(row.waarde, row.status) for row in rows] == [
        (12, "definitief"),
        (13, "definitief"),
        (None, "definitief"),
    ]


def test_a_running_quarter_is_a_sum_where_it_is_public_and_a_count_where_it_is_exact() -> None:
    place, exact = MemoryPublication(), MemoryPublication()
    publisher = publisher_of(of("geen"), place, exact)
    ledger = Ledger()
    publisher.open(ledger, NOW)
    new = frozenset(
        indicatie(date(2026, month, day).toordinal())
        for month, day in ((1, 5), (2, 5), (2, 6), (3, 5), (3, 6), (3, 7))
    )
    ledger.apply("0153", NONE, new)
    publisher.tick(ledger, NOW, TODAY)
    ((public,), (counted,)) = (one.figures(QUARTER) for one in (place, exact))
    assert (public.waarde, public.tot_en_met) == (3, date(2026, 2, 28))
    assert (counted.waarde, counted.tot_en_met) == (6, None)
    april = date(2026, 4, 1)
    publisher.tick(ledger, NOW + timedelta(days=17), april)
    (public,) = [row for row in place.figures(QUARTER) if row.periode < april]
    assert (public.waarde, public.tot_en_met) == (6, None), "its own figure, the day after"
