"""Months of `tijdigheid`: once, at their close, when it is quiet; never of a list of regions that
could be subtracted from another."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.aggregations.letters import begin, letter
from tests.aggregations.test_timeliness import bsns
from tests.aggregations.world import World
from tests.sinks.test_metrics import scrape
from zorgstroom.aggregations.disclosure.table import DisclosureError
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.regions import Region
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream import closing as module
from zorgstroom.stream.closing import Closing, Months, Writer
from zorgstroom.stream.settings import Settings

REGION = Region("proef", ("0141", "0153"), total=True)
BEGIN = datetime(2024, 7, 15, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Desk:
    settings: Settings = field(default_factory=Settings)
    now: datetime = BEGIN
    world: World = field(default_factory=World)
    place: MemoryPublication = field(default_factory=MemoryPublication)
    metrics: Metrics = field(default_factory=lambda: Metrics(process=False))

    def __post_init__(self) -> None:
        self.closing = Closing(self.settings, self.metrics, self.now)

    def tell(self, day: str, count: int, delay: int = 1) -> None:
        happened = date.fromisoformat(day) - timedelta(days=delay)
        for _ in range(count):
            number = len(self.world.dossiers)
            made = letter(day, begin(str(happened)), nr=str(number), aan="0141")
            self.world.tell(made.replace(b"999996770", bsns[number].encode()))
        self.closing.note(date.fromisoformat(day).toordinal(), self.now, self.now.date())

    def due(self, region: Region = REGION) -> list[str]:
        found = self.closing.due(region, self.place, self.now, self.now.date())
        return [f"{day:%Y-%m}" for day in sorted(found)]

    def publish(self, region: Region = REGION) -> int:
        due = self.closing.due(region, self.place, self.now, self.now.date())
        found = Months(dict.fromkeys(region.gemeenten, due), self.settings.werkdagen)
        for key, stored in self.world.dossiers.items():
            found.add(key, load(stored))
        return self.closing.publish(region, due, found, Writer(self.place, None, 1), self.now)


def test_a_month_is_published_once_at_its_close_and_never_again() -> None:
    desk = Desk()
    desk.tell("2024-02-05", 12)
    desk.tell("2024-03-05", 15)
    desk.tell("2024-06-05", 15)
    assert desk.due() == [], "it was loaded a moment ago"
    desk.now += HOUR
    # 15 July is 90 days after 16 April: of March and before.
    assert desk.due()[-1] == "2024-03"
    desk.now += timedelta(days=1)
    assert desk.publish() == 2
    rows = {
        (r.maand.month, r.label_soort): r.op_tijd
        for r in desk.place.timeliness("proef")
        if (r.wet, r.soort) == ("Wmo", "start")
    }
    assert rows[2, "regio"] == 12 and rows[3, "regio"] == 15
    desk.tell("2024-03-06", 20)
    desk.now += timedelta(days=1)
    assert not {"2024-02", "2024-03"} & set(desk.due())
    desk.now += timedelta(days=15)
    assert "2024-04" in desk.due()


def test_months_before_the_first_report_are_left_open_for_history_that_comes_later() -> None:
    desk = Desk()
    desk.tell("2024-03-05", 15)
    desk.now += HOUR
    assert desk.publish() == 1
    desk.tell("2023-11-07", 15)
    desk.now += timedelta(days=1)
    assert "2023-11" in desk.due() and "2024-03" not in desk.due()


def test_the_database_is_asked_once_a_day() -> None:
    desk = Desk()
    desk.now += HOUR
    assert desk.due() != []
    assert desk.due() == []
    desk.now += timedelta(days=1)
    assert desk.due() != []


def test_another_list_of_regions_publishes_no_month_of_a_gemeente_again() -> None:
    desk = Desk()
    desk.tell("2024-03-05", 15)
    desk.now += HOUR
    desk.publish()
    desk.now += timedelta(days=1)
    other = Region("anders", ("0141",), total=True)
    assert "2024-03" not in desk.due(other)


def test_a_month_that_cannot_be_protected_is_not_published_and_a_metric_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.tell("2024-03-05", 15)
    desk.now += HOUR

    def refuse(*_: object) -> None:
        raise DisclosureError("nee")

    with monkeypatch.context() as patch:
        patch.setattr(module, "timeliness_rows", refuse)
        assert desk.publish() == 0
    failures = scrape(desk.metrics)["zorgstroom_protection_failures_total"]
    assert failures == {(("regio", "proef"),): 1.0}
    assert desk.place.timeliness("proef") == []
    assert desk.due() == [], "what a month holds does not change in a moment"
    desk.now += HOUR
    assert desk.publish() == 1


def test_under_geen_a_region_that_comes_later_is_published_without_a_message() -> None:
    desk = Desk(Settings(disclosure=Disclosure(policy="geen")))
    desk.tell("2024-06-05", 1, delay=20)
    desk.publish()
    desk.closing.done()
    assert desk.due() == []
    other = Region("later", ("0193",), total=True)
    assert desk.due(other)


def test_under_geen_only_what_changed_is_written_again() -> None:
    desk = Desk(Settings(disclosure=Disclosure(policy="geen")))
    desk.tell("2024-06-05", 1, delay=20)
    assert "2024-07" in desk.due()
    desk.publish()
    desk.closing.done()
    assert desk.due() == []
    desk.tell("2024-07-05", 1)
    written = desk.publish()
    assert written == 1, "only July changed"
