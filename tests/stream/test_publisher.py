"""Publication on a grid: only what changed, the same emission again after a failure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.movements import Movements
from zorgstroom.aggregations.results import Emission, Series, SeriesValues
from zorgstroom.sinks.contract import Claim, Filter
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.publisher import Publisher, WeakerPolicyError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.target import Owner

TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
MONTH = Filter(
    gebied=("0153",),
    product_niveau=("totaal",),
    wet=("Wmo",),
    maat=("actief",),
    periode_soort=("maand",),
    periode_vanaf=date(2026, 3, 1),
)
SMALL: dict[str, object] = {
    "regios": {"twente": ["0153", "0164"]},
    "publication": {"jaren": 1, "naloop_dagen": 90},
}
"""A region of few cells, so that a test takes a moment."""
NONE: frozenset[Indicatie] = frozenset()


class Flaky(MemoryPublication):
    """Fails a number of times, after having stored the emission or before."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.after = False
        self.seen: list[Emission] = []

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        self.seen.append(emission)
        if self.failures:
            self.failures -= 1
            if self.after:
                super().write(emission, claim)
            raise SinkUnavailableError("de database antwoordt niet")
        super().write(emission, claim)


def care(day: int, count: int = 1) -> frozenset[Indicatie]:
    return frozenset(
        Indicatie("Wmo", "02", None, date(2026, 3, 1).toordinal() + day + n, None, True, False)
        for n in range(count)
    )


def made(
    place: MemoryPublication, epoch: int = 1, exact: MemoryPublication | None = None
) -> tuple[Publisher, Ledger]:
    settings = Settings.model_validate({"disclosure": {"policy": "geen"}, **SMALL})
    publisher = Publisher(settings, place, exact, Owner("proef", epoch))
    ledger = Ledger()
    publisher.open(ledger, NOW)
    return publisher, ledger


def value(place: MemoryPublication) -> int | None:
    (figure,) = place.figures(MONTH)
    return figure.waarde


def test_only_what_changed_is_written_under_a_rising_version() -> None:
    place = Flaky()
    publisher, ledger = made(place)
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
    publisher, ledger = made(place)
    ended = Indicatie("Wmo", "02", None, TODAY.toordinal() - 9, TODAY.toordinal(), True, True)
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
    publisher, ledger = made(place)
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
    publisher, ledger = made(place)
    ledger.apply("0153", NONE, care(0))
    place.failures = 1
    publisher.tick(ledger, NOW, TODAY)
    assert publisher.versions["twente"] == (1 << 32) + 1, "made, though not written yet"


def test_a_restart_goes_on_where_the_last_emission_stopped() -> None:
    place = Flaky()
    publisher, ledger = made(place)
    ledger.apply("0153", NONE, care(0))
    publisher.tick(ledger, NOW, TODAY)
    again, rebuilt = made(place, epoch=2)
    rebuilt.apply("0153", NONE, care(0))
    assert again.tick(rebuilt, NOW + timedelta(hours=1), TODAY) == 0
    rebuilt.apply("0153", NONE, care(1))
    assert again.tick(rebuilt, NOW + timedelta(hours=1), TODAY) == 1
    assert place.seen[-1].versie >> 32 == 2
    assert len(place.seen) == 2


def test_exact_figures_go_only_to_the_database_for_them() -> None:
    place, exact = MemoryPublication(), MemoryPublication()
    settings = Settings.model_validate(SMALL)
    publisher = Publisher(settings, place, exact, Owner("proef", 1))
    ledger = Ledger()
    publisher.open(ledger, NOW)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    assert value(exact) == 3
    assert {figure.waarde for figure in place.figures(Filter())} == {None}


def of(policy: str, threshold: int = 10, **more: object) -> Settings:
    disclosure = {"policy": policy, "threshold": threshold}
    return Settings.model_validate({"disclosure": disclosure, **SMALL, **more})


def test_ticks_are_fixed_in_time() -> None:
    settings = of("geen", tick_seconds=3600)
    publisher = Publisher(settings, MemoryPublication(), None, Owner("proef", 1))
    ledger = Ledger()
    publisher.open(ledger, NOW)
    assert publisher.due(NOW), "the first is always due"
    ledger.apply("0153", NONE, care(0, 12))
    publisher.tick(ledger, NOW + timedelta(minutes=50), TODAY)
    assert not publisher.due(NOW + timedelta(minutes=59))
    assert publisher.due(NOW + timedelta(minutes=60))


def test_a_gemeente_outside_every_region_is_published_alone() -> None:
    place = Flaky()
    publisher, ledger = made(place)
    ledger.apply("0363", NONE, care(0))
    publisher.tick(ledger, NOW, TODAY)
    (emission,) = place.seen
    assert emission.regio == "0363"
    assert {v.series.gebied for v in emission.values} == {"0363"}
    assert {v.series.gebied_soort for v in emission.values} == {"gemeente"}


def shown_once(place: MemoryPublication, settings: Settings) -> None:
    publisher = Publisher(settings, place, None, Owner("proef", 1))
    ledger = Ledger()
    publisher.open(ledger, NOW)
    ledger.apply("0153", NONE, care(0, 3))
    assert publisher.tick(ledger, NOW, TODAY) == 1


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [
        (of("geen"), of("drempel"), True),
        (of("drempel", 5), of("drempel", 10), True),
        (of("drempel", 10), of("drempel", 10), False),
        (of("drempel", 10), of("drempel", 5), False),
        (of("drempel", 10), of("geen"), False),
        (of("geen"), of("geen"), False),
    ],
)
def test_figures_of_a_weaker_policy_never_stand_under_a_stronger_one(
    before: Settings, now: Settings, refused: bool
) -> None:
    place = MemoryPublication()
    shown_once(place, before)
    publisher = Publisher(now, place, None, Owner("proef", 2))
    if refused:
        with pytest.raises(WeakerPolicyError, match="zwakker beleid"):
            publisher.open(Ledger(), NOW)
    else:
        publisher.open(Ledger(), NOW)


def test_an_emission_that_was_cut_off_is_known_by_the_state() -> None:
    place = MemoryPublication()
    shown_once(place, of("drempel"))
    publisher = Publisher(of("drempel"), place, None, Owner("proef", 2))
    with pytest.raises(WeakerPolicyError):
        publisher.open(Ledger(), NOW, "geen")
    Publisher(of("drempel"), MemoryPublication(), None, Owner("proef", 2)).open(
        Ledger(), NOW, "geen"
    )


def test_a_region_that_has_become_empty_is_published_as_such() -> None:
    place = Flaky()
    publisher, ledger = made(place)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    assert value(place) == 3
    again, empty = made(place, epoch=2)  # all of it was removed, and the process killed
    assert again.tick(empty, NOW, TODAY) == 1
    assert value(place) == 0


def test_a_region_that_the_settings_no_longer_name_is_shown_no_more() -> None:
    place = Flaky()
    shown_once(place, of("geen"))
    renamed = of("geen", regios={"oost": ["0153", "0164"]})
    publisher = Publisher(renamed, place, None, Owner("proef", 2))
    ledger = Ledger()
    publisher.open(ledger, NOW)
    ledger.apply("0153", NONE, care(0, 3))
    publisher.tick(ledger, NOW, TODAY)
    old = {figure.waarde for figure in place.figures(Filter(gebied=("twente",)))}
    assert old == {None}
    assert value(place) == 3
    assert any(figure.waarde == 3 for figure in place.figures(Filter(gebied=("oost",))))


def test_a_clock_that_is_set_back_does_not_stop_publication() -> None:
    place = Flaky()
    publisher, ledger = made(place)
    ledger.apply("0153", NONE, care(0))
    publisher.tick(ledger, NOW + timedelta(days=1), TODAY)
    ledger.apply("0153", NONE, care(1))
    assert publisher.due(NOW)
    place.failures = 1
    publisher.tick(ledger, NOW + timedelta(days=1), TODAY)
    assert publisher.due(NOW), "nor does a pause that then seems to last a day"


def test_a_mark_of_the_threshold_alone_is_of_a_weaker_policy() -> None:
    place = MemoryPublication()
    totaal = Series("gemeente", "0153", "Wmo", "totaal", "", "maand", "actief")
    values = SeriesValues(totaal, [date(2026, 1, 1)], [12], ["voorlopig"])
    place.write(Emission("twente", 1, NOW, [values], "drempel 10"))
    with pytest.raises(WeakerPolicyError, match="drempel 10 plan"):
        Publisher(of("drempel"), place, None, Owner("proef", 2)).open(Ledger(), NOW)


# Under policy `drempel`

MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""Nine o'clock in Amsterdam: a moment of the grid. Nothing waits for its close."""
YEAR = replace(MONTH, gebied=("twente",), periode_soort=("jaar",), periode_vanaf=None)
EXACT = replace(YEAR, gebied=("0153",), periode_vanaf=date(2026, 1, 1))


class Protected:
    """A publisher with a ledger whose dossiers are stored, as a shell has them."""

    def __init__(self, place: MemoryPublication, exact: MemoryPublication | None = None) -> None:
        self.place = place
        self.stored: dict[str, bytes] = {}
        self.ledger = Ledger(movements=Movements(MONDAY.toordinal() - 2))
        self.publisher = Publisher(
            of("drempel", publication={"jaren": 1, "naloop_dagen": 364}),
            place,
            exact,
            Owner("proef", 1),
            lambda region: list(self.stored.items()),
        )
        self.publisher.open(self.ledger, MONDAY)

    def begin(self, *clients: int) -> None:
        for client in clients:
            self.ledger.apply(f"0153{client:032x}", NONE, care(-90))

    def tick(self, minutes: int) -> int:
        now = MONDAY + timedelta(minutes=minutes)
        return self.publisher.tick(self.ledger, now, now.date())

    @property
    def shown(self) -> tuple[int | None, datetime]:
        (figure,) = self.place.figures(YEAR)
        return figure.waarde, figure.bijgewerkt_op


def test_figures_are_renewed_at_moments_of_the_grid_when_enough_clients_changed_them() -> None:
    town = Protected(Flaky())
    town.begin(*range(12))
    assert town.tick(0) == 1
    assert town.shown == (12, MONDAY)
    town.begin(*range(20, 29))
    assert [town.tick(minutes) for minutes in (1, 30, 59)] == [0, 0, 0]
    assert town.tick(60) == 1
    assert town.shown == (12, MONDAY), "nine changed it"
    town.begin(29)
    assert town.tick(61) == 0
    assert town.tick(120) == 1
    assert town.shown == (22, MONDAY + timedelta(hours=2))


def test_what_moves_while_the_database_is_away_is_in_a_later_emission() -> None:
    place = Flaky()
    town = Protected(place)
    town.begin(*range(12))
    place.failures = 1
    assert town.tick(0) == 0
    town.begin(*range(20, 32))
    assert town.tick(5) == 1, "the same again, as soon as the database answers"
    assert place.seen[0] == place.seen[1]
    assert town.shown == (12, MONDAY)
    town.begin(*range(40, 44))
    assert town.tick(60) == 1
    assert town.shown == (28, MONDAY + timedelta(hours=1))


def test_exact_figures_follow_every_message_beside_the_protected_ones() -> None:
    exact = MemoryPublication()
    town = Protected(MemoryPublication(), exact)
    town.begin(*range(12))
    town.tick(0)
    town.begin(12)
    assert town.tick(1) == 1
    assert [figure.waarde for figure in exact.figures(EXACT)] == [13]
    assert town.shown == (12, MONDAY)


def test_a_message_is_stamped_with_the_emission_it_came_after_also_between_moments() -> None:
    town = Protected(MemoryPublication())
    town.begin(*range(12))
    town.tick(0)
    stamped = town.publisher.versions["twente"]
    town.begin(12)
    town.tick(1)
    assert town.publisher.versions["twente"] == stamped
    town.tick(60)
    assert town.publisher.versions["twente"] == stamped + 1
    assert town.publisher.outcomes["twente"].held > 0
