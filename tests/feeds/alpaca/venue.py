"""A scripted Alpaca, a listener that records, and limits that do not let tests wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

import msgpack
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tapecast.bars import VenueBar
from tapecast.feeds.alpaca.client import AlpacaFeed
from tapecast.feeds.alpaca.endpoint import Endpoint
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.rest import AlpacaRest
from tapecast.feeds.alpaca.subscriptions import Subscriptions
from tapecast.feeds.base import FeedListener
from tapecast.market import Cancel, Correction, FeedState, Market, Quote, Snapshot, Trade
from tapecast.settings import load

AUTHENTICATED = {"T": "success", "msg": "authenticated"}
IMPATIENT = Limits(backoff_first_s=0.01, backoff_cap_s=0.05, slow_s=(0.01, 0.02), takeover_s=0.0)
"""Retries at once, but waits for answers as long as ever: the machine may be busy."""

NO_REST = {
    "ALPACA_PAPER_API_KEY": "key",
    "ALPACA_PAPER_SECRET_KEY": "secret",
    # Nothing listens on the discard port.
    "ALPACA_DATA_URL": "http://127.0.0.1:9",
    "ALPACA_TRADING_URL": "http://127.0.0.1:9",
}


class Recorder(FeedListener):
    """Everything that a feed said."""

    def __init__(self) -> None:
        self.sessions = 0
        self.states: list[tuple[FeedState, str | None]] = []
        self.trades: list[Trade] = []
        self.quotes: list[Quote] = []
        self.corrections: list[Correction] = []
        self.cancels: list[Cancel] = []
        self.bars: list[VenueBar] = []
        self.snapshots: list[Snapshot] = []
        self.subscribed: frozenset[str] = frozenset()
        self.refused: dict[str, str] = {}
        self.rejected: Counter[str] = Counter()

    @property
    def state(self) -> FeedState | None:
        return self.states[-1][0] if self.states else None

    def on_session(self) -> None:
        self.sessions += 1

    def on_state(self, state: FeedState, reason: str | None = None) -> None:
        self.states.append((state, reason))

    def on_trade(self, trade: Trade) -> None:
        self.trades.append(trade)

    def on_quote(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def on_correction(self, correction: Correction) -> None:
        self.corrections.append(correction)

    def on_cancel(self, cancel: Cancel) -> None:
        self.cancels.append(cancel)

    def on_bar(self, bar: VenueBar) -> None:
        self.bars.append(bar)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        self.subscribed = symbols

    def on_refused(self, refused: dict[str, str]) -> None:
        self.refused = refused

    def is_owner(self) -> bool:
        """It is."""
        return True

    def on_rejected(self, kind: str) -> None:
        self.rejected[kind] += 1


class Dialogue:
    """The venue's end of one connection."""

    def __init__(self, socket: ServerConnection, over: asyncio.Event) -> None:
        self.socket = socket
        self._over = over
        self.channels: dict[str, set[str]] = {"trades": set(), "quotes": set()}

    async def say(self, *messages: object) -> None:
        await self.socket.send(msgpack.packb(list(messages)))

    async def refuse(self, code: int, text: str = "") -> None:
        await self.say({"T": "error", "code": code, "msg": text})

    async def hear(self) -> dict[str, Any]:
        message = msgpack.unpackb(await self.socket.recv())
        assert isinstance(message, dict)
        return message

    async def welcome(self) -> dict[str, Any]:
        """Say hello; the client's log-in."""
        await self.say({"T": "success", "msg": "connected"})
        return await self.hear()

    async def accept(self) -> None:
        """Up to the log-in, which succeeds."""
        await self.welcome()
        await self.say(AUTHENTICATED)

    async def grant(self) -> dict[str, Any]:
        """Hear one request and do as it says."""
        request = await self.hear()
        for channel, have in self.channels.items():
            asked = set(request.get(channel, ()))
            self.channels[channel] = have | asked if request["action"] == "subscribe" else have - asked
        await self.say({"T": "subscription", **{name: sorted(have) for name, have in self.channels.items()}})
        return request

    async def serve(self) -> None:
        """Do as every request says, until the client goes."""
        while True:
            await self.grant()

    async def freeze(self) -> None:
        """Read nothing any more, not even pings and closes."""
        self.socket.transport.pause_reading()
        await self._over.wait()
        self.socket.transport.abort()

    async def until_gone(self) -> None:
        await self.socket.wait_closed()


Script = Callable[[Dialogue], Awaitable[None]]


class Venue:
    """A server that plays its scripts, one for each connection, the last one for all that follow."""

    def __init__(self, *scripts: Script, refuse_upgrade: int | None = None) -> None:
        self._scripts = scripts
        self._refuse_upgrade = refuse_upgrade
        self.url = ""
        self.dials = 0
        self.open = 0
        # With which code each client closed; 1006 if it only went.
        self.closes: list[int] = []
        # The test is over: what is frozen may go.
        self.over = asyncio.Event()

    async def connected(self, socket: ServerConnection) -> None:
        self.dials += 1
        self.open += 1
        script = self._scripts[min(self.dials, len(self._scripts)) - 1]
        try:
            with suppress(ConnectionClosed):
                await script(Dialogue(socket, self.over))
        finally:
            self.open -= 1
            if socket.close_code is not None:
                self.closes.append(socket.close_code)

    def upgrade(self, socket: ServerConnection, request: Request) -> Response | None:
        if self._refuse_upgrade is None:
            return None
        self.dials += 1
        return socket.respond(HTTPStatus(self._refuse_upgrade), "no")


@asynccontextmanager
async def playing(venue: Venue) -> AsyncIterator[Venue]:
    """The venue on a free port."""
    async with serve(
        venue.connected, "127.0.0.1", 0, process_request=venue.upgrade, close_timeout=0.5, ping_interval=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        venue.url = f"ws://127.0.0.1:{port}/v2/iex"
        try:
            yield venue
        finally:
            venue.over.set()


def endpoint_at(url: str) -> Endpoint:
    """The stock endpoint at `url`."""
    return Endpoint(
        Market.US_EQUITY, "iex", url, has_hours=False, key=SecretStr("key"), secret=SecretStr("secret")
    )


def feed_at(url: str, limits: Limits = IMPATIENT, limit: int = 30) -> AlpacaFeed:
    """A feed of stocks from `url`, whose REST side cannot be reached."""
    settings = load(NO_REST)
    subscriptions = Subscriptions(limit, ("trades", "quotes"))
    return AlpacaFeed(endpoint_at(url), subscriptions, lambda: AlpacaRest.from_settings(settings), limits)


@asynccontextmanager
async def running(feed: AlpacaFeed, *symbols: str) -> AsyncIterator[Recorder]:
    """What a running feed says that wants these symbols. It is cancelled at the end."""
    recorder = Recorder()
    feed.want(symbols)
    task = asyncio.create_task(feed.run(recorder))
    try:
        yield recorder
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.wait([task])
