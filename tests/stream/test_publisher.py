"""Publication at a tick: only what changed, the same emission again after a failure."""

from datetime import timedelta

import pytest

from tests.stream.small_region import (
    NONE,
    NOW,
    TODAY,
    Flaky,
    care,
    indicatie,
    of,
    opened,
    publisher_of,
    value,
)
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.settings import Settings


def test_only_what_changed_is_written_under_a_rising_version() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    assert publisher.tick(ledger, NOW, TODAY) == 0, "no region has anything"
    ledger.apply("0153", NONE, care(0))
    assert publisher.tick(ledger, NOW, TODAY) == 1
    assert publisher.tick(ledger, NOW + timedelta(hours=1), TODAY) == 0
    ledger.apply("0153", NONE, care(3))
    assert publisher.tick(ledger, NOW + timedelta(hours=2), TODAY) == 1
    first, second = place.seen
    assert first.versie == (1 << 32) + 1 and second.versie == first.versie + 1
    assert sum(len(v.perioden) for v in second.values) < 200
    assert value(place) == 2


def test_midnight_moves_actief_without_a_message() -> None:
    place = MemoryPublication()
    publisher, ledger = opened(place)
    ended = indicatie(TODAY.toordinal() - 9, TODAY.toordinal())
    ledger.apply("0153", NONE, frozenset([ended]))
    publisher.tick(ledger, NOW, TODAY)
    assert value(place) == 1
    publisher.tick(ledger, NOW + timedelta(days=1), TODAY + timedelta(days=1))
    assert value(place) == 0


@pytest.mark.parametrize("after", [False, True])
def test_an_emission_that_failed_is_written_again_the_same_after_growing_pauses(
    after: bool,
) -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0153", NONE, care(0))
    place.failures, place.after = 3, after
    moment = NOW
    waits = []
    while not publisher.tick(ledger, moment, TODAY):
        assert publisher.problem == "de database antwoordt niet"
        begun = moment
        while not publisher.due(moment):
            moment += timedelta(seconds=0.25)
        waits.append((moment - begun).total_seconds())
        # What comes in meanwhile waits for the next emission.
        ledger.apply("0153", NONE, care(5 + len(waits)))
    assert waits == [1, 2, 4]
    assert publisher.problem is None
    assert {emission.versie for emission in place.seen[:4]} == {(1 << 32) + 1}
    assert all(emission == place.seen[0] for emission in place.seen[:4])
    publisher.tick(ledger, moment, TODAY)
    assert value(place) == 4


def test_a_message_that_comes_after_an_emission_was_made_counts_as_later() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0153", NONE, care(0))
    place.failures = 1
    publisher.tick(ledger, NOW, TODAY)
    assert publisher.versions["twente"] == (1 << 32) + 1, "made, though not written yet"


def test_a_restart_goes_on_where_the_last_emission_stopped() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0153", NONE, care(0))
    publisher.tick(ledger, NOW, TODAY)
    again, rebuilt = opened(place, epoch=2)
    rebuilt.apply("0153", NONE, care(0))
    assert again.tick(rebuilt, NOW + timedelta(hours=1), TODAY) == 0
    rebuilt.apply("0153", NONE, care(1))
    assert again.tick(rebuilt, NOW + timedelta(hours=1), TODAY) == 1
    assert place.seen[-1].versie >> 32 == 2
    assert len(place.seen) == 2


def test_exact_figures_go_only_to_the_database_for_them() -> None:
    place, exact = MemoryPublication(), MemoryPublication()
    publisher = publisher_of(of("afronden"), place, exact)
    ledger = Ledger()
    publisher.open(ledger, NOW)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    assert value(exact) == 3
    assert {figure.waarde for figure in place.figures(Filter())} == {None}


def test_ticks_are_fixed_in_time() -> None:
    settings = of("geen", tick_seconds=3600)
    publisher, ledger = opened(MemoryPublication(), settings)
    assert publisher.due(NOW), "the first is always due"
    ledger.apply("0153", NONE, care(0, 12))
    publisher.tick(ledger, NOW + timedelta(minutes=50), TODAY)
    assert not publisher.due(NOW + timedelta(minutes=59))
    assert publisher.due(NOW + timedelta(minutes=60))


def test_a_gemeente_outside_every_region_is_published_alone() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0363", NONE, care(0))
    publisher.tick(ledger, NOW, TODAY)
    (emission,) = place.seen
    assert emission.regio == "0363"
    assert {v.series.gebied for v in emission.values} == {"0363"}
    assert {v.series.gebied_soort for v in emission.values} == {"gemeente"}


def shown_once(place: MemoryPublication, settings: Settings) -> None:
    publisher, ledger = opened(place, settings)
    ledger.apply("0153", NONE, care(0, 3))
    assert publisher.tick(ledger, NOW, TODAY) == 1


def test_a_region_that_has_become_empty_is_published_as_such() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    assert value(place) == 3
    again, empty = opened(place, epoch=2)  # all of it was removed, and the process killed
    assert again.tick(empty, NOW, TODAY) == 1
    assert value(place) == 0


def test_a_region_that_the_settings_no_longer_name_is_shown_no_more() -> None:
    place = Flaky()
    shown_once(place, of("geen"))
    renamed = of("geen", regios={"oost": ["0153", "0164"]})
    publisher, ledger = opened(place, renamed, epoch=2)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    old = {figure.waarde for figure in place.figures(Filter(gebied=("twente",)))}
    assert old == {None}
    assert value(place) == 3
    assert any(figure.waarde == 3 for figure in place.figures(Filter(gebied=("oost",))))


def test_a_clock_that_is_set_back_does_not_stop_publication() -> None:
    place = Flaky()
    publisher, ledger = opened(place)
    ledger.apply("0153", NONE, care(0))
    publisher.tick(ledger, NOW + timedelta(days=1), TODAY)
    ledger.apply("0153", NONE, care(1))
    assert publisher.due(NOW)
    place.failures = 1
    publisher.tick(ledger, NOW + timedelta(days=1), TODAY)
    assert publisher.due(NOW), "nor does a pause that then seems to last a day"
