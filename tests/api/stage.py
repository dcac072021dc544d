"""A real uvicorn with our protocol and the smallest app that can have its connections taken over."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import Receive, Scope, Send

from tapecast.api.line import Line
from tapecast.api.protocol import TakeOverProtocol, take_over
from tapecast.api.server import Server
from tapecast.api.waiting import Waiting
from tests.support import PATIENCE_S, eventually, free_socket

TAKE = b"GET /take HTTP/1.1\r\nHost: x\r\n\r\n"
PLAIN = b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"plain answer"


class Probe(Line):
    """A line that can be looked into."""

    def __init__(self) -> None:
        super().__init__(0)
        self.heard = b""
        self.is_lost = False

    @property
    def transport(self) -> asyncio.Transport:
        """What it was given."""
        assert self._transport is not None
        return self._transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        super().connection_lost(exc)


class App:
    """`/take` has its connection taken over; anything else is answered. Both wait while the gate is shut."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.lines: list[Probe] = []
        self.refused: list[Probe] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls.append(scope["path"])
        await self.gate.wait()
        if scope["path"] == "/take":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            line = Probe()
            (self.lines if take_over(scope, line) else self.refused).append(line)
            return
        headers = [(b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})


class Stage:
    """A running uvicorn, and what it thinks that it has."""

    def __init__(self, server: Server, app: App, serving: asyncio.Task[None], port: int) -> None:
        self.server = server
        # Connections cut off, by reason.
        self.cut = server.waiting.cut
        self.app = app
        self.serving = serving
        self.port = port

    @property
    def protocol(self) -> TakeOverProtocol:
        """The one connection that uvicorn has."""
        (protocol,) = self.server.server_state.connections
        assert isinstance(protocol, TakeOverProtocol)
        return protocol

    async def connected(self) -> TakeOverProtocol:
        """The same, as soon as it has been accepted."""
        await eventually(lambda: self.server.server_state.connections)
        return self.protocol

    async def held(self, caller: Caller, data: bytes) -> TakeOverProtocol:
        """Send this, and hold the app as it begins to answer."""
        protocol = await self.connected()
        self.app.gate.clear()
        caller.writer.write(data)
        await eventually(lambda: self.app.calls)
        return protocol

    async def taken(self) -> Probe:
        """The line that has taken a connection over, once uvicorn's task for it has ended."""
        await eventually(lambda: self.app.lines and not self.server.server_state.tasks)
        (line,) = self.app.lines
        return line

    async def stop(self) -> None:
        """Let uvicorn end, and wait for it."""
        self.server.should_exit = True
        async with asyncio.timeout(PATIENCE_S):
            await self.serving


class Caller:
    """A client's end, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def until(self, end: bytes) -> bytes:
        """What comes up to and with these bytes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(end)

    async def head(self) -> bytes:
        """The head of a response."""
        return await self.until(b"\r\n\r\n")

    async def read_all(self) -> bytes:
        """What comes up to the end."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    def reset(self) -> None:
        """Cut it without a goodbye."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Our uvicorn with this app, on a free port."""
    app, ready, sock = App(), asyncio.Event(), free_socket()
    server = Server(app, ready, Waiting())
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stage = Stage(server, app, serving, sock.getsockname()[1])
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        yield stage
    finally:
        for line in app.lines:
            line.abort("over")
        app.gate.set()
        await stage.stop()
        await eventually(lambda: all(line.is_lost for line in app.lines))


@asynccontextmanager
async def calling(stage: Stage) -> AsyncIterator[Caller]:
    """A connection to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
