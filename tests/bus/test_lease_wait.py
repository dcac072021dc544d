"""A standby: when it becomes the owner, and why not yet."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import lease as module
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.lease import HELD, RESTARTED, Lease
from tests.bus.lease_bench import FakeClock, cancelled
from tests.support import eventually


async def test_a_standby_waits_until_redis_is_older_than_a_lease(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restarted empty it may have forgotten an owner, whose socket is still open at the venue."""
    monkeypatch.setattr(module, "GROWN_S", 10**9)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    lease, reasons = Lease(bus, "crypto", "a"), list[str]()
    waiting = asyncio.create_task(lease.wait(reasons.append))
    await eventually(lambda: len(reasons) > 2)
    assert set(reasons) == {RESTARTED}
    assert not await bus.redis.exists("lease:crypto")
    monkeypatch.setattr(module, "GROWN_S", 0)
    async with asyncio.timeout(30):
        await waiting
    assert lease.valid


async def test_a_standby_notices_that_redis_was_restarted_between_two_tries(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library connects anew in silence, so that no try has failed."""
    owner, standby = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    await owner.acquire()
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "GROWN_S", 0)
    reasons: list[str] = []
    waiting = asyncio.create_task(standby.wait(reasons.append))
    await eventually(lambda: reasons[-1:] == [HELD])
    monkeypatch.setattr(module, "GROWN_S", 10**9)
    await bus.redis.delete("lease:crypto")
    await eventually(lambda: reasons[-1:] == [RESTARTED])
    await cancelled(waiting)
    await owner.renew()
    assert owner.valid


async def test_a_standby_leaves_a_redis_that_was_emptied_to_its_owner(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLUSHALL by hand: it is as old as before, and has forgotten who owns what. The wait is as long."""
    time = FakeClock()
    owner, standby = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b", time)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "GROWN_S", 5)
    await owner.acquire()
    reasons: list[str] = []
    waiting = asyncio.create_task(standby.wait(reasons.append))
    await eventually(lambda: reasons)
    await bus.redis.flushall()
    await eventually(lambda: reasons[-1] == RESTARTED)
    tries = len(reasons)
    await eventually(lambda: len(reasons) > tries + 2)
    assert set(reasons) == {HELD, RESTARTED}
    time.now += 5
    async with asyncio.timeout(30):
        await waiting
    assert standby.epoch > owner.epoch


async def test_a_redis_whose_clock_was_set_back_is_old_enough_by_ours(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts its own age by its wall clock: an hour back, and it is not born yet."""
    time = FakeClock()
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "GROWN_S", 10**9)
    lease, reasons = Lease(bus, "crypto", "a", time), list[str]()
    waiting = asyncio.create_task(lease.wait(reasons.append))
    await eventually(lambda: len(reasons) > 2)
    assert set(reasons) == {RESTARTED}
    time.now += 10**9
    async with asyncio.timeout(30):
        await waiting


async def test_a_redis_of_our_own_has_forgotten_nobody(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a laptop prices come at once."""
    monkeypatch.setattr(module, "GROWN_S", 10**9)
    async with open_bus(valkey_url, is_private=True) as bus, asyncio.timeout(30):
        await Lease(bus, "crypto", "a").wait()


async def test_release_hands_over_at_once(bus: Bus) -> None:
    """A standby that waits gets the lease as soon as it is released."""
    first, second = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    await first.acquire()
    waiting = asyncio.create_task(second.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await first.release()
    async with asyncio.timeout(30):
        await waiting
    assert second.valid


async def test_a_standby_that_is_not_let_ask_says_why_once(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can own the market then, and no word of it would stand anywhere."""
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    await bus.redis.hset("lease:crypto", "field", "value")
    reasons: list[str] = []
    waiting = asyncio.create_task(Lease(bus, "crypto", "a").wait(reasons.append))
    await eventually(lambda: len(reasons) > 3)
    await cancelled(waiting)
    assert set(reasons) == {"cache_foreign"}
    assert caplog.text.count("lease_not_asked: crypto") == 1
