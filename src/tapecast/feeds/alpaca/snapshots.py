"""Alpaca's REST snapshots as values of ours. Pure.

Stocks come as a map by symbol, the others as the same map under `snapshots`; any part may be missing or null.
"""

from __future__ import annotations

from collections.abc import Mapping

from tapecast.feeds.alpaca import wire
from tapecast.market import DayBar, Quote, Snapshot, Trade, number, parse_rfc3339


def read(answer: object, ts_asked: int, ts_recv: int) -> list[Snapshot]:
    """The snapshots of one answer; what makes no sense is left out."""
    if isinstance(answer, dict) and isinstance(answer.get("snapshots"), dict):
        answer = answer["snapshots"]
    if not isinstance(answer, dict):
        return []
    return [
        _snapshot(symbol, parts, ts_asked, ts_recv)
        for symbol, parts in answer.items()
        if isinstance(parts, dict)
    ]


def _snapshot(symbol: str, parts: Mapping[str, object], ts_asked: int, ts_recv: int) -> Snapshot:
    return Snapshot(
        symbol,
        _trade(symbol, _part(parts, "latestTrade"), ts_recv),
        _quote(symbol, _part(parts, "latestQuote"), ts_recv),
        _day(_part(parts, "dailyBar")),
        _day(_part(parts, "prevDailyBar")),
        ts_asked,
    )


def _part(parts: Mapping[str, object], name: str) -> wire.Message:
    part = parts.get(name)
    return part if isinstance(part, dict) else {}


def _trade(symbol: str, fields: wire.Message, ts_recv: int) -> Trade | None:
    trade = wire.trade(symbol, fields, _time(fields.get("t")), ts_recv)
    return trade if isinstance(trade, Trade) else None


def _quote(symbol: str, fields: wire.Message, ts_recv: int) -> Quote | None:
    quote = wire.quote(symbol, fields, _time(fields.get("t")), ts_recv)
    return quote if isinstance(quote, Quote) else None


def _day(fields: wire.Message) -> DayBar | None:
    start = _time(fields.get("t"))
    opening, high, low, close, volume = (number(fields.get(name)) for name in "ohlcv")
    if start is None or volume is None or not (opening and high and low and close):
        return None
    return DayBar(start, opening, high, low, close, volume)


def _time(value: object) -> int | None:
    try:
        return parse_rfc3339(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
