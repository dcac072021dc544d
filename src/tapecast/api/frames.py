"""Server-Sent Events as bytes. Every frame is made once and shared by all clients that get it.

A tick is the default event, so that a page's `onmessage` just works, and carries the very bytes that ingest
published. Everything else is named and framed by sse-starlette.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sse_starlette import ServerSentEvent

from tapecast.backoff import jittered

RETRY_S: Final = 2.0
"""A browser comes back within so long, if nothing says when."""

EXPIRED_RETRY_S: Final = 60

# Decimals are money, and money is a JSON number with every digit that it has.
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(payload: object) -> bytes:
    """JSON as clients get it."""
    return _encoder.encode(payload)


def tick(data: bytes) -> bytes:
    """A tick as published."""
    if data.find(10) >= 0 or data.find(13) >= 0:
        # Never ours: somebody's pretty-printed JSON, whose line breaks would end the frame half way.
        data = data.translate(None, b"\r\n")
    return b"data: " + data + b"\n\n"


def event(name: str, payload: object) -> bytes:
    """A named event with `payload` as JSON."""
    return ServerSentEvent(encode(payload).decode(), event=name, sep="\n").encode()


def retry(within_s: float = RETRY_S) -> bytes:
    """A line to begin a frame with: how long a browser waits before it comes back.

    Jittered, because many are cut off at once. It is no frame of its own: some client libraries would take
    that for an event without data.
    """
    most_ms = 1000 * within_s
    return b"retry: %d\n" % jittered(0.35 * most_ms, most_ms)


def bye(code: str, message: str, within_s: float = RETRY_S) -> bytes:
    """The last words of a stream that the server ends, and in how many seconds at most to come back."""
    return retry(within_s) + event("bye", {"code": code, "message": message})


def bye_expired(code: str, message: str) -> bytes:
    """The last words to whoever cannot come back with what it has: not at once, to hear the same."""
    return b"retry: %d\n" % (1000 * EXPIRED_RETRY_S) + event("bye", {"code": code, "message": message})
