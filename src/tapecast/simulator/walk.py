"""The random walk of one symbol: time goes in, trades and quotes come out.

A hidden fair value wanders around a level of the day. Quotes stand at both sides of it and of the last trade;
trades print on the standing quote. So bid < ask and bid <= last <= ask after every event, by construction,
and every price is a whole number of ticks. All chance comes from one generator, seeded by seed and symbol,
and is drawn in the order of events: how often a walk is advanced does not change its tape.
"""

from __future__ import annotations

import math
import random
from typing import Final

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.bars import Bar, Bars
from tapecast.simulator.ledger import Book, Event, Image, Ledger, Print
from tapecast.simulator.symbols import Instrument

__all__ = ["Book", "Event", "Image", "Print", "Walk"]

MAX_GAP_S: Final = 0.9
"""No listed symbol of an open market is ever silent for a second."""
QUOTES_PER_TRADE: Final = 2.5
RESTART_AFTER_NS: Final = hours.SECOND
"""A walk that nobody followed for this long goes on from now: a laptop that slept through the night must not
have to print the night."""
_VOLATILITY: Final = {Market.US_EQUITY: 1e-4, Market.CRYPTO: 2e-4, Market.US_OPTION: 1e-3}
"""Of the fair value, per square root of a second: stocks about 1.5 percent a day, were it not pulled back."""
_PULL: Final = 1 / 1800
"""How much of its distance from the day's level the fair value loses in a second."""
_DAY_TURNOVER: Final = {Market.US_EQUITY: 2e8, Market.CRYPTO: 2e8, Market.US_OPTION: 1e4}
"""Price times size, for the volume of days that were over before the simulator started."""


class Walk:
    """One symbol's state. Founded at a first moment; from then on only as dear as its events."""

    def __init__(
        self, instrument: Instrument, seed: int, rate: float, now: int, holidays: hours.Holidays = ()
    ) -> None:
        self._instrument = instrument
        self._rng = random.Random(f"{seed}:{instrument.symbol}")
        self._rate = instrument.rate * rate
        # The fair value is anchor * (1 + level + drift): last close, how the day goes, noise around that.
        self._anchor = self._round(instrument.level * (1 + self._rng.uniform(-0.01, 0.01)))
        self._level = self._rng.uniform(-0.02, 0.02)
        self._drift = 0.0
        self._now = now
        self.ledger = Ledger(instrument, self._found(now, holidays))
        self._day_start_ns = self.ledger.day_start_ns
        self._next_trade = self._next_quote = now
        self.restart(now)

    def inject(self, event: Event) -> Event:
        """Let somebody else's event happen; what the walk does by itself comes after it."""
        self._next_trade = max(self._next_trade, event.ns + 1)
        self._next_quote = max(self._next_quote, event.ns + 1)
        return self.ledger.write(event)

    def advance(self, now: int) -> list[Event]:
        """Everything that happens up to and at `now`, in order."""
        if self._is_behind(now):
            return self.restart(now)
        events: list[Event] = []
        while (due := min(self._next_trade, self._next_quote)) <= now:
            self._move(due)
            if due == self._next_trade:
                events.append(self._print(due))
            events.append(self._requote(due))
        return events

    def refresh(self, now: int) -> None:
        """Make sure that the last trade is of this second or the one before."""
        if self._is_behind(now):
            self.restart(now)

    def restart(self, now: int) -> list[Event]:
        """Print at `now` and go on from there, without what would have happened in between."""
        self._move(now)
        # The standing quote is from another time and says nothing about where the next trade may print.
        self._bid, self._ask = self._around(self._fair(), self._fair())
        return [self._print(now), self._requote(now)]

    def _is_behind(self, now: int) -> bool:
        return now - min(self._next_trade, self._next_quote) > RESTART_AFTER_NS

    def _move(self, now: int) -> None:
        """Let the fair value wander to `now`, however far that is (an exact Ornstein-Uhlenbeck step)."""
        keep = math.exp(-_PULL * (now - self._now) / hours.SECOND)
        spread = _VOLATILITY[self._instrument.market] * math.sqrt((1 - keep * keep) / (2 * _PULL))
        self._drift = max(-0.02, min(0.02, self._drift * keep + self._rng.gauss(0, spread)))
        self._now = now

    def _fair(self) -> int:
        """The fair value, in ticks."""
        return round(self._anchor * (1 + self._level + self._drift) * self._instrument.scale)

    def _around(self, low: int, high: int) -> tuple[int, int]:
        """A bid and an ask, in ticks, with the fair value and all from `low` to `high` between them."""
        spread = self._instrument.spread + self._rng.randrange(2)
        bid = max(1, self._fair() - self._rng.randint(0, spread))
        bid, ask = min(bid, low), max(bid + spread, high)
        return bid, max(ask, bid + 1)

    def _print(self, now: int) -> Print:
        bought = self._rng.random() < 0.5
        price = self._instrument.price(self._ask if bought else self._bid)
        event = Print(self._instrument, now, 0, price, self._trade_size(), bought)
        if self._instrument.market is Market.US_OPTION:
            # An electronic execution at Cboe.
            event = event._replace(conditions=("I",), venue="C")
        event = self.ledger.print(event)
        if self.ledger.day_start_ns != self._day_start_ns:
            self._begin_day()
        self._next_trade = now + self._gap(self._rate)
        return event

    def _requote(self, now: int) -> Book:
        # The ledger's: a late print is not the last, and a cancelled one no longer is.
        trade = self.ledger.trade
        last = round((trade.price if trade is not None else self._anchor) * self._instrument.scale)
        self._bid, self._ask = self._around(last, last)
        bid, ask = self._instrument.price(self._bid), self._instrument.price(self._ask)
        event = Book(self._instrument, now, bid, ask, self._quote_size(), self._quote_size())
        self._next_quote = now + self._gap(self._rate * QUOTES_PER_TRADE)
        return self.ledger.book(event)

    def _gap(self, rate: float) -> int:
        return max(1, int(min(self._rng.expovariate(rate), MAX_GAP_S) * hours.SECOND))

    def _trade_size(self) -> float:
        # Never an odd lot: those carry a condition and do not set the last price.
        if self._instrument.market is Market.US_OPTION:
            return 1 + min(49, int(self._rng.expovariate(0.3)))
        if self._instrument.market is Market.US_EQUITY:
            odd = self._rng.choice((0, 0, 0, self._rng.randrange(100)))
            return 100 * (1 + min(9, int(self._rng.expovariate(1)))) + odd
        return self._coins(self._rng.uniform(20, 2_000))

    def _quote_size(self) -> float:
        if self._instrument.market is Market.US_OPTION:
            return self._rng.randint(1, 200)
        if self._instrument.market is Market.US_EQUITY:
            return 100 * self._rng.randint(1, 12)
        return self._coins(self._rng.uniform(2_000, 50_000))

    def _coins(self, dollars: float) -> float:
        return round(dollars / self._anchor, self._instrument.size_places)

    def _round(self, price: float) -> float:
        return self._instrument.price(round(price * self._instrument.scale))

    def _begin_day(self) -> None:
        """Yesterday's close is the new anchor; the price does not jump at midnight, it only has a new aim."""
        fair = self._anchor * (1 + self._level + self._drift)
        self._day_start_ns = self.ledger.day_start_ns
        self._anchor = self.ledger.previous_close or self._anchor
        self._level = self._rng.uniform(-0.01, 0.01)
        self._drift = fair / self._anchor - 1 - self._level

    def _found(self, now: int, holidays: hours.Holidays) -> Bars:
        """A past that fits: a day before with the anchor as its close, and today's prints until now."""
        market = self._instrument.market
        start = hours.day_start(market, now)
        before = self._past(hours.previous_day_start(market, now, holidays), self._anchor, part=1.0)
        fair = self._round(self._anchor * (1 + self._level))
        return Bars(market, before, self._past(start, fair, part=(now - start) / hours.DAY))

    def _past(self, start: int, close: float, part: float) -> Bar:
        first = self._round(close * (1 + self._rng.uniform(-0.01, 0.01)))
        high = self._round(max(first, close) * (1 + self._rng.uniform(0, 0.005)))
        low = self._round(min(first, close) * (1 - self._rng.uniform(0, 0.005)))
        volume = round(part * _DAY_TURNOVER[self._instrument.market] / close, self._instrument.size_places)
        turnover = volume * (first + high + low + close) / 4
        return Bar(start, first, high, low, close, volume, int(part * 100_000), turnover)
