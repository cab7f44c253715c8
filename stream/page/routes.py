"""
The live page: static files, its stream of server-sent events, and what it asks beside that.

The page is one HTML file for every area; its script reads the area and the choices from the
address. The same page comes with every shell.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, cast, get_args

import msgspec
from aiohttp import web

from zorgstroom.aggregations.products import HOOFDGROEPEN
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.codecs.catalog import CATEGORIE
from zorgstroom.stream.page.hub import MOST, Hub
from zorgstroom.stream.page.lookup import Watched
from zorgstroom.stream.questions import ParameterError, as_row, question
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.tables import write_csv
from zorgstroom.stream.web import Provider, as_json

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
FILES: Final = {
    "app.css": "text/css",
    "app.js": "text/javascript",
    "chart.js": "text/javascript",
    "choice.js": "text/javascript",
    "course.js": "text/javascript",
    "figures.js": "text/javascript",
    "now.js": "text/javascript",
    "rows.js": "text/javascript",
    "words.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "uplot-1.6.32.min.js": "text/javascript",
    "uplot-1.6.32.min.css": "text/css",
    "uplot-1.6.32.LICENSE.txt": "text/plain",
    "source-sans-3-5.3.1.woff2": "font/woff2",
    "source-sans-3-5.3.1.LICENSE.txt": "text/plain",
}
"""What the page consists of beside `index.html`, with the kind of each."""
SLOWEST_SECONDS: Final = 30.0
"""A page that takes nothing for so long is cut off; it connects again by itself."""
HUB: Final = web.AppKey("hub", Hub)
"""Where an app keeps what its pages share."""


def attach(app: web.Application, provider: Provider, settings: Settings) -> None:
    """Add the page of `provider` to `app`; call it before the app is set up."""
    hub = Hub(provider, settings)
    app[HUB] = hub

    async def running(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(hub.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def ending(_: web.Application) -> None:
        hub.end()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(ending)  # before the server waits for open connections
    app.add_routes(_routes(provider, settings, hub))


def areas(settings: Settings) -> dict[str, str]:
    """Return the name of every area that has a page, by the name it has among the figures."""
    found = {name: name.capitalize() for name in settings.regios}
    for codes in settings.regios.values():
        found |= {code: TWENTE.get(code, f"Gemeente {code}") for code in codes}
    return found


def read_file(name: str) -> bytes:
    """Return a file of the page as it is in the package."""
    return (Path(__file__).parent / "static" / name).read_bytes()


def _routes(provider: Provider, settings: Settings, hub: Hub) -> list[web.RouteDef]:
    names = areas(settings)

    async def gebieden(_: web.Request) -> web.Response:
        return as_json(_description(provider, settings, names))

    async def cijfers_csv(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_csv, provider, list(request.query.items()))

    async def stream(request: web.Request) -> web.StreamResponse:
        return await _stream(request, hub, names)

    return [
        web.get("/", _file("index.html", "text/html")),
        web.get("/gebied/{gebied}", _file("index.html", "text/html")),
        *(web.get(f"/static/{name}", _file(name, kind)) for name, kind in FILES.items()),
        web.get("/api/gebieden", gebieden),
        web.get("/api/cijfers.csv", cijfers_csv),
        web.get("/api/stream", stream),
    ]


def _file(name: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = read_file(name)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    charset = "utf-8" if kind.startswith("text/") else None
    headers = {
        "ETag": tag,
        # May be kept, but is asked for each time: after an update nothing old is shown.
        "Cache-Control": "no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    }

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=kind, charset=charset, headers=headers)

    return answer


def _description(
    provider: Provider, settings: Settings, names: dict[str, str]
) -> dict[str, object]:
    """Return what does not change while the process runs: names, and the rules of publication."""
    return {
        "regios": [
            {
                "gebied": region,
                "naam": names[region],
                "gemeenten": [
                    {"gebied": code, "naam": names[code]}
                    for code in sorted(codes, key=lambda code: names[code])
                ],
            }
            for region, codes in settings.regios.items()
        ],
        "hoofdgroepen": HOOFDGROEPEN,
        "categorieen": CATEGORIE,
        "beleid": provider.protection.policy,
        "waarschuwing": provider.protection.warning,
        "basis": provider.protection.base,
        "drempel": provider.protection.threshold,
        "naloop_dagen": settings.publication.naloop_dagen,
    }


def _csv(provider: Provider, parameters: Sequence[tuple[str, str]]) -> web.Response:
    asked = question(parameters, provider.regios)
    found = provider.figures(asked.wanted, historie=asked.historie)
    if len(found) > asked.limit:
        raise ParameterError(f"Dit zijn meer dan {asked.limit} cijfers; vraag er minder tegelijk.")
    text = io.StringIO()
    write_csv(msgspec.to_builtins([as_row(figure) for figure in found]), text)
    return web.Response(
        body=text.getvalue().encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="zorgstroom-cijfers.csv"'},
    )


async def _stream(request: web.Request, hub: Hub, names: dict[str, str]) -> web.StreamResponse:
    wanted = _wanted(request, names)
    if hub.pages >= MOST:
        body: dict[str, object] = {"fout": f"Er zijn al {MOST} pagina's open; probeer het later."}
        return as_json(body, 503)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    with hub.watching(wanted) as watcher, suppress(ConnectionError):
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        while not hub.ending:
            data = watcher.take()
            if not data:
                await hub.moved()
                continue
            try:
                # Waits when the other side takes nothing; meanwhile nothing is kept for it.
                async with asyncio.timeout(SLOWEST_SECONDS):
                    await response.write(data)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
                break
    return response


def _wanted(request: web.Request, names: dict[str, str]) -> Watched:
    gebied = request.query.get("gebied", next(iter(names), ""))
    soort = request.query.get("periode_soort", "maand")
    if gebied not in names and not (gebied.isdigit() and len(gebied) == 4):
        raise ParameterError("gebied: dit is geen regio en geen CBS-code van vier cijfers.")
    if soort not in get_args(PeriodeSoort):
        allowed = ", ".join(get_args(PeriodeSoort))
        raise ParameterError(f"periode_soort: kies uit {allowed}.")
    return Watched(gebied, cast(PeriodeSoort, soort))
