"""What is true of a conflator and its flusher whatever happens: the checks of their machine.

The model (`tape.py`) knows little: what the venue said of each symbol, what it has taken back, and what Redis
holds.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from tapecast.bus import codec
from tapecast.bus.publisher import Publisher, Retired, Write
from tapecast.ingest.conflator import Conflator
from tapecast.ingest.flusher import Flusher
from tapecast.market import Tick
from tests.ingest.bench import Time
from tests.ingest.tape import Cache, Told, time_of

SYMBOLS: Final = ("AAPL", "MSFT")
PRICE_TTL_S: Final = 5.0


class Watched:
    """One market's owners, one after the other, and all that reaches Redis of them."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self.time = Time()
        self.cache = Cache(self.time)
        self.good_for_s = PRICE_TTL_S
        self.epoch = self.number = 0
        self.wanted: frozenset[str] = frozenset()
        self.told: dict[str, Told] = {symbol: Told() for symbol in SYMBOLS}
        # The newest that clients have seen, and the venue time behind which this owner knows not to go.
        self.shown: dict[str, Tick] = {}
        self.floor: dict[str, int] = {}
        self._own()

    def _own(self) -> None:
        self.epoch += 1
        self.conflator = Conflator(self.epoch, self.time.clock)
        publisher = cast("Publisher", self.cache)
        self.flusher = Flusher("iex", self.conflator, publisher, lambda: self.good_for_s, self.time.clock)
        self.confirmed: frozenset[str] = frozenset()
        # Confirmed in this session, by a trade or a snapshot that was heard.
        self.proven: set[str] = set()
        # Without a price since the last flush: whoever has seen one is to be told.
        self.void: set[str] = set()

    @property
    def heard(self) -> frozenset[str]:
        """The symbols of which a message counts."""
        return self.wanted & self.confirmed

    def _look_for_void(self, symbol: str) -> None:
        image = self.conflator.image(symbol)
        if image is not None and image.is_void:
            self.void.add(symbol)

    def _flush(self) -> bool:
        async def once() -> bool:
            return await self.flusher._flush_retired() and await self.flusher._flush()

        done = self._runner.run(once())
        self._check()
        return done

    def _check(self) -> None:
        while self.cache.reached:
            each = self.cache.reached.pop(0)
            if isinstance(each, Write):
                self._check_write(each)
            elif each.void:
                self._check_void(each)

    def _check_void(self, retired: Retired) -> None:
        head, before = codec.decode_head(retired.void), self.shown.get(retired.symbol)
        assert before is None or (head.epoch, head.seq) > (before.epoch, before.seq), "readers would drop it"

    def _check_write(self, write: Write) -> None:
        symbol, tick = write.symbol, codec.decode_tick(write.data)
        before = self.shown.get(symbol)
        assert symbol in self.heard, "not followed any more"
        assert symbol in self.proven, "not confirmed by this session"
        assert tick.price in self.told[symbol].prices, "a price that nobody named"
        if not write.publish:
            assert tick == before, "a refresh changes nothing"
            return
        assert before is None or (tick.epoch, tick.seq) > (before.epoch, before.seq)
        assert tick.corrected or time_of(tick) >= self.floor.get(symbol, 0), "an older print as the newest"
        self.shown[symbol] = tick
        self.floor[symbol] = time_of(tick)
        self.void.discard(symbol)

    def _check_flushed(self) -> None:
        assert not self.conflator.dirty
        assert not self.conflator.retired
        for symbol in self.void:
            assert self.cache.price(symbol) is None, "a void price stands"
            assert symbol not in self.cache.lasts, "a void price would be restored"
        self.void.clear()
        for symbol in self.proven & self.heard:
            self._check_newest(symbol)

    def _check_newest(self, symbol: str) -> None:
        image, told, data = self.conflator.image(symbol), self.told[symbol], self.cache.price(symbol)
        assert image is not None
        if image.trade is None:
            assert data is None, "a void price stands"
            return
        assert image.trade.number not in told.void, "a void print stands"
        assert image.fresh, "a proven price is not published"
        assert symbol in self.cache.lasts, "nothing is left for the first paint"
        # It has expired, if time has passed since.
        assert data is None or codec.decode_tick(data) == self.shown[symbol]
        assert self.shown[symbol].price == image.trade.price
        if not told.void:
            least, most = told.bounds()
            assert least <= image.trade.ts_event_ns <= most
