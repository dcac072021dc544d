"""One HTTP/1.1 connection with one request on it, as cheap for each event as Python allows.

An HTTP library's time for each event would be most of what a run of two thousand streams costs, and would
show up in the latencies. Redirects are never followed: they lead away from what was to be measured.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar, cast

import httptools
import httpx

from tapecast.bench.plan import Plan
from tapecast.bench.target import Target

DIAL_S: Final = 10.0
"""To be connected, TLS included; and then to have an answer."""
HEAD_BYTES: Final = 64 * 1024
BODY_BYTES: Final = 256 * 1024
"""Of an answer that is no stream. The status of a deployment with thousands of symbols fits."""


class NotHttp(Exception):
    """What came back is no HTTP, or has no end."""


class Connection(asyncio.Protocol):
    """Sends its request and keeps the answer; `ended` when there is nothing more to come."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        # Of an answer that is no stream.
        self.body = b""
        # Bytes as they came from the socket, headers and all.
        self.received = 0
        self.error: Exception | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """The next bytes, whatever is in them."""
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.give_up(NotHttp("its answer is no HTTP"))
        if not self.status and self.received > HEAD_BYTES:
            self.give_up(NotHttp("its answer's head has no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        self.error = self.error or exc
        if not self.ended.done():
            self.ended.set_result(None)

    # The parser's side.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of them; the last of a name counts."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The status is known."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Part of the answer."""
        self.body += body
        if len(self.body) > BODY_BYTES:
            self.give_up(NotHttp("its answer has no end"))

    def on_message_complete(self) -> None:
        """A clean end."""
        self.leave()

    # The owner's side.

    def leave(self) -> None:
        """Close."""
        if self._transport is not None:
            self._transport.close()

    def give_up(self, error: Exception) -> None:
        """Close at once, because of this."""
        self.error = self.error or error
        self.cut()

    def cut(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def media_type(self) -> str:
        """Of the answer, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


C = TypeVar("C", bound=Connection)


class Dialler:
    """Opens connections to one target, with one TLS context for all.

    Its name is looked up once, and whichever address answers first is kept: thousands of look-ups would be a
    load on somebody else, and part of our own figures.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        # Reads SSL_CERT_FILE, for an authority of one's own.
        self._tls: ssl.SSLContext | None = httpx.create_ssl_context() if target.scheme == "https" else None
        self._addresses: list[str] = []

    async def dial(self, make: Callable[[], C]) -> C:
        """A connection that has sent its request. Raises OSError, which TimeoutError and ssl.SSLError are."""
        async with asyncio.timeout(DIAL_S):
            addresses = self._addresses or await self._look_up()
            for address in addresses[:-1]:
                with suppress(OSError):
                    return await self._connect(make, address)
            return await self._connect(make, addresses[-1])

    async def _look_up(self) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(
            self._target.host, self._target.port, type=socket.SOCK_STREAM
        )
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    async def _connect(self, make: Callable[[], C], address: str) -> C:
        name = self._target.host if self._tls else None
        _, made = await asyncio.get_running_loop().create_connection(
            make, address, self._target.port, ssl=self._tls, server_hostname=name
        )
        self._addresses = [address]
        return made


async def ask(dialler: Dialler, plan: Plan, path: str) -> Connection:
    """The answer to a GET that ends. Raises OSError or NotHttp."""
    request = plan.get(path, accept="application/json", close=True)
    connection = await dialler.dial(lambda: Connection(request))
    try:
        async with asyncio.timeout(DIAL_S):
            await connection.ended
    finally:
        connection.cut()
    if not connection.status:
        raise connection.error or ConnectionResetError("closed without an answer")
    return connection
