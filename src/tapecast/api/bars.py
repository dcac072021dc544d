"""The bars that somebody wants here, as the bus tells them, and the views that show them.

History and news join without a hole: what is stored is read after the subscription, and of each start the bar
of the highest order stands. A bar goes out under ingest's own bytes.

| what happened                            | event                                                    |
| ---------------------------------------- | -------------------------------------------------------- |
| a client came, or bars are to be read anew | `bars`: all of them, at most `limit`; replaces all        |
| a bar that is forming has changed        | `bar`: the newest wins, an interval holds it back        |
| a bar is over, or changed after that     | `bar`: in order, each of them                            |
| a client is too slow for that            | `bars` instead                                           |
| what was `partial` is current again      | `bars`                                                   |
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from tapecast.api.bars_shelf import Shelf
from tapecast.api.bars_sources import BarSource, States, StateSource
from tapecast.api.mailbox import Mailbox
from tapecast.api.symbols import BarsAsk
from tapecast.api.view import View
from tapecast.bars import Interval
from tapecast.bus.bars import Stored, decode_bar_message
from tapecast.bus.bars_joins import BarsOf
from tapecast.clock import Clock
from tapecast.market import Market, market_of

HOLD_S: Final = 30.0
MOST: Final = 1000
"""Symbols times lengths that one process follows. Each takes a third of a megabyte."""
WAITING_MOST: Final = 64
WAITING_EACH: Final = 8
"""Bars that are over and wait for one client: so many, or so many of each symbol if that is more. One that is
further behind gets all of them anew."""

logger = logging.getLogger(__name__)


class BarBook:
    """The shelves, and who looks at them. Implements BarsListener."""

    def __init__(self, states: StateSource, clock: Clock, on_change: Callable[[], None]) -> None:
        self._states = states
        self._clock = clock
        # Called when other bars are wanted.
        self._on_change = on_change
        self._source: BarSource | None = None
        self._shelves: dict[BarsOf, Shelf] = {}
        self._asks: dict[View, tuple[BarsAsk, States]] = {}
        # Rung whenever something was heard.
        self.bells: set[asyncio.Event] = set()

    def bind(self, source: BarSource) -> None:
        """Say where bars are joined."""
        self._source = source
        source.listen(self)

    def interest(self) -> dict[str, list[Interval]]:
        """Which bars are wanted."""
        wanted: dict[str, list[Interval]] = {}
        for symbol, interval in self._shelves:
            wanted.setdefault(symbol, []).append(interval)
        return wanted

    # Whoever looks.

    def __contains__(self, view: View) -> bool:
        return view in self._asks

    def add(self, view: View, ask: BarsAsk) -> None:
        """Send bars to this view from now on."""
        states = States(view)
        self._asks[view] = ask, states
        self._states.attach(states, ask.symbols)
        for shelf in self.open(ask):
            shelf.views[view] = ask.limit

    def remove(self, view: View) -> None:
        """Stop it, if it was there."""
        if view in self._asks:
            ask, states = self._asks.pop(view)
            for symbol in ask.symbols:
                self._shelves[symbol, ask.interval].views.pop(view, None)
            self._states.detach(states, ask.symbols)
            self.sweep()

    def introduce(self, mailbox: Mailbox, ask: BarsAsk) -> None:
        """Tell a new client the states, and the bars as far as they are known."""
        self._states.introduce(mailbox, ask.symbols)
        for shelf in self.open(ask):
            if shelf.is_joined:
                mailbox.put_event(f"bars:{shelf.symbol}", shelf.frame(ask.limit))

    def hold(self, ask: BarsAsk) -> list[Shelf]:
        """The same, wanted for half a minute: for clients that ask again and again."""
        shelves = self.open(ask)
        for shelf in shelves:
            shelf.held_until = self._clock.now() + HOLD_S
        return shelves

    def beyond(self, symbols: Iterable[str], interval: Interval) -> frozenset[str]:
        """Of which of these symbols there is no room for bars."""
        new = [symbol for symbol in symbols if (symbol, interval) not in self._shelves]
        return frozenset(new[max(0, MOST - len(self._shelves)) :])

    def open(self, ask: BarsAsk) -> list[Shelf]:
        """The shelves of an ask, from now on if they were not there."""
        wanted = [(symbol, ask.interval) for symbol in ask.symbols]
        added = [of for of in wanted if of not in self._shelves]
        self._shelves.update((of, Shelf(of, partial(self._owner, market_of(of[0])))) for of in added)
        if added:
            if self._source is not None:
                self._source.add(added)
            self._on_change()
        return [self._shelves[of] for of in wanted]

    def sweep(self) -> None:
        """Forget what nobody wants any more. What was told as partial may be current by a beat."""
        for shelf in self._shelves.values():
            self._mend(shelf)
        self._ring()
        now = self._clock.now()
        unheard = [of for of, shelf in self._shelves.items() if not shelf.views and shelf.held_until <= now]
        for of in unheard:
            del self._shelves[of]
        if unheard:
            if self._source is not None:
                self._source.remove(unheard)
            self._on_change()

    # The bus.

    def on_bars(self, of: BarsOf, data: bytes) -> None:
        """Dispatch what was told."""
        shelf = self._shelves.get(of)
        if shelf is None:
            return
        try:
            message = decode_bar_message(data)
            told = [shelf.put(bytes(bar)) for bar in message.bars]
            shelf.hear(message)
        except msgspec.DecodeError as error:
            logger.warning("bars_not_understood: %s: %s", of[0], error)
            return
        if message.anew and self._source is not None:
            self._source.again(of)
        for bar in told:
            if bar is not None and shelf.is_joined:
                self._tell(shelf, *bar)
        if not message.anew:
            self._mend(shelf)
        self._ring()

    def on_bars_stored(self, of: BarsOf, stored: Stored) -> None:
        """Merge what was stored, and tell all of it."""
        shelf = self._shelves.get(of)
        if shelf is None:
            return
        shelf.begin(stored.listing)
        for bar in stored.bars:
            try:
                shelf.put(bytes(bar))
            except msgspec.DecodeError as error:
                logger.warning("bars_not_understood: %s: %s", of[0], error)
        if stored.last is not None:
            shelf.hear(stored.last)
        self._replace_all(shelf)
        self._ring()

    def _owner(self, market: Market | None) -> int:
        """The epoch of the owner from whom all of this market is current; 0: of nobody."""
        markets = self._states.markets
        beat = markets.beat(market) if market is not None else None
        return 0 if beat is None or markets.trouble(beat.market) else beat.epoch

    def _mend(self, shelf: Shelf) -> None:
        if shelf.was_doubted and shelf.is_joined and shelf.is_current:
            self._replace_all(shelf)

    def _replace_all(self, shelf: Shelf) -> None:
        shelf.was_doubted = False
        for view, limit in shelf.views.items():
            self._replace(view, shelf, limit)

    def _ring(self) -> None:
        for bell in self.bells:
            bell.set()

    def _tell(self, shelf: Shelf, start: str, frame: bytes, is_over: bool) -> None:
        # A word on one before it must not take its place: that is not told again before it changes.
        is_forming = not is_over and start >= shelf.forming
        if is_forming:
            shelf.forming = start
        for view, limit in shelf.views.items():
            if is_forming:
                view.put_position(shelf.symbol, frame)
                continue
            # What waits of it, if it does, is from before.
            if start == shelf.forming:
                view.drop_position(shelf.symbol)
            room = max(WAITING_MOST, WAITING_EACH * len(self._asks[view][0].symbols))
            if len(view.mailbox.events) >= room:
                # Who takes everything gets each of them, however many come at once.
                view.flush(self._clock.now())
            view.put_event(f"bar:{shelf.symbol}:{start}", frame)
            for client in view.behind:
                if len(client.mailbox.events) > room:
                    _clear(client.mailbox, shelf.symbol)
                    client.mailbox.put_event(f"bars:{shelf.symbol}", shelf.frame(limit))

    def _replace(self, view: View, shelf: Shelf, limit: int) -> None:
        for mailbox in (view.mailbox, *(client.mailbox for client in view.behind)):
            _clear(mailbox, shelf.symbol)
        view.put_event(f"bars:{shelf.symbol}", shelf.frame(limit))


def _clear(mailbox: Mailbox, symbol: str) -> None:
    """Forget what waits of these bars: after all of them it would be undone by what it replaces."""
    mailbox.events.pop(f"bars:{symbol}", None)
    for waiting in [each for each in mailbox.events if each.startswith(f"bar:{symbol}:")]:
        del mailbox.events[waiting]
    mailbox.positions.pop(symbol, None)
