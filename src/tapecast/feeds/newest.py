"""What a feed that has no REST side tells who comes later: the newest trade and quote of one symbol. Pure."""

from __future__ import annotations

import msgspec

from tapecast.market import SETS_PRICE, Cancel, Correction, Quote, Snapshot, Trade


class Newest:
    """The newest trade and quote of one symbol, for who comes later."""

    __slots__ = ("quote", "symbol", "trade")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trade: Trade | None = None
        self.quote: Quote | None = None

    def take(self, data: Trade | Quote | Correction | Cancel) -> None:
        """Take in one message."""
        if isinstance(data, Quote):
            self.quote = data
        elif isinstance(data, Trade):
            held = self.trade
            if held is None or (data.effect & SETS_PRICE and data.ts_event_ns >= held.ts_event_ns):
                self.trade = data
        elif self.trade is not None and self.trade.number == data.number:
            self.trade = _mended(self.trade, data)

    def snapshot(self) -> Snapshot:
        """What a REST answer would say."""
        return Snapshot(self.symbol, self.trade, self.quote, None, None)


def _mended(trade: Trade, data: Correction | Cancel) -> Trade | None:
    if isinstance(data, Cancel):
        return None
    return msgspec.structs.replace(trade, price=data.price, size=data.size, number=data.new_number)
