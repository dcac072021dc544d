"""A line, on a real connection: what the kernel may keep of it, how it ends, and who is told."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.api.line import END, HEARD_BYTES, SEND_BYTES, Line, chunk
from tests.api.loops import on_each_loop
from tests.support import PATIENCE_S, eventually, free_socket


class Ear:
    """The client, which remembers what its line said."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_blocked(self) -> None:
        self.heard.append("blocked")

    def on_drained(self) -> None:
        self.heard.append("drained")

    def on_lost(self) -> None:
        self.heard.append("lost")


class Call:
    """A line, the transport under it, the client that it tells, and the peer's end as a plain socket."""

    def __init__(self, line: Line, transport: asyncio.Transport, peer: socket.socket) -> None:
        self.line = line
        self.transport = transport
        self.peer = peer
        self.ear = Ear()
        line.listen(self.ear)

    async def fill(self) -> None:
        """Write until the kernel takes no more."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.line.blocked:
                self.line.write(b"x" * 4096)
                await asyncio.sleep(0)

    async def read(self, limit: int = 65536) -> bytes:
        """What the peer gets next; nothing at the end."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.get_running_loop().sock_recv(self.peer, limit)

    async def read_all(self) -> bytes:
        """All that the peer gets until the end."""
        got = b""
        while data := await self.read():
            got += data
        return got

    async def say(self, data: bytes) -> None:
        """Send from the peer's end."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.get_running_loop().sock_sendall(self.peer, data)

    async def is_told(self, word: str) -> None:
        """Wait until the client has been told so."""
        await eventually(lambda: word in self.ear.heard, word)

    def option(self, level: int, name: int) -> int:
        """An option of our end's socket."""
        sock: socket.socket = self.transport.get_extra_info("socket")
        return sock.getsockopt(level, name)


@asynccontextmanager
async def called(expected_bytes: int = 0) -> AsyncIterator[Call]:
    """A line that has taken a connection over."""
    loop = asyncio.get_running_loop()
    line = Line(expected_bytes)
    with free_socket() as listening, socket.socket() as peer:
        # So small that the kernel's queue at the client hides nothing.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.setblocking(False)
        await loop.sock_connect(peer, listening.getsockname())
        accepted, _ = await loop.sock_accept(listening)
        transport, _ = await loop.connect_accepted_socket(lambda: line, accepted)
        call = Call(line, transport, peer)
        try:
            yield call
        finally:
            line.abort("over")
            await call.is_told("lost")


def test_a_chunk_is_its_length_in_hex_and_its_bytes() -> None:
    """As RFC 9112 has it; one of no bytes would end the response, and is `END`."""
    assert chunk(b"0123456789abcdef\n") == b"11\r\n0123456789abcdef\n\r\n"
    assert chunk(b"") == END


@on_each_loop
async def test_what_a_slow_client_takes_is_seen_in_the_kernel_first() -> None:
    """Our own buffer moves only when a third of the kernel's is free: whoever reads slowly is not stalled."""
    async with called() as call:
        await call.fill()
        untaken, buffered = call.line.untaken, call.line.buffered
        assert untaken > buffered > 0

        async def moves() -> bool:
            await call.read(512)
            return call.line.untaken < untaken

        await eventually(moves)
        assert call.line.buffered == buffered


@on_each_loop
async def test_the_kernel_keeps_a_few_frames_and_no_more() -> None:
    """What is in its buffer when a client stalls is what the client will get, however old."""
    least, most = SEND_BYTES
    sizes = []
    for expected in (1, 2048, 10**6):
        async with called(expected) as call:
            sizes.append(call.option(socket.SOL_SOCKET, socket.SO_SNDBUF))
    # Linux doubles what it is asked for; others take it as it is.
    factor = sizes[0] // least
    assert sizes == [factor * size for size in (least, 4 * 2048, most)]
    assert factor in (1, 2)


@on_each_loop
async def test_nothing_waits_unnoticed_in_the_transport() -> None:
    """One byte that the kernel did not take blocks the line."""
    async with called() as call:
        assert call.transport.get_write_buffer_limits() == (0, 0)
        assert (call.line.blocked, call.line.buffered) == (False, 0)


@on_each_loop
async def test_a_full_kernel_blocks_the_line_until_all_is_taken() -> None:
    """Blocked is told once and at once, and drained only when nothing is left."""
    async with called() as call:
        await call.fill()
        assert call.ear.heard == ["blocked"]
        assert call.line.buffered > 0
        while call.line.blocked:
            await call.read()
            await asyncio.sleep(0)
        assert call.ear.heard == ["blocked", "drained"]
        assert call.line.buffered == 0


@on_each_loop
async def test_what_was_left_of_the_head_blocks_the_line_from_the_start() -> None:
    """A response that began on a full connection: who writes must know it at once."""
    async with called() as call:
        await call.fill()
        late = Line(0)
        call.transport.set_protocol(late)
        late.connection_made(call.transport)
        assert late.blocked
        call.transport.set_protocol(call.line)


@on_each_loop
async def test_the_end_is_the_end_of_the_response() -> None:
    """The last bytes go out, then the chunk that ends the body, then the connection; nothing after it."""
    async with called() as call:
        call.line.write(chunk(b"one"))
        call.line.end(chunk(b"bye"))
        call.line.write(b"too late")
        assert call.line.blocked
        assert await call.read_all() == chunk(b"one") + chunk(b"bye") + END
        await call.is_told("lost")
        assert call.line.reason == ""


@on_each_loop
async def test_nothing_follows_an_end_that_the_kernel_takes_late() -> None:
    """Bytes after the end of a response would be the beginning of another."""
    async with called() as call:
        await call.fill()
        call.line.end(b"bye")
        for say in (call.line.write, call.line.end):
            say(b"too late")
        assert (await call.read_all()).endswith(b"xbye" + END)
        await call.is_told("lost")


@on_each_loop
async def test_an_abort_drops_what_waits() -> None:
    """A close would wait for a client that takes nothing. The first reason is the reason."""
    async with called() as call:
        await call.fill()
        call.line.abort("stalled")
        call.line.abort("drained")
        await call.is_told("lost")
        assert call.line.reason == "stalled"
        with pytest.raises(ConnectionResetError):
            await call.read_all()


@on_each_loop
async def test_a_client_may_say_a_little() -> None:
    """A body or a pipelined request is overlooked, and answered by nothing but the stream."""
    async with called() as call:
        await call.say(b"x" * HEARD_BYTES)
        await eventually(lambda: call.line._heard == HEARD_BYTES)
        call.line.write(b"tick")
        assert await call.read() == b"tick"
        assert (call.line.reason, call.ear.heard) == ("", [])


@on_each_loop
async def test_a_client_that_keeps_on_talking_is_cut_off() -> None:
    """One byte over the bound, and it is told which bound."""
    async with called() as call:
        await call.say(b"x" * (HEARD_BYTES + 1))
        await call.is_told("lost")
        assert call.line.reason == "talks"


@on_each_loop
async def test_a_client_that_closes_its_half_is_gone() -> None:
    """HTTP clients that want an answer keep theirs open; nobody could tell it from one that left."""
    async with called() as call:
        call.peer.shutdown(socket.SHUT_WR)
        await call.is_told("lost")
        assert (call.line.reason, call.line.blocked) == ("", True)


@on_each_loop
async def test_a_reset_is_told_once_and_writing_into_it_raises_nothing() -> None:
    """Whoever writes to a thousand clients must not fail at one that went a moment ago."""
    async with called() as call:
        call.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        call.peer.close()
        async with asyncio.timeout(PATIENCE_S):
            while "lost" not in call.ear.heard:
                call.line.write(b"x")
                await asyncio.sleep(0)
        for _ in range(2):
            call.line.write(b"x")
            call.line.end(b"x")
            call.line.abort("stalled")
        assert call.ear.heard == ["lost"]
        assert (call.line.reason, call.line.buffered, call.line.blocked) == ("", 0, True)


def test_a_line_without_a_transport_takes_everything_and_does_nothing() -> None:
    """It may be lost before anybody listens."""
    line = Line(0)
    line.connection_lost(None)
    line.write(b"x")
    line.end(b"x")
    line.abort("drained")
    assert (line.buffered, line.reason) == (0, "")
