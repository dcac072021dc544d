"""All writes of a market's owner, through one fenced script.

A plain pipeline would write for an owner that was paused (SIGSTOP, a frozen VM) past the end of its lease,
and clients would see its old prices after the new owner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any, Final, NamedTuple

from redis.exceptions import NoScriptError

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.keys import BEAT_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost

BATCH: Final = 200
"""Symbols in one call: 10,000 would block Redis for 50 ms, 200 for one."""

_SCRIPT: Final = files("tapecast.bus").joinpath("publish.lua").read_text("utf-8")


class Write(NamedTuple):
    """One symbol's tick to write. `last`: to `last:` too. `publish`: also to those who listen."""

    symbol: str
    data: bytes
    last: bool
    publish: bool


class Publisher:
    """Writes ticks and beats for as long as its lease is valid."""

    def __init__(self, bus: Bus, lease: Lease, price_ttl_s: int, last_ttl_s: int) -> None:
        self._bus = bus
        self._lease = lease
        self._price_ttl_s = price_ttl_s
        self._last_ttl_s = last_ttl_s
        self._sha = ""

    async def publish(self, writes: Sequence[Write]) -> None:
        """Write ticks, BATCH symbols to a call, pipelined. Raises LeaseLost, BusUnavailable."""
        keys = self._bus.keys
        calls = []
        for batch in _batches(writes):
            names = [keys.price(write.symbol) for write in batch]
            args: list[bytes | str] = []
            for write, name in zip(batch, names, strict=True):
                args += (
                    write.data,
                    keys.last(write.symbol) if write.last else "",
                    keys.channel(name) if write.publish else "",
                )
            calls.append(self._call(names, self._price_ttl_s, args))
        await self._run(calls)

    async def beat(self, beat: codec.Beat) -> None:
        """Write and publish the pulse. Raises LeaseLost, BusUnavailable."""
        name = self._bus.keys.beat(beat.market)
        await self._run(
            [self._call([name], BEAT_TTL_S, [codec.encode(beat), "", self._bus.keys.channel(name)])]
        )

    def _call(self, names: list[str], ttl_s: int, args: list[bytes | str]) -> list[Any]:
        return [len(names) + 1, self._lease.key, *names, self._lease.holder, ttl_s, self._last_ttl_s, *args]

    async def _run(self, calls: list[list[Any]]) -> None:
        if not self._lease.valid:
            raise LeaseLost(f"the lease of {self._lease.name} has run out")
        async with self._bus.asking():
            try:
                answers = await self._execute(calls)
            except NoScriptError:
                # Redis was restarted or its scripts flushed.
                self._sha = ""
                answers = await self._execute(calls)
        if not all(answers):
            raise LeaseLost(f"the lease of {self._lease.name} is not ours")

    async def _execute(self, calls: list[list[Any]]) -> list[int]:
        if not self._sha:
            self._sha = await self._bus.redis.script_load(_SCRIPT)
        async with self._bus.redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.evalsha(self._sha, *call)
            return await pipe.execute()


def _batches(writes: Iterable[Write]) -> Iterable[list[Write]]:
    rest = iter(writes)
    while batch := list(islice(rest, BATCH)):
        yield batch
