"""What waits to be sent on one connection: bounded, with a named policy when it is full.

Policy: a client that cannot take its data is told 407 and cut off. Nothing is dropped in silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from tapecast.simulator.codec import Codec

LIMIT: Final = 100_000
"""Messages, some 10 MB. More than a second of the busiest load: one late turn of the pump must not be taken
for a client that does not read."""
BATCH: Final = 500
"""Messages in one frame at most, so that a client that was slow meets no frame above its size limit."""
SLOW_CLIENT: Final = {"T": "error", "code": 407, "msg": "slow client"}
POLICY_VIOLATION: Final = 1008


class Outbox:
    """Messages in order. Neighbouring data shares a frame, control messages go alone, as at the venue."""

    def __init__(self, codec: Codec, limit: int = LIMIT) -> None:
        self.codec = codec
        self._limit = limit
        # Encoded messages, each with whether it goes alone.
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._changed = asyncio.Event()
        self.closed = asyncio.Event()
        # With which code the connection ends, once everything before is sent.
        self.close_code = 1000

    def reply(self, message: dict[str, Any]) -> None:
        """Send a control message, after everything that was put before it."""
        self._append(self.codec.encode(message), alone=True)

    def put(self, message: bytes) -> None:
        """Send an encoded data message."""
        if len(self._waiting) < self._limit:
            self._append(message, alone=False)
        elif not self.closed.is_set():
            self._waiting.clear()
            self.reply(SLOW_CLIENT)
            self.close(POLICY_VIOLATION)

    def close(self, code: int = 1000) -> None:
        """Send what waits, then end. The first code given stands."""
        if not self.closed.is_set():
            self.close_code = code
            self.closed.set()
            self._changed.set()

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._waiting)

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames to send, until closed and empty."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                yield self.codec.frame(self._next())
            if self.closed.is_set():
                return

    def _append(self, message: bytes, *, alone: bool) -> None:
        if not self.closed.is_set():
            self._waiting.append((message, alone))
            self._changed.set()

    def _next(self) -> list[bytes]:
        first, alone = self._waiting.popleft()
        batch = [first]
        while not alone and self._waiting and not self._waiting[0][1] and len(batch) < BATCH:
            batch.append(self._waiting.popleft()[0])
        return batch
