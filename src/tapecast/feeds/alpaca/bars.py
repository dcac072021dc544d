"""Alpaca's bars as values of ours: minutes of the stream (`b`, mended `u`), and pages of REST. Pure.

A crypto bar of a minute without a trade has prices all the same, from the middle of the book, and no volume.
It is taken as the venue gives it.
"""

from __future__ import annotations

from typing import Final

from tapecast.bars import Interval, VenueBar
from tapecast.feeds.alpaca.wire import FUTURE_NS, Message, Reject
from tapecast.market import Market, number, parse_rfc3339

PATHS: Final = {
    Market.US_EQUITY: "/v2/stocks/bars",
    Market.CRYPTO: "/v1beta3/crypto/us/bars",
    Market.US_OPTION: "/v1beta1/options/bars",
}
TIMEFRAMES: Final = {Interval.MINUTE: "1Min", Interval.FIVE_MINUTES: "5Min", Interval.HOUR: "1Hour"}
PAGE: Final = 10_000
"""Bars in a page, which is the venue's most."""
FEEDS: Final = {"delayed_sip": "sip", "overnight": "boats"}
"""Where the history of these feeds is: the venue has them by stream, and as the latest of a symbol, alone."""
LARGEST: Final = 1e15
"""No price, volume or count is larger; sums of those that are fit into no number."""


def bar(message: Message, ts_recv: int) -> VenueBar | Reject:
    """A bar of the stream."""
    start = message.get("t")
    if type(start) is not int or not 0 < start < ts_recv * 1000 + FUTURE_NS:
        return Reject.TIME
    symbol = message.get("S")
    return _bar(symbol, message, start) if isinstance(symbol, str) and symbol else Reject.SYMBOL


def page(answer: object) -> tuple[dict[str, list[object]], str]:
    """What one page of REST has by symbol, and the name of the next page or nothing. Raises ValueError."""
    bars = answer.get("bars") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(bars, dict | None):
        raise ValueError("no page of bars")  # noqa: TRY004 - what came is wrong, not our call
    token = answer.get("next_page_token")
    found = {symbol: each for symbol, each in (bars or {}).items() if isinstance(each, list)}
    return found, token if isinstance(token, str) else ""


def read(symbol: str, messages: list[object], interval: Interval) -> list[VenueBar]:
    """A symbol's bars of one length. One that makes no sense costs itself."""
    bars = [_of_rest(symbol, each) for each in messages if isinstance(each, dict)]
    return [each for each in bars if isinstance(each, VenueBar) and not each.start_ns % interval.ns]


def _of_rest(symbol: str, message: Message) -> VenueBar | Reject:
    text = message.get("t")
    try:
        return _bar(symbol, message, parse_rfc3339(text) if isinstance(text, str) else 0)
    except (ValueError, OverflowError):
        return Reject.TIME


def _bar(symbol: str, message: Message, start_ns: int) -> VenueBar | Reject:
    opening, high, low, close = (number(message.get(name)) for name in "ohlc")
    if (
        not (opening and high and low and close)
        or not low <= min(opening, close) <= max(opening, close) <= high
    ):
        return Reject.PRICE
    volume, trades = number(message.get("v")), number(message.get("n", 0))
    vwap = number(message.get("vw", 0)) or 0.0
    if volume is None or trades is None or max(high, volume, trades, vwap) > LARGEST:
        return Reject.SIZE
    if start_ns <= 0 or start_ns % Interval.MINUTE.ns:
        return Reject.TIME
    return VenueBar(symbol, start_ns, opening, high, low, close, volume, int(trades), vwap)
