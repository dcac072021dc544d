"""Workers whose every step is the test's to allow: what the machine of ownership schedules.

The lease, its scripts and its loops are the real ones. Each await of a worker's life ends only when the test
says so, and each of its calls fails when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import Redis

from tapecast.bus.connection import Bus
from tapecast.bus.keys import LEASE_TTL_S
from tapecast.bus.lease import GROWN_S, Lease
from tapecast.errors import BusUnavailable, LeaseLost
from tests.support import PATIENCE_S


class FakeClock:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def cancelled(task: asyncio.Task[None]) -> None:
    """End a task that waits for ever."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True)
class Link(Bus):
    """One process's Redis: each fault is one call that fails."""

    faults: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Redis]:
        """As ever, unless a fault is due."""
        if self.faults:
            raise BusUnavailable(self.faults.pop())
        async with super().asking() as redis:
            yield redis


class StoppableLease(Lease):
    """Its process may also stand still inside of a call: before Redis has it, or before the answer."""

    def __init__(
        self, link: Link, holder: str, clock: Callable[[], float], age: Callable[[], float],
        stop: Callable[[float], Awaitable[None]],
    ) -> None:  # fmt: skip
        super().__init__(link, "crypto", holder, clock)
        self._renew_at_once = renew = self._renew
        take = self._take

        # What Redis does not know of the time that the model lets pass is put right here: its age, until
        # when a lease lasts, and when an answer was given.
        async def taking(keys: list[str], args: list[Any]) -> Any:
            await stop(0)
            *terms, _, _, seen = args
            answer = await take(keys=keys, args=[*terms, 10**9 if age() < GROWN_S else -(10**9), "", seen])
            answer[2] -= await self._pass_us()
            return answer

        async def renewing(keys: list[str], args: list[Any]) -> Any:
            *terms, until_us = args
            until_us -= await self._pass_us()
            answer = await renew(keys=keys, args=[*terms, until_us])
            answer[1] -= await self._pass_us()
            return answer

        self._stop = stop
        self._take, self._renew = cast("Any", taking), cast("Any", renewing)

    async def _pass_us(self) -> int:
        began = self._clock()
        await self._stop(0)
        return int((self._clock() - began) * 1_000_000)

    async def renew_late(self, *, onward: bool = False) -> None:
        """As `renew`, by a process that was stopped after it had looked at its clock."""
        number, ttl_ms = self.number, int(LEASE_TTL_S * 1000)
        terms: list[str | int] = [self.holder, number, number + 1, ttl_ms, int(onward), self._redis_until_us]
        ours, _ = await self._renew_at_once(keys=self._keys, args=terms)
        if not ours:
            raise LeaseLost("another's")
        self.number = int(ours)

    def pass_time(self, seconds: float) -> None:
        """For Redis's clock, which cannot be moved: what we know of it goes back instead."""
        self._redis_until_us -= int(seconds * 1_000_000)


class Process:
    """A worker's life as far as its lease goes: wait, keep, lose, wait."""

    def __init__(self, lease: StoppableLease, link: Link) -> None:
        self.lease, self.link = lease, link
        self.task = asyncio.create_task(self._live())
        self._stopped, self._goes_on = asyncio.Event(), asyncio.Event()

    async def _live(self) -> None:
        while True:
            await self.lease.wait()
            with suppress(LeaseLost):
                await self.lease.keep()

    async def stop(self) -> None:
        """Stand still until the next turn."""
        self._stopped.set()
        await self._goes_on.wait()
        self._goes_on.clear()

    async def turn(self) -> None:
        """Go on to where it stops next."""
        self._goes_on.set()
        await self.stopped()

    async def stopped(self) -> None:
        """Wait until it stands still."""
        async with asyncio.timeout(PATIENCE_S):
            await self._stopped.wait()
        self._stopped.clear()

    async def end(self) -> None:
        """Without a word."""
        self.task.cancel()
        await asyncio.wait([self.task])


class Believed:
    """A lease as a process saw it before it was stopped, on its way to write."""

    valid = True

    def __init__(self, lease: StoppableLease) -> None:
        self._lease = lease

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lease, "renew_late" if name == "renew" else name)
