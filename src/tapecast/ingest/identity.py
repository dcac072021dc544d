"""Which print is which: the venue tells of one and the same by stream, by REST and in what it takes back."""

from __future__ import annotations

from tapecast.market import Trade


def is_same(held: Trade, trade: Trade) -> bool:
    """Whether two prints are one. What comes from the cache, and some markets' prints, have no number."""
    if held.ts_event_ns != trade.ts_event_ns:
        return False
    if held.number and trade.number:
        return held.number == trade.number and held.exchange == trade.exchange
    return held.price == trade.price and held.size == trade.size


def is_named(trade: Trade, number: int, exchange: str) -> bool:
    """Whether this is the print of that name. No exchange is any; a number is one exchange's own."""
    return number == trade.number and exchange in ("", trade.exchange)
