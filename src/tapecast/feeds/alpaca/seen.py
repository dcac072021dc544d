"""The newest trade that each confirmed symbol is known to have had, to tell a quiet symbol from a silent one.

Pure. Times in nanoseconds of the venue, never of our clock: a delayed feed is a quarter of an hour behind it.
A trade of any kind counts, also one that sets no price: a symbol that prints odd lots only is not silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapecast.market import Quote, Snapshot, Trade


class Seen:
    """What came from one session, by stream or by REST."""

    def __init__(self) -> None:
        # 0: nothing is known yet. The first that is known, mostly the seed's, is what the others are held to.
        self._newest: dict[str, int] = {}
        # Trades and quotes of the session so far.
        self.messages = 0

    @property
    def symbols(self) -> list[str]:
        """The confirmed symbols."""
        return list(self._newest)

    @property
    def newest_ns(self) -> int:
        """The newest trade of all; 0 if none is known."""
        return max(self._newest.values(), default=0)

    def confirm(self, symbols: frozenset[str]) -> None:
        """The venue's whole set."""
        self._newest = {symbol: self._newest.get(symbol, 0) for symbol in symbols}

    def on_trade(self, symbol: str, event_ns: int) -> None:
        """A trade came."""
        if event_ns > self._newest.get(symbol, event_ns):
            self._newest[symbol] = event_ns

    def on_data(self, data: Sequence[Trade | Quote]) -> None:
        """A frame of them came."""
        self.messages += len(data)
        newest = self._newest
        for value in data:
            if isinstance(value, Trade):
                at = value.ts_event_ns
                if at > newest.get(value.symbol, at):
                    newest[value.symbol] = at

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """REST has told of a trade."""
        if snapshot.trade is not None:
            self.on_trade(snapshot.symbol, snapshot.trade.ts_event_ns)

    def lagging(self, snapshots: Iterable[Snapshot], lag_s: float) -> list[str]:
        """The symbols that have traded at the venue so much later than we know."""
        lag_ns = int(lag_s * 1e9)
        trades = [each.trade for each in snapshots if each.trade is not None]
        return [
            trade.symbol
            for trade in trades
            if (known_ns := self._newest.get(trade.symbol, 0)) and trade.ts_event_ns - known_ns > lag_ns
        ]
