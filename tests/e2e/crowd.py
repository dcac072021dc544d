"""A thousand clients that come at once, each heard until it has a live price of every symbol."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tests.e2e.wire import get
from tests.support import PATIENCE_S, eventually

SIZE: Final = 1000


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._heard = b""
        self.transport: asyncio.Transport | None = None
        self.is_served = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        if not self.is_served:
            self._heard += data
            self.is_served = self._crowd.serves(self._heard)

    def connection_lost(self, exc: Exception | None) -> None:
        # Never again what it was, and not to be waited for in vain.
        self.is_served = False


class Crowd:
    """All of them, at one api."""

    def __init__(self, port: int, symbols: Sequence[str]) -> None:
        self._port = port
        self._symbols = symbols
        self.request = get(f"/stream/prices?symbols={','.join(symbols)}")
        self._clients: list[_Client] = []

    def serves(self, heard: bytes) -> bool:
        """Whether this much has a live price of each symbol."""
        count = len(self._symbols)
        return heard.count(b'"price":') >= count and heard.count(b'"state":"live"') >= count + 1

    async def come(self) -> None:
        """Dial, all at once, and wait until each has its prices."""
        loop = asyncio.get_running_loop()
        self._clients = [_Client(self) for _ in range(SIZE)]
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            for client in self._clients:
                tasks.create_task(loop.create_connection(lambda c=client: c, "127.0.0.1", self._port))  # type: ignore[misc]
        await eventually(lambda: all(client.is_served for client in self._clients), "all are served")

    def leave(self) -> None:
        """Cut every connection."""
        for client in self._clients:
            if client.transport is not None:
                client.transport.abort()
        self._clients = []
