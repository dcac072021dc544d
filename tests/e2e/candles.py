"""What a chart does with the events of `/stream/bars`: merge by start, newest order wins."""

from __future__ import annotations

import json
from typing import Any

from httpx_sse import ServerSentEvent

from tests.e2e.processes import Stream


class Chart:
    """One client's candles by symbol and start, and what it saw that a chart must never see."""

    def __init__(self, stream: Stream) -> None:
        self.bars: dict[str, dict[str, dict[str, Any]]] = {}
        self.faults: list[str] = []
        # How often all was replaced.
        self.resets = 0
        self._orders: dict[tuple[str, str], tuple[int, int]] = {}
        for event in stream.events:
            self._hear(event)
        stream.hear = self._hear

    def _hear(self, event: ServerSentEvent) -> None:
        if event.event not in ("bars", "bar"):
            return
        data = json.loads(event.data)
        symbol = data["symbol"]
        if event.event == "bar":
            self._take(symbol, data)
            return
        self.resets += 1
        starts = [bar["start"] for bar in data["bars"]]
        if starts != sorted(set(starts)):
            self.faults.append(f"out of order: {starts}")
        self.bars[symbol] = {}
        for bar in data["bars"]:
            self._take(symbol, bar, anew=True)

    def _take(self, symbol: str, bar: dict[str, Any], *, anew: bool = False) -> None:
        start, order = bar["start"], (bar["epoch"], bar["seq"])
        known = self._orders.get((symbol, start), (0, 0))
        if order < known or (order == known and not anew):
            self.faults.append(f"{symbol} {start}: {order} after {known}")
        self._orders[symbol, start] = order
        if not anew and start < max(self.bars[symbol], default="") and not bar.get("corrected"):
            self.faults.append(f"{symbol} {start}: out of order")
        if bar.get("removed"):
            self.bars[symbol].pop(start, None)
        else:
            self.bars[symbol][start] = bar

    def figures(self, symbol: str) -> dict[str, tuple[Any, ...]]:
        """Open, high, low, close, volume and trades by start."""
        names = ("open", "high", "low", "close", "volume", "trades")
        bars = self.bars.get(symbol, {})
        return {start: tuple(bars[start][name] for name in names) for start in sorted(bars)}

    def flagged(self, symbol: str, flag: str) -> list[str]:
        """The starts of the bars that say this of themselves."""
        bars = self.bars.get(symbol, {})
        return [start for start in sorted(bars) if bars[start].get(flag)]
