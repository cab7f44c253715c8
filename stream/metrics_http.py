"""`/metrics`: all series of this process, in the form that whoever asks wants."""

import asyncio

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from zorgstroom.sinks.metrics import Metrics


def metrics_routes(metrics: Metrics) -> list[web.RouteDef]:
    """Return the route of `metrics`."""

    async def scrape(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = await asyncio.to_thread(encode, metrics.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/metrics", scrape)]
