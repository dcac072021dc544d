"""Publish: a market's ticks and the beat of its owner, under the names that the apis read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tapecast.bus import codec, fence
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import BEAT_TTL_S
from tapecast.bus.lease import Lease


class Write(NamedTuple):
    """One symbol's tick to write. `last`: to `last:` too. `publish`: also to those who listen."""

    symbol: str
    data: bytes
    last: bool
    publish: bool


class Retired(NamedTuple):
    """One symbol whose `price:` is to go. `void`: a head that is published, and `last:` goes as well."""

    symbol: str
    void: bytes = b""


class Publisher:
    """Writes ticks and beats for as long as its lease is valid."""

    def __init__(self, bus: Bus, lease: Lease, last_ttl_s: int) -> None:
        self._keys = bus.keys
        self._fence = Fence(bus, lease)
        self._last_ttl_s = last_ttl_s
        # Made once for each symbol; a flush needs hundreds.
        self._names = lru_cache(maxsize=50_000)(self._make_names)

    async def publish(self, writes: Sequence[Write], good_for_s: float) -> None:
        """Write ticks that may be believed for so long. Raises LeaseLost, BusUnavailable."""
        fenced = []
        for symbol, data, last, publish in writes:
            key, last_key, channel = self._names(symbol)
            fenced.append(fence.Write(key, data, last_key if last else "", channel if publish else ""))
        await self._fence.write(fenced, good_for_s, self._last_ttl_s)

    async def retire(self, retired: Sequence[Retired]) -> None:
        """Delete `price:` of symbols without one to follow. Raises LeaseLost, BusUnavailable."""
        fenced = []
        for symbol, void in retired:
            key, last_key, channel = self._names(symbol)
            if void:
                # Set to be published, and deleted at once.
                fenced += [fence.Write(last_key, b""), fence.Write(key, void, channel=channel)]
            fenced.append(fence.Write(key, b""))
        await self._fence.write(fenced, 1)

    def _make_names(self, symbol: str) -> tuple[str, str, str]:
        key = self._keys.price(symbol)
        return key, self._keys.last(symbol), self._keys.channel(key)

    async def beat(self, beat: codec.Beat) -> None:
        """Write and publish the pulse. Raises LeaseLost, BusUnavailable."""
        name = self._keys.beat(beat.market)
        write = fence.Write(name, codec.encode(beat), channel=self._keys.channel(name))
        await self._fence.write([write], BEAT_TTL_S)
