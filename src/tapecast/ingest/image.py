"""All that is known of one symbol, and the rules by which a message of the venue changes it.

Pure. Rules of the file:
1. The price is that of the newest trade by venue time that may set it; a late print, or one whose conditions
   forbid it, only counts into the day's figures.
2. A REST snapshot never replaces something newer, part by part (trade, quote, day).
3. An image is `fresh` when the session that is open now has confirmed its price, by a trade or a snapshot.
   Only fresh images may be published: before that, a trade may have been missed.
4. A corrected trade keeps its place and its time; a cancelled one gives the price back to the trade before
   it. Both show: the image says `corrected` until the next trade.
5. What is unknown stays None.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from tapecast.ingest.day import Day
from tapecast.market import (
    SETS_PRICE,
    Cancel,
    Correction,
    Quote,
    Snapshot,
    Tick,
    Trade,
    parse_rfc3339,
    rfc3339,
)

REMEMBERED: Final = 8
"""Trades that a cancel can go back to. Cancels come seconds after the print; REST knows what is older."""


class Image:
    """One symbol, as of its newest messages. Times in nanoseconds of the venue unless named otherwise."""

    __slots__ = ("_before", "_day", "_void", "corrected", "fresh", "quote", "symbol", "trade", "ts_recv")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trade: Trade | None = None
        self.quote: Quote | None = None
        # The trades that set the price before this one, oldest first.
        self._before: deque[Trade] = deque(maxlen=REMEMBERED)
        # Numbers of trades that were cancelled or replaced, so that no REST answer brings them back.
        self._void: tuple[int, ...] = ()
        self._day = Day()
        self.corrected = False
        self.fresh = False
        self.ts_recv = 0

    def on_trade(self, trade: Trade) -> bool:
        """Take a print. Returns whether the image changed."""
        self._day.on_trade(trade)
        if not trade.effect & SETS_PRICE:
            return False
        held = self.trade
        if held is not None:
            if trade.ts_event_ns < held.ts_event_ns:
                return False
            self._before.append(held)
        # As `_hold` does: not called, since every print of the market passes here.
        self.trade = trade
        self.corrected = False
        self.ts_recv = trade.ts_recv
        self.fresh = True
        return True

    def on_correction(self, correction: Correction) -> bool:
        """Mend an earlier print. Returns whether the image changed."""
        if not correction.effect & SETS_PRICE:
            return self._drop(correction.number, correction.exchange, correction.ts_recv)
        old = self._find(correction.number, correction.exchange)
        self._doubt(correction.number)
        if old is None:
            return False
        mended = msgspec.structs.replace(
            old, price=correction.price, size=correction.size, number=correction.new_number,
            ts_recv=correction.ts_recv,
        )  # fmt: skip
        if old is self.trade:
            self.trade, self.corrected, self.ts_recv = mended, True, correction.ts_recv
            return True
        self._before[self._before.index(old)] = mended
        return False

    def on_cancel(self, cancel: Cancel) -> bool:
        """Forget an earlier print. Returns whether the image changed."""
        return self._drop(cancel.number, cancel.exchange, cancel.ts_recv)

    def on_quote(self, quote: Quote) -> bool:
        """Take a quote. Returns whether the image changed."""
        old = self.quote
        if old is not None and quote.ts_event_ns < old.ts_event_ns:
            return False
        self.quote = quote
        self.ts_recv = quote.ts_recv
        return old is None or _sides(quote) != _sides(old)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take the venue's REST answer: fills what is missing or older, and confirms the price."""
        trade, quote = snapshot.trade, snapshot.quote
        if trade is not None and trade.number and trade.number in self._void:
            trade = None
        if trade is not None and self._is_better(trade):
            self._hold(trade)
        if quote is not None and (self.quote is None or quote.ts_event_ns > self.quote.ts_event_ns):
            self.quote = quote
            self.ts_recv = quote.ts_recv
        if trade is not None:
            self.fresh = True
        self._day.on_snapshot(snapshot, self.trade)

    def _is_better(self, trade: Trade) -> bool:
        held = self.trade
        if held is None or trade.ts_event_ns <= held.ts_event_ns:
            return held is None
        # An odd lot sets no price; but after a gap it is the newest that anybody knows.
        return bool(trade.effect & SETS_PRICE) or not self.fresh

    def _hold(self, trade: Trade) -> None:
        if self.trade is not None:
            self._before.append(self.trade)
        self.trade = trade
        self.corrected = False
        self.ts_recv = trade.ts_recv

    def _find(self, number: int, exchange: str) -> Trade | None:
        for trade in (self.trade, *self._before):
            if trade is not None and trade.number == number and exchange in ("", trade.exchange):
                return trade
        return None

    def _drop(self, number: int, exchange: str, ts_recv: int) -> bool:
        old = self._find(number, exchange)
        self._doubt(number)
        if old is None:
            return False
        if old is not self.trade:
            self._before.remove(old)
            return False
        self.trade = self._before.pop() if self._before else None
        self.corrected, self.ts_recv = True, ts_recv
        # With nothing to go back to, there is no price until REST names one.
        self.fresh = self.fresh and self.trade is not None
        return True

    def _doubt(self, number: int) -> None:
        self._void = (*self._void, number)[-REMEMBERED:]
        self._day.doubt()

    def restore(self, tick: Tick) -> None:
        """Start from the last tick in the cache, so that an older snapshot cannot go behind it."""
        if self.trade is not None or tick.timestamp is None:
            return
        try:
            traded_ns = parse_rfc3339(tick.timestamp)
            quoted_ns = parse_rfc3339(tick.quote_timestamp) if tick.quote_timestamp is not None else None
        except ValueError:
            # Not of our making, whoever wrote it: start from nothing instead.
            return
        self.trade = Trade(tick.symbol, tick.price, tick.size or 0.0, traded_ns, tick.ts_recv)
        self.ts_recv = tick.ts_recv
        if quoted_ns is not None:
            self.quote = Quote(
                tick.symbol, tick.bid, tick.ask, tick.bid_size, tick.ask_size, quoted_ns, tick.ts_recv
            )

    @property
    def wants_snapshot(self) -> bool:
        """Whether the day's figures are missing and want asking for again."""
        return self._day.wants_snapshot(self.trade)

    def tick(self, feed: str, epoch: int, seq: int) -> Tick | None:
        """The whole image as the wire has it, or None while no trade is known."""
        trade, quote, day, close = self.trade, self.quote, self._day.bar, self._day.previous_close
        if trade is None:
            return None
        price = trade.price
        change = round(price - close, 9) if close else None
        percent = round(change / close * 100, 4) if change is not None and close else None
        bid = ask = bid_size = ask_size = quoted = None
        opening = high = low = volume = None
        if quote is not None:
            bid, ask, bid_size, ask_size = _sides(quote)
            quoted = rfc3339(quote.ts_event_ns)
        if day is not None:
            opening, high, low, volume = day.open, day.high, day.low, round(day.volume, 9)
        # By position: names cost half as much again, and a big market's flush is made of these.
        return Tick(
            self.symbol, price, trade.size or None, rfc3339(trade.ts_event_ns),
            bid, ask, bid_size, ask_size, quoted,
            opening, high, low, volume, close, change, percent,
            _crossed(quote), self.corrected, feed, epoch, seq, self.ts_recv,
        )  # fmt: skip


def _sides(quote: Quote) -> tuple[float | None, float | None, float | None, float | None]:
    return (quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _crossed(quote: Quote | None) -> bool:
    # Locked or crossed books are real, for moments; they pass, and say what they are.
    return quote is not None and quote.bid is not None and quote.ask is not None and quote.bid >= quote.ask
