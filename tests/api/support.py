"""What the api's tests share: a hub on a hand clock that reaches no Redis, and a replica that does.

The clients of the first are peers (`peer.py`), which need no socket; those of the second use real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from tapecast.api.dispatcher import Dispatcher
from tapecast.api.encoding import Encoding, Plain
from tapecast.api.hub import Hub
from tapecast.api.mailbox import Mailbox
from tapecast.api.seats import Seats
from tapecast.api.sent import Sent
from tapecast.api.server import serve
from tapecast.api.symbols import Ask
from tapecast.api.topic import Topic
from tapecast.api.view import View
from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.subscriber import SubscriberListener
from tapecast.market import FeedState, Market, Tick
from tapecast.settings import load
from tests.api.fakes import Listener
from tests.api.peer import Event, Peer, parsed
from tests.support import PATIENCE_S, HandClock, eventually, free_socket

EPOCH = 7


@dataclass
class Upstream:
    """The bus, as the hub sees it: it remembers what it was told."""

    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    interest: codec.Interest = field(default_factory=lambda: codec.Interest({}))
    touches: int = 0

    def add(self, symbols: Iterable[str]) -> None:
        """Note a join."""
        self.joined += symbols

    def remove(self, symbols: Iterable[str]) -> None:
        """Note a leave."""
        self.left += symbols

    def want(self, interest: Callable[[], codec.Interest]) -> None:
        """Note the interest."""
        self.interest = interest()

    def touch(self) -> None:
        """Note that the stream count changed."""
        self.touches += 1


class Bench:
    """A hub on a hand clock, with its link up. Nothing is sent before the test flushes."""

    def __init__(self, **env: str) -> None:
        self.time = HandClock()
        self.upstream = Upstream()
        self.settings = load(env)
        self.dispatcher = Dispatcher(self.time.clock.now)
        self.hub = Hub("api-1", self.settings, self.dispatcher, self.time.clock)
        self.hub.bind(self.upstream, self.upstream.want, self.upstream.touch)
        self.seats = Seats(self.hub, self.dispatcher, self.time.clock)
        listener: SubscriberListener = self.hub
        listener.on_link(True)

    def connect(self, *symbols: str, interval_ms: int = 0, gzip: bool = False, **more: Any) -> Peer:
        """A client that asks for these symbols, seated, with nothing sent yet."""
        return self.seat(Ask(symbols, interval_ms=interval_ms, **more), gzip=gzip)

    def seat(self, ask: Ask, *, gzip: bool = False) -> Peer:
        """A client of this ask."""
        peer = Peer(self.seats.line(ask))
        self.seats.take(ask, self.seats.gzip if gzip else self.seats.plain, peer.line)
        peer.client = next(reversed(self.hub.audience._clients))
        return peer

    def flush(self) -> None:
        """Write what may be written by now."""
        self.dispatcher.flush()

    def pass_time(self, seconds: float) -> None:
        """Let time pass as it does: in quarter seconds, each with its sweep."""
        for _ in range(round(seconds / 0.25)):
            self.time.advance(0.25)
            self.hub.sweep()

    def listen(self, *symbols: str) -> Listener:
        """A client of these symbols."""
        topics: dict[str, Topic] = {}
        listener = Listener(topics, self.hub.topics.versions)
        self.hub.attach(listener, symbols)
        topics |= {symbol: self.hub.topics.open(symbol) for symbol in symbols}
        return listener

    def beat(self, state: FeedState = FeedState.LIVE, seq: int = 1, epoch: int = EPOCH, **more: Any) -> None:
        """The owner's pulse for the stocks."""
        now_us = self.time.clock.micros()
        self.hub.on_beat(codec.Beat(Market.US_EQUITY, epoch, seq, state, now_us, feed="iex", **more))


def view_of(
    dispatcher: Dispatcher, *symbols: str, interval_s: float = 0.0, encoding: Encoding | None = None
) -> View:
    """A view of these symbols that nobody else knows of."""
    return View(symbols, interval_s, encoding or Plain(), dispatcher, Sent())


def tick(symbol: str, seq: int, price: float = 100.0, *, epoch: int = EPOCH, **more: Any) -> bytes:
    """An encoded tick."""
    return codec.encode(Tick(symbol, price, epoch=epoch, seq=seq, **{"feed": "iex"} | more))


def taken(mailbox: Mailbox) -> list[Event]:
    """All that waits in a mailbox."""
    part = mailbox.take(limit=1_000_000)
    return parsed(b"".join(part.frames())) if part else []


def states(events: list[Event]) -> list[tuple[str, str]]:
    """The states and reasons among events."""
    return [(data["state"], data.get("reason", "")) for name, data in events if name == "symbol"]


@asynccontextmanager
async def replica(
    bus: Bus, *, laptop: bool = False, stop: asyncio.Event | None = None, **env: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A real replica on a free port, and a client to it. Stopped at the end, which must succeed."""
    stop, ready = stop or asyncio.Event(), asyncio.Event()
    sock = free_socket()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    serving = asyncio.create_task(serve(load(env), bus, sock, stop, laptop=laptop, ready=ready))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            await eventually(lambda: _is_ready(client))
            yield client
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await serving


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


class Reader:
    """An open stream, read event by event."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], response: httpx.Response) -> None:
        self._events = events
        self.response = response
        self.raw: list[str] = []
        self.retries: list[int] = []

    async def next(self) -> Event:
        """The next event. Raises StopAsyncIteration at the end of the stream."""
        event = await anext(self._events)
        if event.retry is not None:
            self.retries.append(event.retry)
        self.raw.append(event.data)
        return event.event, json.loads(event.data)

    async def until(self, name: str, **fields: object) -> list[Event]:
        """The events up to and with the first of this name whose data has these fields."""
        seen: list[Event] = []
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.next()
                seen.append(event)
                if event[0] == name and fields.items() <= event[1].items():
                    return seen

    async def rest(self) -> list[Event]:
        """The events until the stream ends."""
        seen: list[Event] = []
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    seen.append(await self.next())
                except StopAsyncIteration:
                    return seen


@asynccontextmanager
async def stream(client: httpx.AsyncClient, path: str, **kwargs: Any) -> AsyncIterator[Reader]:
    """Open a stream."""
    async with aconnect_sse(client, "GET", path, **kwargs) as source:
        yield Reader(source.aiter_sse(), source.response)


async def joined(bus: Bus, symbol: str) -> None:
    """Wait until some replica listens to the symbol's channel."""

    async def is_joined() -> bool:
        ((_, count),) = await bus.redis.pubsub_numsub(bus.keys.channel(bus.keys.price(symbol)))
        return int(count) > 0

    await eventually(is_joined)


async def publish(bus: Bus, symbol: str, data: bytes) -> None:
    """Publish a tick as ingest does."""
    await bus.redis.set(bus.keys.price(symbol), data, ex=5)
    await bus.redis.publish(bus.keys.channel(bus.keys.price(symbol)), data)


async def publish_beat(bus: Bus, state: FeedState = FeedState.LIVE, **more: Any) -> None:
    """Publish a beat of the stocks' owner as ingest does."""
    beat = codec.Beat(Market.US_EQUITY, EPOCH, 1, state, more.pop("server_time", 1), feed="iex", **more)
    key = bus.keys.beat(Market.US_EQUITY)
    await bus.redis.set(key, codec.encode(beat), ex=5)
    await bus.redis.publish(bus.keys.channel(key), codec.encode(beat))


@asynccontextmanager
async def beating(bus: Bus) -> AsyncIterator[None]:
    """A healthy owner of the stocks: it beats before the body begins, and until it ends."""

    async def beat() -> None:
        for at in itertools.count(2):
            await publish_beat(bus, server_time=at)
            await asyncio.sleep(0.5)

    await publish_beat(bus)
    async with asyncio.TaskGroup() as tasks:
        owner = tasks.create_task(beat())
        yield
        owner.cancel()
