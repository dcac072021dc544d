"""Bars made the slow way, from raw trades: what every bar of ours must equal."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tapecast.bars import Bar, Interval
from tapecast.market import ADDS_VOLUME, SETS_PRICE, SETS_RANGE, Trade, parse_rfc3339, rfc3339

START = parse_rfc3339("2026-11-20T15:00:00Z")
Figures = tuple[float | None, float | None, float | None, float | None, float | None, int | None]


def trade(at_s: float, price: float, size: float = 1.0, number: int = 0, effect: int = 7) -> Trade:
    """A print so many seconds after START."""
    ns = START + round(at_s * 1e9)
    return Trade("AAPL", price, size, ns, ns // 1000, number, "V", effect)


def bars_of(trades: Iterable[Trade], interval: Interval) -> dict[str, Figures]:
    """The bars of these trades by start, in exact arithmetic."""
    by_start: dict[int, list[Trade]] = {}
    for each in sorted(trades, key=lambda each: each.ts_event_ns):
        by_start.setdefault(interval.start(each.ts_event_ns), []).append(each)
    found: dict[str, Figures] = {}
    for start, group in by_start.items():
        priced = [each.price for each in group if each.effect & SETS_PRICE]
        if not priced:
            continue
        ranged = [each.price for each in group if each.effect & (SETS_PRICE | SETS_RANGE)]
        counted = [each for each in group if each.effect & ADDS_VOLUME]
        volume = float(sum(Decimal(repr(each.size)) for each in counted))
        found[rfc3339(start)] = (priced[0], max(ranged), min(ranged), priced[-1], volume, len(counted))
    return found


def figures(bar: Bar) -> Figures:
    """What is compared."""
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)


def told(bars: Iterable[Bar]) -> dict[str, Figures]:
    """The same by start, of bars that are there."""
    return {bar.start: figures(bar) for bar in bars if not bar.removed}
