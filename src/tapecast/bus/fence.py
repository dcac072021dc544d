"""Writing under a lease: the one script through which every value of an owner goes.

A plain pipeline would write for an owner that was paused (SIGSTOP, a frozen VM) past the end of its lease,
and clients would see its old prices after the new owner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any, Final, NamedTuple

from redis.exceptions import NoScriptError

from tapecast.bus.connection import Bus
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost

BATCH: Final = 200
"""Keys in one call: 10,000 would block Redis for 50 ms, 200 for one."""

_SCRIPT: Final = files("tapecast.bus").joinpath("fence.lua").read_text("utf-8")


class Write(NamedTuple):
    """One value to set; an empty one deletes the key.

    `last`: a second key to keep it in. `channel`: where to publish it. Or empty.
    """

    key: str
    value: bytes
    last: str = ""
    channel: str = ""


class Fence:
    """Writes for as long as its lease is valid, by our own clock and by Redis's word."""

    def __init__(self, bus: Bus, lease: Lease) -> None:
        self._bus = bus
        self._lease = lease
        # Not redis-py's `register_script`: in a pipeline that asks about the script before every run.
        self._sha = ""

    async def write(self, writes: Sequence[Write], ttl_s: float, last_ttl_s: int = 0) -> None:
        """Set and publish, BATCH keys to a call, pipelined. Raises LeaseLost, BusUnavailable."""
        lease = self._lease
        if not lease.valid:
            raise LeaseLost(f"the lease of {lease.name} has run out")
        calls = [_call(lease, batch, ttl_s, last_ttl_s) for batch in _batches(writes)]
        async with self._bus.asking():
            try:
                answers = await self._execute(calls)
            except NoScriptError:
                # Redis was restarted or its scripts flushed.
                self._sha = ""
                answers = await self._execute(calls)
        if not all(answers):
            raise LeaseLost(f"the lease of {lease.name} is not ours")

    async def _execute(self, calls: list[list[Any]]) -> list[int]:
        if not self._sha:
            self._sha = await self._bus.redis.script_load(_SCRIPT)
        async with self._bus.redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.evalsha(self._sha, *call)
            return await pipe.execute()


def _call(lease: Lease, batch: list[Write], ttl_s: float, last_ttl_s: int) -> list[Any]:
    call: list[Any] = [len(batch) + 1, lease.key, *(write.key for write in batch)]
    # Redis takes no time to live of nothing.
    call += (lease.holder, max(1, round(ttl_s * 1000)), last_ttl_s)
    for write in batch:
        call += (write.value, write.last, write.channel)
    return call


def _batches(writes: Iterable[Write]) -> Iterable[list[Write]]:
    rest = iter(writes)
    while batch := list(islice(rest, BATCH)):
        yield batch
