"""A network between two parts that does what a test says: slow, stuck, cut, reset, out of reach.

TCP only, and on loopback. What is on its way when a fault begins is delayed or dropped with its connection,
never changed or put in another order: that is what a real network may do, too.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

RESET: Final = struct.pack("ii", 1, 0)
PIECE: Final = 64 * 1024
CONNECT_S: Final = 5.0


class Proxy:
    """One address in front of another."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        # Each piece arrives so much later.
        self.latency_s = 0.0
        # New connections are reset as soon as they are there.
        self.refuses = False
        # How many connections came in so far.
        self.dials = 0
        # Clear: nothing passes, and nobody is told. What comes in waits in the kernels.
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def stall(self) -> None:
        """Let nothing pass from now on, as a cable does that has been pulled."""
        self._passing.clear()

    def cut(self) -> None:
        """End every connection as a program does that closes it."""
        for writer in list(self._writers):
            writer.close()

    def reset(self) -> None:
        """End every connection as a host does that has been restarted."""
        for writer in list(self._writers):
            _reset(writer)

    def isolate(self) -> None:
        """Reset every connection, and each that is tried from now on."""
        self.refuses = True
        self.reset()

    def heal(self) -> None:
        """Pass everything on again, at once. Connections that stalled go on where they stopped."""
        self.latency_s, self.refuses = 0.0, False
        self._passing.set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more connection. In a task of our own: Python 3.11 logs the end of one of its own."""
        self.dials += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.refuses:
                _reset(writer)
            else:
                await self._join(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                there, onward = await asyncio.open_connection(*self.target)
        except (OSError, TimeoutError):
            return
        self._writers.add(onward)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, onward))
                tasks.create_task(self._pump(there, writer))
        finally:
            self._writers.discard(onward)
            onward.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(PIECE):
                await asyncio.sleep(self.latency_s)
                await self._passing.wait()
                sink.write(data)
                await sink.drain()
        with suppress(OSError):
            sink.close()

    async def close(self) -> None:
        """End all that is left."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@asynccontextmanager
async def proxied(port: int, host: str = "127.0.0.1") -> AsyncIterator[Proxy]:
    """A proxy in front of this port, gone with everything in it at the end of the block."""
    proxy = Proxy((host, port))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
