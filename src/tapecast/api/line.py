"""One client's connection after its response has begun: chunks out, and the word when it is gone.

Nothing of a client that does not read may pile up: the kernel's send buffer is small, and what the kernel
did not take of one write is all that ever waits in this process. While it waits the line is `blocked`, and
whoever writes keeps what is newest instead.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Final, Protocol, cast

END: Final = b"0\r\n\r\n"
"""The chunk that ends a response."""

HEARD_BYTES: Final = 64 * 1024
"""A client of a stream has nothing to say. So much is overlooked: a body, pipelined requests."""

SEND_BYTES: Final = (4 * 1024, 16 * 1024)
"""Least and most for the kernel's send buffer (which it doubles for its own needs)."""

RESET: Final = struct.pack("ii", 1, 0)
"""For SO_LINGER: a close drops what the kernel still holds, and resets. Without it the kernel keeps those
bytes in a socket of nobody's, and hands out old prices should the client ever read again."""


class LineListener(Protocol):
    """The client, as its line uses it."""

    def on_blocked(self) -> None:
        """The kernel did not take everything."""

    def on_drained(self) -> None:
        """All that was written has left this process."""

    def on_lost(self) -> None:
        """The connection is gone, whoever ended it."""


def chunk(body: bytes) -> bytes:
    """`body` as HTTP/1.1 sends a part of a response whose length is not known."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Line(asyncio.Protocol):
    """The transport of one client."""

    __slots__ = ("_heard", "_listener", "_send_bytes", "_transport", "blocked", "reason")

    def __init__(self, expected_bytes: int) -> None:
        self._transport: asyncio.Transport | None = None
        self._listener: LineListener | None = None
        self._heard = 0
        # A buffer for a few frames: whatever is in it when a client stalls, it will get, however old.
        self._send_bytes = min(max(4 * expected_bytes, SEND_BYTES[0]), SEND_BYTES[1])
        # Not to be written to now.
        self.blocked = False
        # Why we cut it off, if we did.
        self.reason = ""

    def listen(self, listener: LineListener) -> None:
        """Tell `listener` from now on."""
        self._listener = listener

    def write(self, data: bytes) -> None:
        """Send now what the kernel takes; the rest waits, and blocks the line."""
        transport = self._transport
        # A reset closes the transport at once and is told later: a write between the two would be counted by
        # the loop as a mistake of ours, and logged. Nor does anything follow the end of a response.
        if transport is not None and not transport.is_closing():
            transport.write(data)

    @property
    def buffered(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    @property
    def untaken(self) -> int:
        """Bytes that the client's host has not taken yet, also those in the kernel where it tells."""
        if self._transport is None:
            return 0
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        return self.buffered + (_queued(sock) if sock is not None else 0)

    def end(self, data: bytes) -> None:
        """Send these last bytes, the end of the response, and close once they are out."""
        transport = self._transport
        # Nothing may follow an end, and a client hears that its line has drained when its end is out.
        if transport is not None and not transport.is_closing():
            self.blocked = True
            transport.write(data + END)
            transport.close()

    def abort(self, reason: str) -> None:
        """Cut it off: what waits is dropped. A close would wait for a client that takes nothing."""
        if self._transport is not None:
            self.reason = self.reason or reason
            self.blocked = True
            sock: socket.socket | None = self._transport.get_extra_info("socket")
            if sock is not None:
                with suppress(OSError):  # macOS refuses it for a peer that has reset
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over."""
        self._transport = cast("asyncio.Transport", transport)
        # With a limit of nothing the transport writes at once, and says so when something is left over.
        self._transport.set_write_buffer_limits(high=0)
        self.blocked = self.buffered > 0
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_bytes)

    def pause_writing(self) -> None:
        """The kernel's buffer is full."""
        self.blocked = True
        if self._listener is not None:
            self._listener.on_blocked()

    def resume_writing(self) -> None:
        """It has taken everything."""
        self.blocked = False
        if self._listener is not None:
            self._listener.on_drained()

    def data_received(self, data: bytes) -> None:
        """Overlook it, within bounds."""
        self._heard += len(data)
        if self._heard > HEARD_BYTES:
            self.abort("talks")

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, in every case and once."""
        del exc
        self._transport = None
        self.blocked = True
        if self._listener is not None:
            self._listener.on_lost()
            self._listener = None


def _queued(sock: socket.socket) -> int:
    # What is left in this process may not move although the client reads: the kernel asks for more only when
    # a third of its own buffer is free.
    try:
        from fcntl import ioctl  # noqa: PLC0415 - not on Windows
        from termios import TIOCOUTQ  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 0
    try:
        return int.from_bytes(ioctl(sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    except OSError:
        return 0
