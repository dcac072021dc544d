"""Alive, and ready: a platform restarts what is not alive and only sends no traffic to what is not ready.

A lost Redis must never restart a replica: its streams go on and say so.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tapecast.api.hub import Hub

_HEADERS = {"Cache-Control": "no-store"}


class Health:
    """The two endpoints that a platform asks."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def healthz(self, request: Request) -> Response:
        """`GET /healthz`: the process answers."""
        del request
        return JSONResponse({"status": "ok"}, headers=_HEADERS)

    async def readyz(self, request: Request) -> Response:
        """`GET /readyz`: whether new clients should be sent here, and why not."""
        del request
        reasons = []
        if self._hub.markets.link is not True:
            reasons.append("cache_unavailable")
        if self._hub.audience.is_draining:
            reasons.append("draining")
        status = "unready" if reasons else "ready"
        code = 503 if reasons else 200
        return JSONResponse({"status": status, "reasons": reasons}, status_code=code, headers=_HEADERS)
