"""The simulated market: every listed symbol's walk, under one seed. No I/O, no clock: time is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tapecast.market import Market
from tapecast.simulator import hours, symbols
from tapecast.simulator.bars import Bar
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Event, Image, Print
from tapecast.simulator.past import past
from tapecast.simulator.symbols import LISTED, Instrument
from tapecast.simulator.walk import Walk


class SimulatedMarket(Exchange):
    """Same seed, same times and same symbols give the same tape. What nobody asks for costs nothing.

    A `still` one prints nothing by itself: each symbol has its founding trade, and then what is injected.
    """

    def __init__(
        self,
        seed: int = 1,
        rate: float = 1.0,
        *,
        is_open: bool = True,
        holidays: frozenset[date] = frozenset(),
        still: bool = False,
    ) -> None:
        super().__init__(is_open=is_open, holidays=holidays)
        self._seed = seed
        self._rate = rate
        self._still = still
        self._walks: dict[str, Walk] = {}
        # The first print of each that has no past yet: that is made when somebody asks for it.
        self._first: dict[str, Print] = {}
        # What was advanced last time: the others may be moved by a look at their image.
        self._followed: frozenset[str] = frozenset()

    def instrument(self, symbol: str) -> Instrument | None:
        """What a symbol stands for, or None if it is not listed."""
        return symbols.instrument(symbol)

    def listing(self, market: Market) -> list[Instrument]:
        """Stocks or pairs; the contracts on them are not listed one by one."""
        return [each for each in LISTED.values() if each.market is market]

    def advance(self, symbols: Iterable[str], now_ns: int) -> list[Event]:
        """Every trade and quote of `symbols` since they were last advanced, oldest first.

        A symbol that was not among those of the last call prints at once. An unlisted one is silent.
        """
        followed = frozenset(each for each in symbols if self._moves(each, now_ns))
        events: list[Event] = []
        for symbol in followed:
            walk = self._walk(symbol, now_ns)
            if walk is not None:
                events += walk.advance(now_ns) if symbol in self._followed else walk.restart(now_ns)
        self._followed = followed
        events.sort(key=_when)
        return events

    def image(self, symbol: str, now_ns: int) -> Image | None:
        """What REST says of a symbol, or None if it is not listed."""
        walk = self._walk(symbol, now_ns)
        if walk is None:
            return None
        # A followed one is left alone: its stream must not miss an event that a look at it made.
        if symbol not in self._followed and self._moves(symbol, now_ns):
            walk.refresh(now_ns)
        return walk.ledger.image()

    def bars(self, symbol: str, from_ns: int, length_ns: int, now_ns: int) -> list[Bar]:
        """What REST says of a symbol's bars of this length; a still one has no past."""
        walk = self._walk(symbol, now_ns)
        if walk is not None and symbol in self._first and not self._still:
            first = self._first.pop(symbol)
            walk.ledger.minutes.begin(past(first.instrument, self._seed, first.ns, first.price))
        return super().bars(symbol, from_ns, length_ns, now_ns)

    def inject(self, event: Event) -> Event:
        """Make it happen, beside what happens by itself; the event with its number."""
        walk = self._walk(event.instrument.symbol, event.ns)
        return event if walk is None else walk.inject(event)

    def _walk(self, symbol: str, now_ns: int) -> Walk | None:
        walk = self._walks.get(symbol)
        if walk is None and (listed := self.instrument(symbol)) is not None:
            start = now_ns if self._trades(listed, now_ns) else hours.last_close(now_ns, self.holidays)
            walk = self._walks[symbol] = Walk(listed, self._seed, self._rate, start, self.holidays)
            self.ledgers[symbol] = walk.ledger
            if walk.ledger.trade is not None:
                self._first[symbol] = walk.ledger.trade
        return walk

    def _moves(self, symbol: str, now_ns: int) -> bool:
        listed = self.instrument(symbol)
        return not self._still and listed is not None and self._trades(listed, now_ns)

    def _trades(self, listed: Instrument, now_ns: int) -> bool:
        return listed.market is Market.CRYPTO or self.in_session(now_ns)


def _when(event: Event) -> tuple[int, str]:
    return event.ns, event.instrument.symbol
