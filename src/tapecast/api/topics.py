"""The symbols that somebody wants here, by name. What nobody wants is forgotten: it would grow old unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from tapecast.api.markets import Markets
from tapecast.api.topic import Topic, TopicListener, Versions
from tapecast.clock import Clock
from tapecast.market import market_of

HOLD_S: Final = 30.0
MOST: Final = 10_000
"""Different symbols that one process follows. Each costs some kilobytes here, and a place in ingest's plan or
in its list of refusals: names can be made up faster than memory."""
MOST_EACH: Final = 2_000
"""Of these, so many may be there because one address was the first to ask for them: strangers who make names
up leave room for others. A program with a token, which may well want the whole market, is not limited."""


class SymbolSource(Protocol):
    """The subscriber, as the hub uses it. Both return at once."""

    def add(self, symbols: Iterable[str]) -> None:
        """Join these symbols; each is answered by `on_cached`."""

    def remove(self, symbols: Iterable[str]) -> None:
        """Leave these symbols."""


class Topics:
    """One topic for each wanted symbol."""

    def __init__(self, ttl_s: float, markets: Markets, clock: Clock) -> None:
        self._ttl_s = ttl_s
        self._markets = markets
        self._clock = clock
        self._topics: dict[str, Topic] = {}
        # How many are there because of whom.
        self._brought: Counter[str] = Counter()
        self.versions = Versions()

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics.values())

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._topics

    def get(self, symbol: str) -> Topic | None:
        """What is known of a symbol that somebody wants."""
        return self._topics.get(symbol)

    def spelled(self, symbol: str) -> str:
        """The same string for all who want it, for as long as somebody does.

        `sys.intern` would keep every name that anybody makes up, for ever (Python 3.12).
        """
        topic = self._topics.get(symbol)
        return symbol if topic is None else topic.symbol

    def open(self, symbol: str) -> Topic:
        """The topic of this symbol, from now on if it was not there. Raises ValueError if it is no symbol."""
        topic = self._topics.get(symbol)
        if topic is not None:
            return topic
        market = market_of(symbol)
        if market is None:
            raise ValueError(f"{symbol!r} is not a symbol")
        self._markets.watch(market)
        topic = self._topics[symbol] = Topic(symbol, market, self._ttl_s, self.versions)
        return topic

    def new(self, symbols: Iterable[str]) -> list[str]:
        """Those that nobody has asked for yet."""
        return [symbol for symbol in symbols if symbol not in self._topics]

    @property
    def room(self) -> int:
        """How many more there may be."""
        return MOST - len(self._topics)

    def share(self, bringer: str) -> int:
        """How many more this one may bring; without a name, as many as there is room for."""
        return MOST_EACH - self._brought[bringer] if bringer else MOST

    def charge(self, symbols: Iterable[str], bringer: str) -> None:
        """These symbols are here because of this one, for as long as they are here."""
        for symbol in symbols:
            topic = self._topics.get(symbol)
            if bringer and topic is not None and not topic.bringer:
                topic.bringer = bringer
                self._brought[bringer] += 1

    def hold(self, symbols: Iterable[str]) -> None:
        """Keep these symbols wanted for half a minute, for clients that ask again and again."""
        until = self._clock.now() + HOLD_S
        for symbol in symbols:
            self._topics[symbol].held_until = until

    def count(self, symbols: Iterable[str], clients: int) -> None:
        """So many clients more, or less, are behind the listeners to these symbols."""
        for symbol in symbols:
            self._topics[symbol].clients += clients

    def close_unheard(self, symbols: Iterable[str] | None = None) -> list[str]:
        """Forget which of these symbols, or of all, nobody wants, and name them."""
        now = self._clock.now()
        asked = list(self._topics) if symbols is None else symbols
        topics = [topic for s in asked if (topic := self._topics.get(s)) is not None]
        unheard = [t.symbol for t in topics if not t.listeners and not t.views and t.held_until <= now]
        for symbol in unheard:
            self._forget(self._topics.pop(symbol))
        return unheard

    def _forget(self, topic: Topic) -> None:
        if topic.bringer:
            self._brought[topic.bringer] -= 1
            if not self._brought[topic.bringer]:
                del self._brought[topic.bringer]

    def interest(self, book: TopicListener | None = None) -> tuple[dict[str, int], list[str]]:
        """How many clients want each symbol, and the symbols that the account's book alone wants.

        One that is only held for a while counts as wanted by one.
        """
        now = self._clock.now()
        private = [topic.symbol for topic in self._topics.values() if topic.is_private(book, now)]
        asked = {topic.symbol: max(1, topic.clients) for topic in self._topics.values()}
        for symbol in private:
            del asked[symbol]
        return asked, private
