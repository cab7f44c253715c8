import asyncio
import csv
import io
import json
import re
import tomllib
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from tests.emissions import WMO_TOTAAL, emission, values
from tests.stream.page.provider import MADE, Process
from zorgstroom.stream.access import Access
from zorgstroom.stream.page import routes
from zorgstroom.stream.security import HttpAccess
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.web import application

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "stream" / "page" / "static"
Ask = Callable[[TestClient[web.Request, web.Application], Process], Awaitable[None]]


def serve(ask: Ask, settings: Settings | None = None) -> None:
    """Run the page on a server of its own and let `ask` talk to it."""

    async def run() -> None:
        process = Process()
        process.publication.write(
            emission(1, values(WMO_TOTAAL, [31, None], eerste=date(2026, 10, 1)), tijd=MADE)
        )
        app = application(process, Access(HttpAccess()))
        routes.attach(app, process, settings or Settings())
        async with TestClient(TestServer(app)) as client:
            await ask(client, process)

    asyncio.run(run())


async def events(response: ClientResponse, count: int) -> list[tuple[str, dict[str, object]]]:
    """Read the first `count` events of a stream."""
    found: list[tuple[str, dict[str, object]]] = []
    name = ""
    async with asyncio.timeout(20):
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                found.append((name, json.loads(text.removeprefix("data: "))))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {found}")


def test_the_page_and_all_its_files_are_served_and_packed() -> None:
    assert {path.name for path in STATIC.iterdir()} == {*routes.FILES, "index.html"}
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert config["tool"]["setuptools"]["package-data"]["zorgstroom.stream.page"] == ["static/*"]

    async def ask(client: TestClient[web.Request, web.Application], _: Process) -> None:
        for path in ("/", "/gebied/enschede", *(f"/static/{name}" for name in routes.FILES)):
            answer = await client.get(path)
            assert answer.status == 200, path
            assert answer.headers["Content-Security-Policy"] == routes.CONTENT_SECURITY_POLICY
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status, await again.read()) == (304, b"")
        assert (await client.get("/static/../routes.py")).status == 404
        assert (await client.get("/static/%2e%2e/routes.py")).status == 404

    serve(ask)


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    assert "unsafe" not in routes.CONTENT_SECURITY_POLICY
    assert "http" not in routes.CONTENT_SECURITY_POLICY
    for path in STATIC.glob("*"):
        if path.suffix in (".html", ".css", ".js") and "min" not in path.name:
            text = path.read_text("utf-8").replace("/^https?:\\/\\//", "")
            assert not re.search(r"https?://", text), path.name
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page), "CSP forbids it"
    for used in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert used.removeprefix("/static/") in routes.FILES


def test_vendored_files_tell_their_version_and_come_with_their_licence() -> None:
    vendored = [name for name in routes.FILES if re.search(r"\d+\.\d+\.\d+", name)]
    assert {re.sub(r"(\d+\.\d+\.\d+).*", r"\1", name) for name in vendored} == {
        "uplot-1.6.32",
        "source-sans-3-5.3.1",
    }
    for name in vendored:
        stem = re.sub(r"(\d+\.\d+\.\d+).*", r"\1", name)
        licence = (STATIC / f"{stem}.LICENSE.txt").read_text("utf-8")
        assert "MIT License" in licence or "SIL Open Font License" in licence


def test_names_and_rules_of_the_process() -> None:
    async def ask(client: TestClient[web.Request, web.Application], process: Process) -> None:
        body = await (await client.get("/api/gebieden")).json()
        (region,) = body["regios"]
        assert (region["gebied"], region["naam"]) == ("twente", "Twente")
        assert [one["naam"] for one in region["gemeenten"]][:2] == ["Almelo", "Borne"]
        assert {"gebied": "0168", "naam": "Losser"} in region["gemeenten"]
        assert (body["beleid"], body["basis"], body["drempel"]) == ("afronden", 5, 10)
        assert body["waarschuwing"] == process.protection.warning
        assert body["naloop_dagen"] == 90
        assert body["categorieen"]["Wmo"]["01"].startswith("Hulp")

    serve(ask)


def test_figures_as_csv() -> None:
    async def ask(client: TestClient[web.Request, web.Application], _: Process) -> None:
        answer = await client.get("/api/cijfers.csv?gebied=0153")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
        assert [(row["periode"], row["waarde"]) for row in rows] == [
            ("2026-10-01", "31"),
            ("2026-11-01", ""),
        ]
        assert (await client.get("/api/cijfers.csv?gebeid=0153")).status == 400
        assert (await client.get("/api/cijfers.csv?limit=1")).status == 400
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert (await client.get("/api/cijfers.csv", headers=elsewhere)).status == 403

    serve(ask)


def test_a_stream_tells_state_refusals_and_figures() -> None:
    async def ask(client: TestClient[web.Request, web.Application], process: Process) -> None:
        async with client.get("/api/stream?gebied=0153&periode_soort=maand") as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["Cache-Control"] == "no-store"
            found = dict(await events(response, 3))
            assert found.keys() == {"stand", "afgekeurd", "cijfers"}
            status = found["stand"]["status"]
            assert isinstance(status, dict)
            assert status["vandaag"] == "2026-11-12"
            assert found["cijfers"]["periode"] == "2026-11-01"
            rows = found["cijfers"]["rijen"]
            assert isinstance(rows, list)
            line = dict(zip(found["cijfers"]["kolommen"], rows[0], strict=True))  # type: ignore[call-overload]
            assert (line["waarde"], line["tot_en_met"], line["status"]) == (
                None,
                None,
                "voorlopig",
            )

    serve(ask)


@pytest.mark.parametrize("query", ["gebied=Enschede", "gebied=0153'", "periode_soort=week"])
def test_a_stream_of_something_unknown_is_refused(query: str) -> None:
    async def ask(client: TestClient[web.Request, web.Application], _: Process) -> None:
        answer = await client.get(f"/api/stream?{query}")
        assert answer.status == 400
        assert "fout" in await answer.json()

    serve(ask)


def test_too_many_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST", 2)

    async def ask(client: TestClient[web.Request, web.Application], _: Process) -> None:
        async with client.get("/api/stream") as one, client.get("/api/stream") as other:
            await events(one, 1)
            await events(other, 1)
            assert (await client.get("/api/stream")).status == 503

    serve(ask)


def test_streams_end_when_the_process_stops() -> None:
    async def ask(client: TestClient[web.Request, web.Application], _: Process) -> None:
        response = await client.get("/api/stream")
        await events(response, 1)
        async with asyncio.timeout(10):
            await client.server.close()
            await response.read()

    serve(ask)


def test_a_slow_reader_gets_the_newest_and_is_kept_small() -> None:
    ticks, size = 400, 50_000

    async def ask(client: TestClient[web.Request, web.Application], process: Process) -> None:
        hub = client.server.app[routes.HUB]  # type: ignore[attr-defined]
        host, port = str(client.server.host), int(client.server.port or 0)
        reader, writer = await asyncio.open_connection(host, port, limit=10_000)
        writer.write(b"GET /api/stream?gebied=0153 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        process.state["vulling"] = "x" * size
        for number in range(ticks):
            process.state["nu"] = str(number)
            hub.tick()
            await asyncio.sleep(0.001)  # the server's turn; this reader takes nothing
        seen: list[int] = []
        text = b""
        async with asyncio.timeout(30):
            while not seen or seen[-1] != ticks - 1:
                text += await reader.read(1_000_000)
                seen = [int(nr) for nr in re.findall(rb'"nu":"(\d+)"', text)]
        writer.close()
        assert seen == sorted(seen)
        # What fits the buffers of two sockets was sent; the rest was passed over.
        assert len(seen) < ticks / 2, len(seen)

    serve(ask)


def test_a_reader_that_takes_nothing_at_all_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SLOWEST_SECONDS", 0.2)

    async def ask(client: TestClient[web.Request, web.Application], process: Process) -> None:
        hub = client.server.app[routes.HUB]  # type: ignore[attr-defined]
        process.state["vulling"] = "x" * 2_000_000
        host, port = str(client.server.host), int(client.server.port or 0)
        reader, writer = await asyncio.open_connection(host, port, limit=10_000)
        writer.write(b"GET /api/stream?gebied=0153 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(30):
            number = 0
            while hub.pages or not number:
                number += 1
                process.state["nu"] = str(number)
                hub.tick()
                await asyncio.sleep(0.01)
        writer.close()

    serve(ask)
