"""The right to hold a market's one connection, with the fence that a paused owner cannot get past.

    lease:<name>   the holder's id, for LEASE_TTL_S, renewed every LEASE_RENEW_S
    epoch:<name>   the fence: a number that each owner draws, max(last + 2, Redis TIME in µs), so that it
                   grows even after Redis was emptied. The first that an owner draws is its epoch.

An owner believes its own monotonic clock, counted from *before* the renewal was sent: it stops in time even
when Redis cannot be asked. Redis compares holder and number again on every write (see `fence.py`). An owner
goes on to the next number when it gave up waiting: what it had sent may still be on its way.

A Redis that was emptied has forgotten who owns what. The owner, who is still connected to the venue, takes
its lease back; everybody else waits for longer than a lease lasts, so that no two of them dial.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Final, Never

from tapecast.bus.connection import Bus
from tapecast.bus.keys import LEASE_RENEW_S, LEASE_TTL_S
from tapecast.errors import BusRefused, BusUnavailable, LeaseLost

logger = logging.getLogger(__name__)

RETRY_S: Final = 0.5
"""How often a standby tries. Kept well under the two seconds in which it has to be live after a release."""
RENEW_LIMIT_S: Final = 1.5
"""For one renewal: a lease has time for three of them, so one answer that never comes does not cost it."""
GROWN_S: Final = LEASE_TTL_S + 1
"""A Redis that has forgotten nothing for so long has seen every lease renewed or ended."""

LONGEST: Final = 18
"""Digits of a number that may be ours."""

HELD: Final = "lease_held"
RESTARTED: Final = "redis_restarted"
UNAVAILABLE: Final = "cache_unavailable"
"""Why a standby waits: another process is the owner, or one may be that Redis has forgotten; or nobody can be
asked, unless Redis itself says why not."""


class Lease:
    """One name's lease, as one process sees it."""

    def __init__(self, bus: Bus, name: str, holder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self.name = name
        self.holder = holder
        self.key = bus.keys.lease(name)
        self._clock = clock
        self.number_key = bus.keys.epoch(name)
        self._keys = [self.key, self.number_key]
        self._take, self._renew, self._release = (
            bus.redis.register_script(files("tapecast.bus").joinpath(f"{script}.lua").read_text("utf-8"))
            for script in ("take", "renew", "release")
        )
        self.epoch = 0
        self.number = 0
        self._valid_until = 0.0
        # The same by Redis's clock, of which the script hears.
        self._redis_until_us = 0
        # The number that Redis has shown us last: one that knows a lower one has forgotten something. And the
        # highest ever.
        self._seen = self._highest = 0
        # Which Redis we talk to, since when, and until when it may not know of an owner.
        self._run_id = ""
        self._run_since = math.inf
        self._forgetful_until = -math.inf
        self._is_held = False
        # Why we could not ask last.
        self._complaint = ""

    @property
    def valid(self) -> bool:
        """Whether this process may act as the owner now."""
        return self._clock() < self._valid_until

    async def acquire(self, *, patient: bool = False) -> bool:
        """Try to become the owner. Raises BusUnavailable; it may be ours even so: `release` it in the end.

        `patient`: not of a Redis that may have forgotten an owner.
        """
        asked, known = self._clock(), ""
        if asked - self._run_since >= GROWN_S:
            # Its uptime is by its wall clock, which may have been set back; ours has seen it for as long.
            known = self._run_id
        ttl_ms = int(LEASE_TTL_S * 1000)
        terms: list[str | int | float] = [self.holder, ttl_ms, self._highest]
        terms += [int(patient), GROWN_S, known, self._seen]
        async with self._bus.asking():
            outcome, number, redis_us, run_id = await self._take(keys=self._keys, args=terms)
        self._see(int(number) if number.isdigit() and len(number) <= LONGEST else 0, run_id.decode())
        self._is_held = outcome == 0
        if outcome <= 0:
            return False
        self.epoch = self.number = self._highest = self._seen
        self._prolong(asked, redis_us)
        return True

    def _see(self, number: int, run_id: str) -> None:
        now = self._clock()
        if number < self._seen:
            self._forgetful_until = now + GROWN_S
        if run_id != self._run_id:
            self._run_id, self._run_since = run_id, now
        self._seen, self._highest = number, max(number, self._highest)

    def _prolong(self, asked: float, redis_us: int) -> None:
        self._valid_until = asked + LEASE_TTL_S
        self._redis_until_us = redis_us + int(LEASE_TTL_S * 1_000_000)

    async def wait(self, on_wait: Callable[[str], None] = lambda _: None) -> None:
        """Wait, as a standby, until this process is the owner. `on_wait`: told why it is not, each time."""
        while True:
            try:
                is_forgetful = self._clock() < self._forgetful_until
                if not is_forgetful and await self.acquire(patient=not self._bus.is_private):
                    return
                on_wait(HELD if self._is_held and not is_forgetful else RESTARTED)
                self._complaint = ""
            except BusUnavailable as error:
                if self._is_new(str(error)):
                    logger.warning("lease_not_asked: %s: %s", self.name, error)
                on_wait(error.reason if isinstance(error, BusRefused) else UNAVAILABLE)
            await asyncio.sleep(RETRY_S)

    async def keep(self) -> Never:
        """Renew until the lease is lost, which raises LeaseLost.

        Redis may be unreachable for a while: the lease is kept for as long as its time lasts, never longer.
        """
        while True:
            pause_s = LEASE_RENEW_S
            try:
                # An answer that comes after the lease's own end is of no use, and waiting for it would hold
                # the venue's socket while another owner dials.
                async with asyncio.timeout(min(RENEW_LIMIT_S, self._left())):
                    await self.renew()
                self._complaint = ""
            except (BusUnavailable, TimeoutError) as error:
                if not self.valid:
                    raise self._over() from None
                pause_s = RETRY_S
                why = str(error) or f"no answer in {RENEW_LIMIT_S} s"
                if self._is_new(why):
                    logger.warning("lease_not_renewed: %s: %s", self.name, why)
            # Not inside of the limit, which dates from before the renewal: a Redis that answers late but in
            # time costs no lease.
            await asyncio.sleep(max(0.0, min(pause_s, self._left())))

    def _is_new(self, complaint: str) -> bool:
        # Said once for each reason: it is tried again twice a second, for each market.
        before, self._complaint = self._complaint, complaint
        return before != complaint

    def _over(self) -> LeaseLost:
        return LeaseLost(f"the lease of {self.name} ran out while Redis was away or this process stood still")

    def _left(self) -> float:
        return self._valid_until - self._clock()

    async def renew(self, *, onward: bool = False) -> None:
        """Prolong the lease, or take it back from a Redis that forgot it.

        `onward`: what this process has sent so far, and has no answer to, is not to be written any more.
        Raises BusUnavailable, or LeaseLost if it is another's, was so meanwhile, or has run out by our clock.
        """
        asked = self._clock()
        if not self.valid:
            raise self._over()
        ttl_ms, number = int(LEASE_TTL_S * 1000), self.number
        terms: list[str | int] = [self.holder, number, number + 1, ttl_ms, int(onward), self._redis_until_us]
        async with self._bus.asking():
            ours, redis_us = await self._renew(keys=self._keys, args=terms)
        if not ours:
            self._valid_until = 0.0
            raise LeaseLost(f"the lease of {self.name} is another's now")
        self.number = self._highest = max(self.number, int(ours))
        self._prolong(asked, redis_us)

    async def release(self) -> None:
        """Give the lease up at once, so that a standby need not wait for its end."""
        self._valid_until = 0.0
        try:
            async with self._bus.asking():
                await self._release(keys=self._keys, args=[self.holder, self.number, self.number + 2])
        except BusUnavailable as error:
            logger.warning("lease_not_released: %s", error)
