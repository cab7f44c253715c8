import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.stream.page.provider import Process
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.page.hub import Hub
from zorgstroom.stream.page.lookup import Watched
from zorgstroom.stream.settings import Settings

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
            assert process.asked == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert hub.ending

    asyncio.run(run())


@pytest.mark.slow
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
