"""`GET /prices`: the newest price of each symbol, for whoever wants one answer and no stream.

It listens like a stream does, for as long as the answer takes, and leaves half a minute of interest behind,
so that a client which asks every few seconds finds the symbols live.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api import frames
from tapecast.api.auth import Guard
from tapecast.api.hub import Hub
from tapecast.api.peers import counted
from tapecast.api.room import admit
from tapecast.api.symbols import parse_symbols
from tapecast.api.topic import Topic
from tapecast.errors import ClientError
from tapecast.market import SymbolState
from tapecast.settings import Settings

WAIT_S: Final = 1.0


class Bell:
    """A listener that says only that something was said."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def put_state(self, symbol: str, frame: bytes) -> None:
        """A symbol's state changed."""
        del symbol, frame
        self.rung.set()

    def ring(self, symbol: str) -> None:
        """A symbol has a price, or none any more."""
        del symbol
        self.rung.set()


class Prices:
    """The endpoint."""

    def __init__(self, hub: Hub, settings: Settings, guard: Guard) -> None:
        self._hub = hub
        self._settings = settings
        self._guard = guard

    async def prices(self, request: Request) -> Response:
        """`GET /prices?symbols=AAPL,BTC/USD`."""
        grant = counted(self._guard.require(request, ["prices"]), request, self._settings.trusted_proxies)
        asked = parse_symbols(request.query_params, self._settings, grant=grant)
        self._hub.audience.require_open()
        self._hub.audience.limits.require_pace()
        if self._hub.markets.link is False:
            raise ClientError(503, "cache_unavailable", "Redis does not answer", retry_after=2)
        symbols, refused = admit(asked, self._hub.topics, grant.bringer)
        bell, new = Bell(), self._hub.topics.new(symbols)
        with self._hub.listen(bell, symbols):
            self._hub.topics.charge(new, grant.bringer)
            self._hub.topics.hold(symbols)
            topics = [topic for s in symbols if (topic := self._hub.topic(s)) is not None]
            await _settle(topics, bell)
            missing: list[object] = [{"symbol": r.symbol, "reason": r.reason} for r in refused]
            missing += [_missing(topic) for topic in topics if topic.data is None]
            known = [_priced(topic) for topic in topics if topic.data is not None]
        body = frames.encode({"prices": known, "missing": missing})
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _settle(topics: list[Topic], bell: Bell) -> None:
    """Give the symbols that nobody asked for before a moment to get their first price."""
    try:
        async with asyncio.timeout(WAIT_S):
            while not all(map(_is_settled, topics)):
                await bell.rung.wait()
                bell.rung.clear()
    except TimeoutError:
        # What is known by now is the answer.
        return


def _is_settled(topic: Topic) -> bool:
    shown = topic.shown
    if shown is None:
        return False
    if shown.state is SymbolState.STALE:
        # With a reason it will not get better within the second.
        return shown.reason != "no_update"
    return shown.state is not SymbolState.PENDING


def _priced(topic: Topic) -> msgspec.Raw:
    # The state goes in behind the tick's own bytes, which are a JSON object and end with a brace.
    state = topic.shown.state if topic.shown else SymbolState.PENDING
    data = (topic.data or b"").rstrip()
    return msgspec.Raw(data[:-1] + b',"state":"' + state.encode() + b'"}')


def _missing(topic: Topic) -> dict[str, str]:
    shown = topic.shown
    return {"symbol": topic.symbol, "reason": (shown and (shown.reason or shown.state)) or "pending"}
