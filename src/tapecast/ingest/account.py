"""The account's positions, read by REST while somebody listens, and kept in the cache for all replicas.

One process does it, under a lease of its own: Alpaca allows 200 calls a minute for the whole account, and the
user's own programs need some of them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never, Protocol

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.bus.positions import write_positions
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable, FeedError, LeaseLost
from tapecast.tasks import apart

logger = logging.getLogger(__name__)

POLL_EVERY_S: Final = 10.0
"""Six calls a minute of the account's 200; between polls the apis re-price by the ticks."""


class AccountSource(Protocol):
    """Where positions come from. Both raise FeedError."""

    simulated: bool

    async def account(self) -> str:
        """The account's number."""

    async def positions(self) -> list[dict[str, object]]:
        """The open positions with Alpaca's field names, crypto spelled as on the stream."""


class Account:
    """Polls positions while they are listened to and this process holds the account's lease."""

    def __init__(
        self,
        bus: Bus,
        source: AccountSource,
        holder: str,
        clock: Clock | None = None,
    ) -> None:
        self._bus = bus
        self._source = source
        self._lease = Lease(bus, "account", holder)
        self._fence = Fence(bus, self._lease)
        self._clock = clock or Clock()
        self._listened = asyncio.Event()
        self._unlistened = asyncio.Event()
        self._number = ""
        # Kept over listeners that come and go: a page that is reloaded again and again must not cost a call
        # each time. Meanwhile the last list is in the cache.
        self._next_poll = 0.0

    def listen(self, listeners: int) -> None:
        """Set how many clients, over all replicas, listen to positions."""
        on, off = (self._listened, self._unlistened) if listeners else (self._unlistened, self._listened)
        on.set()
        off.clear()

    async def run(self) -> Never:
        """Serve whenever somebody listens."""
        while True:
            await self._listened.wait()
            try:
                await self._lease.wait()
                await apart(self._serve())
            except* LeaseLost as lost:
                logger.warning("lease_lost: account: %s", lost.exceptions[0])
            finally:
                await self._lease.release()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [tasks.create_task(self._lease.keep()), tasks.create_task(self._poll())]
            await self._unlistened.wait()
            for part in parts:
                part.cancel()

    async def _poll(self) -> Never:
        while True:
            await asyncio.sleep(max(0.0, self._next_poll - self._clock.now()))
            self._next_poll = self._clock.now() + POLL_EVERY_S
            try:
                await self._read()
            except (FeedError, BusUnavailable) as error:
                # The last list stays in the cache until it expires, with the time at which it was true.
                logger.warning("positions_not_read: %s", error)

    async def _read(self) -> None:
        self._number = self._number or await self._source.account()
        positions = await self._source.positions()
        as_of = self._clock.iso()
        found = codec.PositionList(self._number, as_of, self._source.simulated, positions)
        await write_positions(self._bus, self._fence, found)
