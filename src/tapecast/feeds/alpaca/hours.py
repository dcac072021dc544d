"""Whether the exchanges are in session, as the venue's clock says.

The clock serves a word on the page ("closed" instead of "live"), so a clock that cannot be reached costs that
word and nothing else: the last answer stands until its own next change, then the market is taken as open.
"""

from __future__ import annotations

import time
from asyncio import Event, sleep, timeout
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec

from tapecast.errors import FeedError
from tapecast.feeds.alpaca.limits import Limits

FIRST_OVERDUE_S: Final = 1.0


class MarketClock(msgspec.Struct, frozen=True):
    """The venue's answer. `next_change_ns` is when `is_open` will change."""

    is_open: bool
    next_change_ns: int


class Hours:
    """Asks at the start, at each opening and closing, and every few minutes (halts of whole days happen)."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[MarketClock]],
        on_answer: Callable[[bool], None],
        limits: Limits,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._ask = ask
        self._on_answer = on_answer
        self._limits = limits
        self._now_ns = now_ns
        self._known = MarketClock(is_open=True, next_change_ns=0)
        # Until the next question while the venue's change is overdue.
        self._overdue_s = FIRST_OVERDUE_S
        self._answered = Event()

    async def follow(self) -> None:
        """Report every answer, for ever."""
        while True:
            again_in_s = await self.look()
            await sleep(again_in_s)

    async def first(self) -> None:
        """Wait a moment for the first answer, so that a market that is closed is never called live."""
        with suppress(TimeoutError):
            async with timeout(self._limits.clock_first_s):
                await self._answered.wait()

    async def look(self) -> float:
        """Ask once, report, and say in how many seconds to ask again."""
        try:
            return await self._look()
        finally:
            self._answered.set()

    async def _look(self) -> float:
        try:
            self._known = await self._ask()
        except FeedError:
            if self._now_ns() >= self._known.next_change_ns:
                self._on_answer(True)
            return self._limits.clock_retry_s
        self._on_answer(self._known.is_open)
        until_s = (self._known.next_change_ns - self._now_ns()) / 1e9
        if until_s > 0:
            self._overdue_s = FIRST_OVERDUE_S
            return min(self._limits.clock_every_s, max(FIRST_OVERDUE_S, until_s))
        # Our clock is ahead of the venue's, by a second or by hours: the change has not happened yet.
        again_s = self._overdue_s
        self._overdue_s = min(self._limits.clock_retry_s, 2 * again_s)
        return again_s
