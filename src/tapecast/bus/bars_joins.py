"""Which bars an api process follows, on the link that its prices come on.

The join of each is as that of a price: SUBSCRIBE, wait for the acknowledgement, then read what is kept; each
bar's order tells what of it is old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from tapecast.bars import Interval
from tapecast.bus.bars import Stored, read_bars
from tapecast.bus.connection import Bus
from tapecast.bus.link import Link
from tapecast.errors import BusUnavailable

BarsOf = tuple[str, Interval]
"""One symbol's bars of one length."""


class BarsListener(Protocol):
    """The api's side. Every method returns at once and never raises."""

    def on_bars(self, of: BarsOf, data: bytes) -> None:
        """What was told of these bars."""

    def on_bars_stored(self, of: BarsOf, stored: Stored) -> None:
        """The answer to a join, or to `again`."""


class BarJoins:
    """Keeps the wanted bars subscribed and hands everything heard to its listener."""

    def __init__(self, bus: Bus, changed: asyncio.Event) -> None:
        self._bus = bus
        self._listener: BarsListener | None = None
        # Set to have `join` called.
        self._changed = changed
        self._wanted: set[BarsOf] = set()
        self._joined: dict[BarsOf, bytes] = {}
        self._unread: set[BarsOf] = set()
        self._of: dict[bytes, BarsOf] = {}

    def listen(self, listener: BarsListener) -> None:
        """Tell this one from now on."""
        self._listener = listener

    def add(self, bars: Iterable[BarsOf]) -> None:
        """Want these too; each is answered by one `on_bars_stored`."""
        added = set(bars)
        self._wanted |= added
        self._unread |= added
        self._changed.set()

    def again(self, of: BarsOf) -> None:
        """Read these once more, if they are wanted."""
        if of in self._wanted:
            self.add([of])

    def remove(self, bars: Iterable[BarsOf]) -> None:
        """No longer want these."""
        removed = set(bars)
        self._wanted -= removed
        self._unread -= removed
        self._changed.set()

    def begin(self) -> None:
        """The link is new: nothing is subscribed on it, and what came before it was lost is unknown."""
        self._joined, self._of = {}, {}
        self._unread = set(self._wanted)

    async def join(self, link: Link) -> None:
        """Subscribe and read what is not yet. Raises BusUnavailable."""
        unread, self._unread = self._unread, set()
        try:
            await self._leave(link, self._joined.keys() - self._wanted)
            await self._enter(link, unread - self._joined.keys())
            while unread:
                of = min(unread)
                stored = await read_bars(self._bus, *of)
                unread.discard(of)
                if of in self._wanted and self._listener is not None:
                    self._listener.on_bars_stored(of, stored)
        except BusUnavailable:
            self._unread |= unread
            raise

    async def _enter(self, link: Link, bars: Iterable[BarsOf]) -> None:
        names = {of: self._channel(of) for of in bars}
        self._of.update((name.encode(), of) for of, name in names.items())
        await link.subscribe(names.values())
        self._joined.update((of, name.encode()) for of, name in names.items())

    async def _leave(self, link: Link, bars: Iterable[BarsOf]) -> None:
        names = [self._joined.pop(of) for of in list(bars)]
        for name in names:
            self._of.pop(name, None)
        await link.unsubscribe(name.decode() for name in names)

    def deliver(self, channel: bytes, data: bytes) -> bool:
        """Hand over a message, if it is of bars."""
        of = self._of.get(channel)
        if of is not None and self._listener is not None:
            self._listener.on_bars(of, data)
        return of is not None

    def _channel(self, of: BarsOf) -> str:
        symbol, interval = of
        return self._bus.keys.channel(self._bus.keys.bars(interval, symbol))
