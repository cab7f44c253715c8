import asyncio
import logging

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from zorgstroom.stream.page.alarms import Alarms

ALERTS = [
    {
        "labels": {"alertname": "ZorgstroomStil", "severity": "warning"},
        "annotations": {"summary": "Geen berichten", "runbook_url": "https://x.test/stil"},
        "startsAt": "2026-11-12T09:00:00Z",
        "status": {"state": "active"},
        "fingerprint": "a",
    },
    {
        "labels": {"alertname": "ZorgstroomSink", "severity": "critical"},
        "annotations": {"description": "ClickHouse weigert"},
        "startsAt": "2026-11-12T10:00:00Z",
    },
]


def ask(answer: web.Response, times: int = 1) -> dict[str, object]:
    async def alerts(request: web.Request) -> web.Response:
        assert request.query["silenced"] == "false"
        return web.Response(body=answer.body, status=answer.status, headers=answer.headers)

    async def run() -> dict[str, object]:
        app = web.Application()
        app.add_routes([web.get("/am/api/v2/alerts", alerts)])
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            alarms = Alarms(str(server.make_url("/am/")))
            assert alarms.found is not None and alarms.found["bereikbaar"] is None
            for _ in range(times):
                await alarms.ask(session)
            return alarms.found or {}

    return asyncio.run(run())


def test_open_alerts_are_shown_the_gravest_first() -> None:
    found = ask(web.json_response(ALERTS))
    assert (found["bereikbaar"], found["aantal"]) == (True, 2)
    assert found["open"] == [
        {
            "naam": "ZorgstroomSink",
            "ernst": "critical",
            "sinds": "2026-11-12T10:00:00Z",
            "samenvatting": "ClickHouse weigert",
            "draaiboek": "",
        },
        {
            "naam": "ZorgstroomStil",
            "ernst": "warning",
            "sinds": "2026-11-12T09:00:00Z",
            "samenvatting": "Geen berichten",
            "draaiboek": "https://x.test/stil",
        },
    ]


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response([], status=500),
        web.json_response({"alerts": []}),
        web.Response(text="<html>"),
        web.Response(text="[" + " " * 2_100_000 + "]"),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
)
def test_no_usable_answer_is_not_the_same_as_no_alerts(
    answer: web.Response, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = ask(answer, times=2)
    assert found["bereikbaar"] is False
    assert len(caplog.records) == 1, "told once, not every ten seconds"


def test_what_was_open_stays_readable_when_it_no_longer_answers() -> None:
    async def run() -> dict[str, object] | None:
        alarms = Alarms("http://127.0.0.1:1")
        async with aiohttp.ClientSession() as session:
            await alarms.ask(session)
        return alarms.found

    found = asyncio.run(run())
    assert found is not None and found["bereikbaar"] is False and found["open"] == []


def test_without_an_address_there_is_nothing() -> None:
    alarms = Alarms("")
    asyncio.run(alarms.run())
    assert alarms.found is None
