"""The ASGI app: which path is answered by what. Every path is also there under `/api`.

CORS is the outermost layer, so that a page can read our errors too. There is no other middleware: one that
re-chunks the body would cost more than the rest of a stream together.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp

from tapecast.api.auth import Guard
from tapecast.api.bars_endpoints import Bars
from tapecast.api.desk import Desk
from tapecast.api.door import Door
from tapecast.api.errors import handlers
from tapecast.api.health import Health
from tapecast.api.hub import Hub
from tapecast.api.metrics import Metrics
from tapecast.api.openapi import OpenApi
from tapecast.api.page import Page
from tapecast.api.prices import Prices
from tapecast.api.seats import Seats
from tapecast.api.siblings import Siblings
from tapecast.api.streams import Streams
from tapecast.settings import Settings


def create_app(
    settings: Settings,
    hub: Hub,
    seats: Seats,
    door: Door,
    *,
    laptop: bool = False,
    siblings: Siblings | None = None,
) -> ASGIApp:
    """The app on this hub. `laptop`: started by `tapecast up` for the person at this machine."""
    metrics = Metrics(hub, door, siblings)
    routes = _routes(settings, hub, seats, Guard(settings, laptop=laptop), metrics)
    mounted = Mount("/api", app=Router(routes, redirect_slashes=False))
    app = Starlette(routes=[*routes, mounted], exception_handlers=handlers(door.refused))
    app.router.redirect_slashes = False
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        expose_headers=["Retry-After"],
    )


def _routes(settings: Settings, hub: Hub, seats: Seats, guard: Guard, metrics: Metrics) -> list[BaseRoute]:
    streams = Streams(hub, seats, settings, guard)
    health, bars = Health(hub), Bars(hub, seats, settings, guard)
    routes: list[BaseRoute] = [
        Route("/stream", streams.multiplexed),
        Route("/stream/prices", streams.prices),
        Route("/stream/positions", streams.positions),
        Route("/stream/status", streams.status),
        Route("/tickets", Desk(guard).tickets, methods=["POST"]),
        Route("/prices", Prices(hub, settings, guard).prices),
        Route("/stream/bars", bars.stream),
        Route("/bars", bars.bars),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", metrics.metrics),
        Route("/openapi.json", OpenApi().openapi),
    ]
    page = Page(settings, guard)
    return [*routes, Route("/", page.index), Route("/assets/{name}", page.asset)]
