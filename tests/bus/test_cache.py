"""Reading the cache in batches."""

from __future__ import annotations

from tapecast.bus import codec
from tapecast.bus.cache import BATCH, read_last_ticks, read_values
from tapecast.bus.connection import Bus
from tapecast.market import Tick


async def test_values_come_in_the_order_asked(bus: Bus) -> None:
    """More names than one batch, some missing."""
    names = [f"k{number}" for number in range(BATCH + 3)]
    await bus.redis.mset({"k0": "a", f"k{BATCH}": "b"})
    values = await read_values(bus, names)
    assert (values[0], values[1], values[BATCH], len(values)) == (b"a", None, b"b", len(names))


async def test_the_last_tick_is_the_newer_of_price_and_last(bus: Bus) -> None:
    """`last:` lags behind `price:` by design; after `price:` is gone it is all there is."""
    old, new = (codec.encode(Tick(symbol="AAPL", price=p, epoch=1, seq=s)) for p, s in ((1.0, 1), (2.0, 2)))
    await bus.redis.mset({"price:AAPL": new, "last:AAPL": old, "last:MSFT": old, "last:BAD": b"{"})
    ticks = await read_last_ticks(bus, ["AAPL", "MSFT", "BAD", "NONE"])
    assert [tick.price for tick in ticks] == [2.0, 1.0]
