"""What is known, and the rules of what replaces what. No I/O: events in, snapshots out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from tapecast.bars import Bar
from tapecast.client.account import Order, Orders, OrderUpdate, Portfolio, Position, Positions
from tapecast.client.events import Bars, BarUpdate, Event, Heartbeat, Hello, ServerStatus
from tapecast.client.servertime import ServerTime
from tapecast.client.states import Feed, SymbolStatus
from tapecast.market import FeedState, SymbolState, Tick

T = TypeVar("T")

LOST: Final = "connection_lost"
ORDERS: Final = 100
"""The server keeps fifty."""
BARS: Final = 2_000
"""Of one symbol; the server's history has 1,500 at the most, and bars are added to it."""
CURRENT: Final = frozenset({SymbolState.LIVE, SymbolState.CLOSED})
"""The states in which a price may be believed."""


class Store:
    """Everything in here is replaced and never changed, but for the maps themselves."""

    def __init__(self, time: ServerTime, symbols: Iterable[str] = ()) -> None:
        self.time = time
        self.ticks: dict[str, Tick] = {}
        # Whoever is asked for has a state from the first moment on.
        self.states = {symbol: SymbolStatus(symbol, SymbolState.PENDING) for symbol in symbols}
        # By market.
        self.feeds: dict[str, Feed] = {}
        self.positions: dict[str, Position] = {}
        # What was last said of the list as such; None before the first.
        self.account: Positions | None = None
        self.portfolio: Portfolio | None = None
        # Newest first.
        self.orders: tuple[Order, ...] | None = None
        # By symbol, then by start, oldest first.
        self.bars: dict[str, dict[str, Bar]] = {}
        self.status: ServerStatus | None = None
        self.hello: Hello | None = None
        # Whose first image of this stream is here: from then on only newer ticks count.
        self._imaged: set[str] = set()

    def apply(self, event: Event) -> bool:
        """Take an event in. False if it says nothing new: then nobody need hear of it."""
        take = self._TAKES.get(type(event))
        return True if take is None else take(self, event)

    def lose(self) -> list[Event]:
        """Nothing is heard any more: prices stay, and nothing may be believed. Answers with what changed."""
        changed: list[Event] = []
        for status in list(self.states.values()):
            # A refusal is no price, and what has no price cannot be old.
            if status.state is not SymbolState.REFUSED:
                state = SymbolState.PENDING if status.state is SymbolState.PENDING else SymbolState.STALE
                changed.append(SymbolStatus(status.symbol, state, LOST))
        changed += [
            msgspec.structs.replace(feed, state=FeedState.RECONNECTING, reason=LOST)
            for feed in self.feeds.values()
        ]
        changed += [
            msgspec.structs.replace(position, state=SymbolState.STALE, reason=LOST)
            for position in self.positions.values()
            if position.state in CURRENT
        ]
        return [event for event in changed if self.apply(event)]

    def _tick(self, tick: Tick) -> bool:
        held = self.ticks.get(tick.symbol)
        if held is not None:
            order, known = (tick.epoch, tick.seq), (held.epoch, held.seq)
            # A new stream repeats what is known, and its first image counts, whatever it is.
            if order == known or (tick.symbol in self._imaged and order < known):
                self._imaged.add(tick.symbol)
                return False
        self._imaged.add(tick.symbol)
        self.ticks[tick.symbol] = tick
        return True

    def _symbol(self, status: SymbolStatus) -> bool:
        # There never was such a trade: the price that is shown is wrong.
        took = status.reason == "cancelled" and self.ticks.pop(status.symbol, None) is not None
        return _replace(self.states, status.symbol, status) or took

    def _feed(self, feed: Feed) -> bool:
        return _replace(self.feeds, feed.market, feed)

    def _hello(self, hello: Hello) -> bool:
        self.hello = hello
        self._imaged.clear()
        # A server that was started anew may have others. Those that it has it tells now.
        self.feeds = {market: feed for market, feed in self.feeds.items() if feed.reason != LOST}
        self.time.reset()
        self.time.hear(hello.server_time)
        return True

    def _heartbeat(self, heartbeat: Heartbeat) -> bool:
        self.time.hear(heartbeat.server_time)
        return True

    def _positions(self, positions: Positions) -> bool:
        self.account = positions
        self.positions = {each.symbol: each for each in positions.positions}
        return True

    def _position(self, position: Position) -> bool:
        if position.qty == 0:
            self.positions.pop(position.symbol, None)
        else:
            self.positions[position.symbol] = position
        return True

    def _portfolio(self, portfolio: Portfolio) -> bool:
        self.portfolio = portfolio
        return True

    def _orders(self, orders: Orders) -> bool:
        self.orders = tuple(orders.orders)
        return True

    def _order(self, update: OrderUpdate) -> bool:
        known, order = self.orders or (), update.order
        if any(each.id == order.id for each in known):
            self.orders = tuple(order if each.id == order.id else each for each in known)
        else:
            self.orders = (order, *known)[:ORDERS]
        return True

    def _status(self, status: ServerStatus) -> bool:
        self.status = status
        return True

    def _bars(self, bars: Bars) -> bool:
        self.bars[bars.symbol] = {bar.start: bar for bar in bars.bars}
        return True

    def _bar(self, update: BarUpdate) -> bool:
        held = self.bars.setdefault(update.symbol, {})
        known = held.get(update.start)
        if known is not None and (update.epoch, update.seq) <= (known.epoch, known.seq):
            return False
        if update.removed:
            held.pop(update.start, None)
        else:
            is_last = known is not None or not held or update.start > next(reversed(held))
            held[update.start] = update
            if not is_last:
                self.bars[update.symbol] = held = dict(sorted(held.items()))
            if len(held) > BARS:
                del held[next(iter(held))]
        return True

    _TAKES: ClassVar[dict[type, Callable[[Store, Any], bool]]] = {
        Tick: _tick, SymbolStatus: _symbol, Feed: _feed, Hello: _hello, Heartbeat: _heartbeat,
        Positions: _positions, Position: _position, Portfolio: _portfolio, Orders: _orders,
        OrderUpdate: _order, ServerStatus: _status, Bars: _bars, BarUpdate: _bar,
    }  # fmt: skip


def _replace(held: dict[str, T], key: str, value: T) -> bool:
    # Every new stream tells all states again.
    if held.get(key) == value:
        return False
    held[key] = value
    return True
