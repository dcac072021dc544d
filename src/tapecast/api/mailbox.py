"""What waits for one client: bounded by construction, and always the newest.

At most one tick and one state per symbol, and one frame per named event. A slow client makes nothing grow and
nobody wait: what it did not take is replaced (see `conflation.py`). A symbol's state takes its tick along.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final

from tapecast.conflation import drain

BATCH: Final = 32
"""Taken out at once: about PIECE_BYTES of full ticks. What is not taken can still be replaced."""


class Mailbox:
    """Frames for one client. `put_*` return at once; one reader waits and takes."""

    __slots__ = ("_events", "_last", "_states", "_ticks", "_waiter", "_waits_for_ticks")

    def __init__(self) -> None:
        self._events: dict[str, bytes] = {}
        self._states: dict[str, bytes] = {}
        self._ticks: dict[str, bytes] = {}
        # The last words; once there, nothing more is let in.
        self._last: bytes | None = None
        # The reader's future. One future is half the price of a queue's wake-up.
        self._waiter: asyncio.Future[None] | None = None
        self._waits_for_ticks = True

    def put_event(self, key: str, frame: bytes) -> None:
        """Replace the waiting event of `key`. Never held back by an interval."""
        if self._last is None:
            self._events[key] = frame
            self._wake()

    def put_state(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting state of `symbol`, which goes out before its tick and takes it along."""
        if self._last is None:
            self._states[symbol] = frame
            self._wake()

    def put_tick(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting tick of `symbol`."""
        if self._last is None:
            self._ticks[symbol] = frame
            if self._waits_for_ticks:
                self._wake()

    def drop_tick(self, symbol: str) -> None:
        """Forget the waiting tick of `symbol`: something newer has said it all."""
        self._ticks.pop(symbol, None)

    def end(self, frame: bytes) -> None:
        """Let out what waits, then `frame`, then no more. The first end is the one that counts."""
        if self._last is None:
            self._last = frame
            self._wake()

    @property
    def last(self) -> bytes | None:
        """The last words, if the end has come."""
        return self._last

    def __len__(self) -> int:
        return len(self._events) + len(self._states) + len(self._ticks)

    def take(self, *, ticks: bool = True, limit: int = BATCH) -> list[bytes]:
        """Take out what has waited longest: events, then states each with its tick, then other ticks."""
        frames = drain(self._events, limit)
        for symbol in list(islice(self._states, max(0, limit - len(frames)))):
            frames.append(self._states.pop(symbol))
            # The tick must follow its state even within an interval: it is what made the state change.
            tick = self._ticks.pop(symbol, None)
            if tick is not None:
                frames.append(tick)
        if ticks:
            frames += drain(self._ticks, limit - len(frames))
        return frames

    async def wait(self, hold_s: float = 0.0) -> bool:
        """Wait until something may be sent; ticks alone are held back for `hold_s` seconds.

        True: everything may go. False: the hold is not over, and only events and states may.
        """
        if hold_s > 0 and not await self._over(hold_s):
            return False
        while not len(self) and self._last is None:
            await self._woken(ticks=True)
        return True

    async def _over(self, hold_s: float) -> bool:
        try:
            async with asyncio.timeout(hold_s):
                while not self._events and not self._states and self._last is None:
                    await self._woken(ticks=False)
        except TimeoutError:
            return True
        return self._last is not None

    async def _woken(self, *, ticks: bool) -> None:
        self._waits_for_ticks = ticks
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._waits_for_ticks = True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
