"""Dispatch: one Redis subscription in, every client's mailbox out. No client delays another.

A tick's frame is made once and shared, and putting it into a mailbox never waits. What is not above the
(epoch, seq) that is held is dropped; what is above it but says the same is held and not sent. States are
judged on every word from outside and four times a second, by this process's own clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Never, Protocol

import msgspec

from tapecast.api import frames
from tapecast.api.audience import Audience
from tapecast.api.board import StatusBoard
from tapecast.api.markets import Markets
from tapecast.api.positions import PositionBook
from tapecast.api.topic import Topic, TopicListener
from tapecast.bus import codec
from tapecast.clock import Clock
from tapecast.errors import ClientError
from tapecast.market import market_of

SWEEP_S: Final = 0.25
HOLD_S: Final = 30.0
_NOT_REAL: Final = frozenset({"simulated", "replay"})

logger = logging.getLogger(__name__)


class SymbolSource(Protocol):
    """The subscriber, as the hub uses it. Both return at once."""

    def add(self, symbols: Iterable[str]) -> None:
        """Join these symbols; each is answered by `on_cached`."""

    def remove(self, symbols: Iterable[str]) -> None:
        """Leave these symbols."""


class Hub:
    """What this replica knows, and who is to be told."""

    def __init__(self, replica: str, *, price_ttl_s: float, keepalive_s: float, clock: Clock) -> None:
        self._ttl_s = price_ttl_s
        self._clock = clock
        self._topics: dict[str, Topic] = {}
        self._source: SymbolSource | None = None
        self._want: Callable[[Callable[[], codec.Interest]], None] = _nothing
        self._touch: Callable[[], None] = _nothing
        self.markets = Markets(clock)
        self.audience = Audience(clock, keepalive_s, lambda: self._touch())  # noqa: PLW0108 - bound later
        self.board = StatusBoard(replica, clock, self.markets, lambda: len(self.audience))
        self.book = PositionBook(self, clock, self._tell_interest)

    def bind(
        self,
        source: SymbolSource,
        want: Callable[[Callable[[], codec.Interest]], None],
        touch: Callable[[], None],
    ) -> None:
        """Say where symbols are joined, where interest is written and who writes the stream count."""
        self._source, self._want, self._touch = source, want, touch

    # The clients' side.

    @contextmanager
    def listen(self, listener: TopicListener, symbols: Sequence[str]) -> Iterator[None]:
        """Tell the listener the state and newest tick of each symbol, then every change."""
        self.attach(listener, symbols)
        try:
            yield
        finally:
            self.detach(listener, symbols)

    def attach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Begin to listen. What is known is told at once, the rest when the join has answered."""
        added = [symbol for symbol in symbols if symbol not in self._topics]
        for symbol in symbols:
            topic = self._topics.get(symbol) or self._open(symbol)
            self._refresh(topic, is_news=False)
            topic.introduce(listener)
        if added and self._source is not None:
            self._source.add(added)
        self._tell_interest()

    def detach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Stop listening. A symbol without listeners is forgotten: its cached tick would grow old unseen."""
        for symbol in symbols:
            self._topics[symbol].listeners.pop(listener, None)
        self._close_unheard(symbols)
        self._tell_interest()

    def hold(self, symbols: Iterable[str]) -> None:
        """Keep these symbols wanted for half a minute, for clients that ask again and again."""
        until = self._clock.now() + HOLD_S
        for symbol in symbols:
            self._topics[symbol].held_until = until

    def topic(self, symbol: str) -> Topic | None:
        """What is known of a symbol that somebody wants."""
        return self._topics.get(symbol)

    # The subscriber's side: each returns at once and never raises.

    def on_tick(self, symbol: str, data: bytes) -> None:
        """Dispatch a tick as it was published."""
        topic = self._topics.get(symbol)
        if topic is not None:
            topic.is_joined = True
            self._refresh(topic, is_news=self._take(topic, data, self._clock.now()))

    def on_cached(self, symbol: str, price: bytes | None, last: bytes | None, fresh_for_s: float) -> None:
        """Merge what Redis held when the symbol was joined, and for how long the price is still good."""
        topic = self._topics.get(symbol)
        if topic is None:
            return
        topic.is_joined = True
        # A price with one second left to live is good for that second, not for a whole new time to live.
        written_s = self._clock.now() + fresh_for_s - self._ttl_s
        is_news = price is not None and self._take(topic, price, written_s)
        if last is not None and not self._is_invented(topic, last):
            is_news |= self._take(topic, last, None)
        self._vouch(topic)
        self._refresh(topic, is_news=is_news)

    def on_beat(self, beat: codec.Beat) -> None:
        """Hear a market's owner."""
        if self.markets.on_beat(beat):
            for topic in self._topics.values():
                if topic.market is beat.market:
                    self._vouch(topic)
            self._judge()

    def on_ingest(self, status: codec.IngestStatus) -> None:
        """Hear what an ingest process says of itself."""
        self.board.on_ingest(status)
        self._judge()

    def on_replica(self, status: codec.ReplicaStatus) -> None:
        """Hear what a replica says of itself."""
        self.board.on_replica(status)

    def on_positions(self, positions: codec.PositionList) -> None:
        """Hear the account's positions."""
        self.book.on_positions(positions)

    def on_link(self, up: bool) -> None:
        """Redis was lost, or is back with every symbol joined again."""
        self.markets.link = up
        if up:
            # A Redis that was restarted empty has forgotten what we want, and with it every ingest.
            self._tell_interest()
        for topic in self._topics.values():
            topic.is_followed &= up
        self._judge()

    # Time.

    async def run(self) -> Never:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def sweep(self) -> None:
        """Whatever happens because time passes: stale prices, silent owners, heartbeats, ended holds."""
        self.board.sweep()
        self._judge()
        self.audience.sweep()
        if self._close_unheard(list(self._topics)):
            self._tell_interest()

    def require_open(self) -> None:
        """Raises ClientError while the server drains: another replica can serve this client."""
        if self.audience.is_draining:
            raise ClientError(503, "draining", "the server is restarting; come back", retry_after=2)

    def _judge(self) -> None:
        for status in self.markets.sweep():
            self.audience.tell(f"feed:{status.market}", frames.event("feed", status))
        for topic in self._topics.values():
            self._refresh(topic, is_news=False)

    def _refresh(self, topic: Topic, *, is_news: bool) -> None:
        refusal = self.board.refused.get(topic.symbol)
        if not topic.is_joined and refusal is None and self.markets.link is not False:
            # The answer of Redis is under way; "pending" would be told only to be taken back.
            return
        topic.show(*topic.status(self._clock.now(), refusal, self.markets))
        if is_news:
            topic.tell()

    def _take(self, topic: Topic, data: bytes, alive_s: float | None) -> bool:
        try:
            is_news = topic.take(data, alive_s)
        except msgspec.DecodeError as error:
            logger.warning("tick_not_understood: %s: %s", topic.symbol, error)
            return False
        if topic.head is not None:
            self.board.newest_ts_recv = max(self.board.newest_ts_recv, topic.head.ts_recv)
        return is_news

    def _vouch(self, topic: Topic) -> None:
        beat, heard_s = self.markets.beat(topic.market), self.markets.heard(topic.market)
        if beat is not None and heard_s is not None:
            # The venue's own sign of life counts, not when we were told of it.
            topic.vouch(beat, heard_s - beat.heard_ms_ago / 1000)

    def _is_invented(self, topic: Topic, data: bytes) -> bool:
        # A demo's or a replay's `last:` may still be there when a real feed takes over the same Redis.
        beat = self.markets.beat(topic.market)
        with suppress(msgspec.DecodeError):
            return beat is not None and not beat.simulated and codec.decode_tick(data).feed in _NOT_REAL
        return False

    def _open(self, symbol: str) -> Topic:
        market = market_of(symbol)
        if market is None:
            raise ValueError(f"{symbol!r} is not a symbol")
        self.markets.watch(market)
        topic = self._topics[symbol] = Topic(symbol, market, self._ttl_s)
        return topic

    def _close_unheard(self, symbols: Iterable[str]) -> bool:
        now = self._clock.now()
        topics = [topic for s in symbols if (topic := self._topics.get(s)) is not None]
        unheard = [t.symbol for t in topics if not t.listeners and t.held_until <= now]
        for symbol in unheard:
            del self._topics[symbol]
        if unheard and self._source is not None:
            self._source.remove(unheard)
        return bool(unheard)

    def interest(self) -> codec.Interest:
        """What this replica wants."""
        symbols = {topic.symbol: max(1, len(topic.listeners)) for topic in self._topics.values()}
        return codec.Interest(symbols, len(self.book))

    def _tell_interest(self) -> None:
        self._want(self.interest)


def _nothing(*_: object) -> None:
    """Until the hub is bound there is nobody to tell."""
