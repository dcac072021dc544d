"""A scripted Alpaca account: order events as the test says them, and REST answers as it sets them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tapecast.settings import Settings, load

KEYS = {"ALPACA_PAPER_API_KEY": "key", "ALPACA_PAPER_SECRET_KEY": "the-secret"}
AUTHORIZED = {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
UNAUTHORIZED = {"stream": "authorization", "data": {"status": "unauthorized", "action": "authenticate"}}
LISTENING = {"stream": "listening", "data": {"streams": ["trade_updates"]}}

Script = Callable[["TradingVenue", ServerConnection], Awaitable[None]]


def event(kind: str, number: str = "1", **fields: Any) -> dict[str, Any]:
    """An order event about AAPL."""
    order = {"id": f"order-{number}", "symbol": "AAPL", "asset_class": "us_equity", "status": kind}
    return {"event": kind, "event_id": f"{kind}-{number}", "order": order, **fields}


async def serve_well(venue: TradingVenue, socket: ServerConnection) -> None:
    """Log the client in, grant what it asks for, and stay."""
    venue.logins.append(json.loads(await socket.recv()))
    await socket.send(json.dumps(AUTHORIZED))
    venue.asked_streams.append(json.loads(await socket.recv()))
    await socket.send(json.dumps(LISTENING))
    venue.live.set()
    await socket.wait_closed()


class TradingVenue:
    """A stream and REST on one port. `answers` holds each path's answer: JSON, or (status, body, headers)."""

    def __init__(self, *scripts: Script) -> None:
        # One for each connection, the last one for all that follow.
        self.scripts: list[Script] = list(scripts) or [serve_well]
        self.answers: dict[str, Any] = {
            "/v2/positions": [],
            "/v2/account": {"account_number": "PA1", "equity": "1000.00"},
            "/v2/orders": [],
            "/v2/assets": [{"symbol": "BTC/USD"}, {"symbol": "ETH/USD"}],
        }
        self.calls: Counter[str] = Counter()
        self.queries: list[str] = []
        self.keys: list[str | None] = []
        self.logins: list[Any] = []
        self.asked_streams: list[Any] = []
        self.sockets: list[ServerConnection] = []
        self.dials = 0
        self.closes: list[int] = []
        self.live = asyncio.Event()
        # Set: answers wait for it.
        self.gate: asyncio.Event | None = None
        # Paths whose answers do.
        self.gated = frozenset(self.answers)
        self.port = 0

    @property
    def polls(self) -> int:
        """How often positions were read."""
        return self.calls["/v2/positions"]

    def settings(self, **more: str) -> Settings:
        """Settings of a service that is pointed here."""
        return load(KEYS | {"ALPACA_TRADING_URL": f"http://127.0.0.1:{self.port}"} | more)

    async def say(self, message: object, *, binary: bool = False) -> None:
        """Send one message, or one raw frame, to the newest session."""
        frame = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.sockets[-1].send(frame.encode() if binary and isinstance(frame, str) else frame)

    async def tell(self, update: object, *, binary: bool = False) -> None:
        """Send one order event."""
        await self.say({"stream": "trade_updates", "data": update}, binary=binary)

    def drop(self) -> None:
        """Cut the newest session without a word."""
        self.live.clear()
        self.sockets[-1].transport.abort()

    async def connected(self, socket: ServerConnection) -> None:
        self.dials += 1
        self.sockets.append(socket)
        script = self.scripts[min(self.dials, len(self.scripts)) - 1]
        with suppress(ConnectionClosed):
            await script(self, socket)
        if socket.close_code is not None:
            self.closes.append(socket.close_code)

    async def request(self, socket: ServerConnection, request: Request) -> Response | None:
        path, _, query = request.path.partition("?")
        if path == "/stream":
            return None
        self.calls[path] += 1
        self.queries.append(query)
        self.keys.append(request.headers.get("APCA-API-SECRET-KEY"))
        answer = self.answers[path]
        if self.gate is not None and path in self.gated:
            await self.gate.wait()
        if isinstance(answer, tuple):
            status, body, headers = answer
        else:
            status, body, headers = 200, json.dumps(answer).encode(), {}
        fields = Headers({**headers, "Content-Length": str(len(body)), "Connection": "close"})
        return Response(status, "", fields, body)


@asynccontextmanager
async def trading(venue: TradingVenue) -> AsyncIterator[TradingVenue]:
    """The venue on a free port."""
    async with serve(
        venue.connected, "127.0.0.1", 0, process_request=venue.request, close_timeout=0.5, ping_interval=None
    ) as server:
        venue.port = next(iter(server.sockets)).getsockname()[1]
        try:
            yield venue
        finally:
            if venue.gate is not None:
                venue.gate.set()
