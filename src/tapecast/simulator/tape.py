"""The pump: lets the market move, and hands what happened to the endpoints."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Final, Never

from tapecast.simulator.codec import Encoded
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.exchange import Exchange

PACE_S: Final = 0.01
"""How late an event may be. A venue is later than that."""


async def run_tape(market: Exchange, endpoints: Collection[Endpoint]) -> Never:
    """Pump for ever."""
    while True:
        pump(market, endpoints, time.time_ns())
        await asyncio.sleep(PACE_S)


def pump(market: Exchange, endpoints: Collection[Endpoint], now_ns: int) -> None:
    """Hand everything that happened until now to whoever is subscribed to it."""
    holders = [each.holder for each in endpoints if each.holder is not None]
    symbols: set[str] = set().union(*(holder.moving for holder in holders))
    for event in [*market.advance(symbols, now_ns), *market.minutes(now_ns)]:
        encoded = Encoded(event)
        for holder in holders:
            holder.deliver(encoded)
