"""A server that answers as a test says, byte for byte, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tapecast.client import Event, Stream
from tests.support import PATIENCE_S

HELLO = 'event: hello\ndata: {"server_time":1700000000000000,"version":"1"}\n\n'
LIVE = 'event: symbol\ndata: {"symbol":"AAPL","state":"live"}\n\n'


def tick(price: float, seq: int = 1, symbol: str = "AAPL", epoch: int = 1) -> str:
    """A tick as it is on the wire."""
    return f'data: {{"symbol":"{symbol}","price":{price},"epoch":{epoch},"seq":{seq}}}\n\n'


@dataclass
class Answer:
    """One answer. `holds`: the connection stays open behind it, as a stream's does."""

    body: str = ""
    status: str = "200 OK"
    kind: str = "text/event-stream"
    more: str = ""
    holds: bool = False

    @property
    def data(self) -> bytes:
        """As sent."""
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: {self.kind}\r\nConnection: close\r\n{self.more}\r\n"
        return (head + self.body).encode()


@dataclass
class Server:
    """Gives its answers one after the other, the last one again and again."""

    answers: list[Answer | bytes]
    port: int = 0
    scheme: str = "http"
    # Closed, the server takes requests and says nothing.
    gate: asyncio.Event | None = None
    # The head of each request.
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """Path and query of each request."""
        return [head.split(" ")[1] for head in self.asked]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if self.gate is not None:
                await self.gate.wait()
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            writer.write(answer if isinstance(answer, bytes) else answer.data)
            await writer.drain()
            if isinstance(answer, Answer) and answer.holds:
                # Until the other side leaves.
                await reader.read()


@asynccontextmanager
async def serving(*answers: Answer | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server with these answers, for the length of the block."""
    server = Server(list(answers), scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        # The streams of asyncio complain of a handler that was cancelled.
        with suppress(asyncio.CancelledError):
            await server.handle(reader, writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        writer.transport.abort()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(stream: Stream, kind: type[Event], **fields: object) -> Event:
    """The next event of this kind with these fields; what comes before it is read and left."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in stream:
            if isinstance(event, kind) and all(getattr(event, name) == fields[name] for name in fields):
                return event
    raise AssertionError(f"the stream ended without {kind.__name__} {fields}")
