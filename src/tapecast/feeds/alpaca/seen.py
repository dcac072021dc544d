"""The newest trade that each confirmed symbol is known to have had, to tell a quiet symbol from a silent one.

Pure. Times in nanoseconds of the venue, never of our clock: a delayed feed is a quarter of an hour behind it.
A trade of any kind counts, also one that sets no price: a symbol that prints odd lots only is not silent.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapecast.market import Snapshot


class Known:
    """A symbol, always the same string, and its newest trade; 0: nothing is known yet."""

    __slots__ = ("newest_ns", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.newest_ns = 0


class Seen:
    """What came from one session, by stream or by REST."""

    def __init__(self) -> None:
        # The confirmed symbols; each confirmation is a new dict. The first trade that is known of one, mostly
        # the seed's, is what the others are held to.
        self.known: dict[str, Known] = {}
        # Trades and quotes of the session so far.
        self.messages = 0

    @property
    def symbols(self) -> list[str]:
        """The confirmed symbols."""
        return list(self.known)

    @property
    def newest_ns(self) -> int:
        """The newest trade of all; 0 if none is known."""
        return max((known.newest_ns for known in self.known.values()), default=0)

    def confirm(self, symbols: frozenset[str]) -> None:
        """The venue's whole set."""
        self.known = {symbol: self.known.get(symbol) or Known(symbol) for symbol in symbols}

    def on_trade(self, symbol: str, event_ns: int) -> None:
        """A trade came."""
        known = self.known.get(symbol)
        if known is not None:
            known.newest_ns = max(known.newest_ns, event_ns)

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
            if (known := self.known.get(trade.symbol)) is not None
            and known.newest_ns
            and trade.ts_event_ns - known.newest_ns > lag_ns
        ]
