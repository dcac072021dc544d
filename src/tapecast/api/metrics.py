"""`GET /metrics`: what this api does, for Prometheus. Collected when asked for.

An api of several workers answers as one: whichever is asked gathers what the others say (`siblings.py`).
"""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api.deployment import Deployment
from tapecast.api.exposition import Fanout
from tapecast.api.hub import Hub
from tapecast.api.siblings import Siblings
from tapecast.api.waiting import Waiting


class Metrics:
    """The endpoint."""

    def __init__(self, hub: Hub, waiting: Waiting, siblings: Siblings | None = None) -> None:
        # A registry of our own: the library's default one is of the process, and tests run many replicas.
        self._registry = CollectorRegistry()
        self._registry.register(Fanout(hub, waiting))
        self._registry.register(Deployment(hub))
        self._siblings = siblings
        if siblings is not None:
            self._registry.register(siblings)
            siblings.answer_with(self._own)
        # What is being gathered now, for whoever asks meanwhile.
        self._gathering: asyncio.Task[bytes] | None = None

    async def metrics(self, request: Request) -> Response:
        """All of them, as text."""
        del request
        body = self._own() if self._siblings is None else await self._gathered(self._siblings)
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    async def _gathered(self, siblings: Siblings) -> bytes:
        # Anybody may ask, and each answer costs every worker: those who ask at once get one.
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(siblings.gather())
        # One who leaves does not take it from the others.
        return await asyncio.shield(self._gathering)

    def _own(self) -> bytes:
        return generate_latest(self._registry)
