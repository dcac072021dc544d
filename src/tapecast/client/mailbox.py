"""What waits for a program that is busy: of all that replaces something only the newest.

So its size is bounded by what is watched, not by how long the program takes. An event that waits keeps its
place in the queue when a newer one takes it. Two kinds are worth more than their newest:

| event                    | waiting at most | beyond that                                               |
| ------------------------ | --------------- | --------------------------------------------------------- |
| `OrderUpdate`            | 64              | one `Orders` takes their place, which has each as it is now |
| `BarUpdate` of a symbol  | 64 starts       | one `Bars` takes their place, which has them all          |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

from tapecast.client.account import Orders, OrderUpdate, Position, Positions
from tapecast.client.events import Bars, BarUpdate, Event
from tapecast.client.states import Feed, SymbolStatus
from tapecast.market import Tick

MOST: Final = 64

Key = tuple[Hashable, ...]


class Mailbox:
    """One writer, one reader. `recall` gives what takes the place of events of which too many wait."""

    def __init__(self, recall: Callable[[Event], Event]) -> None:
        self._recall = recall
        self._waiting: dict[Key, Event] = {}
        # How many order events, and how many bars of a symbol, are among them.
        self._counts: dict[Key, int] = {}
        self._orders = 0
        self._news = asyncio.Event()
        self._error: BaseException | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Never waits. What comes after the end is left out."""
        match event:
            case Positions():
                # The list has them all.
                self._drop(Position)
            case Orders():
                self._drop(OrderUpdate)
            case Bars():
                self._drop(BarUpdate, event.symbol)
            case SymbolStatus(reason="cancelled"):
                # A trade that never was must not be told after this, and this must be told.
                self._drop(Tick, event.symbol)
                self._drop(SymbolStatus, event.symbol)
        key = self._key(event)
        group = key[:2]
        if key not in self._waiting and isinstance(event, OrderUpdate | BarUpdate):
            if self._counts.get(group, 0) >= MOST:
                self.put(self._recall(event))
                return
            self._counts[group] = self._counts.get(group, 0) + 1
        self._waiting[key] = event
        self._news.set()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more: what waits is still given out, then `error` is raised, if there is one."""
        self._error = error
        self._is_closed = True
        self._news.set()

    async def get(self) -> Event | None:
        """The event that has waited longest; None after the end."""
        while not self._waiting:
            if self._is_closed:
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            await self._news.wait()
        key = next(iter(self._waiting))
        event = self._waiting.pop(key)
        if key[:2] in self._counts:
            self._count_down(key)
        return event

    def _key(self, event: Event) -> Key:
        kind = type(event)
        match event:
            case SymbolStatus(reason="cancelled"):
                return (kind, event.symbol, event.reason)
            case Tick() | SymbolStatus() | Position() | Bars():
                return (kind, event.symbol)
            case Feed():
                return (kind, event.market)
            case BarUpdate():
                return (kind, event.symbol, event.start)
            case OrderUpdate():
                self._orders += 1
                return (kind, "", self._orders)
        return (kind, "")

    def _drop(self, kind: type[Event], symbol: str | None = None) -> None:
        for key in [key for key in self._waiting if key[0] is kind and symbol in {None, key[1]}]:
            del self._waiting[key]
            if key[:2] in self._counts:
                self._count_down(key)

    def _count_down(self, key: Key) -> None:
        left = self._counts[key[:2]] - 1
        if left:
            self._counts[key[:2]] = left
        else:
            del self._counts[key[:2]]
