"""What Prometheus, the health pages and `/api/status` are told by a real embedded process."""

import pytest

from tests.aggregations.letters import DEVRIES, JANSEN, begin, letter
from tests.sinks.test_metrics import scrape
from tests.stream.messages import refused
from tests.stream.test_service import Process, Start, start
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.health import LONGEST_STEP, Health, judged

__all__ = ["start"]  # a fixture


def message(number: int) -> bytes:
    """A start of the last weeks, reported in time."""
    bsn = (JANSEN, DEVRIES)[number - 1]
    return letter("2026-03-12", begin("2026-03-10"), nr=str(number), bsn=bsn)


def value(process: Process, name: str, **labels: str) -> float | None:
    return scrape(process.service.metrics).get(name, {}).get(tuple(sorted(labels.items())))


def test_messages_and_refusals_are_counted_by_what_became_of_them(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.drop("b.xml", message(1))
    process.drop("c.xml", refused(2))
    process.step()
    what = {"wet": "Wmo", "soort": "start", "release": "3.2"}
    for outcome in ("aanvaard", "herhaald"):
        assert value(process, "zorgstroom_messages_total", uitkomst=outcome, **what) == 1
    found = scrape(process.service.metrics)["zorgstroom_refusals_total"]
    assert sum(found.values()) == 1
    assert value(process, "zorgstroom_freshness_seconds_count", stap="verwerkt") == 1


@pytest.mark.slow
def test_counters_begin_again_with_the_process_and_gauges_do_not_change(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    region = {"regio": "twente", "gebied_soort": "regio", "gebied": "twente", "wet": "Wmo"}
    assert value(process, "zorgstroom_dossiers") == 1
    process.step(60)
    before = value(process, "zorgstroom_reported_records", soort="start", **region)
    again = start()
    again.step()
    assert value(again, "zorgstroom_dossiers") == 1
    assert value(again, "zorgstroom_reported_records", soort="start", **region) == before == 1
    found = scrape(again.service.metrics)["zorgstroom_messages_total"]
    assert sum(found.values()) == 0


def test_a_publication_that_fails_is_counted_and_grows_old(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    assert value(process, "zorgstroom_sink_writes_total", uitkomst="ok") == 1
    current = "zorgstroom_publication_current_timestamp_seconds"
    before = value(process, current, regio="twente")
    assert before is not None
    process.places.failure = SinkUnavailableError("weg")
    process.drop("b.xml", message(2))
    process.step(60)
    process.step(120)
    assert value(process, current, regio="twente") == before
    assert value(process, "zorgstroom_sink_writes_total", uitkomst="onbereikbaar")
    health = process.service.health()
    assert (health.levend, health.gereed) == (True, False)
    assert [c.onderdeel for c in health.onderdelen if not c.goed] == ["publicatie"]
    assert value(process, "zorgstroom_health", onderdeel="publicatie") == 0
    process.places.failure = None
    process.step(120)
    assert (value(process, current, regio="twente") or 0) > before
    assert process.service.health().gereed


def test_the_status_shows_timeliness_and_health(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    process.step(61)
    status = process.service.status()
    rows = status["tijdigheid"]
    assert isinstance(rows, list)
    assert [(row["gebied_soort"], row["wet"], row["soort"]) for row in rows] == [
        ("regio", "Wmo", "start")
    ]
    assert set(rows[0]) == {
        "regio",
        "gebied_soort",
        "gebied",
        "wet",
        "soort",
        "te_laat",
        "vertraging_werkdagen",
        "wachttijd_dagen",
        "keten_uren",
    }
    health = Health.model_validate(status["gezondheid"])
    assert health.gereed
    assert status["aanbieders"] == [{"regio": "twente", "actief": 1, "stil": []}]


@pytest.mark.slow
def test_the_running_month_of_tijdigheid_is_published_as_it_stands(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    process.step(61)
    (region, *_) = [row for row in process.places.timeliness("twente") if row.op_tijd]
    assert (region.soort, region.op_tijd) == ("start", 1)
    process.drop("b.xml", message(2))
    process.step(61)
    process.step(61)
    assert {row.op_tijd for row in process.places.timeliness("twente") if row.op_tijd} == {2}


def test_an_erased_client_is_in_no_gauge(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step()
    assert process.engine.erase(JANSEN) == 1
    process.step(61)
    assert value(process, "zorgstroom_dossiers") == 0
    assert "zorgstroom_reported_records" not in scrape(process.service.metrics)


def test_a_region_that_another_process_takes_over_is_told_of_no_more(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step(61)
    names = ("zorgstroom_late_ratio", "zorgstroom_publication_current_timestamp_seconds")
    assert all(name in scrape(process.service.metrics) for name in names)
    process.places.claim("twente", "een ander", 9, process.clock.moment)
    process.drop("b.xml", message(2))
    process.step(61)
    process.step(61)
    found = scrape(process.service.metrics)
    assert not [name for name in names if name in found]
    assert value(process, "zorgstroom_sink_writes_total", uitkomst="verloren") == 1
    assert process.service.status()["tijdigheid"] == []


def test_a_region_that_is_found_lost_by_its_timeliness_stops_no_other_work(start: Start) -> None:
    process = start()
    process.drop("a.xml", message(1))
    process.step(61)
    process.drop("b.xml", message(2))
    process.step(5)  # its figures are published, and timeliness is not due yet
    process.places.claim("twente", "een ander", 9, process.clock.moment)
    process.step(61)
    assert "Een ander proces" in str(process.service.status()["probleem"])
    process.drop("c.xml", message(1).replace(b"2026-03-10", b"2026-03-09"))
    process.step(61)
    assert process.service.status()["dossiers"] == 2
    assert process.service.status()["tijdigheid"] == []
    assert {row.op_tijd for row in process.places.timeliness("twente") if row.op_tijd} == {1}


def test_alive_is_progress_and_ready_is_everything() -> None:
    assert judged(1, [("bij", None)]).gereed
    stuck = judged(LONGEST_STEP, [("bij", None)])
    assert not stuck.levend and not stuck.gereed
    assert "geen voortgang" in stuck.onderdelen[0].reden
    busy = judged(1, [("bij", "10 berichten wachten")])
    assert busy.levend and not busy.gereed
