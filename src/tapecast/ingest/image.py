"""All that is known of one symbol, and the rules by which a message of the venue changes it.

Pure. Rules of the file:
1. The price is that of the newest trade by venue time that may set it; a late print, or one whose conditions
   forbid it, only counts into the day's figures.
2. A REST snapshot never replaces something newer, part by part (trade, quote, day).
3. An image is `fresh` when the session that is open now has confirmed its price, by a trade or a snapshot.
   Only fresh images may be published: before that, a trade may have been missed.
4. A corrected trade keeps its place and its time; a cancelled one gives the price back to the trade before
   it. Both show: the image says `corrected` until a trade that is no older than what was taken back.
5. What is unknown stays None. A price whose only trade was cancelled is, until REST or a trade names one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tapecast.ingest.day import Day
from tapecast.ingest.identity import is_named, is_same
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

REMEMBERED: Final = 3
"""Trades that a cancel can go back to; REST knows older ones."""
VOID: Final = 8  # cancelled trades that are known not to have been; REST forgets them in seconds


class Image:
    """One symbol, as of its newest messages. Times in nanoseconds of the venue unless named otherwise."""

    __slots__ = (
        "_before", "_day", "_gone_ns", "_void", "corrected", "fresh", "quote", "symbol", "trade", "ts_recv",
    )  # fmt: skip

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trade: Trade | None = None
        self.quote: Quote | None = None
        # The trades that set the price before this one, oldest first.
        self._before: tuple[Trade, ...] = ()
        # Trades that were cancelled or replaced, by number and exchange: no REST answer brings them back.
        self._void: tuple[tuple[int, str], ...] = ()
        self._day = Day()
        self.corrected = False
        self._gone_ns = 0  # time of the newest cancelled trade, which clients may have seen
        self.fresh = False
        self.ts_recv = 0

    def on_trade(self, trade: Trade) -> bool:
        """Take a print. Returns whether the image changed."""
        self._day.on_trade(trade)
        if not trade.effect & SETS_PRICE:
            return False
        held = self.trade
        if held is not None:
            at, held_ns = trade.ts_event_ns, held.ts_event_ns
            if at < held_ns:
                return False
            if at == held_ns and is_same(held, trade):
                return self._hear_again(trade)
            # As `_hold` does: not called, since every print of the market passes here.
            self._before = (*self._before[-REMEMBERED + 1 :], held)
        self.trade = trade
        self.corrected = self.corrected and trade.ts_event_ns < self._gone_ns
        self.ts_recv = trade.ts_recv
        self.fresh = True
        return True

    def on_correction(self, correction: Correction) -> bool:
        """Mend an earlier print. Returns whether the image changed."""
        if not correction.effect & SETS_PRICE:
            return self._drop(correction)
        old = self._find(correction)
        self._day.doubt(correction.ts_recv)
        if correction.new_number != correction.number:  # else REST's word on what is right is void too
            self._strike(correction)
        if old is None:
            return False
        mended = msgspec.structs.replace(
            old, price=correction.price, size=correction.size, number=correction.new_number,
            ts_recv=correction.ts_recv,
        )  # fmt: skip
        if old is self.trade:
            self.trade, self.corrected, self.ts_recv = mended, True, correction.ts_recv
            return True
        self._before = tuple(mended if each is old else each for each in self._before)
        return False

    def on_cancel(self, cancel: Cancel) -> bool:
        """Forget an earlier print. Returns whether the image changed."""
        return self._drop(cancel)

    def on_quote(self, quote: Quote) -> bool:
        """Take a quote. Returns whether the image changed."""
        old = self.quote
        if old is not None and quote.ts_event_ns < old.ts_event_ns:
            return False
        self.quote = quote
        self.ts_recv = quote.ts_recv
        return old is None or _sides(quote) != _sides(old)

    def on_snapshot(self, snapshot: Snapshot) -> bool:
        """Take the venue's REST answer: fills what is missing or older, and confirms the price.

        Returns whether the image changed: what repeats it must not make a price look younger than it is.
        """
        before = self._told()
        trade, quote = snapshot.trade, snapshot.quote
        if trade is not None and not self._is_void(trade):
            self._hold_if_better(trade)
            self.fresh = True
        if quote is not None and (self.quote is None or quote.ts_event_ns > self.quote.ts_event_ns):
            self.quote = quote
            self.ts_recv = quote.ts_recv
        self._day.on_snapshot(snapshot, self.trade)
        return self._told() != before

    def _told(self) -> tuple[object, ...]:
        trade, quote, day = self.trade, self.quote, self._day
        traded = trade and (trade.price, trade.size, trade.ts_event_ns)
        return (self.fresh, traded, quote and _sides(quote), day.bar, day.previous_close)

    def _hear_again(self, trade: Trade) -> bool:
        """The print that is held, now by the stream: held twice, a cancel would give the price back to it."""
        self.trade = self.trade if self.corrected else trade
        was_fresh, self.fresh = self.fresh, True
        return not was_fresh

    def _hold_if_better(self, trade: Trade) -> None:
        held = self.trade
        if self._is_better(trade):
            self._hold(trade)
        elif held is not None and not held.number and is_same(held, trade):
            # The cache keeps no numbers: from here on it can be corrected.
            self.trade = trade

    def _is_better(self, trade: Trade) -> bool:
        held = self.trade
        if held is None or trade.ts_event_ns <= held.ts_event_ns:
            return held is None
        # An odd lot sets no price; but after a gap it is the newest that anybody knows.
        return bool(trade.effect & SETS_PRICE) or not self.fresh

    def _hold(self, trade: Trade) -> None:
        if self.trade is not None:
            self._before = (*self._before[-REMEMBERED + 1 :], self.trade)
        self.trade = trade
        self.corrected = self.corrected and trade.ts_event_ns < self._gone_ns
        self.ts_recv = trade.ts_recv

    def _find(self, amend: Correction | Cancel) -> Trade | None:
        trades = (self.trade, *self._before)
        return next((each for each in trades if each and is_named(each, amend.number, amend.exchange)), None)

    def _drop(self, amend: Correction | Cancel) -> bool:
        old = self._find(amend)
        self._day.doubt(amend.ts_recv)
        self._strike(amend)
        if old is None:
            return False
        if old is not self.trade:
            self._before = tuple(each for each in self._before if each is not old)
            return False
        self.trade = self._before[-1] if self._before else None
        self._before = self._before[:-1]
        self.corrected, self.ts_recv = True, amend.ts_recv
        self._gone_ns = max(self._gone_ns, old.ts_event_ns)
        self.fresh = self.fresh and self.trade is not None
        return True

    def _strike(self, amend: Correction | Cancel) -> None:
        self._void = (*self._void, (amend.number, amend.exchange))[-VOID:]

    def _is_void(self, trade: Trade) -> bool:
        return any(is_named(trade, *name) for name in self._void)

    def restore(self, tick: Tick) -> None:
        """Start from the last tick in the cache, so that an older snapshot cannot go behind it."""
        if self.trade is not None or tick.timestamp is None:
            return
        try:
            traded_ns = parse_rfc3339(tick.timestamp)
            quoted_ns = parse_rfc3339(tick.quote_timestamp) if tick.quote_timestamp is not None else None
        except ValueError:
            return  # not of our making, whoever wrote it: start from nothing instead
        self.trade = Trade(tick.symbol, tick.price, tick.size or 0.0, traded_ns, tick.ts_recv)
        self.ts_recv = tick.ts_recv
        if quoted_ns is not None:
            self.quote = Quote(
                tick.symbol, tick.bid, tick.ask, tick.bid_size, tick.ask_size, quoted_ns, tick.ts_recv
            )

    @property
    def wants_snapshot(self) -> bool:
        """Whether the price was void, or the day's figures are missing, and want asking for again."""
        return self.is_void or self._day.wants_snapshot(self.trade)

    @property
    def is_void(self) -> bool:
        """Whether all that was known of the price has turned out never to have been."""
        return self.trade is None and bool(self._void)

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
