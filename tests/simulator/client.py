"""A plain WebSocket client for dialogues with the simulated data stream, and the simulator to talk to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close

from tapecast.simulator.server import Simulator
from tapecast.simulator.sockets import SimulatorSocket
from tapecast.simulator.symbols import LISTED
from tests.support import PATIENCE_S

HEADERS = {"APCA-API-KEY-ID": "simulated", "APCA-API-SECRET-KEY": "simulated"}
KEYS = {"key": "simulated", "secret": "simulated"}
THIRTY = [symbol for symbol in LISTED if "/" not in symbol][:30]


class Peer:
    """One connection that has not said anything yet."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def read(self) -> list[dict[str, Any]]:
        """The messages of the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.socket.recv()
        messages: list[dict[str, Any]] = msgpack.unpackb(frame)
        return messages

    async def until(self, kind: str, symbol: str) -> dict[str, Any]:
        """The next message of a kind and a symbol; whatever else comes is skipped."""
        while True:
            for message in await self.read():
                if (message["T"], message.get("S")) == (kind, symbol):
                    return message

    async def reply(self) -> dict[str, Any]:
        """The next control message; data on the way is skipped."""
        while True:
            messages = await self.read()
            if messages[0]["T"] in {"success", "error", "subscription"}:
                assert len(messages) == 1
                return messages[0]

    async def say(self, **message: object) -> dict[str, Any]:
        """Send one message; the reply."""
        await self.socket.send(msgpack.packb(message))
        return await self.reply()

    async def enter(self) -> None:
        """Welcome and authentication."""
        assert await self.reply() == {"T": "success", "msg": "connected"}
        assert await self.say(action="auth", **KEYS) == {"T": "success", "msg": "authenticated"}

    async def end(self) -> Close | None:
        """Read until the connection ends; the server's close frame, if it sent one."""
        try:
            while True:
                await self.read()
        except ConnectionClosed as closed:
            return closed.rcvd


@asynccontextmanager
async def dial(sim: Simulator, path: str = "/v2/iex", **options: Any) -> AsyncIterator[Peer]:
    """A msgpack connection to one path."""
    url = sim.base.replace("http", "ws") + path
    headers = {"Content-Type": "application/msgpack"}
    async with connect(url, additional_headers=headers, **options) as socket:
        yield Peer(socket)


@asynccontextmanager
async def deaf(sim: Simulator) -> AsyncIterator[Peer]:
    """A connection that subscribes to much and then reads nothing."""
    async with dial(sim, max_queue=1, close_timeout=0.1, ping_interval=None) as peer:
        await peer.enter()
        await peer.say(action="subscribe", trades=THIRTY, quotes=THIRTY)
        yield peer


async def subscribed(peer: Peer, *symbols: str) -> None:
    """Enter, and subscribe to trades and quotes."""
    await peer.enter()
    await peer.say(action="subscribe", trades=list(symbols), quotes=list(symbols))


async def latest(sim: Simulator, symbol: str) -> dict[str, Any]:
    """REST's latest trade."""
    async with httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as http:
        answer = await http.get("/v2/stocks/trades/latest", params={"symbols": symbol})
    trade: dict[str, Any] = answer.json()["trades"][symbol]
    return trade


def stuck(sim: Simulator, path: str = "/v2/iex") -> Callable[[], bool]:
    """Whether the one socket of a path takes nothing, by two looks at what waits in front of it."""
    (link,) = cast("set[SimulatorSocket]", sim._endpoints[path]._links)
    before = [0]

    def full() -> bool:
        waiting = link.transport.get_write_buffer_size()
        same, before[0] = waiting == before[0], waiting
        return same and not link.writable.is_set()

    return full
