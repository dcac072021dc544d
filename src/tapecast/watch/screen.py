"""The live table: drawn when something is new, at most ten times a second and at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from tapecast.client import Stream, Tick
from tapecast.clock import Clock
from tapecast.watch import account, header
from tapecast.watch.account import Account
from tapecast.watch.meter import Meter
from tapecast.watch.prices import Prices

PAUSE_S: Final = 0.1
_FIRST: Final = 4
"""Rows of prices that come before anything of the account."""
_TOTALS: Final = 2
"""Lines of the account above its table."""
STILL_S: Final = 1.0
"""Ages count on when nothing is new."""
_AS_IT_WAS: Final = "\x1b[?25h\x1b[?1049l"
"""The cursor and the screen of before."""


class Screen:
    """One stream as one picture."""

    def __init__(self, stream: Stream, url: str, clock: Clock) -> None:
        self._stream = stream
        self._url = url
        self.meter = Meter(clock)
        self._clock = clock
        self._prices = Prices()
        self._account = Account()
        self._has_news = True
        self._drawn = 0.0

    async def hear(self) -> None:
        """Until the stream ends. Raises StreamError."""
        async for event in self._stream:
            if isinstance(event, Tick):
                self.meter.hear(event, self._stream)
            self._has_news = True

    @property
    def is_due(self) -> bool:
        """Whether there is something to draw."""
        return self._has_news or self._clock.now() - self._drawn >= STILL_S

    def picture(self, width: int, height: int) -> RenderableType:
        """What there is room for."""
        self._has_news, self._drawn = False, self._clock.now()
        stream = self._stream
        parts: list[RenderableType] = [*header.lines(stream, self.meter, self._url, width), Text()]
        left = height - len(parts)
        if stream.states:
            rows = _price_rows(stream, left - 1)
            parts.append(self._prices.table(stream, width, rows))
            left -= rows + 1
        if "account" in stream.feeds:
            parts += self._account_parts(width, left)
        return Group(*parts)

    def _account_parts(self, width: int, left: int) -> list[RenderableType]:
        total = account.totals(self._stream)
        total.truncate(width, overflow="ellipsis")
        parts: list[RenderableType] = [Text(), total] if left >= _TOTALS else []
        if left > _TOTALS + 1:
            parts.append(self._account.table(self._stream, width, left - _TOTALS - 1))
        return parts


def _price_rows(stream: Stream, left: int) -> int:
    """Symbols come first; then the account has a few rows for sure, and those that prices do not need."""
    wanted = len(stream.states)
    kept = _TOTALS + 2 + min(4, len(stream.positions)) if "account" in stream.feeds else 0
    kept = min(kept, max(0, left - min(_FIRST, wanted)))
    return max(1, min(left - kept, wanted))


async def show(stream: Stream, url: str, console: Console, clock: Clock) -> None:
    """Until the stream ends. Raises StreamError."""
    screen = Screen(stream, url, clock)
    hearing = asyncio.create_task(screen.hear())
    try:
        with _live(console) as live:
            while not hearing.done():
                if screen.is_due:
                    live.update(screen.picture(console.width, console.height), refresh=True)
                await asyncio.wait({hearing}, timeout=PAUSE_S)
        hearing.result()
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})


@contextmanager
def _live(console: Console) -> Iterator[Live]:
    """A picture on a screen of its own; after it the terminal is as it was."""
    try:
        with Live(console=console, screen=True, auto_refresh=False, redirect_stderr=False) as live:
            yield live
    except (OSError, UnicodeError):
        # rich keeps what could not be written and tries that first, so its own way back fails, too.
        with suppress(OSError):
            console.file.write(_AS_IT_WAS)
            console.file.flush()
        raise
