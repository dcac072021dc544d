"""Writing under a lease: the one script through which every value of an owner goes.

A plain pipeline would write for an owner that was paused (SIGSTOP, a frozen VM) past the end of its lease,
and clients would see its old prices after the new owner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

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
        # Whether a call of ours may still be on its way: given up by us, and not known to be lost.
        self._is_doubtful = False
        # Not redis-py's `register_script`: in a pipeline that asks about the script before every run.
        self._sha = ""

    async def write(self, writes: Sequence[Write], ttl_s: float, last_ttl_s: int = 0) -> None:
        """Set and publish, BATCH keys to a call, pipelined. Raises LeaseLost, BusUnavailable."""
        lease = self._lease
        if not lease.valid:
            raise LeaseLost(f"the lease of {lease.name} has run out")
        if not writes:
            return
        if self._is_doubtful:
            # What a network held back may come after what we write now: under the old number it is refused.
            # Before the wait: a write beside this one may fail meanwhile, and that is a doubt of its own.
            self._is_doubtful = False
            try:
                await lease.renew(onward=True)
            except BaseException:
                self._is_doubtful = True
                raise
        # Redis takes no time to live of nothing.
        times = (_bulk(str(max(1, round(ttl_s * 1000)))), _bulk(str(last_ttl_s)))
        if not all(await self._tried(writes, times)):
            # Raises, unless Redis was emptied and the lease could be taken back.
            await lease.renew()
            if not all(await self._tried(writes, times)):
                raise LeaseLost(f"the lease of {lease.name} is not ours")

    async def _tried(self, writes: Sequence[Write], times: tuple[bytes, bytes]) -> list[int]:
        lease = self._lease
        terms = (_bulk(lease.holder), _bulk(str(lease.number)), *times)
        calls = [
            _arguments(lease, writes[start : start + BATCH], terms) for start in range(0, len(writes), BATCH)
        ]
        try:
            async with self._bus.asking():
                try:
                    return await self._execute(calls)
                except NoScriptError:
                    # Redis was restarted or its scripts flushed.
                    self._sha = ""
                    return await self._execute(calls)
        except BaseException:
            self._is_doubtful = True
            raise

    async def _execute(self, calls: Sequence[_Arguments]) -> list[int]:
        if not self._sha:
            self._sha = await self._bus.redis.script_load(_SCRIPT)
        command = _bulk("EVALSHA") + _bulk(self._sha)
        return await self._exchange([b"*%d\r\n%b%b" % (number + 2, command, data) for number, data in calls])

    async def _exchange(self, packed: list[bytes]) -> list[int]:
        """Send commands that are packed already, over a connection of redis-py's.

        Its own packing costs more than Redis needs to execute them.
        """
        pool = self._bus.redis.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_packed_command(packed)
            return [await connection.read_response() for _ in packed]
        except BaseException:
            # Answers left unread would be taken for those of whoever has the connection next.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)


class _Arguments(NamedTuple):
    """What follows the script's name in one call: how many arguments, and they themselves."""

    number: int
    data: bytes


def _arguments(lease: Lease, batch: Sequence[Write], terms: tuple[bytes, ...]) -> _Arguments:
    parts = [_bulk(str(len(batch) + 2)), _bulk(lease.key), _bulk(lease.number_key)]
    parts += [_bulk(write.key) for write in batch]
    parts += terms
    parts += [
        b"$%d\r\n%b\r\n%b%b" % (len(value), value, _bulk(last), _bulk(channel))
        for _, value, last, channel in batch
    ]
    return _Arguments(3 + len(batch) + len(terms) + 3 * len(batch), b"".join(parts))


@lru_cache(maxsize=100_000)  # The names of all symbols, three each: they are the same in every flush.
def _bulk(text: str) -> bytes:
    data = text.encode()
    return b"$%d\r\n%b\r\n" % (len(data), data)
