"""The right to hold a market's one connection, with the fence that a paused owner cannot get past.

    lease:<name>   the holder's id, for LEASE_TTL_S, renewed every LEASE_RENEW_S
    epoch:<name>   the fence: max(last + 1, Redis TIME in µs), so it grows even after Redis was emptied

An owner believes its own monotonic clock, counted from *before* the renewal was sent: it stops in time even
when Redis cannot be asked. Redis checks the holder again on every write (see `fence.py`).

A Redis that was restarted empty has forgotten who owns what. The owner, who is still connected to the venue,
takes its lease back; everybody else waits until that Redis is older than a lease, so that no two of them ever
dial. `release` deletes the key too, but leaves an epoch behind it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Never

from tapecast.bus.connection import Bus
from tapecast.bus.keys import LEASE_RENEW_S, LEASE_TTL_S
from tapecast.errors import BusUnavailable, LeaseLost

logger = logging.getLogger(__name__)

RETRY_S: Final = 0.5
"""How often a standby tries. Kept well under the two seconds in which it has to be live after a release."""
GROWN_S: Final = LEASE_TTL_S + 1
"""A Redis that has been up for so long, in whole seconds, has seen every lease renewed or ended."""

HELD: Final = "lease_held"
RESTARTED: Final = "redis_restarted"
"""Why a standby waits: another process is the owner, or one may be that Redis has forgotten."""

# Compare the holder, then act, in one step: between two calls the lease could expire and change hands.
_IF_OURS = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
_PROLONG = _IF_OURS + "return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
_RELEASE = _IF_OURS + "return redis.call('DEL', KEYS[1])"
# Nobody's, and nobody has owned it since us: Redis was emptied, and we take up where we were.
_RENEW = """
local holder = redis.call('GET', KEYS[1])
if not holder and tonumber(redis.call('GET', KEYS[2]) or 0) <= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], ARGV[3])
elseif holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class Lease:
    """One name's lease, as one process sees it."""

    def __init__(self, bus: Bus, name: str, holder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self.name = name
        self.holder = holder
        self.key = bus.keys.lease(name)
        self._epoch_key = bus.keys.epoch(name)
        self._clock = clock
        self._prolong = bus.redis.register_script(_PROLONG)
        self._renew = bus.redis.register_script(_RENEW)
        self._release = bus.redis.register_script(_RELEASE)
        self.epoch = 0
        self._valid_until = 0.0

    @property
    def valid(self) -> bool:
        """Whether this process may act as the owner now."""
        return self._clock() < self._valid_until

    async def acquire(self) -> bool:
        """Try to become the owner. Raises BusUnavailable."""
        asked = self._clock()
        try:
            taken = await self._take()
        except asyncio.CancelledError:
            # Ended half way: the lease may be ours without our knowing, and would keep others out.
            await self.release()
            raise
        if taken:
            self._valid_until = asked + LEASE_TTL_S
        return taken

    async def _take(self) -> bool:
        ttl_ms = int(LEASE_TTL_S * 1000)
        async with self._bus.asking() as redis:
            taken = await redis.set(self.key, self.holder, nx=True, px=ttl_ms)
            # It may be ours already: taken by an earlier try that failed before it had its epoch.
            if not taken and not await self._prolong(keys=[self.key], args=[self.holder, ttl_ms]):
                return False
            self.epoch = await self._next_epoch()
        return True

    async def _next_epoch(self) -> int:
        old = int(await self._bus.redis.get(self._epoch_key) or 0)
        seconds, micros = await self._bus.redis.time()
        epoch = max(old + 1, int(seconds) * 1_000_000 + int(micros))
        await self._bus.redis.set(self._epoch_key, epoch)
        return epoch

    async def wait(self, on_wait: Callable[[str], None] = lambda _: None) -> None:
        """Wait, as a standby, until this process is the owner. `on_wait`: told why it is not, each time."""
        while True:
            try:
                # Asked each time: redis-py connects anew without a word, also to one that was just restarted.
                is_grown = self._bus.is_private or await self._is_grown()
                if is_grown and await self.acquire():
                    return
                on_wait(HELD if is_grown else RESTARTED)
            except BusUnavailable as error:
                logger.debug("lease_not_asked: %s", error)
            await asyncio.sleep(RETRY_S)

    async def _is_grown(self) -> bool:
        async with self._bus.asking() as redis:
            return int((await redis.info("server"))["uptime_in_seconds"]) >= GROWN_S

    async def keep(self) -> Never:
        """Renew until the lease is lost, which raises LeaseLost.

        Redis may be unreachable for a while: the lease is kept for as long as its time lasts, never longer.
        """
        while True:
            try:
                # An answer that comes after the lease's own end is of no use, and waiting for it would hold
                # the venue's socket while another owner dials.
                async with asyncio.timeout(self._left()):
                    await self.renew()
            except BusUnavailable as error:
                logger.warning("lease_not_renewed: %s", error)
            except TimeoutError:
                raise self._over() from None
            # Not inside of the limit, which dates from before the renewal: a Redis that answers late but in
            # time costs no lease.
            await asyncio.sleep(max(0.0, min(LEASE_RENEW_S, self._left())))

    def _over(self) -> LeaseLost:
        return LeaseLost(f"the lease of {self.name} ran out while Redis was away or this process stood still")

    def _left(self) -> float:
        return self._valid_until - self._clock()

    async def renew(self) -> None:
        """Prolong the lease, or take it back from a Redis that forgot it.

        Raises BusUnavailable, or LeaseLost if it is another's, was so meanwhile, or has run out by our clock.
        """
        asked = self._clock()
        if not self.valid:
            raise self._over()
        terms: list[str | int] = [self.holder, int(LEASE_TTL_S * 1000), self.epoch]
        async with self._bus.asking():
            kept = await self._renew(keys=[self.key, self._epoch_key], args=terms)
        if not kept:
            self._valid_until = 0.0
            raise LeaseLost(f"the lease of {self.name} is another's now")
        self._valid_until = asked + LEASE_TTL_S

    async def release(self) -> None:
        """Give the lease up at once, so that a standby need not wait for its end."""
        self._valid_until = 0.0
        try:
            async with self._bus.asking():
                await self._release(keys=[self.key], args=[self.holder])
        except BusUnavailable as error:
            logger.warning("lease_not_released: %s", error)
