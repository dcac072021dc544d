"""What one session is subscribed to: symbols by channel, under the plan's cap. Pure.

A message is followed whole or not at all, as at the venue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tapecast.market import Market, market_of
from tapecast.simulator.amends import Amend
from tapecast.simulator.faults import EVERY, Faults
from tapecast.simulator.minutes import Minute
from tapecast.simulator.paths import CHANNELS
from tapecast.simulator.walk import Book, Event

Lists = Mapping[str, list[str]]
"""Symbols by channel, as a message names them."""


class Refused(Exception):
    """A message that cannot be followed; `code` is the venue's number for it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Subscription:
    """Symbols by channel, each in the order in which they came."""

    def __init__(self, market: Market, limit: int, faults: Faults, listed: frozenset[str]) -> None:
        self._market = market
        self._limit = limit
        self._faults = faults
        # What `*` stands for.
        self._listed = listed
        self._channels: dict[str, dict[str, None]] = {name: {} for name in CHANNELS[market]}
        # The symbols of which anything is sent; `*` is all that are listed.
        self.moving: frozenset[str] = frozenset()

    @property
    def trades(self) -> frozenset[str]:
        """The symbols whose trades are sent."""
        return frozenset(self._channels["trades"])

    @property
    def audible(self) -> frozenset[str]:
        """The symbols whose trades are sent at this moment; of `*`, those that are listed."""
        return frozenset(each for each in self._all("trades") if not self._faults.mutes(each))

    def wants(self, event: Event | Amend | Minute) -> bool:
        """Whether an event is to be sent. Corrections and cancels come with the trades."""
        symbol = event.instrument.symbol
        wanted = self._channels.get(_channel(event), ())
        # Most are: what nobody wants was not made. A set that is empty costs one look.
        muted = self._faults.muted and self._faults.mutes(symbol)
        return (symbol in wanted or EVERY in wanted) and not muted

    def change(self, action: str, lists: Mapping[str, object]) -> None:
        """Subscribe or unsubscribe. Raises Refused, and then nothing has changed."""
        before = self.moving
        checked = self._checked(lists)
        if action == "subscribe":
            self._add(checked)
        else:
            self._remove(checked)
        self.moving = self._all("trades", "quotes")
        self._faults.miss(before - self.moving)
        self._faults.hear(self.moving - before, before)

    def message(self) -> dict[str, Any]:
        """The whole of it, as the venue confirms it."""
        lists = {
            name: [each for each in symbols if each not in self._faults.unconfirmed]
            for name, symbols in self._channels.items()
        }
        if self._market is Market.US_EQUITY:
            # Nobody asks for these two: they come with the trades.
            lists |= {"corrections": lists["trades"], "cancelErrors": lists["trades"]}
        return {"T": "subscription", **lists}

    def _checked(self, lists: Mapping[str, object]) -> Lists:
        if lists.keys() - self._channels.keys():
            raise Refused(410)
        if not any(lists.values()):
            raise Refused(400)
        return {name: [self._symbol(name, each) for each in _items(value)] for name, value in lists.items()}

    def _symbol(self, channel: str, value: object) -> str:
        if value == EVERY:
            if self._market is Market.US_OPTION and channel == "quotes":
                raise Refused(413)
        elif not isinstance(value, str) or market_of(value) is not self._market:
            raise Refused(400)
        return str(value)

    def _add(self, lists: Lists) -> None:
        named = {symbol for symbols in lists.values() for symbol in symbols}
        for symbol in sorted(named & self._faults.refused.keys()):
            raise Refused(self._faults.refused[symbol])
        before = self._channels
        self._channels = {
            name: have | dict.fromkeys(each for each in lists.get(name, ()) if self._confirms(each))
            for name, have in before.items()
        }
        if self._count() > self._limit:
            self._channels = before
            raise Refused(405)

    def _remove(self, lists: Lists) -> None:
        for name, symbols in lists.items():
            for symbol in symbols:
                self._channels[name].pop(symbol, None)

    def _confirms(self, symbol: str) -> bool:
        return symbol not in self._faults.unconfirmed

    def _count(self) -> float:
        """Symbols are counted, not channels of symbols: one that is in trades and quotes is one."""
        if self._market is Market.US_OPTION and any(EVERY in each for each in self._channels.values()):
            return math.inf  # contracts are not listed one by one
        return len(self._all(*self._channels))

    def _all(self, *channels: str) -> frozenset[str]:
        symbols = {symbol for name in channels for symbol in self._channels[name]}
        if EVERY in symbols:
            symbols |= self._listed
        return frozenset(symbols - {EVERY})


def _channel(event: Event | Amend | Minute) -> str:
    if isinstance(event, Book):
        return "quotes"
    if isinstance(event, Minute):
        return "bars" if event.kind == "b" else "updatedBars"
    return "trades"


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Refused(400)
    return value
