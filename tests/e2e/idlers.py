"""Connections that are opened and then say nothing, or a byte a second: how long each of them lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from tests.e2e.wire import Wire, get
from tests.stalls import stalls
from tests.support import PATIENCE_S

HEAD: Final = get("/healthz", "X-Filler: " + "x" * 1000)
AT_ONCE: Final = 500
"""So many at a time: what a full backlog drops, a client's kernel sends again only after a second."""


class Idler(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.began = self.lived_s = 0.0
        # The same without the time in which the machine stood still.
        self.ran_s = 0.0
        # What it was told before it was cut off: nothing, if all is well.
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.began = time.monotonic()

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.lived_s, self.ran_s = time.monotonic() - self.began, stalls.ran_s(self.began)


@asynccontextmanager
async def idling(base: str, silent: int, slow: int) -> AsyncIterator[list[Idler]]:
    """So many that say nothing and so many that are slow, all open."""
    idlers = await _dialled(base, silent + slow)
    dripping = asyncio.create_task(_drip(idlers[silent:]))
    try:
        yield idlers
    finally:
        dripping.cancel()
        await asyncio.wait([dripping])
        for idler in idlers:
            if idler.transport is not None:
                idler.transport.abort()


async def _dialled(base: str, count: int) -> list[Idler]:
    loop, port = asyncio.get_running_loop(), urlsplit(base).port or 0
    idlers = [Idler() for _ in range(count)]
    async with asyncio.timeout(PATIENCE_S):
        for at in range(0, count, AT_ONCE):
            async with asyncio.TaskGroup() as tasks:
                for idler in idlers[at : at + AT_ONCE]:
                    dial = loop.create_connection(lambda each=idler: each, "127.0.0.1", port)  # type: ignore[misc]
                    tasks.create_task(dial)
    return idlers


async def _drip(idlers: list[Idler]) -> None:
    for byte in HEAD:
        for idler in idlers:
            if idler.transport is not None:
                idler.transport.write(bytes([byte]))
        await asyncio.sleep(1)


class Listener(Wire):
    """A stream that notes how old each tick is when it comes, in milliseconds."""

    def _note(self, event: tuple[str, object]) -> None:
        name, data = event
        if name == "message" and isinstance(data, dict):
            age_s = time.time() - data["ts_recv"] / 1e6
            self.ages_ms.append(1000 * stalls.ran_s(time.monotonic() - age_s))
        super()._note(event)

    ages_ms: list[float]


@asynccontextmanager
async def listening(base: str, path: str) -> AsyncIterator[Listener]:
    """A stream that is read in the background."""
    listener = await Listener.dial(base)
    listener.ages_ms = []
    await listener.send(get(path))
    reading = asyncio.create_task(_read_all(listener))
    try:
        yield listener
        assert not reading.done(), "the stream has ended"
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        listener.close()


async def _read_all(listener: Listener) -> None:
    with suppress(ConnectionError):
        while await listener.read():
            pass
