"""REST that is late or fails: a thin layer around the answers, which know nothing of it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tapecast.simulator import rest
from tapecast.simulator.faults import RestFaults

_PAGE: Final = "<!doctype html><title>SIMULATED gateway</title><h1>Something is wrong</h1>"


class FaultyRest:
    """The REST paths, as far as the faults let them answer."""

    def __init__(self, app: ASGIApp, faults: RestFaults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, perhaps late, perhaps with nothing but a status."""
        faults = self._faults
        concerned = scope["path"].startswith(faults.only)
        if concerned and faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        if concerned and faults.html:
            await HTMLResponse(_PAGE, faults.status or 200)(scope, receive, send)
        elif concerned and faults.status is not None:
            await rest.json({"message": "SIMULATED failure"}, faults.status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
