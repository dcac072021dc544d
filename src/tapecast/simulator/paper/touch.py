"""What a symbol can be bought and sold at, at this moment: the sides of its quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from tapecast.simulator.ledger import Image
from tapecast.simulator.paper import money
from tapecast.simulator.paper.order import Side

_SHARE: Final = Decimal("1e-9")
_MOST: Final = Decimal(10**15)


@dataclass(frozen=True)
class Touch:
    """The last trade, and both sides; a size of None is endless."""

    last: Decimal
    bid: Decimal
    ask: Decimal
    bid_size: Decimal | None
    ask_size: Decimal | None

    @classmethod
    def of(cls, image: Image) -> Touch:
        """Where there is no such side, or a newer print ran past it, the last trade stands for it."""
        last, quote = money.decimal(image.trade.price), image.quote
        if quote is None or (
            image.trade.ns > quote.ns and not _between(quote.bid, image.trade.price, quote.ask)
        ):
            return cls(last, last, last, None, None)
        bid, ask = (
            money.decimal(quote.bid or image.trade.price),
            money.decimal(quote.ask or image.trade.price),
        )
        return cls(last, bid, ask, _size(quote.bid, quote.bid_size), _size(quote.ask, quote.ask_size))

    def price(self, side: Side) -> Decimal:
        """The far side of one who comes to trade."""
        return self.ask if side is Side.BUY else self.bid

    def size(self, side: Side) -> Decimal | None:
        """How much there is of it."""
        return self.ask_size if side is Side.BUY else self.bid_size


def _between(bid: float, price: float, ask: float) -> bool:
    return bid <= price and (price <= ask or not ask)


def _size(price: float, size: float) -> Decimal | None:
    if not price or not size:
        return None
    # A recording has sizes of any kind; less than the smallest part is nothing.
    return min(money.decimal(size), _MOST).quantize(_SHARE, ROUND_DOWN)
