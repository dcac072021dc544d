"""What tests share: free ports, waiting for conditions, and a bus that records."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from inspect import isawaitable

from tapecast.clock import Clock

PATIENCE_S = 60.0
"""How long a condition may take on a busy machine. Reached only by a test that fails."""


def free_socket() -> socket.socket:
    """A listening socket on a free loopback port."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    sock.setblocking(False)
    return sock


_DICE = random.SystemRandom()
"""Not the one that Hypothesis seeds: two tests would then get the same."""


def free_port() -> int:
    """A loopback port that is free, for a server that must bind it itself, now or again and again.

    Below those that systems give to whoever asks for any, clients of this moment among them, and with room
    for a second one that is 10,000 higher: a node of a cluster takes that as well.
    """
    while True:
        port = _DICE.randrange(10_000, 22_000)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


START_WALL = 1_700_000_000.0


class HandClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.clock = Clock(now=lambda: self.seconds, wall=lambda: START_WALL + self.seconds - 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(handler: Handler) -> AsyncIterator[int]:
    """The port of a server that does what the test says, with nothing of it left open at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            tasks.discard(task)
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(
    condition: Callable[[], object | Awaitable[object]],
    what: str | Callable[[], str] = "",
    patience_s: float = PATIENCE_S,
) -> object:
    """The first true value of `condition`; fails with `what`, as it is then, if none comes."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what() if callable(what) else what or condition}")
        await asyncio.sleep(0.01)
