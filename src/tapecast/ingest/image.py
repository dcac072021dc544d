"""All that is known of one symbol, and the rules by which a message of the venue changes it.

Pure. Rules of the file:
1. The price is that of the newest trade by venue time; a late print only counts into the day's range and
   volume.
2. A REST snapshot never replaces something newer, part by part (trade, quote, day).
3. An image is `fresh` when the session that is open now has confirmed its price, by a trade or a snapshot.
   Only fresh images may be published: before that, a trade may have been missed.
4. What is unknown stays None.
"""

from __future__ import annotations

from tapecast.ingest.day import Day
from tapecast.market import Quote, Snapshot, Tick, Trade, parse_rfc3339, rfc3339


class Image:
    """One symbol, as of its newest messages. Times in nanoseconds of the venue unless named otherwise."""

    __slots__ = ("_day", "fresh", "quote", "symbol", "trade", "ts_recv")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trade: Trade | None = None
        self.quote: Quote | None = None
        self._day = Day()
        self.fresh = False
        self.ts_recv = 0

    def on_trade(self, trade: Trade) -> bool:
        """Take a print. Returns whether the image changed."""
        self._day.on_trade(trade)
        if self.trade is not None and trade.ts_event_ns < self.trade.ts_event_ns:
            return False
        self.trade = trade
        self.fresh = True
        self.ts_recv = trade.ts_recv
        return True

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
        if trade is not None and (self.trade is None or trade.ts_event_ns > self.trade.ts_event_ns):
            self.trade = trade
            self.ts_recv = trade.ts_recv
        if quote is not None and (self.quote is None or quote.ts_event_ns > self.quote.ts_event_ns):
            self.quote = quote
            self.ts_recv = quote.ts_recv
        if trade is not None:
            self.fresh = True
        self._day.on_snapshot(snapshot, self.trade)

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
        change = round(trade.price - close, 9) if close else None
        return Tick(
            symbol=self.symbol,
            price=trade.price,
            size=trade.size or None,
            timestamp=rfc3339(trade.ts_event_ns),
            bid=quote.bid if quote else None,
            ask=quote.ask if quote else None,
            bid_size=quote.bid_size if quote else None,
            ask_size=quote.ask_size if quote else None,
            quote_timestamp=rfc3339(quote.ts_event_ns) if quote else None,
            open=day.open if day else None,
            high=day.high if day else None,
            low=day.low if day else None,
            volume=round(day.volume, 9) if day else None,
            previous_close=close,
            change=change,
            change_percent=round(change / close * 100, 4) if change is not None and close else None,
            crossed=_crossed(quote),
            feed=feed,
            epoch=epoch,
            seq=seq,
            ts_recv=self.ts_recv,
        )


def _sides(quote: Quote) -> tuple[float | None, float | None, float | None, float | None]:
    return (quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _crossed(quote: Quote | None) -> bool:
    # Locked or crossed books are real, for moments; they pass, and say what they are.
    return quote is not None and quote.bid is not None and quote.ask is not None and quote.bid >= quote.ask
