"""The fenced script against a real Valkey."""

from __future__ import annotations

import pytest

from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.fence import BATCH, Fence, Write
from tapecast.bus.lease import Lease
from tapecast.errors import BusUnavailable, LeaseLost
from tests.support import free_port


@pytest.fixture
async def lease(bus: Bus) -> Lease:
    """A held lease."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    return lease


@pytest.fixture
async def fence(bus: Bus, lease: Lease) -> Fence:
    """A fence under that lease."""
    return Fence(bus, lease)


async def test_more_keys_than_one_call_takes(bus: Bus, fence: Fence) -> None:
    """Every key of a large write is written."""
    names = [f"k{number}" for number in range(2 * BATCH + 1)]
    await fence.write([Write(name, name.encode()) for name in names], ttl_s=5)
    assert await bus.redis.mget(names) == [name.encode() for name in names]


async def test_nothing_to_write_is_no_call(fence: Fence, bus: Bus) -> None:
    """An empty write leaves no trace."""
    before = await bus.redis.dbsize()
    await fence.write([], ttl_s=5)
    assert await bus.redis.dbsize() == before


@pytest.mark.parametrize("holder", [None, "another"])
async def test_without_the_lease_nothing_is_written(bus: Bus, fence: Fence, holder: str | None) -> None:
    """An owner that was paused past its lease is refused by Redis, whatever its own clock says."""
    await bus.redis.delete("lease:us_equity")
    if holder is not None:
        await bus.redis.set("lease:us_equity", holder)
    else:
        # Somebody owned it meanwhile, and has ended in order.
        await bus.redis.incrby("epoch:us_equity", 2)
    with pytest.raises(LeaseLost):
        await fence.write([Write("k", b"old", "last", "k")], ttl_s=5, last_ttl_s=5)
    assert not await bus.redis.exists("k", "last")


async def test_a_redis_that_was_emptied_is_written_to_without_a_break(
    bus: Bus, lease: Lease, fence: Fence
) -> None:
    """The owner is still the owner: it takes its lease back and writes."""
    await bus.redis.flushall()
    await fence.write([Write("k", b"new")], ttl_s=5)
    assert await bus.redis.get("k") == b"new"
    assert await bus.redis.get("lease:us_equity") == b"holder"
    assert await bus.redis.get("epoch:us_equity") == str(lease.number).encode()


async def test_what_an_owner_gave_up_is_not_written_after_what_it_wrote_then(
    bus: Bus, lease: Lease, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that stood still delivers it late, when its price is no longer the newest."""
    sent: list[list[bytes]] = []
    exchange = fence._exchange

    async def held_back(packed: list[bytes]) -> list[int]:
        sent.append(packed)
        raise TimeoutError

    await fence.write([Write("k", b"0")], ttl_s=5)
    monkeypatch.setattr(fence, "_exchange", held_back)
    with pytest.raises(BusUnavailable):
        await fence.write([Write("k", b"1")], ttl_s=5)
    monkeypatch.setattr(fence, "_exchange", exchange)
    await fence.write([Write("k", b"2")], ttl_s=5)
    assert await exchange(sent[0]) == [0]
    assert await bus.redis.get("k") == b"2"
    # One that was given up is enough: what follows is under one number again.
    number = lease.number
    await fence.write([Write("k", b"3")], ttl_s=5)
    assert lease.number == number > lease.epoch


async def test_what_was_sent_under_an_earlier_lease_is_not_written_under_the_next(
    bus: Bus, lease: Lease, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is the same process that holds it."""
    sent: list[list[bytes]] = []
    exchange = fence._exchange

    async def noted(packed: list[bytes]) -> list[int]:
        sent.append(packed)
        return await exchange(packed)

    monkeypatch.setattr(fence, "_exchange", noted)
    await fence.write([Write("k", b"1")], ttl_s=5)
    await lease.release()
    assert await lease.acquire()
    await fence.write([Write("k", b"2")], ttl_s=5)
    assert await exchange(sent[0]) == [0]
    assert await bus.redis.get("k") == b"2"


async def test_an_expired_lease_is_not_even_tried(bus: Bus, lease: Lease, fence: Fence) -> None:
    """By our own clock the lease is over: no call is made."""
    await lease.release()
    await bus.redis.set("lease:us_equity", "holder")
    with pytest.raises(LeaseLost, match="run out"):
        await fence.write([Write("k", b"old")], ttl_s=5)
    assert not await bus.redis.exists("k")


async def test_a_restarted_redis_gets_the_script_again(bus: Bus, fence: Fence) -> None:
    """A Redis that has forgotten its scripts costs nothing."""
    await fence.write([Write("k", b"1")], ttl_s=5)
    await bus.redis.script_flush()
    await fence.write([Write("k", b"2")], ttl_s=5)
    assert await bus.redis.get("k") == b"2"


async def test_no_redis_is_unavailable() -> None:
    """A Redis that is away is an error that time may mend."""
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as nowhere:
        lease = Lease(nowhere, "us_equity", "holder")
        lease._valid_until = float("inf")
        with pytest.raises(BusUnavailable):
            await Fence(nowhere, lease).write([Write("k", b"1")], ttl_s=5)


async def test_values_and_names_of_any_bytes(bus: Bus, fence: Fence) -> None:
    """What is packed by hand has the length of its bytes, not of its letters."""
    await fence.write(
        [Write("k\u00e9", b"\r\n$1\xff"), Write("\u20ac", b"2", "last:\u20ac")], ttl_s=5, last_ttl_s=5
    )
    assert await bus.redis.mget("k\u00e9", "\u20ac", "last:\u20ac") == [b"\r\n$1\xff", b"2", b"2"]


async def test_answers_that_nobody_read_are_nobodys(bus: Bus, fence: Fence) -> None:
    """A write that is given up leaves no answer for whoever asks next."""
    await fence.write([Write("k", b"1")], ttl_s=5)
    await bus.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(BusUnavailable, match="full"):
            await fence.write([Write(f"k{number}", b"1") for number in range(3 * BATCH)], ttl_s=5)
    finally:
        await bus.redis.config_set("maxmemory", 0)
    assert await bus.redis.get("k") == b"1"
    await fence.write([Write("k", b"2")], ttl_s=5)
    assert await bus.redis.get("k") == b"2"
