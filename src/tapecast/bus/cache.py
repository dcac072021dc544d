"""Reading what the cache holds, in batches that no Redis notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

import msgspec
from redis.exceptions import RedisError

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.errors import BusUnavailable
from tapecast.market import Tick

BATCH: Final = 500


async def read_values(bus: Bus, names: Sequence[str]) -> list[bytes | None]:
    """The values of `names`, in order. Raises BusUnavailable.

    A pipeline of GETs instead of one MGET: on a Redis Cluster the keys live in several slots.
    """
    values: list[bytes | None] = []
    rest = iter(names)
    try:
        while batch := list(islice(rest, BATCH)):
            async with bus.redis.pipeline(transaction=False) as pipe:
                for name in batch:
                    pipe.get(name)
                values.extend(await pipe.execute())
    except (RedisError, OSError) as error:
        raise BusUnavailable(f"Redis at {bus.place}: {error}") from None
    return values


async def read_members(bus: Bus, index: str, name_of: Callable[[str], str]) -> list[bytes]:
    """The values of the keys that the sorted set `index` lists. Raises BusUnavailable.

    Members whose key has expired are pruned here: a process killed by SIGKILL removes nothing.
    """
    try:
        members = [str(member, "utf-8") for member in await bus.redis.zrange(index, 0, -1)]  # type: ignore[arg-type]
        values = await read_values(bus, [name_of(member) for member in members])
        gone = [member for member, value in zip(members, values, strict=True) if value is None]
        if gone:
            await bus.redis.zrem(index, *gone)
    except (RedisError, OSError) as error:
        raise BusUnavailable(f"Redis at {bus.place}: {error}") from None
    return [value for value in values if value is not None]


async def read_prices(bus: Bus, symbols: Sequence[str]) -> list[tuple[str, bytes | None, bytes | None]]:
    """For each symbol what `price:` and `last:` hold."""
    prices = await read_values(bus, [bus.keys.price(symbol) for symbol in symbols])
    lasts = await read_values(bus, [bus.keys.last(symbol) for symbol in symbols])
    return list(zip(symbols, prices, lasts, strict=True))


async def read_last_ticks(bus: Bus, symbols: Sequence[str]) -> list[Tick]:
    """The newest tick that the cache knows of each symbol, where it knows one."""
    ticks = []
    for _, price, last in await read_prices(bus, symbols):
        known = [tick for tick in map(_decoded, (price, last)) if tick is not None]
        if known:
            ticks.append(max(known, key=lambda tick: (tick.epoch, tick.seq)))
    return ticks


def _decoded(data: bytes | None) -> Tick | None:
    # A value of a foreign program under our name must not stop an owner from starting.
    if data is None:
        return None
    try:
        return codec.decode_tick(data)
    except msgspec.DecodeError:
        return None
