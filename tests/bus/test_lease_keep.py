"""An owner: for how long it keeps its lease while Redis is away."""

from __future__ import annotations

import asyncio
import time

import pytest

from tapecast.bus import connection
from tapecast.bus import lease as module
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.keys import LEASE_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost
from tests.bus.lease_bench import FakeClock, cancelled
from tests.support import eventually, free_port, tcp_server


async def test_keep_ends_when_the_lease_is_anothers(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper raises, which ends everything that runs under the lease."""
    monkeypatch.setattr(module, "LEASE_RENEW_S", 0.01)
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    keeper = asyncio.create_task(lease.keep())
    await eventually(lambda: lease.valid)
    await bus.redis.set("lease:crypto", "b")
    async with asyncio.timeout(30):
        with pytest.raises(LeaseLost):
            await keeper


async def test_keep_holds_on_while_redis_is_away_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed renewals are borne until the lease's own time is over."""
    monkeypatch.setattr(module, "LEASE_RENEW_S", 0.01)
    clock = FakeClock()
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as nowhere:
        lease = Lease(nowhere, "crypto", "a", clock)
        lease._valid_until = clock.now + LEASE_TTL_S
        keeper = asyncio.create_task(lease.keep())
        for _ in range(50):
            await asyncio.sleep(0)
        assert not keeper.done()
        clock.now += LEASE_TTL_S
        async with asyncio.timeout(30):
            with pytest.raises(LeaseLost, match="Redis was away"):
                await keeper


async def test_one_renewal_that_hangs_does_not_cost_the_lease(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up in time for another."""
    monkeypatch.setattr(module, "LEASE_RENEW_S", 0.01)
    monkeypatch.setattr(module, "RENEW_LIMIT_S", 0.05)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    renew, tries = lease.renew, 0

    async def hangs_at_first() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await asyncio.Event().wait()
        await renew()

    monkeypatch.setattr(lease, "renew", hangs_at_first)
    keeper = asyncio.create_task(lease.keep())
    await eventually(lambda: tries > 3)
    assert lease.valid
    await cancelled(keeper)


async def test_keep_does_not_wait_for_an_answer_past_the_end_of_the_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Redis that hangs: the owner lets go in time, so that no two hold the venue's socket."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass

    monkeypatch.setattr(connection, "ANSWER_TIMEOUT_S", 3600)
    async with tcp_server(mute) as port, open_bus(f"redis://127.0.0.1:{port}") as bus:
        lease = Lease(bus, "crypto", "a")
        lease._valid_until = time.monotonic() + 0.2
        async with asyncio.timeout(30):
            with pytest.raises(LeaseLost, match="Redis was away"):
                await lease.keep()


async def test_the_pause_between_renewals_is_not_part_of_their_limit(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a Redis that answers late, but in time, would cost the lease."""
    monkeypatch.setattr(module, "LEASE_TTL_S", 1.0)
    monkeypatch.setattr(module, "LEASE_RENEW_S", 1.5)
    lease = Lease(bus, "crypto", "a", FakeClock())
    await lease.acquire()
    await bus.redis.persist("lease:crypto")
    renewals = 0
    renew = lease.renew

    async def counted() -> None:
        nonlocal renewals
        await renew()
        await bus.redis.persist("lease:crypto")
        renewals += 1

    monkeypatch.setattr(lease, "renew", counted)
    keeper = asyncio.create_task(lease.keep())
    await eventually(lambda: renewals >= 2 or keeper.done())
    assert not keeper.done()
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
