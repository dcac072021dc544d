"""When to write: at once when idle, and as seldom as pays when busy.

Whatever has something to send queues up and is flushed in its turn, so no client waits for another for more
than one round. A round is cut into slices, between which Redis is read and clients come and go; a view is
never cut.

After a round there is a pause as long as the round, at most PAUSE_S: what arrives meanwhile shares a write,
and a write of ten ticks costs what a write of one does. The pause shrinks as views fill up: once every symbol
of a view has changed, waiting longer would lose ticks and save nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Final, Never, Protocol

if TYPE_CHECKING:
    from tapecast.api.view import View

SLICE_S: Final = 0.005
PAUSE_S: Final = 0.02
BUSY_S: Final = 0.01
"""A round that took so long is one that work was worth saving in."""
CROWD: Final = 4
"""Of so many rings for each view on average all views are rung instead."""


class Place:
    """Where a sender stands. Plain numbers: they are compared for every view in every round."""

    IDLE: Final = 0
    HELD: Final = 1  # until its interval is over
    QUEUED: Final = 2


class Sender(Protocol):
    """A view, or a client on its own."""

    place: int

    @property
    def fullness(self) -> float:
        """How much of what could wait for the last flush did, 0 to 1."""

    def flush(self, now: float) -> float:
        """Write what may be written. Returns when to come again although nothing new was put in."""


class Dispatcher:
    """The queue, and the one task that works it off."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.views: dict[View, None] = {}
        # Which of them are to be rung before the next round, by topic.
        self._rung: dict[str, Mapping[View, None]] = {}
        self._queue: deque[Sender] = deque()
        # When the next is due, and its ticket. A ticket that nobody has any more is passed over.
        self._held: list[tuple[float, int]] = []
        self._tickets: dict[Sender, tuple[float, int]] = {}
        self._holders: dict[int, Sender] = {}
        self._count = count()
        self._wake = asyncio.Event()
        # Whether the last round was long.
        self.is_busy = False

    def queue(self, sender: Sender) -> None:
        """Flush this sender in its turn. Call it only while its place is not QUEUED."""
        sender.place = Place.QUEUED
        if not self._queue:
            self._wake.set()
        self._queue.append(sender)

    def ring(self, topic: str, views: Mapping[View, None]) -> None:
        """Flush these views, of this topic, in the next round."""
        if not self._rung:
            self._wake.set()
        self._rung[topic] = views

    def hold(self, sender: Sender, until: float) -> None:
        """Queue this sender then, if nothing does earlier."""
        sender.place = Place.HELD
        if sender in self._tickets and self._tickets[sender][0] <= until:
            # News that no interval holds back flushes it again and again, and must not pile up here.
            return
        self.forget(sender)
        ticket = self._tickets[sender] = (until, next(self._count))
        self._holders[ticket[1]] = sender
        heappush(self._held, ticket)
        if self._held[0] is ticket:
            self._wake.set()

    def forget(self, sender: Sender) -> None:
        """Have it held no more. Who has left would else stay in memory until its interval is over."""
        ticket = self._tickets.pop(sender, None)
        if ticket is not None:
            del self._holders[ticket[1]]

    async def run(self) -> Never:
        """Work for ever."""
        while True:
            await self._wait()
            spent, fullness = await self._round()
            self.is_busy = spent > BUSY_S
            # Also a pause of nothing lets Redis be read: what is there goes into the next round.
            await asyncio.sleep(min(spent, PAUSE_S) * (1 - fullness))

    def flush(self) -> None:
        """Everything that is queued or due, now: for the end, and for tests."""
        self._collect()
        while self._queue:
            self._flush(self._queue.popleft())

    async def _wait(self) -> None:
        self._collect()
        while not self._queue:
            self._wake.clear()
            wait_s = self._held[0][0] - self._now() if self._held else math.inf
            try:
                async with asyncio.timeout(None if wait_s == math.inf else max(0.0, wait_s)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._collect()

    async def _round(self) -> tuple[float, float]:
        turns = len(self._queue)
        spent, fullness, began = 0.0, 0.0, perf_counter()
        for _ in range(turns):
            if not self._queue:
                # `flush` came between two slices.
                break
            sender = self._queue.popleft()
            self._flush(sender)
            fullness += sender.fullness
            now = perf_counter()
            if now - began > SLICE_S:
                spent += now - began
                await asyncio.sleep(0)
                began = perf_counter()
        return spent + perf_counter() - began, fullness / turns

    def _flush(self, sender: Sender) -> None:
        sender.place = Place.IDLE
        again = sender.flush(self._now())
        # It may have been queued anew by its own flush.
        if again != math.inf and sender.place == Place.IDLE:
            self.hold(sender, again)

    def _collect(self) -> None:
        self._release()
        rung, self._rung = self._rung, {}
        visits = sum(map(len, rung.values()))
        # Under load each view is rung by most of its topics in each round: to visit it once is cheaper than
        # for each of them, although it may have nothing to send.
        for views in [self.views] if visits > CROWD * len(self.views) else rung.values():
            for view in views:
                if view.place != Place.QUEUED:
                    view.ring()

    def _release(self) -> None:
        now = self._now()
        while self._held and self._held[0][0] <= now:
            _, number = heappop(self._held)
            sender = self._holders.get(number)
            if sender is None:
                continue
            self.forget(sender)
            if sender.place == Place.HELD:
                self.queue(sender)
