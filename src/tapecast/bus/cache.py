"""Reading what the cache holds, in batches that no Redis notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.market import Tick

BATCH: Final = 500


async def read_values(bus: Bus, names: Sequence[str]) -> list[bytes | None]:
    """The values of `names`, in order. Raises BusUnavailable.

    A pipeline of GETs instead of one MGET: on a Redis Cluster the keys live in several slots.
    """
    return await _read(bus, "GET", names)


async def read_members(bus: Bus, index: str, name_of: Callable[[str], str]) -> list[bytes]:
    """The values of the keys that the sorted set `index` lists. Raises BusUnavailable.

    Members whose key has expired are pruned here: a process killed by SIGKILL removes nothing.
    """
    async with bus.asking() as redis:
        members = [str(member, "utf-8") for member in await redis.zrange(index, 0, -1)]  # type: ignore[arg-type]
    values = await read_values(bus, [name_of(member) for member in members])
    gone = [member for member, value in zip(members, values, strict=True) if value is None]
    if gone:
        async with bus.asking() as redis:
            await redis.zrem(index, *gone)
    return [value for value in values if value is not None]


class Cached(NamedTuple):
    """What the cache holds of one symbol: `price:` with the seconds that it has left to live, and `last:`."""

    symbol: str
    price: bytes | None
    last: bytes | None
    fresh_for_s: float


async def read_prices(bus: Bus, symbols: Sequence[str]) -> list[Cached]:
    """What the cache holds of each symbol. Raises BusUnavailable."""
    names = [bus.keys.price(symbol) for symbol in symbols]
    # The time left is read first: in the other order a price refreshed in between would look fresher than
    # the bytes that were read.
    asked = time.monotonic()
    left = await read_time_left(bus, names)
    prices = await read_values(bus, names)
    lasts = await read_values(bus, [bus.keys.last(symbol) for symbol in symbols])
    # Redis may have taken its time to answer, and that time is gone.
    spent = time.monotonic() - asked
    fresh = [max(0.0, left_s - spent) for left_s in left]
    return [Cached(*each) for each in zip(symbols, prices, lasts, fresh, strict=True)]


async def read_time_left(bus: Bus, names: Sequence[str]) -> list[float]:
    """Seconds for which each key still lives; 0 for one that is gone. Raises BusUnavailable."""
    return [max(0, left_ms) / 1000 for left_ms in await _read(bus, "PTTL", names)]


async def read_last_ticks(bus: Bus, symbols: Sequence[str]) -> list[Tick]:
    """The newest tick that the cache knows of each symbol, where it knows one."""
    ticks = []
    for cached in await read_prices(bus, symbols):
        known = [tick for tick in map(_decoded, (cached.price, cached.last)) if tick is not None]
        if known:
            ticks.append(max(known, key=lambda tick: (tick.epoch, tick.seq)))
    return ticks


async def _read(bus: Bus, command: str, names: Sequence[str]) -> list[Any]:
    answers: list[Any] = []
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        async with bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
            for name in batch:
                pipe.execute_command(command, name)
            answers += await pipe.execute()
    return answers


def _decoded(data: bytes | None) -> Tick | None:
    # A value of a foreign program under our name must not stop an owner from starting.
    if data is None:
        return None
    try:
        return codec.decode_tick(data)
    except msgspec.DecodeError:
        return None
