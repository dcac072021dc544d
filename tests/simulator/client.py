"""A plain WebSocket client for dialogues with the simulated data stream, and the simulator to talk to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close

from tapecast.simulator.server import Simulator
from tapecast.simulator.symbols import LISTED
from tests.support import PATIENCE_S

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
