"""A client on a raw socket, for what no HTTP library lets a test do.

A `Wire` reads only when it is told to, so a test decides who stalls, and counts every byte. Its responses are
parsed by httptools, which also knows whether a chunked body was ended properly.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import socket
import struct
import termios
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from urllib.parse import urlsplit

import httptools

from tests.api.peer import Event, parsed
from tests.support import PATIENCE_S

GZIP = "Accept-Encoding: gzip"
NARROW = 4096
"""A receive buffer so small that the kernel's queue at the client hides nothing."""


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


class Heard:
    """What a client has heard so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        # (epoch, seq) of each symbol's newest tick, and every tick that was not above the one before it.
        self.newest: dict[str, tuple[int, int]] = {}
        self.disorder: list[str] = []
        self._rest = b""

    def hear(self, body: bytes) -> None:
        """The next bytes of the stream, compressed no more."""
        whole, mark, self._rest = (self._rest + body).rpartition(b"\n\n")
        for event in parsed(whole + mark):
            self._note(event)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        name, data = event
        if name == "message":
            order = (data["epoch"], data["seq"])
            if order <= self.newest.get(data["symbol"], (0, 0)):
                self.disorder.append(f"{data['symbol']}: {order} after {self.newest[data['symbol']]}")
            self.newest[data["symbol"]] = order


class Wire(Heard):
    """One raw connection, and what came of it so far."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.sock = sock
        self.port = int(sock.getsockname()[1])
        self.status = 0
        self.headers: dict[str, str] = {}
        # Bytes that left the kernel's queue, headers and all.
        self.received = 0
        # How many responses were ended as their headers had promised.
        self.complete = 0
        # The server has closed its side.
        self.ended = False
        self._gzip = zlib.decompressobj(wbits=31)
        self._crc = self._size = 0
        self._parser = httptools.HttpResponseParser(self)

    @classmethod
    async def dial(cls, base: str, *, window: int | None = None) -> Self:
        """Connect; `window` limits the kernel's receive buffer from the first packet on."""
        parts = urlsplit(base)
        sock = socket.socket()
        sock.setblocking(False)
        if window is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (parts.hostname, parts.port))
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError where the server has cut the connection."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def read(self, limit: int = 65536) -> bool:
        """Take what is there, at least a byte; False at the end. Raises ConnectionResetError."""
        data = await asyncio.get_running_loop().sock_recv(self.sock, limit)
        self.received += len(data)
        self.ended = not data
        if data:
            self._parser.feed_data(data)
        return not self.ended

    async def until(self, condition: Callable[[], object], limit: int = 65536) -> None:
        """Read until the condition holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                assert not self.ended, f"ended before: {self.events[-3:]}"
                await self.read(limit)

    async def end(self) -> None:
        """Read until the server ends it, however it does that."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                while await self.read():
                    pass

    @property
    def is_whole(self) -> bool:
        """Whether the stream had a proper end, that of its compression included."""
        return self.complete == 1 and (self._gzip.eof or not self._is_gzip)

    @property
    def _is_gzip(self) -> bool:
        return self.headers.get("content-encoding") == "gzip"

    def unread(self) -> int:
        """Bytes that wait in the kernel's receive queue."""
        size = array.array("i", [0])
        fcntl.ioctl(self.sock, termios.FIONREAD, size)
        return size[0]

    def shut(self) -> None:
        """Say that nothing more will be sent."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close as a program that ends does."""
        self.sock.close()

    def reset(self) -> None:
        """Cut it without a goodbye: the server gets an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def named(self, name: str) -> list[Any]:
        """The data of all events of this name."""
        return [data for kind, data in self.events if kind == name]

    # What httptools calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        if "text/event-stream" not in self.headers.get("content-type", ""):
            return
        if self._is_gzip:
            body = self._gzip.decompress(body)
            self._crc, self._size = zlib.crc32(body, self._crc), self._size + len(body)
        self.hear(body)

    def on_message_complete(self) -> None:
        self.complete += 1
        if self._is_gzip:
            # The checksum that a body of shared blocks ends without: zlib takes it only behind a last block.
            self._gzip.decompress(struct.pack("<II", self._crc, self._size))


@asynccontextmanager
async def wire(base: str, path: str = "", *headers: str, window: int | None = None) -> AsyncIterator[Wire]:
    """An open connection; with a path, one that has asked for it."""
    opened = await Wire.dial(base, window=window)
    try:
        if path:
            await opened.send(get(path, *headers))
        yield opened
    finally:
        opened.close()


@asynccontextmanager
async def healthy(base: str, path: str, *headers: str) -> AsyncIterator[Wire]:
    """A client that reads all there is, in the background, from its first tick on."""
    async with wire(base, path, *headers) as reader:
        await reader.until(lambda: reader.newest)
        task = asyncio.create_task(_read_all(reader))
        try:
            yield reader
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            # It may have been ended, but not cut off.
            task.result()


async def _read_all(reader: Wire) -> None:
    while await reader.read():
        pass
