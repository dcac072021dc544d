"""The account's image and its numbered changes, on their way to Redis.

A change is made here and written by one task, in order, as many at once as have come together. What Redis
does not take is tried again. When too many wait, they are all forgotten but what they did to the image: the
next number is then one that readers do not expect, and they read the whole image.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final, Never

from msgspec.structs import replace

from tapecast.bus.account import ORDERS_KEPT, after, read_account, write_account
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import ACCOUNT_TOUCH_S
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable, StartError
from tapecast.ingest.account.timing import Timing
from tapecast.market import FeedState

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 100
"""Changes; some seconds of a wild market's order events."""


class Journal:
    """Of one ownership, from the change that says everything to the last."""

    def __init__(self, bus: Bus, lease: Lease, clock: Clock, timing: Timing, *, simulated: bool) -> None:
        self._bus = bus
        self._fence = Fence(bus, lease)
        self._clock = clock
        self._timing = timing
        self._due = asyncio.Event()
        self._waiting: list[AccountChange] = []
        self._failed = ""
        # Positions that the newest list lacks, and since when.
        self._missing: dict[object, float] = {}
        self.image = AccountImage(lease.epoch, 0, simulated, since=clock.iso())

    async def begin(self) -> None:
        """Take over what was known. Raises StartError over a real account's image, BusUnavailable."""
        image, known = self.image, await read_account(self._bus)
        if known is not None and image.simulated and not known.simulated:
            raise StartError(
                f"Redis at {self._bus.place} holds a real account, and no simulated one starts over it. "
                "Set REDIS_PREFIX or another REDIS_URL"
            )
        if known is not None and known.simulated == image.simulated:
            state, since = image.state, image.since
            image = replace(known, epoch=image.epoch, seq=0, state=state, reason="", since=since)
            self.image = image
        self._add(
            account=image.account, as_of=image.as_of, positions=image.positions, portfolio=image.portfolio,
            orders=image.orders, state=image.state, reason=image.reason, since=image.since,
        )  # fmt: skip

    def turn(self, state: FeedState, reason: str) -> None:
        """The account's state changed."""
        if (state, reason) != (self.image.state, self.image.reason):
            self._add(state=state, reason=reason, since=self._clock.iso())

    def on_order(self, event: Fields) -> None:
        """An order event."""
        self._add(order=event)

    def on_orders(self, orders: list[Fields]) -> None:
        """The recent orders were read."""
        if orders[:ORDERS_KEPT] != self.image.orders:
            self._add(orders=orders[:ORDERS_KEPT])

    def on_positions(
        self,
        positions: list[Fields],
        figures: Fields,
        as_of: str,
        *,
        is_whole: bool,
        closed: Collection[str] = (),
    ) -> None:
        """Positions and figures were read.

        If not whole, what is missing among them may be open still, for a while; not those that a fill closed.
        """
        known = {position.get("symbol"): position for position in self.image.positions}
        found = {position.get("symbol"): position for position in positions}
        now = self._clock.now()
        self._missing = {symbol: self._missing.get(symbol, now) for symbol in known if symbol not in found}
        gone = [
            symbol
            for symbol, since in self._missing.items()
            if is_whole or symbol in closed or now - since >= self._timing.odd_s
        ]
        known_number = self.image.account
        # An answer without a number is of the account that we know.
        number = figures.get("account_number") or known_number or figures.get("id")
        is_other = isinstance(number, str) and number != known_number
        self._add(
            account=number if is_other else None,
            # Another account's orders must not stand under this one's number.
            orders=[] if is_other and known_number else None,
            as_of=as_of,
            positions=[each for symbol, each in found.items() if known.get(symbol) != each],
            closed=[str(symbol) for symbol in gone],
            portfolio=None if figures == self.image.portfolio else figures,
        )

    def touch(self) -> None:
        """Say soon that all of it still holds."""
        self._due.set()

    def _add(self, **fields: Any) -> None:
        change = AccountChange(self.image.epoch, self.image.seq + 1, **fields)
        self.image = after(self.image, change)
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
        self._waiting.append(change)
        self._due.set()

    async def write_forever(self) -> Never:
        """Write each change, and every ACCOUNT_TOUCH_S one that is empty. Raises LeaseLost."""
        while True:
            self._due.clear()
            if not self._waiting:
                self._add()
                self._due.clear()
            if not await self.flush():
                await asyncio.sleep(self._timing.rewrite_s)
                self._due.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(ACCOUNT_TOUCH_S):
                    await self._due.wait()

    async def flush(self) -> bool:
        """Write what waits; whether Redis took it. Raises LeaseLost."""
        changes, image = tuple(self._waiting), self.image
        try:
            await write_account(self._bus, self._fence, image, changes)
        except BusUnavailable as error:
            if str(error) != self._failed:
                logger.warning("account_not_written: %s", error)
            self._failed = str(error)
            return False
        self._failed = ""
        self._waiting = [change for change in self._waiting if change.seq > image.seq]
        return True
