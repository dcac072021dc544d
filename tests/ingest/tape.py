"""What the conflator's machine knows of the world: what the venue has said, and what Redis holds of it.

Small on purpose: the venue's word on each print, and the keys as the owner's calls have left them. A call may
be refused, or its answer lost though Redis did as it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tapecast.bus import codec
from tapecast.bus.publisher import Retired, Write
from tapecast.errors import BusUnavailable
from tapecast.market import SETS_PRICE, Tick, Trade, parse_rfc3339
from tests.ingest.bench import Time

REFUSED = "refused"
LOST = "answer lost"


@dataclass
class Told:
    """What the venue has said of one symbol to this owner."""

    # By number, in the order in which they were said.
    trades: dict[int, Trade] = field(default_factory=dict)
    # Taken back: by a cancel, or by a correction under a new number.
    void: set[int] = field(default_factory=set)
    # Every price that was ever said.
    prices: set[float] = field(default_factory=set)
    # Said to a former owner, or of a kind that sets no price: REST may repeat them.
    past: dict[int, Trade] = field(default_factory=dict)
    # Venue time of what was restored from the cache; 0: nothing was.
    restored_ns: int = 0

    def take(self, trade: Trade) -> None:
        """It is said, and heard."""
        self.past.pop(trade.number, None)
        self.trades[trade.number] = trade
        self.prices.add(trade.price)

    def known(self) -> list[Trade]:
        """All prints that the venue may come back to, the newest last."""
        return [*self.past.values(), *self.trades.values()]

    def for_the_next(self) -> Told:
        """As a new owner finds it: REST forgets in seconds what was void."""
        return Told(past={each.number: each for each in self.known() if each.number not in self.void})

    def restore(self, tick: Tick) -> None:
        """The cache has told the owner this much."""
        self.prices.add(tick.price)
        self.restored_ns = time_of(tick)

    def bounds(self) -> tuple[int, int]:
        """The venue time of the print that sets the price, at least and at most."""
        sets = [each.ts_event_ns for each in self.trades.values() if each.effect & SETS_PRICE]
        said = [each.ts_event_ns for each in self.trades.values()]
        return max([self.restored_ns, *sets]), max([self.restored_ns, *said])


def time_of(tick: Tick) -> int:
    """When it was traded."""
    assert tick.timestamp is not None
    return parse_rfc3339(tick.timestamp)


class Cache:
    """Stands for the publisher and for Redis behind it."""

    def __init__(self, time: Time) -> None:
        self._time = time
        # `price:` with the moment at which it expires, and `last:`.
        self._prices: dict[str, tuple[float, bytes]] = {}
        self.lasts: dict[str, bytes] = {}
        # What becomes of the next calls, in order.
        self.faults: list[str] = []
        # What has reached Redis and was not looked at yet.
        self.reached: list[Write | Retired] = []

    async def publish(self, writes: Sequence[Write], good_for_s: float) -> None:
        """Ticks, to be believed for so long."""
        fault = self._fault()
        for write in writes:
            self.reached.append(write)
            self._prices[write.symbol] = (self._time.mono + good_for_s, write.data)
            if write.last:
                self.lasts[write.symbol] = write.data
        self._answer(fault)

    async def retire(self, retired: Sequence[Retired]) -> None:
        """Keys that go."""
        fault = self._fault()
        for each in retired:
            self.reached.append(each)
            self._prices.pop(each.symbol, None)
            if each.void:
                self.lasts.pop(each.symbol, None)
        self._answer(fault)

    def _fault(self) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == REFUSED:
            raise BusUnavailable(fault)
        return fault

    def _answer(self, fault: str) -> None:
        if fault:
            raise BusUnavailable(fault)

    def price(self, symbol: str) -> bytes | None:
        """`price:` of this symbol, if it lives."""
        until, data = self._prices.get(symbol, (0.0, b""))
        return data if until > self._time.mono else None

    def newest(self, symbols: Iterable[str]) -> list[Tick]:
        """As an owner reads them who is to start from them."""
        found = []
        for symbol in symbols:
            held = [data for data in (self.price(symbol), self.lasts.get(symbol)) if data is not None]
            if held:
                found.append(max(map(codec.decode_tick, held), key=lambda tick: (tick.epoch, tick.seq)))
        return found
