"""Keeps invented and bygone prices away from real ones.

A simulated or replayed feed that started over a real one's keys would show its prices in place of the last
real ones. Both count as simulated here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never

from tapecast.bus.connection import Bus
from tapecast.bus.keys import LAST_TTL_S, SIMULATED_LAST_TTL_S
from tapecast.errors import BusUnavailable, StartError
from tapecast.market import Market

REAL = b"real"
SIMULATED = b"simulated"
MARK_EVERY_S: Final = 20.0

logger = logging.getLogger(__name__)


def last_ttl_s(*, simulated: bool) -> int:
    """How long `last:` keys live: those of a demo or a replay are gone a minute after it."""
    return SIMULATED_LAST_TTL_S if simulated else LAST_TTL_S


async def mark_forever(bus: Bus, market: Market, *, simulated: bool) -> Never:
    """Say it for as long as one is the owner: the key lives as long as `last:` keys. Raises StartError."""
    while True:
        await asyncio.sleep(MARK_EVERY_S)
        try:
            await mark_origin(bus, market, simulated=simulated)
        except BusUnavailable as error:
            logger.debug("origin_not_marked: %s", error)


async def require_origin(bus: Bus, market: Market, *, simulated: bool) -> None:
    """Raises StartError if a simulated feed meets a real one's keys, BusUnavailable."""
    async with bus.asking() as redis:
        if simulated and await redis.get(bus.keys.origin(market)) == REAL:
            raise StartError(
                f"Redis at {bus.place} holds real {market} prices, and no simulated or replayed feed starts "
                "over them. Set REDIS_PREFIX or another REDIS_URL"
            )


async def mark_origin(bus: Bus, market: Market, *, simulated: bool) -> None:
    """Say whose keys these are. Raises as `require_origin`."""
    await require_origin(bus, market, simulated=simulated)
    async with bus.asking() as redis:
        origin = SIMULATED if simulated else REAL
        await redis.set(bus.keys.origin(market), origin, ex=last_ttl_s(simulated=simulated))
