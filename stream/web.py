"""
The HTTP side: JSON about figures and the process, for the page, the CLI and tools on this machine.

It knows no engine, only a `Provider`, so that every shell serves the same routes. Who may ask is
the business of `access.py`.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from zorgstroom.aggregations.policy import Protection
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.sinks.errors import SinkError
from zorgstroom.stream.access import Access
from zorgstroom.stream.questions import ParameterError, as_row, emissions_question, question

_LOG = logging.getLogger(__name__)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Provider(Protocol):
    """What the routes need of a shell."""

    @property
    def protection(self) -> Protection:
        """The policy of the figures, with its warning."""
        ...

    @property
    def regios(self) -> Collection[str]:
        """Names of the regions."""
        ...

    def figures(self, wanted: Filter, *, historie: bool) -> list[PublishedFigure]:
        """Return published figures; called in a thread, may raise a `SinkError`."""
        ...

    def emissions(self, limit: int, regio: str) -> list[PublishedEmission]:
        """Return the last emissions, the newest first; as `figures`."""
        ...

    def status(self) -> Mapping[str, object]:
        """Return how the process is doing, ready for JSON; must not block."""
        ...


def application(
    provider: Provider, access: Access, routes: Iterable[web.AbstractRouteDef] = ()
) -> web.Application:
    """Return the app of `provider` for those whom `access` lets in, with more `routes` if any."""
    app = web.Application(middlewares=[access.middleware(), _errors])
    app.on_response_prepare.append(_add_headers)
    app.add_routes([*api_routes(provider), *routes])
    return app


def api_routes(provider: Provider) -> list[web.RouteDef]:
    """Return the routes under ``/api``."""

    async def cijfers(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_cijfers, provider, list(request.query.items()))

    async def status(_: web.Request) -> web.Response:
        return as_json(provider.status())

    async def emissies(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_emissies, provider, list(request.query.items()))

    return [
        web.get("/api/cijfers", cijfers),
        web.get("/api/emissies", emissies),
        web.get("/api/status", status),
    ]


def as_json(body: Mapping[str, object], status: int = 200) -> web.Response:
    """Return `body` as an answer."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def _cijfers(provider: Provider, parameters: list[tuple[str, str]]) -> web.Response:
    asked = question(parameters, provider.regios)
    found = provider.figures(asked.wanted, historie=asked.historie)
    return as_json(
        {
            "beleid": provider.protection.policy,
            "waarschuwing": provider.protection.warning,
            "afgekapt": len(found) > asked.limit,
            "cijfers": [as_row(figure) for figure in found[: asked.limit]],
        }
    )


def _emissies(provider: Provider, parameters: list[tuple[str, str]]) -> web.Response:
    limit, regio = emissions_question(parameters)
    found = provider.emissions(limit + 1, regio)
    return as_json({"afgekapt": len(found) > limit, "emissies": found[:limit]})


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ParameterError as error:
        return as_json({"fout": str(error)}, 400)
    except SinkError as error:
        return as_json({"fout": str(error)}, 503)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = as_json({"fout": f"{error.status} {error.reason}"}, error.status)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:
        # Only the kind: the text of an unforeseen error may quote what it was working on.
        _LOG.error("Fout bij het beantwoorden van %s: %s", request.path, type(error).__name__)
        return as_json({"fout": "Er ging iets mis; zie het logboek van het proces."}, 500)
