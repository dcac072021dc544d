"""Dispatch: one Redis subscription in, every view that shows the symbol out. No client delays another.

A tick's frame is made once and shared, and telling of it never waits. What is not above the
(epoch, seq) that is held is dropped; what is above it but says the same is held and not sent. States are
judged on every word from outside and four times a second, by this process's own clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Never

import msgspec

from tapecast.api import frames
from tapecast.api.account.book import AccountBook
from tapecast.api.audience import Audience
from tapecast.api.bars import BarBook
from tapecast.api.board import StatusBoard
from tapecast.api.dispatcher import Dispatcher
from tapecast.api.markets import Markets
from tapecast.api.topic import StateListener, Topic, TopicListener
from tapecast.api.topics import SymbolSource, Topics
from tapecast.api.view import View
from tapecast.bus import codec
from tapecast.clock import Clock
from tapecast.settings import Settings

SWEEP_S: Final = 0.25
logger = logging.getLogger(__name__)


class Hub:
    """What this replica knows, and who is to be told."""

    def __init__(self, replica: str, settings: Settings, dispatcher: Dispatcher, clock: Clock) -> None:
        self._ttl_s = settings.price_ttl_s
        self._clock = clock
        self.dispatcher = dispatcher
        self._source: SymbolSource | None = None
        self._want: Callable[[Callable[[], codec.Interest]], None] = _nothing
        self._touch: Callable[[], None] = _nothing
        self.markets = Markets(clock)
        self.topics = Topics(settings.price_ttl_s, self.markets, clock)
        self.audience = Audience(settings, dispatcher, clock, lambda: self._touch())  # noqa: PLW0108 - bound later
        self.book = AccountBook(self, self.markets, clock, self._tell_interest)
        self.on_account = self.book.on_account
        account = self.book.upkeep.known
        self.board = StatusBoard(replica, clock, self.markets, lambda: len(self.audience), account)
        self.bars = BarBook(self, clock, self._tell_interest)

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
        """Tell the listener the state of each symbol, then every change."""
        self.attach(listener, symbols)
        try:
            yield
        finally:
            self.detach(listener, symbols)

    def attach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Begin to listen. What is known is told at once, the rest when the join has answered."""
        for topic in self._open(symbols):
            topic.listeners[listener] = None
        self.introduce(listener, symbols)

    def detach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Stop listening."""
        for symbol in symbols:
            self.topics.open(symbol).listeners.pop(listener, None)
        self._left(symbols)

    def show(self, view: View) -> None:
        """Have this view send what is new from now on."""
        topics = self._open(view.symbols)
        for topic in topics:
            topic.views[view] = None
        view.show({topic.symbol: topic for topic in topics}, self.topics.versions)

    def hide(self, view: View) -> None:
        """Have it send nothing more."""
        for symbol in view.symbols:
            self.topics.open(symbol).views.pop(view, None)
        self._left(view.symbols)

    def introduce(self, listener: StateListener, symbols: Iterable[str]) -> None:
        """Tell the states of symbols that are listened to."""
        for symbol in symbols:
            topic = self.topics.open(symbol)
            self._refresh(topic, is_news=False)
            topic.introduce(listener)

    def count(self, symbols: Iterable[str], clients: int) -> None:
        """So many clients more, or less, are behind a listener to these symbols."""
        self.topics.count(symbols, clients)
        self._tell_interest()

    def _open(self, symbols: Sequence[str]) -> list[Topic]:
        added = [symbol for symbol in symbols if symbol not in self.topics]
        topics = [self.topics.open(symbol) for symbol in symbols]
        if added and self._source is not None:
            self._source.add(added)
        self.count(symbols, 1)
        return topics

    def _left(self, symbols: Sequence[str]) -> None:
        # A symbol without listeners is forgotten: its cached tick would grow old unseen.
        self.count(symbols, -1)
        self._close_unheard(symbols)

    def topic(self, symbol: str) -> Topic | None:
        """What is known of a symbol that somebody wants."""
        return self.topics.get(symbol)

    # The subscriber's side: each returns at once and never raises.

    def on_tick(self, symbol: str, data: bytes) -> None:
        """Dispatch a tick as it was published."""
        topic = self.topics.get(symbol)
        if topic is not None:
            topic.is_joined = True
            self._refresh(topic, is_news=self._take(topic, data, self._clock.now()))

    def on_cached(self, symbol: str, price: bytes | None, last: bytes | None, fresh_for_s: float) -> None:
        """Merge what Redis held when the symbol was joined, and for how long the price is still good."""
        topic = self.topics.get(symbol)
        if topic is None:
            return
        topic.is_joined = True
        # Good for what it has left, and never for more than a new time: Redis's clock may have been set.
        written_s = self._clock.now() + min(fresh_for_s, self._ttl_s) - self._ttl_s
        is_news = price is not None and self._take(topic, price, written_s)
        if last is not None and not self.markets.is_invented(topic.market, last):
            is_news |= self._take(topic, last, None)
        self._vouch(topic)
        topic.ts_recv = 0
        self._refresh(topic, is_news=is_news)

    def on_beat(self, beat: codec.Beat) -> None:
        """Hear a market's owner."""
        if self.markets.on_beat(beat):
            for topic in self.topics:
                if topic.market is beat.market:
                    topic.begin_epoch(beat.epoch)
                    self._vouch(topic)
            self._judge()

    def on_ingest(self, status: codec.IngestStatus) -> None:
        """Hear what an ingest process says of itself."""
        self.board.on_ingest(status)
        self._judge()

    def on_replica(self, status: codec.ReplicaStatus) -> None:
        """Hear what a replica says of itself."""
        self.board.on_replica(status)

    def on_link(self, up: bool) -> None:
        """Redis was lost, or is back with every symbol joined again."""
        self.markets.link = up
        if up:
            # A Redis that was restarted empty has forgotten what we want, and with it every ingest.
            self._tell_interest()
        for topic in self.topics:
            topic.is_followed &= up
        self._judge()

    def on_refused(self, reason: str) -> None:
        """Why Redis refuses our writes, or that it does not any more."""
        self.markets.refusal = reason

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
        self.bars.sweep()
        self._close_unheard()

    def _judge(self) -> None:
        for status in self.markets.sweep():
            self.audience.tell(f"feed:{status.market}", frames.event("feed", status))
        for topic in self.topics:
            self._refresh(topic, is_news=False)
        self.book.judge()

    def _refresh(self, topic: Topic, *, is_news: bool) -> None:
        refusal = self.board.refused.get(topic.symbol)
        if not topic.is_joined and refusal is None and self.markets.link is not False:
            # The answer of Redis is under way; "pending" would be told only to be taken back.
            return
        topic.show(*topic.status(self._clock.now(), refusal, self.markets))
        if is_news:
            self.audience.offered += topic.clients - len(topic.listeners)
            topic.tell()
            self.dispatcher.ring(topic.symbol, topic.views)

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

    def _close_unheard(self, symbols: Iterable[str] | None = None) -> None:
        unheard = self.topics.close_unheard(symbols)
        if unheard:
            if self._source is not None:
                self._source.remove(unheard)
            self._tell_interest()

    def interest(self) -> codec.Interest:
        """What this replica wants."""
        asked, held = self.topics.interest(self.book)
        return codec.Interest(asked, len(self.book), self.bars.interest(), held)

    def _tell_interest(self) -> None:
        self._want(self.interest)


def _nothing(*_: object) -> None:
    """Until the hub is bound there is nobody to tell."""
