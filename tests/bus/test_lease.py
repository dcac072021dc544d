"""The lease against a real Valkey, with the clock injected."""

from __future__ import annotations

import asyncio
import time

import pytest

from tapecast.bus import connection
from tapecast.bus import lease as module
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.keys import LEASE_TTL_S
from tapecast.bus.lease import HELD, RESTARTED, Lease
from tapecast.errors import BusUnavailable, LeaseLost
from tests.support import eventually, free_port, tcp_server


class FakeClock:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_only_one_holder(bus: Bus) -> None:
    """The first asks and gets it, the second does not."""
    first, second = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    assert await first.acquire()
    assert not await second.acquire()
    assert (first.valid, second.valid) == (True, False)
    assert await bus.redis.get("lease:crypto") == b"a"
    assert 0 < await bus.redis.pttl("lease:crypto") <= LEASE_TTL_S * 1000


async def test_epoch_grows_with_each_holder_even_after_redis_was_emptied(bus: Bus) -> None:
    """A later holder's ticks are above the earlier one's."""
    first, second, third = (Lease(bus, "crypto", name) for name in "abc")
    await first.acquire()
    await first.release()
    await second.acquire()
    assert second.epoch > first.epoch
    await bus.redis.flushall()
    await third.acquire()
    assert third.epoch > second.epoch


async def test_epoch_is_above_the_last_one_even_if_the_clock_of_redis_went_back(bus: Bus) -> None:
    """An epoch from the future still grows by one."""
    await bus.redis.set("epoch:crypto", 10**18)
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    assert lease.epoch == 10**18 + 1


async def test_renewing_prolongs(bus: Bus) -> None:
    """A renewed lease is valid for its whole time again, on both sides."""
    clock = FakeClock()
    lease = Lease(bus, "crypto", "a", clock)
    await lease.acquire()
    await bus.redis.pexpire("lease:crypto", 1000)
    clock.now += 5.0
    await lease.renew()
    clock.now += 5.0
    assert lease.valid
    assert await bus.redis.pttl("lease:crypto") > 1000


async def test_its_own_clock_ends_it_without_asking_redis(bus: Bus) -> None:
    """A process that was paused past its lease does not believe in it any more."""
    clock = FakeClock()
    lease = Lease(bus, "crypto", "a", clock)
    await lease.acquire()
    clock.now += LEASE_TTL_S
    assert not lease.valid


async def test_renewing_another_holders_lease_loses_it(bus: Bus) -> None:
    """The loser learns it at once and leaves the winner's key alone."""
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    await bus.redis.set("lease:crypto", "b")
    with pytest.raises(LeaseLost, match="crypto"):
        await lease.renew()
    assert not lease.valid
    await lease.release()
    assert await bus.redis.get("lease:crypto") == b"b"


async def test_a_redis_that_was_emptied_gives_the_lease_back_to_its_owner(bus: Bus) -> None:
    """It never stopped owning, so its epoch is the same; a standby that asks afterwards comes too late."""
    owner, standby = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    await owner.acquire()
    await bus.redis.flushall()
    await owner.renew()
    assert await bus.redis.get("epoch:crypto") == str(owner.epoch).encode()
    assert 0 < await bus.redis.pttl("lease:crypto") <= LEASE_TTL_S * 1000
    assert not await standby.acquire()


async def test_an_owner_whose_time_is_over_takes_nothing_back(bus: Bus) -> None:
    """Paused past its lease it knows nothing of what happened since."""
    clock = FakeClock()
    lease = Lease(bus, "crypto", "a", clock)
    await lease.acquire()
    await bus.redis.flushall()
    clock.now += LEASE_TTL_S
    with pytest.raises(LeaseLost, match="ran out"):
        await lease.renew()
    assert await bus.redis.dbsize() == 0


async def test_a_lease_that_was_anothers_meanwhile_is_not_taken_back(bus: Bus) -> None:
    """Though it is nobody's now: the epoch has moved on, and ticks under the old one are old."""
    first, second = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    await first.acquire()
    await bus.redis.delete("lease:crypto")
    await second.acquire()
    await second.release()
    with pytest.raises(LeaseLost):
        await first.renew()
    assert not await bus.redis.exists("lease:crypto")


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
    owner, standby, ages = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b"), [True, True, False]
    await owner.acquire()
    monkeypatch.setattr(module, "RETRY_S", 0.01)

    async def is_grown() -> bool:
        if len(ages) == 1:
            await bus.redis.flushall()
        return ages.pop(0) if len(ages) > 1 else ages[0]

    monkeypatch.setattr(standby, "_is_grown", is_grown)
    reasons: list[str] = []
    waiting = asyncio.create_task(standby.wait(reasons.append))
    await eventually(lambda: reasons[-1:] == [RESTARTED])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert reasons[:3] == [HELD, HELD, RESTARTED]
    await owner.renew()
    assert owner.valid


async def test_a_redis_of_our_own_has_forgotten_nobody(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a laptop prices come at once."""
    monkeypatch.setattr(module, "GROWN_S", 10**9)
    async with open_bus(valkey_url, is_private=True) as bus, asyncio.timeout(30):
        await Lease(bus, "crypto", "a").wait()


async def test_who_is_ended_while_it_takes_the_lease_leaves_none_behind(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half taken it would keep everybody else out until its time is over."""
    lease = Lease(bus, "crypto", "a")
    half_way = asyncio.Event()

    async def never() -> int:
        half_way.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(lease, "_next_epoch", never)
    taking = asyncio.create_task(lease.acquire())
    async with asyncio.timeout(30):
        await half_way.wait()
    assert await bus.redis.get("lease:crypto") == b"a"
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert not await bus.redis.exists("lease:crypto")


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


async def test_a_lease_taken_by_a_try_that_failed_half_way_is_taken_up_again(bus: Bus) -> None:
    """Our own name on the key is not somebody else's."""
    await bus.redis.set("lease:crypto", "a", px=6000)
    lease = Lease(bus, "crypto", "a")
    assert await lease.acquire()
    assert lease.epoch > 0


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


async def test_no_redis_is_unavailable_not_lost() -> None:
    """Not being able to ask is another error than being told no."""
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as nowhere:
        with pytest.raises(BusUnavailable):
            await Lease(nowhere, "crypto", "a").acquire()
