"""`GET /metrics`: what this api does, for Prometheus. Collected when asked for.

An api of several workers answers as one: whichever is asked gathers what the others say (`siblings.py`).
Anybody may ask, as often as he likes, and streams must not suffer from it: after each answer there is a rest
of ten times as long as it took, which are milliseconds, and all who ask meanwhile share the next. Never the
last one: two workers' answers would then be of different times, and a sum fall from one scrape to the next.
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
REST_MOST_S: Final = 1.0
"""A worker that does not answer makes one take a second; Prometheus waits for ten."""

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
        # The answer that those get who ask now, and the one before it.
        self._next: asyncio.Task[bytes] | None = None
        self._last: asyncio.Task[bytes] | None = None
        self._rest_until = -math.inf

    async def metrics(self, request: Request) -> Response:
        """All of them, as text."""
        del request
        if self._next is None:
            self._next = asyncio.create_task(self._make(self._last))
        # Whoever leaves does not take it from the others.
        return Response(await asyncio.shield(self._next), headers=_HEADERS)

    async def _make(self, last: asyncio.Task[bytes] | None) -> bytes:
        if last is not None:
            await asyncio.wait([last])
        await asyncio.sleep(max(0.0, self._rest_until - self._now()))
        # Whoever asks from here on would hear of less than has been counted by then.
        self._last, self._next = self._next, None
        begun = self._now()
        try:
            return self._own() if self._siblings is None else await self._siblings.gather()
        finally:
            ended = self._now()
            self._rest_until = ended + min(REST_MOST_S, REST * (ended - begun))

    def _own(self) -> bytes:
        return generate_latest(self._registry)
