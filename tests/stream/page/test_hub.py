import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from tests.emissions import WMO_TOTAAL, emission, values
from tests.stream.page.provider import MADE, Process
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.page.hub import Hub, Watched
from zorgstroom.stream.settings import Settings

TODAY = date(2026, 11, 12)
ENSCHEDE = Watched("0153", "maand")


def told(data: bytes) -> list[tuple[str, dict[str, object]]]:
    found = []
    for block in data.decode().split("\n\n"):
        if block.startswith("event: "):
            event, body = block.removeprefix("event: ").split("\ndata: ")
            found.append((event, json.loads(body)))
    return found


@pytest.fixture
def process() -> Process:
    return Process()


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Iterator[Seconds]:
    yield Seconds()


def test_a_page_gets_the_newest_and_nothing_twice(process: Process, seconds: Seconds) -> None:
    async def run() -> None:
        hub = Hub(process, Settings(), seconds)
        with hub.watching(ENSCHEDE) as page:
            assert page.take() == b""
            hub.tick()
            events = told(page.take())
            assert [event for event, _ in events] == ["stand", "afgekeurd"]
            assert page.take() == b""
            for number in range(50):
                process.state["nu"] = f"moment {number}"
                hub.tick()
            ((event, body),) = told(page.take())
            assert event == "stand"
            assert body["status"]["nu"] == "moment 49"  # type: ignore[index]
            assert "afgekeurd" not in body["status"]  # type: ignore[operator]
        assert hub.pages == 0

    asyncio.run(run())


def test_it_tells_how_long_the_process_stands_still(process: Process, seconds: Seconds) -> None:
    async def run() -> None:
        hub = Hub(process, Settings(), seconds)
        with hub.watching(ENSCHEDE) as page:
            hub.tick()
            assert told(page.take())[0][1]["stil_seconden"] == 0
            seconds.now += 75
            hub.tick()
            assert told(page.take())[0][1]["stil_seconden"] == 75
            process.state["stand_van"] = "later"
            hub.tick()
            assert told(page.take())[0][1]["stil_seconden"] == 0

    asyncio.run(run())


def test_a_failing_status_keeps_the_stream_alive(
    process: Process, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        hub = Hub(process, Settings(), seconds)
        with monkeypatch.context() as broken:
            broken.setattr(process, "status", lambda: 1 / 0)
            hub.tick()
        with hub.watching(ENSCHEDE) as page:
            hub.tick()
            assert told(page.take())

    asyncio.run(run())


def lines(body: dict[str, object]) -> list[dict[str, object]]:
    columns, rows = body["kolommen"], body["rijen"]
    assert isinstance(columns, tuple) and isinstance(rows, list)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_figures_that_appear_at_a_close_only_come_with_their_own_period(
    process: Process, seconds: Seconds
) -> None:
    running = values(WMO_TOTAAL, [31], eerste=date(2026, 11, 1))
    group = replace(WMO_TOTAAL, product_niveau="hoofdgroep", product="Overig")
    closed = values(
        replace(group, periode_soort="kwartaal"), [12], eerste=date(2026, 4, 1), status="definitief"
    )
    process.publication.write(emission(1, running, closed, tijd=MADE))
    hub = Hub(process, Settings(), seconds)
    found = {str(line["product"]): line for line in lines(hub.figures(ENSCHEDE, TODAY, 0.0))}
    assert (found[""]["waarde"], found[""]["periode"]) == (31, date(2026, 11, 1))
    assert found["Overig"]["waarde"] == 12
    assert found["Overig"]["periode_soort"] == "kwartaal"
    assert found["Overig"]["status"] == "definitief"


def test_a_region_comes_with_the_totals_of_its_gemeenten(
    process: Process, seconds: Seconds
) -> None:
    whole = replace(WMO_TOTAAL, gebied_soort="regio", gebied="twente")
    part = replace(WMO_TOTAAL, product_niveau="categorie", product="01")
    process.publication.write(
        emission(
            1,
            *(values(s, [20], eerste=date(2026, 11, 1)) for s in (whole, WMO_TOTAAL, part)),
            values(replace(WMO_TOTAAL, gebied="0168"), [None], eerste=date(2026, 10, 1)),
            tijd=MADE,
        )
    )
    hub = Hub(process, Settings(), seconds)
    found = lines(hub.figures(Watched("twente", "maand"), TODAY, 0.0))
    shown = [(line["gebied"], line["product"], line["waarde"]) for line in found]
    assert sorted(shown, key=str) == [
        ("0153", "", 20),
        ("0168", "", None),
        ("twente", "", 20),
    ]


def test_earlier_periods_are_not_asked_for_each_time(process: Process, seconds: Seconds) -> None:
    hub = Hub(process, Settings(), seconds)
    hub.figures(ENSCHEDE, TODAY, 0.0)
    assert process.asked == 2
    hub.figures(ENSCHEDE, TODAY, 2.0)
    assert process.asked == 3
    hub.figures(ENSCHEDE, TODAY, 30.0)
    assert process.asked == 5


async def _until(hub: Hub, page: object, event: str) -> dict[str, object]:
    async with asyncio.timeout(20):
        while True:
            for name, body in told(page.take()):  # type: ignore[attr-defined]
                if name == event:
                    return body
            await hub.moved()


def test_figures_are_looked_up_once_for_all_pages_and_not_for_nobody(process: Process) -> None:
    async def run() -> None:
        hub = Hub(process, Settings())
        task = asyncio.create_task(hub.run())
        await hub.moved()
        assert process.asked == 0
        with hub.watching(ENSCHEDE) as one, hub.watching(ENSCHEDE) as other:
            first = await _until(hub, one, "cijfers")
            assert await _until(hub, other, "cijfers") == first
            assert process.asked == 2
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert hub.ending

    asyncio.run(run())


def test_a_database_that_is_away_is_told_to_the_page(process: Process) -> None:
    async def run() -> None:
        process.failure = SinkUnavailableError("ClickHouse is niet bereikbaar.")
        hub = Hub(process, Settings())
        task = asyncio.create_task(hub.run())
        with hub.watching(ENSCHEDE) as page:
            body = await _until(hub, page, "fout")
            assert body == {"fout": "ClickHouse is niet bereikbaar."}
            process.failure = None
            process.state["regios"] = []
            assert "rijen" in await _until(hub, page, "cijfers")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
