"""How many calls a minute the trading host takes, and what it says of that in each answer's headers."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tapecast.simulator import rest

_MINUTE_S: Final = 60
_TRADING: Final = ("/v2/account", "/v2/positions", "/v2/orders", "/v2/assets", "/v2/clock", "/v2/calendar")
_UNKNOWN: Final = "*"
_NAME: Final = re.compile(r"\{[^}]*\}")


class LimitedRest:
    """REST with Alpaca's limit on the trading host's calls; all calls are counted, by their routes."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Route],
        limit: int,
        calls: Counter[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._routes = routes
        self._limit = limit
        self._calls = calls
        self._now = now
        self._window = 0
        self._left = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless there were too many."""
        path = scope["path"]
        self._calls[self._template(scope)] += 1
        if not path.startswith(_TRADING):
            await self._app(scope, receive, send)
            return
        self._count()

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), message["status"])
            await send(message)

        if self._left < 0:
            answer = rest.json({"code": 42910000, "message": "rate limit exceeded"}, 429)
            await answer(scope, receive, tell)
        else:
            await self._app(scope, receive, tell)

    def _count(self) -> None:
        window = int(self._now()) // _MINUTE_S
        if window != self._window:
            self._window, self._left = window, self._limit
        self._left -= 1

    def _mark(self, headers: MutableHeaders, status: int) -> None:
        # Whoever is refused has nothing left, though only a fault may have said so.
        left = 0 if status == 429 else max(0, self._left)
        headers["X-RateLimit-Limit"] = str(self._limit)
        headers["X-RateLimit-Remaining"] = str(left)
        headers["X-RateLimit-Reset"] = str((self._window + 1) * _MINUTE_S)

    def _template(self, scope: Scope) -> str:
        """A path without the name of one thing, so that there are only so many; what there is not is one."""
        found = (each.path for each in self._routes if each.matches(scope)[0] is not Match.NONE)
        return _NAME.sub("*", next(found, _UNKNOWN))
