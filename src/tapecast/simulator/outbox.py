"""What waits to be sent on one connection: bounded, with a named policy when it is full.

Policy: a client that cannot take its data is told 407 and cut off. Nothing is dropped in silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from tapecast.simulator import codes
from tapecast.simulator.codec import Codec

LIMIT: Final = 100_000
"""Messages, some 10 MB. More than a second of the busiest load: one late turn of the pump must not be taken
for a client that does not read."""
BATCH: Final = 500
"""Messages in one frame at most, so that a client that was slow meets no frame above its size limit."""
SLOW_CLIENT: Final = codes.error(407)
POLICY_VIOLATION: Final = 1008


class _Kind(Enum):
    DATA = auto()  # may share a frame with its neighbours
    CONTROL = auto()  # goes alone
    RAW = auto()  # is a whole frame, good or not
    RAW_TEXT = auto()


class Frame(NamedTuple):
    """One frame to send."""

    payload: bytes
    text: bool


class Outbox:
    """Messages in order. Neighbouring data shares a frame, control messages go alone, as at the venue."""

    def __init__(self, codec: Codec, limit: int = LIMIT) -> None:
        self.codec = codec
        self._limit = limit
        # Encoded messages.
        self._waiting: deque[tuple[bytes, _Kind]] = deque()
        self._changed = asyncio.Event()
        self.closed = asyncio.Event()
        # With which code the connection ends, once everything before is sent.
        self.close_code = 1000

    def reply(self, message: dict[str, Any]) -> None:
        """Send a control message, after everything that was put before it."""
        self._append(self.codec.encode(message), _Kind.CONTROL)

    def put(self, message: bytes) -> None:
        """Send an encoded data message."""
        if len(self._waiting) < self._limit:
            self._append(message, _Kind.DATA)
        elif not self.closed.is_set():
            self._waiting.clear()
            self.reply(SLOW_CLIENT)
            self.close(POLICY_VIOLATION)

    def raw(self, payload: bytes, *, text: bool) -> None:
        """Send a frame just as it is."""
        self._append(payload, _Kind.RAW_TEXT if text else _Kind.RAW)

    def close(self, code: int = 1000) -> None:
        """Send what waits, then end. The first code given stands."""
        if not self.closed.is_set():
            self.close_code = code
            self.closed.set()
            self._changed.set()

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._waiting)

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames to send, until closed and empty."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                yield self._next()
            if self.closed.is_set():
                return

    def _append(self, message: bytes, kind: _Kind) -> None:
        if not self.closed.is_set():
            self._waiting.append((message, kind))
            self._changed.set()

    def _next(self) -> Frame:
        first, kind = self._waiting.popleft()
        if kind in (_Kind.RAW, _Kind.RAW_TEXT):
            return Frame(first, text=kind is _Kind.RAW_TEXT)
        batch = [first]
        if kind is _Kind.DATA:
            self._gather(batch)
        return Frame(self.codec.frame(batch), text=not self.codec.binary)

    def _gather(self, batch: list[bytes]) -> None:
        while self._waiting and self._waiting[0][1] is _Kind.DATA and len(batch) < BATCH:
            batch.append(self._waiting.popleft()[0])
