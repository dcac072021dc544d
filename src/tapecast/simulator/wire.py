"""The venue's spelling of trades, quotes and bars, field by field and in its order (`T` comes first).

The same structs serve the stream, where a codec decides how a time looks, and REST, where it is always text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tapecast.market import Market, rfc3339
from tapecast.simulator.bars import Bar
from tapecast.simulator.ledger import Book, Event, Image, Print

Stamp = Callable[[int], Any]
"""How nanoseconds since the epoch are written: a msgpack extension, or RFC 3339."""

_VENUE: Final = "V"  # IEX
_EXCHANGE: Final = "C"  # Cboe
_REGULAR_QUOTE: Final = ["R"]
_OPTION_QUOTE: Final = " "


class _StockTrade(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="t",
    rename={
        "symbol": "S",
        "number": "i",
        "venue": "x",
        "price": "p",
        "size": "s",
        "conditions": "c",
        "time": "t",
        "tape": "z",
    },
):
    symbol: str
    number: int
    venue: str
    price: float
    size: float
    conditions: list[str]
    time: Any
    tape: str


class _StockQuote(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="q",
    rename={
        "symbol": "S",
        "ask_venue": "ax",
        "ask": "ap",
        "ask_size": "as",
        "bid_venue": "bx",
        "bid": "bp",
        "bid_size": "bs",
        "conditions": "c",
        "time": "t",
        "tape": "z",
    },
):
    symbol: str
    ask_venue: str
    ask: float
    ask_size: int
    bid_venue: str
    bid: float
    bid_size: int
    conditions: list[str]
    time: Any
    tape: str


class _CryptoTrade(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="t",
    rename={"symbol": "S", "price": "p", "size": "s", "time": "t", "number": "i", "taker": "tks"},
):
    symbol: str
    price: float
    size: float
    time: Any
    number: int
    taker: str


class _CryptoQuote(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="q",
    rename={"symbol": "S", "bid": "bp", "bid_size": "bs", "ask": "ap", "ask_size": "as", "time": "t"},
):
    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    time: Any


class _OptionTrade(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="t",
    rename={"symbol": "S", "time": "t", "price": "p", "size": "s", "venue": "x", "condition": "c"},
):
    symbol: str
    time: Any
    price: float
    size: float
    venue: str
    condition: str


class _OptionQuote(
    msgspec.Struct,
    frozen=True,
    tag_field="T",
    tag="q",
    rename={
        "symbol": "S",
        "time": "t",
        "bid_venue": "bx",
        "bid": "bp",
        "bid_size": "bs",
        "ask_venue": "ax",
        "ask": "ap",
        "ask_size": "as",
        "condition": "c",
    },
):
    symbol: str
    time: Any
    bid_venue: str
    bid: float
    bid_size: int
    ask_venue: str
    ask: float
    ask_size: int
    condition: str


def message(event: Event, stamp: Stamp) -> msgspec.Struct:
    """One event as the stream sends it."""
    if isinstance(event, Print):
        return _trade(event, stamp(event.ns))
    return _quote(event, stamp(event.ns))


def trade(event: Print) -> dict[str, Any]:
    """A trade as REST gives it: without type and symbol."""
    return _bare(_trade(event, rfc3339(event.ns)))


def quote(event: Book) -> dict[str, Any]:
    """A quote as REST gives it: without type and symbol."""
    return _bare(_quote(event, rfc3339(event.ns)))


def bar(each: Bar) -> dict[str, Any]:
    """A bar as REST gives it."""
    return {
        "t": rfc3339(each.start_ns),
        "o": each.open,
        "h": each.high,
        "l": each.low,
        "c": each.close,
        "v": each.volume,
        "n": each.count,
        "vw": round(each.average, 10),
    }


def snapshot(image: Image) -> dict[str, Any]:
    """Everything that REST knows of one symbol."""
    parts = {
        "latestTrade": trade(image.trade),
        "latestQuote": image.quote and quote(image.quote),
        "minuteBar": bar(image.minute),
        "dailyBar": bar(image.day),
        "prevDailyBar": image.previous and bar(image.previous),
    }
    return {name: part for name, part in parts.items() if part is not None}


def _trade(event: Print, time: Any) -> msgspec.Struct:
    listed = event.instrument
    if listed.market is Market.CRYPTO:
        taker = "B" if event.bought else "S"
        return _CryptoTrade(listed.symbol, event.price, event.size, time, event.number, taker)
    if listed.market is Market.US_OPTION:
        # One letter of text, where stocks have a list.
        code = "".join(event.conditions)
        return _OptionTrade(listed.symbol, time, event.price, event.size, event.venue, code)
    codes = list(event.conditions)
    return _StockTrade(
        listed.symbol, event.number, event.venue, event.price, event.size, codes, time, listed.tape
    )


def _quote(event: Book, time: Any) -> msgspec.Struct:
    listed = event.instrument
    if listed.market is Market.CRYPTO:
        return _CryptoQuote(listed.symbol, event.bid, event.bid_size, event.ask, event.ask_size, time)
    asked, wanted = int(event.ask_size), int(event.bid_size)
    if listed.market is Market.US_OPTION:
        return _OptionQuote(
            listed.symbol, time, _EXCHANGE, event.bid, wanted, _EXCHANGE, event.ask, asked, _OPTION_QUOTE
        )
    # The venue gives a stock quote's sizes in round lots.
    return _StockQuote(
        listed.symbol, _VENUE, event.ask, asked // 100, _VENUE, event.bid, wanted // 100, _REGULAR_QUOTE,
        time, listed.tape,
    )  # fmt: skip


def _bare(struct: msgspec.Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(struct)
    del fields["T"], fields["S"]
    return fields
