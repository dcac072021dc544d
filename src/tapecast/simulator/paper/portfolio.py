"""What the account owns: cash and positions. It begins as a demo portfolio, and then trades.

No prices of the moment and no clock: `figures.py` says what it is worth.
"""

from __future__ import annotations

import copy
from collections import deque
from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.paper import money
from tapecast.simulator.paper.holding import Holding
from tapecast.simulator.symbols import LISTED, Instrument

_CASH: Final = Decimal("48210.37")
# Symbol, quantity (negative: short), average entry as a part of the symbol's usual level.
_HOLDINGS: Final = (
    ("AAPL", "40", "0.91"),
    ("MSFT", "12.5", "1.04"),
    ("NVDA", "60", "0.78"),
    ("SPY", "25", "0.97"),
    ("TSLA", "-15", "1.02"),
    ("BTC/USD", "0.235", "0.88"),
)
_CENT: Final = Decimal("0.01")
KEPT_TRADES: Final = 100
"""Trades that can be looked behind: enough for the seconds that a venue's REST may be late."""


class Portfolio:
    """Cash and positions, now and when the day began."""

    def __init__(self, market: Exchange) -> None:
        self.cash = _CASH
        self.holdings = {each.instrument.symbol: each for each in _demo(market)}
        # As the day began, for yesterday's equity.
        self.opening_cash = self.cash
        self.opening = self._quantities()
        self._day_ns = 0
        # Cash and positions as they were before each of the last trades, with its time.
        self._past: deque[tuple[int, Decimal, dict[str, Holding]]] = deque(maxlen=KEPT_TRADES)

    def as_of(self, ns: int) -> Portfolio:
        """What was owned at an earlier moment, as far as that is remembered."""
        before = next((past for past in self._past if past[0] > ns), None)
        if before is None:
            return self
        then = copy.copy(self)
        _, then.cash, then.holdings = before
        return then

    def quantity(self, symbol: str) -> Decimal:
        """How much of it is held; negative when short."""
        held = self.holdings.get(symbol)
        return held.quantity if held is not None else Decimal()

    def trade(self, instrument: Instrument, more: Decimal, price: Decimal, now_ns: int) -> Decimal:
        """Buy, or sell what is negative; the position that it leaves."""
        self.roll(now_ns)
        now = {symbol: copy.copy(each) for symbol, each in self.holdings.items()}
        self._past.append((now_ns, self.cash, now))
        held = self.holdings.get(instrument.symbol)
        if held is None:
            held = Holding(instrument, day_ns=hours.day_start(instrument.market, now_ns))
            self.holdings[instrument.symbol] = held
        held.trade(more, price)
        self.cash -= more * price * money.multiplier(instrument)
        if not held.quantity:
            del self.holdings[instrument.symbol]
        return held.quantity

    def roll(self, now_ns: int) -> None:
        """Begin the day that it is, if it has not begun yet; that of crypto begins in UTC."""
        for held in self.holdings.values():
            held.roll(hours.day_start(held.instrument.market, now_ns))
        day_ns = hours.day_start(Market.US_EQUITY, now_ns)
        if day_ns != self._day_ns:
            self._day_ns = day_ns
            self.opening_cash, self.opening = self.cash, self._quantities()

    def _quantities(self) -> dict[str, tuple[Instrument, Decimal]]:
        return {symbol: (held.instrument, held.quantity) for symbol, held in self.holdings.items()}


def _demo(market: Exchange) -> list[Holding]:
    """The holdings to begin with, of those that trade here."""
    listed = ((market.instrument(symbol), Decimal(qty), Decimal(part)) for symbol, qty, part in _HOLDINGS)
    return [
        Holding(instrument, qty, (money.decimal(LISTED[instrument.symbol].level) * part).quantize(_CENT))
        for instrument, qty, part in listed
        if instrument is not None
    ]
