"""The account as an api process knows it: one image, kept new by numbered changes.

Whoever misses a change reads the whole image. What is published while that is read waits for it, because it
may or may not be in there; its number tells. So nothing is missed, and nothing is taken twice.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from tapecast.bus.account import after, is_next, read_account
from tapecast.bus.cache import read_time_left
from tapecast.bus.codec import AccountChange, AccountImage
from tapecast.bus.connection import Bus
from tapecast.bus.keys import ACCOUNT_TTL_S, SIMULATED_ACCOUNT_TTL_S

logger = logging.getLogger(__name__)

WAITING: Final = 64
"""Changes that wait while the image is read. Of more the first are dropped, and it is read once more."""

OnAccount = Callable[[AccountImage, AccountChange | None, float], None]


class AccountFollower:
    """The newest image. `on_account` is told each step, `on_behind` that `read` is needed."""

    def __init__(self, bus: Bus, on_account: OnAccount, on_behind: Callable[[], None]) -> None:
        self._bus = bus
        self._on_account = on_account
        self._on_behind = on_behind
        self._image: AccountImage | None = None
        # Not None while the image is being read.
        self._waiting: deque[AccountChange] | None = None
        self.is_behind = False

    def on_change(self, change: AccountChange) -> None:
        """Take a change as it was published."""
        if self._waiting is not None:
            self._waiting.append(change)
            return
        held = self._image
        image = _after(held, change) if held is not None and is_next(held, change) else None
        if image is not None:
            self._image = image
            self._on_account(image, change, 0.0)
        elif held is None or change.epoch != held.epoch or change.seq > held.seq:
            self.is_behind = True
            self._on_behind()

    async def read(self) -> None:
        """Read the whole image. Raises BusUnavailable."""
        waiting: deque[AccountChange] = deque(maxlen=WAITING)
        self._waiting = waiting
        try:
            # The time left is read first, as for prices: the image is then never older than it is said to be.
            (left_s,) = await read_time_left(self._bus, [self._bus.keys.account()])
            image = await read_account(self._bus)
        finally:
            self._waiting = None
        self.is_behind = False
        if image is not None:
            self._take(image, left_s)
        for change in waiting:
            self.on_change(change)

    def _take(self, image: AccountImage, left_s: float) -> None:
        held = self._image
        if held is not None and held.epoch == image.epoch and held.seq > image.seq:
            # From a replica of Redis that has become the primary and is behind: it catches up, or is asked
            # again. A lower epoch is taken: it is the only one left after a Redis with a fast clock is gone.
            image = held
        self._image = image
        ttl_s = SIMULATED_ACCOUNT_TTL_S if image.simulated else ACCOUNT_TTL_S
        self._on_account(image, None, max(0.0, ttl_s - left_s))


def _after(held: AccountImage, change: AccountChange) -> AccountImage | None:
    try:
        return after(held, change)
    except TypeError as error:
        # Of a foreign program, which names a symbol or an order by something that is no text.
        logger.warning("message_not_understood: %s", error)
        return None
