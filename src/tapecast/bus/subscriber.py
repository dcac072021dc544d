"""The one Redis reader of an api process: supervised, and never with a gap it does not know of.

The join of each symbol is SUBSCRIBE, wait for the acknowledgement, then read the cache: whatever was
published in between arrives twice and is dropped by its order, and nothing is missed. After a lost link every
symbol is joined again *before* the beats are heard again, because a beat vouches for the tick that is held,
and the one held may be the one from before the loss.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Never, Protocol, TypeVar

import msgspec

from tapecast.bus import codec
from tapecast.bus.bars_joins import BarJoins
from tapecast.bus.cache import read_prices, read_time_left, read_values
from tapecast.bus.connection import Bus
from tapecast.bus.follower import AccountFollower
from tapecast.bus.keys import BEAT_EVERY_S, BEAT_TTL_S
from tapecast.bus.link import Link, keep_link
from tapecast.bus.status import read_statuses
from tapecast.errors import BusUnavailable
from tapecast.market import Market

V = TypeVar("V")

logger = logging.getLogger(__name__)

RECENT_BEAT_S: Final = BEAT_TTL_S - 1.5 * BEAT_EVERY_S


class SubscriberListener(Protocol):
    """The hub's side. Every method returns at once and never raises."""

    def on_tick(self, symbol: str, data: bytes) -> None:
        """A tick as it was published."""

    def on_cached(self, symbol: str, price: bytes | None, last: bytes | None, fresh_for_s: float) -> None:
        """The answer to a join: what `price:` and `last:` hold, and for how long the former still lives."""

    def on_beat(self, beat: codec.Beat) -> None:
        """The pulse of a market's owner."""

    def on_ingest(self, status: codec.IngestStatus) -> None:
        """What an ingest process says of itself."""

    def on_replica(self, status: codec.ReplicaStatus) -> None:
        """What an api process says of itself (this one's own included)."""

    def on_account(self, image: codec.AccountImage, change: codec.AccountChange | None, age_s: float) -> None:
        """The account, and the change that led to it; without one all of it, as it was `age_s` ago."""

    def on_link(self, up: bool) -> None:
        """Redis was lost, or is back with every symbol joined again."""


class Subscriber:
    """Keeps the wanted symbols subscribed and hands everything heard to its listener."""

    def __init__(self, bus: Bus, listener: SubscriberListener) -> None:
        self._bus = bus
        self._listener = listener
        self._wanted: set[str] = set()
        # Symbols subscribed on the present link.
        self._joined: set[str] = set()
        # Symbols whose cache is still to be read. A symbol dropped and added again needs a new answer even
        # though its subscription never changed.
        self._unread: set[str] = set()
        self._changed = asyncio.Event()
        self._account = AccountFollower(bus, listener.on_account, self._changed.set)
        self.bars = BarJoins(bus, self._changed)
        self._symbols: dict[bytes, str] = {}
        # The other channels on which something came on the present link.
        self._heard: set[bytes] = set()
        self._fixed: dict[bytes, Callable[[bytes], None]] = self._fixed_channels()

    def add(self, symbols: Iterable[str]) -> None:
        """Want these symbols too; each is answered by one `on_cached`."""
        added = set(symbols)
        self._wanted |= added
        self._unread |= added
        self._changed.set()

    def remove(self, symbols: Iterable[str]) -> None:
        """No longer want these symbols."""
        removed = set(symbols)
        self._wanted -= removed
        self._unread -= removed
        self._changed.set()

    async def run(self) -> Never:
        """Read for ever; reconnect by itself."""
        await keep_link(self._bus, self._deliver, self._rejoin, self._follow, self._listener.on_link)

    async def _rejoin(self, link: Link) -> None:
        self._joined.clear()
        self._heard.clear()
        self._unread = set(self._wanted)
        self.bars.begin()
        await self._join(link)
        await link.subscribe(name.decode() for name in self._fixed)
        await self._read_fixed()
        await self._account.read()

    async def _follow(self, link: Link) -> None:
        while True:
            await self._changed.wait()
            await self._join(link)
            if self._account.is_behind:
                await self._account.read()

    async def _join(self, link: Link) -> None:
        self._changed.clear()
        unread = self._unread
        self._unread = set()
        try:
            await self._leave(link, self._joined - self._wanted)
            await self._enter(link, unread - self._joined)
            for cached in await read_prices(self._bus, sorted(unread)):
                if cached.symbol in self._wanted:
                    self._listener.on_cached(*cached)
        except BusUnavailable:
            self._unread |= unread
            raise
        await self.bars.join(link)

    async def _enter(self, link: Link, symbols: set[str]) -> None:
        channels = {self._price_channel(symbol): symbol for symbol in symbols}
        self._symbols.update((name.encode(), symbol) for name, symbol in channels.items())
        await link.subscribe(channels)
        self._joined |= symbols

    async def _leave(self, link: Link, symbols: set[str]) -> None:
        channels = [self._price_channel(symbol) for symbol in symbols]
        for name in channels:
            self._symbols.pop(name.encode(), None)
        self._joined -= symbols
        await link.unsubscribe(channels)

    def _deliver(self, channel: bytes, data: bytes) -> None:
        symbol = self._symbols.get(channel)
        if symbol is not None:
            self._listener.on_tick(symbol, data)
            return
        if self.bars.deliver(channel, data):
            return
        handle = self._fixed.get(channel)
        if handle is not None:
            self._heard.add(channel)
            handle(data)

    async def _read_fixed(self) -> None:
        keys = self._bus.keys
        beats = [keys.beat(market) for market in Market]
        left = await read_time_left(self._bus, beats)
        # Only a beat of the last second is a pulse. An older one is all that is left of a killed owner, and
        # taken for a pulse it would make its prices live for five more seconds.
        recent = [name for name, left_s in zip(beats, left, strict=True) if left_s > RECENT_BEAT_S]
        for name, data in zip(recent, await read_values(self._bus, recent), strict=True):
            channel = keys.channel(name).encode()
            # What was published since the subscription is newer than what was read.
            if data is not None and channel not in self._heard:
                self._fixed[channel](data)
        for role in ("ingest", "api"):
            handle = self._fixed[keys.channel(keys.status_index(role)).encode()]
            for data in await read_statuses(self._bus, role):
                handle(data)

    def _fixed_channels(self) -> dict[bytes, Callable[[bytes], None]]:
        keys, listener = self._bus.keys, self._listener
        on_beat = _decoding(codec.decode_beat, listener.on_beat)
        handlers = {keys.beat(market): on_beat for market in Market}
        handlers[keys.status_index("ingest")] = _decoding(codec.decode_ingest_status, listener.on_ingest)
        handlers[keys.status_index("api")] = _decoding(codec.decode_replica_status, listener.on_replica)
        on_change = _decoding(codec.decode_account_change, self._account.on_change)
        handlers[keys.account_change()] = on_change
        return {keys.channel(name).encode(): handle for name, handle in handlers.items()}

    def _price_channel(self, symbol: str) -> str:
        return self._bus.keys.channel(self._bus.keys.price(symbol))


def _decoding(decode: Callable[[bytes], V], handle: Callable[[V], None]) -> Callable[[bytes], None]:
    def deliver(data: bytes) -> None:
        # Another version of us, or somebody else, may publish under our names: that must not end the reader.
        try:
            value = decode(data)
        except msgspec.DecodeError as error:
            logger.warning("message_not_understood: %s", error)
            return
        handle(value)

    return deliver
