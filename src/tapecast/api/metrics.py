"""`GET /metrics`: what this api does, for Prometheus. Collected when asked for.

An api of several workers answers as one: whichever is asked gathers what the others say (`siblings.py`).
Anybody may ask, as often as he likes, and streams must not suffer from it: an answer is given again for ten
times as long as it took to make, which are milliseconds, and those who ask meanwhile share one.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api.deployment import Deployment
from tapecast.api.door import Door
from tapecast.api.exposition import Fanout
from tapecast.api.hub import Hub
from tapecast.api.siblings import Siblings

REST: Final = 10
"""A tenth of a core at the most goes into answers."""

_HEADERS: Final = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}


class Metrics:
    """The endpoint."""

    def __init__(
        self,
        hub: Hub,
        door: Door,
        siblings: Siblings | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        # A registry of our own: the library's default one is of the process, and tests run many replicas.
        self._registry = CollectorRegistry()
        self._registry.register(Fanout(hub, door))
        self._registry.register(Deployment(hub))
        self._siblings = siblings
        if siblings is not None:
            self._registry.register(siblings)
            siblings.answer_with(self._own)
        self._now = now
        # The newest answer, or the one that is being made; and until when it is given.
        self._answer: asyncio.Task[bytes] | None = None
        self._fresh_until = -math.inf

    async def metrics(self, request: Request) -> Response:
        """All of them, as text."""
        del request
        if self._answer is None or (self._answer.done() and self._now() >= self._fresh_until):
            self._answer = asyncio.create_task(self._make())
        # Whoever leaves does not take it from the others.
        return Response(await asyncio.shield(self._answer), headers=_HEADERS)

    async def _make(self) -> bytes:
        begun = self._now()
        try:
            return self._own() if self._siblings is None else await self._siblings.gather()
        finally:
            ended = self._now()
            self._fresh_until = ended + REST * (ended - begun)

    def _own(self) -> bytes:
        return generate_latest(self._registry)
