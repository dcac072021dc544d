"""The simulated market: every listed symbol's walk, under one seed. No I/O, no clock: time is passed in."""

from __future__ import annotations

from collections.abc import Iterable

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.symbols import LISTED
from tapecast.simulator.walk import Event, Image, Walk


class SimulatedMarket:
    """Same seed, same times and same symbols give the same tape. What nobody asks for costs nothing."""

    def __init__(self, seed: int = 1, rate: float = 1.0, *, is_open: bool = True) -> None:
        self._seed = seed
        self._rate = rate
        # Of the stock market; it never closes while this is true. Crypto is always open.
        self.is_open = is_open
        self._walks: dict[str, Walk] = {}
        # What was advanced last time: the others may be moved by a look at their image.
        self._followed: frozenset[str] = frozenset()

    def advance(self, symbols: Iterable[str], now_ns: int) -> list[Event]:
        """Every trade and quote of `symbols` since they were last advanced, oldest first.

        A symbol that was not among those of the last call prints at once. An unlisted one is silent.
        """
        followed = frozenset(each for each in symbols if self._trades(each))
        events: list[Event] = []
        for symbol in followed:
            walk = self._walk(symbol, now_ns)
            events += walk.advance(now_ns) if symbol in self._followed else walk.restart(now_ns)
        self._followed = followed
        events.sort(key=_when)
        return events

    def image(self, symbol: str, now_ns: int) -> Image | None:
        """What REST says of a symbol, or None if it is not listed."""
        if symbol not in LISTED:
            return None
        walk = self._walk(symbol, now_ns)
        # A followed one is left alone: its stream must not miss an event that a look at it made.
        if symbol not in self._followed and self._trades(symbol):
            walk.refresh(now_ns)
        return walk.image

    def _walk(self, symbol: str, now_ns: int) -> Walk:
        walk = self._walks.get(symbol)
        if walk is None:
            start = now_ns if self._trades(symbol) else hours.last_close(now_ns)
            walk = self._walks[symbol] = Walk(LISTED[symbol], self._seed, self._rate, start)
        return walk

    def _trades(self, symbol: str) -> bool:
        listed = LISTED.get(symbol)
        return listed is not None and (self.is_open or listed.market is Market.CRYPTO)


def _when(event: Event) -> tuple[int, str]:
    return event.ns, event.instrument.symbol
