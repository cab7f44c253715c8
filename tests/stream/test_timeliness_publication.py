"""`tijdigheid` while messages come: every month live, what is gone emptied, nothing forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.aggregations.letters import begin, letter
from tests.aggregations.test_timeliness import bsns
from tests.aggregations.world import World
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.aggregations.werkdagen import STANDAARD
from zorgstroom.sinks.contract import Claim
from zorgstroom.sinks.errors import OwnershipLostError, SinkError, SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.timeliness_publication import (
    Destination,
    RegionReports,
    TimelinessPublication,
)

PROEF = Region("proef", ("0141", "0153"), total=True)
NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
RULES = PublicationRules(vanaf=date(2025, 11, 1))
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, month, 1) for month in (1, 2, 3))]
ROUNDED = PublicFigures(Protection(), RoundingKey(b"k" * 32))
EXACT = PublicFigures(Protection(policy="geen"))


class Flaky(MemoryPublication):
    """Counts the rows of each write, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: SinkError | None = None
        self.written: list[int] = []

    def write_timeliness(
        self, rows: Sequence[TimelinessRow], versie: int, tijd: datetime, claim: Claim | None = None
    ) -> None:
        if self.failure is not None:
            raise self.failure
        self.written.append(len(rows))
        super().write_timeliness(rows, versie, tijd, claim)


@dataclass
class Desk:
    """A region whose messages are told one by one, and a process that publishes its timeliness."""

    public: PublicFigures = ROUNDED
    place: Flaky = field(default_factory=Flaky)
    world: World = field(default_factory=World)
    now: datetime = NOW
    clients: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.publication = TimelinessPublication(RULES, self.public)

    def tell(self, day: str, count: int = 1, *, van: str = "01234567", delay: int = 1) -> None:
        """Tell of `count` starts in Almelo on `day`, `delay` days after they began."""
        began = date.fromisoformat(day) - timedelta(days=delay)
        for _ in range(count):
            self.clients += 1
            self.send(day, begin(str(began)), van=van, nr=f"S{self.clients}")

    def withdraw(self, day: str, began: str, client: int) -> None:
        """Withdraw the start of the `client`, counted from 1, that began on `began`."""
        self.send(day, begin(began, status=3), nr=f"W{client}", client=client)

    def send(
        self, day: str, record: str, *, nr: str, van: str = "01234567", client: int = 0
    ) -> None:
        bsn = bsns[client or self.clients]
        self.world.tell(letter(day, record, nr=nr, van=van, aan="0141", bsn=bsn))
        self.publication.note_change()

    def publish(self, claim: Claim | None = None) -> int:
        today = self.now.date()
        self.publication.begin()
        gathered = RegionReports(PROEF.gemeenten, self.publication.first(today), STANDAARD)
        for key, stored in self.world.dossiers.items():
            gathered.add(key, load(stored))
        to = Destination(self.place, claim, 1)
        count = self.publication.publish(PROEF, gathered, to, self.now, today)
        self.publication.end(today, 0.0, 0.0)
        return count

    def is_due(self, at: float = 0.0) -> bool:
        return self.publication.is_due([PROEF], self.now.date(), at)

    def rows(self, label: str, soort: str = "start") -> dict[date, TimelinessRow]:
        return {
            row.maand: row
            for row in self.place.timeliness("proef")
            if (row.label, row.wet, row.soort) == (label, "Wmo", soort)
        }

    def op_tijd(self, label: str) -> list[int | None]:
        return [row.op_tijd for row in self.rows(label).values()]


def test_every_month_has_rows_before_and_without_a_message() -> None:
    desk = Desk()
    assert desk.publish() == 2 * 2 * 3 * len(MONTHS), "wet, soort, region and gemeenten, months"
    for label in ("proef", "0141", "0153"):
        assert list(desk.rows(label)) == MONTHS
        assert set(desk.op_tijd(label)) == {None}
    assert desk.publish() == 0


def test_counts_are_live_and_rounded_in_the_running_month_too() -> None:
    desk = Desk()
    shown: list[int | None] = []
    for count in range(1, 41):
        desk.tell("2026-03-10")
        desk.publish()
        shown.append(desk.rows("0141")[MONTHS[-1]].op_tijd)
        assert shown[-1] is None or (shown[-1] % 5 == 0 and abs(shown[-1] - count) <= 4)
    assert shown[:10] == [None] * 10 and None not in shown[14:]
    assert desk.op_tijd("0153") == [None] * len(MONTHS)


def test_a_message_writes_no_row_whose_figures_stay() -> None:
    desk = Desk()
    desk.tell("2026-03-10", 30)
    desk.publish()
    for _ in range(20):
        desk.place.written.clear()
        desk.tell("2026-03-10")
        desk.publish()
        # Region, gemeente and aanbieder show another multiple of five each at a time of its own.
        assert sum(desk.place.written) <= 3
    desk.place.written.clear()
    desk.tell("2026-03-10", 5)
    desk.publish()
    assert sum(desk.place.written) == 3


def test_a_late_message_changes_a_month_of_long_ago() -> None:
    desk = Desk(EXACT)
    desk.tell("2025-11-10", 3)
    desk.publish()
    assert desk.rows("0141")[MONTHS[0]].op_tijd == 3
    desk.now += timedelta(days=400)
    desk.tell("2025-11-11", 2, delay=40)
    desk.publish()
    row = desk.rows("0141")[MONTHS[0]]
    assert (row.op_tijd, row.te_laat) == (3, 2)
    assert len(desk.rows("0141")) == len(MONTHS) + 13


def test_a_month_before_the_first_published_day_has_no_row() -> None:
    desk = Desk(EXACT)
    desk.tell("2025-10-31", 7)
    desk.tell("2025-11-03", 2, delay=5)
    desk.publish()
    assert desk.op_tijd("proef") == [2, 0, 0, 0, 0]


def test_an_aanbieder_has_rows_from_its_first_to_its_last_month_with_a_record() -> None:
    desk = Desk(EXACT)
    desk.tell("2026-02-10", van="01000001")
    desk.publish()
    assert list(desk.rows("01000001")) == MONTHS[3:4]
    desk.tell("2025-12-10", van="01000001")
    desk.publish()
    assert list(desk.rows("01000001")) == MONTHS[1:4]
    assert desk.op_tijd("01000001") == [1, 0, 1]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("public", "nothing"), [(EXACT, 0), (ROUNDED, None)])
def test_a_row_of_an_aanbieder_that_has_no_record_left_is_emptied(
    public: PublicFigures, nothing: int | None, restarted: bool
) -> None:
    desk = Desk(public)
    desk.tell("2026-02-10", 40, van="01000001", delay=1)
    desk.publish()
    (row,) = desk.rows("01000001").values()
    assert row.op_tijd is not None and row.op_tijd >= 36 and row.mediaan == 1
    for client in range(1, 41):
        desk.withdraw("2026-03-02", "2026-02-09", client)
    if restarted:
        desk.restart()
    desk.publish()
    (row,) = desk.rows("01000001").values()
    assert (row.op_tijd, row.te_laat, row.te_vroeg) == (nothing, nothing, nothing)
    assert (row.mediaan, row.p90) == (None, None)
    assert desk.publish() == 0, "emptied once"


@pytest.mark.parametrize(("public", "first"), [(EXACT, (1, 1)), (ROUNDED, (30, 100))])
def test_a_median_and_a_90_percent_point_need_records_enough(
    public: PublicFigures, first: tuple[int, int]
) -> None:
    desk = Desk(public)
    known: dict[str, int] = {}
    for count in range(1, 103):
        desk.tell("2026-03-10", delay=6)
        if count in (1, 29, 30, 99, 100, 102):
            desk.publish()
            row = desk.rows("0141")[MONTHS[-1]]
            for name, value in (("mediaan", row.mediaan), ("p90", row.p90)):
                if value is not None:
                    assert value == 4
                    known.setdefault(name, count)
    assert (known["mediaan"], known["p90"]) == first


def test_a_restart_writes_nothing_that_stands() -> None:
    desk = Desk()
    desk.tell("2026-02-10", 40)
    desk.publish()
    before = desk.place.timeliness("proef")
    desk.restart()
    assert desk.is_due() and desk.publish() == 0
    assert desk.place.timeliness("proef") == before


def test_it_is_due_when_something_changed_a_day_began_or_a_region_came() -> None:
    desk = Desk()
    assert desk.is_due()
    desk.publish()
    assert not desk.is_due()
    desk.tell("2026-03-10")
    assert desk.is_due()
    desk.publish()
    other = Region("later", ("0193",), total=True)
    assert desk.publication.is_due([PROEF, other], desk.now.date(), 0.0)
    desk.publication.forget("proef")
    assert desk.is_due()
    desk.publish()
    desk.now += timedelta(days=1)
    assert desk.is_due()


def test_it_rests_twenty_times_as_long_as_it_took() -> None:
    desk = Desk()
    desk.publish()
    desk.publication.end(desk.now.date(), 100.0, 103.0)
    desk.tell("2026-03-10")
    assert not desk.is_due(103.0) and not desk.is_due(162.9)
    assert desk.is_due(163.0), "and what changed meanwhile is not forgotten"


@pytest.mark.parametrize("failure", [SinkUnavailableError("weg"), OwnershipLostError("een ander")])
def test_what_could_not_be_written_is_due_again_without_a_message(failure: SinkError) -> None:
    desk = Desk(EXACT)
    desk.publish()
    desk.tell("2026-03-10", 3)
    desk.place.failure = failure
    with pytest.raises(type(failure)):
        desk.publish()
    desk.place.failure = None
    assert desk.is_due()
    desk.publish()
    assert desk.rows("0141")[MONTHS[-1]].op_tijd == 3


def test_who_lost_the_region_writes_no_row() -> None:
    desk = Desk(EXACT)
    former = desk.place.claim("proef", "een", 1, NOW)
    desk.place.claim("proef", "twee", 1, NOW)
    with pytest.raises(OwnershipLostError):
        desk.publish(former)
    assert desk.place.timeliness("proef") == []
