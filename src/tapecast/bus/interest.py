"""Who wants what: written by each api replica, read by ingest.

The record dies with its replica (a TTL, refreshed), so a killed api holds no symbol for longer than that.
It is written first and then a nudge is published, so that ingest, which reads on the nudge, sees it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Never

import msgspec

from tapecast.bars import Interval
from tapecast.bus import codec
from tapecast.bus.account import moves_positions, read_position_symbols
from tapecast.bus.cache import read_members
from tapecast.bus.connection import Bus
from tapecast.bus.keys import INTEREST_REFRESH_S, INTEREST_TTL_S
from tapecast.bus.link import Link, keep_link
from tapecast.errors import BusUnavailable

logger = logging.getLogger(__name__)

RETRY_S: Final = 0.25
SETTLE_S: Final = 0.01
"""The first change is written at once; those that follow it closely go together."""
READ_EVERY_S: Final = 2.0
"""A nudge can be lost with its connection; a record that expires sends none."""


class InterestWriter:
    """Keeps one replica's interest in Redis."""

    def __init__(self, bus: Bus, replica: str) -> None:
        self._bus = bus
        self._replica = replica
        self._interest = _nothing
        self._changed = asyncio.Event()

    def want(self, interest: Callable[[], codec.Interest]) -> None:
        """The interest has changed: it is asked for, and written, at once.

        Asked for only when it is written: a thousand clients that come back together change it a thousand
        times, and it names every symbol.
        """
        self._interest = interest
        self._changed.set()

    async def run(self) -> Never:
        """Write on each change, and every INTEREST_REFRESH_S against expiry."""
        while True:
            self._changed.clear()
            try:
                await self._write()
                wait = INTEREST_REFRESH_S
                await asyncio.sleep(SETTLE_S)
            except BusUnavailable as error:
                logger.debug("interest_not_written: %s", error)
                # Soon again: after Redis comes back, ingest must not think that nobody listens.
                await asyncio.sleep(RETRY_S)
                wait = 0.0
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _write(self) -> None:
        keys = self._bus.keys
        index = keys.interest_index()
        async with self._bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
            pipe.set(keys.interest(self._replica), codec.encode(self._interest()), ex=INTEREST_TTL_S)
            pipe.zadd(index, {self._replica: time.time()})
            pipe.publish(keys.channel(index), self._replica)
            await pipe.execute()

    async def remove(self) -> None:
        """Say that this replica wants nothing any more."""
        keys = self._bus.keys
        index = keys.interest_index()
        try:
            async with self._bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
                pipe.delete(keys.interest(self._replica))
                pipe.zrem(index, self._replica)
                pipe.publish(keys.channel(index), self._replica)
                await pipe.execute()
        except BusUnavailable as error:
            logger.debug("interest_not_removed: %s", error)


def _nothing() -> codec.Interest:
    return codec.Interest({})


class InterestReader:
    """Tells ingest what all replicas together want, at once on each nudge.

    With it go the symbols of the open positions, while somebody listens to them, or always: they come first
    under a cap, and the process that reads the account need not be the one that owns their market.
    """

    def __init__(
        self,
        bus: Bus,
        on_interest: Callable[[codec.Interest, frozenset[str]], None],
        on_link: Callable[[bool], None],
        *,
        account_always: bool = False,
    ) -> None:
        self._bus = bus
        self._account_always = account_always
        # Called with the sum over all replicas and the positions' symbols, also when nothing changed.
        self._on_interest = on_interest
        self._on_link = on_link
        self._account_channel = bus.keys.channel(bus.keys.account_change()).encode()
        self._nudged = asyncio.Event()

    async def run(self) -> Never:
        """Read for ever; reconnect by itself."""
        await keep_link(self._bus, self._deliver, self._join, self._follow, self._on_link)

    def _deliver(self, channel: bytes, data: bytes) -> None:
        # Most changes of the account are of orders and prices, and no reason to look.
        if channel != self._account_channel or moves_positions(data):
            self._nudged.set()

    async def _join(self, link: Link) -> None:
        keys = self._bus.keys
        await link.subscribe([keys.channel(keys.interest_index()), keys.channel(keys.account_change())])

    async def _follow(self, link: Link) -> None:
        del link
        while True:
            self._nudged.clear()
            interest = await read_interest(self._bus)
            is_followed = interest.positions or self._account_always
            held = await read_position_symbols(self._bus) if is_followed else frozenset()
            self._on_interest(interest, held)
            try:
                async with asyncio.timeout(READ_EVERY_S):
                    await self._nudged.wait()
            except TimeoutError:
                pass


async def read_interest(bus: Bus) -> codec.Interest:
    """The sum of all replicas' interests. Raises BusUnavailable."""
    return _sum(await read_members(bus, bus.keys.interest_index(), bus.keys.interest))


def _sum(values: list[bytes]) -> codec.Interest:
    symbols: Counter[str] = Counter()
    positions = 0
    bars: dict[str, set[Interval]] = {}
    held: set[str] = set()
    for value in values:
        try:
            interest = codec.decode_interest(value)
        except msgspec.DecodeError as error:
            logger.warning("interest_not_understood: %s", error)
            continue
        symbols.update(interest.symbols)
        positions += interest.positions
        held.update(interest.held)
        for symbol, intervals in interest.bars.items():
            bars.setdefault(symbol, set()).update(intervals)
    lengths = {s: sorted(intervals) for s, intervals in bars.items()}
    return codec.Interest(dict(symbols), positions, lengths, sorted(held - symbols.keys()))
