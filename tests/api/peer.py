"""A client's end of a stream without a socket: what the kernel took, and what it refused to take."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

from tapecast.api.client import Client
from tapecast.api.line import Line

Event = tuple[str, Any]


def parsed(data: bytes) -> list[Event]:
    """The events in a piece of a stream: their names and their decoded data. `retry` has a number."""
    events: list[Event] = []
    for block in data.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "retry" in fields:
            events.append(("retry", int(fields["retry"])))
        if "data" in fields:
            events.append((fields.get("event", "message"), json.loads(fields["data"])))
    return events


def dechunked(data: bytes) -> tuple[list[bytes], bool]:
    """The bodies of whole chunks, and whether the last of them ends the response."""
    bodies: list[bytes] = []
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        body, end, data = rest[:length], rest[length : length + 2], rest[length + 2 :]
        assert (len(body), end) == (length, b"\r\n")
        if length == 0:
            assert not data, "bytes after the end of the response"
            return bodies, True
        bodies.append(body)
    return bodies, False


class Socket(asyncio.Transport):
    """A transport whose kernel takes all or nothing of a write, as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.is_full = False
        self.is_cut = False
        self.high: int | None = None
        # Every write, those that the kernel took, and what it has not taken.
        self.written: list[bytes] = []
        self.took: list[bytes] = []
        self.buffer: list[bytes] = []
        self._is_closing = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.buffer))

    def is_closing(self) -> bool:
        return self._is_closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        # As uvloop does.
        assert not self._is_closing, "write to a closed transport"
        self.written.append(bytes(data))
        if not self.is_full:
            self.took.append(bytes(data) if not isinstance(data, bytes) else data)
            return
        assert not self.buffer, "written to although the last write was not taken"
        self.buffer.append(bytes(data))
        if self.protocol is not None:
            self.protocol.pause_writing()

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = self.is_cut = True
        self.buffer.clear()


class Peer:
    """A client whose reading the test controls."""

    client: Client

    def __init__(self, line: Line) -> None:
        self.line = line
        self.socket = Socket()
        self.socket.protocol = line
        self._seen = self._noted = 0
        self._inflate = zlib.decompressobj(31)
        self.is_ended = False
        line.connection_made(self.socket)

    def stall(self) -> None:
        """Take nothing more."""
        self.socket.is_full = True

    def drain(self) -> None:
        """Take all there is, and go on."""
        socket = self.socket
        socket.is_full = False
        if socket.buffer:
            socket.took += socket.buffer
            socket.buffer.clear()
            self.line.resume_writing()

    def leave(self) -> None:
        """Be gone: also what the loop says after an abort or a close."""
        self.socket.close()
        self.line.connection_lost(None)

    def writes(self) -> list[bytes]:
        """The body of each write since the last call, with the chunks taken off."""
        new, self._seen = self.socket.took[self._seen :], len(self.socket.took)
        bodies = []
        for data in new:
            parts, is_end = dechunked(data)
            self.is_ended |= is_end
            bodies.append(b"".join(parts))
        return bodies

    def frames(self) -> list[list[Event]]:
        """The events of each write since the last call."""
        return [parsed(body) for body in self.writes()]

    def written(self) -> list[list[Event]]:
        """The events of each write since the last call, whether the kernel took it or not."""
        new, self._noted = self.socket.written[self._noted :], len(self.socket.written)
        return [parsed(b"".join(dechunked(data)[0])) for data in new]

    def events(self) -> list[Event]:
        """The events since the last call."""
        return parsed(b"".join(self.writes()))

    def unzipped(self) -> list[Event]:
        """The same, of a stream that is compressed."""
        return parsed(b"".join(map(self._inflate.decompress, self.writes())))
