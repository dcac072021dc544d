"""What a feed that has no REST side tells who comes later: the newest trade and quote of one symbol. Pure.

As the venue's REST would: a late print or quote replaces nothing newer, a print whose conditions forbid it is
told only while nothing better is known, and a trade that is void gives way to the one before it.
"""

from __future__ import annotations

from typing import TypeGuard

import msgspec

from tapecast.market import SETS_PRICE, Cancel, Correction, Quote, Snapshot, Trade


class Newest:
    """The newest trade and quote of one symbol, for who comes later."""

    __slots__ = ("_before", "quote", "symbol", "trade")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trade: Trade | None = None
        self._before: Trade | None = None
        self.quote: Quote | None = None

    def take(self, data: Trade | Quote | Correction | Cancel) -> None:
        """Take in one message."""
        if isinstance(data, Quote):
            if self.quote is None or data.ts_event_ns >= self.quote.ts_event_ns:
                self.quote = data
        elif isinstance(data, Trade):
            self._trade(data)
        elif _is_of(self.trade, data):
            self.trade = _mended(self.trade, data)
            if self.trade is None:
                self.trade, self._before = self._before, None
        elif _is_of(self._before, data):
            self._before = _mended(self._before, data)

    def _trade(self, trade: Trade) -> None:
        held = self.trade
        if held is not None:
            is_late = bool(held.effect & SETS_PRICE) and trade.ts_event_ns < held.ts_event_ns
            if is_late or not trade.effect & SETS_PRICE:
                return
        self.trade, self._before = trade, held

    def snapshot(self) -> Snapshot:
        """What a REST answer would say."""
        return Snapshot(self.symbol, self.trade, self.quote, None, None)


def _is_of(trade: Trade | None, data: Correction | Cancel) -> TypeGuard[Trade]:
    """Whether the venue speaks of this trade. A number is one exchange's own; no exchange is any."""
    return trade is not None and trade.number == data.number and data.exchange in ("", trade.exchange)


def _mended(trade: Trade, data: Correction | Cancel) -> Trade | None:
    if isinstance(data, Cancel) or not data.effect & SETS_PRICE:
        return None
    return msgspec.structs.replace(trade, price=data.price, size=data.size, number=data.new_number)
