"""The body of a stream on the wire: plain, or gzip that is compressed once and shared by every client.

A gzip body is a header and then deflate blocks. Each of ours ends with a full flush: it refers to nothing
before it and ends on a byte, so that the same block can follow whatever a client got until now. A frame
that would gain too little goes as a stored block, which costs five bytes and no time.
"""

from __future__ import annotations

import zlib
from typing import Final, Protocol

from starlette.datastructures import Headers

GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
GZIP_END: Final = b"\x03\x00"
"""An empty last block. The checksum that should follow cannot be known for shared blocks: it is of all bytes
that one client got. Chromium, curl, wget, httpx and Node's fetch take this as a regular end; Go and gzip(1)
report an unexpected one, with every event handed out. A wrong checksum fails curl and httpx."""

LEVEL: Final = 1
SMALLEST: Final = 600
"""About three ticks: one alone hardly shrinks."""
_STORED_MAX: Final = 0xFFFF


class Encoding(Protocol):
    """How frames become body bytes."""

    name: str
    head: bytes
    tail: bytes

    def encode(self, frame: bytes, *, is_cheap: bool) -> bytes:
        """The bytes of one frame. `is_cheap`: the work is worth it, because it is shared or there is time."""


class Plain:
    """As it is."""

    name = "identity"
    head = b""
    tail = b""

    def encode(self, frame: bytes, *, is_cheap: bool) -> bytes:
        """The frame itself."""
        del is_cheap
        return frame


class Gzip:
    """`Content-Encoding: gzip`. One compressor for all: after a full flush it remembers nothing."""

    name = "gzip"
    head = GZIP_HEADER
    tail = GZIP_END

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def encode(self, frame: bytes, *, is_cheap: bool) -> bytes:
        """The frame as whole blocks."""
        if is_cheap and len(frame) >= SMALLEST:
            return self._deflate.compress(frame) + self._deflate.flush(zlib.Z_FULL_FLUSH)
        return b"".join(_stored(frame[at : at + _STORED_MAX]) for at in range(0, len(frame), _STORED_MAX))


def accepts_gzip(headers: Headers) -> bool:
    """Whether the client takes gzip by its own word: RFC 9110, 12.5.3."""
    quality: dict[str, float] = {}
    for part in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        name, _, weight = part.partition(";")
        quality[name.strip()] = _weight(weight)
    return quality.get("gzip", quality.get("*", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _stored(data: bytes) -> bytes:
    length = len(data)
    return b"\x00" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + data
