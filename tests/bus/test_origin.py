"""Invented prices never start over real ones."""

from __future__ import annotations

import pytest

from tapecast.bus.connection import Bus
from tapecast.bus.origin import last_ttl_s, mark_origin
from tapecast.errors import StartError
from tapecast.market import Market


async def test_a_simulated_feed_refuses_real_keys(bus: Bus) -> None:
    """The message names what to set instead."""
    await mark_origin(bus, Market.CRYPTO, simulated=False)
    with pytest.raises(StartError, match=r"no simulated or replayed feed starts over them.*REDIS_PREFIX"):
        await mark_origin(bus, Market.CRYPTO, simulated=True)
    assert await bus.redis.get("origin:crypto") == b"real"


async def test_markets_are_apart(bus: Bus) -> None:
    """Real stocks do not keep a simulated crypto feed away."""
    await mark_origin(bus, Market.US_EQUITY, simulated=False)
    await mark_origin(bus, Market.CRYPTO, simulated=True)
    assert await bus.redis.get("origin:crypto") == b"simulated"


async def test_a_real_feed_takes_over_a_simulated_ones_keys(bus: Bus) -> None:
    """A demo keeps nobody out, and its own prices are short-lived."""
    await mark_origin(bus, Market.CRYPTO, simulated=True)
    assert 0 < await bus.redis.ttl("origin:crypto") <= last_ttl_s(simulated=True)
    await mark_origin(bus, Market.CRYPTO, simulated=False)
    assert await bus.redis.get("origin:crypto") == b"real"
    assert last_ttl_s(simulated=True) <= 60 < last_ttl_s(simulated=False)
