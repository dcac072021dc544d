"""The lease against a real Valkey, with the clock injected."""

from __future__ import annotations

import pytest

from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.keys import LEASE_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import BusUnavailable, LeaseLost
from tests.bus.lease_bench import FakeClock
from tests.support import free_port


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
    await bus.redis.set("epoch:crypto", 10**17)
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    assert lease.epoch > 10**17


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
    assert int(await bus.redis.get("epoch:crypto") or 0) == owner.number > owner.epoch
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


@pytest.mark.parametrize("ttl_ms", [3_600_000, None])
async def test_a_lease_that_outlives_any_owner_is_cut_to_length(bus: Bus, ttl_ms: int | None) -> None:
    """Redis's clock was set back, or somebody wrote it by hand: whoever lives would renew it in time."""
    await bus.redis.set("lease:crypto", "dead", px=ttl_ms)
    assert not await Lease(bus, "crypto", "a").acquire()
    assert 0 < await bus.redis.pttl("lease:crypto") <= LEASE_TTL_S * 1000


async def test_a_redis_that_forgot_the_number_is_told_the_highest_that_we_know(bus: Bus) -> None:
    """Its clock was ahead and is right again: readers would drop all that is below what they have heard."""
    await bus.redis.set("epoch:crypto", 10**17)
    first, second = Lease(bus, "crypto", "a"), Lease(bus, "crypto", "b")
    assert await first.acquire()
    assert not await second.acquire()
    await bus.redis.flushall()
    assert await second.acquire()
    assert second.epoch > first.epoch > 10**17
    await bus.redis.flushall()
    assert await first.acquire()
    assert first.epoch > 10**17


@pytest.mark.parametrize("text", ["v1.2", "-5", "", "1.5", "\xff", "9223372036854775800"])
async def test_a_number_that_makes_no_sense_is_drawn_anew(bus: Bus, text: str) -> None:
    """Another program's, under our name."""
    await bus.redis.set("epoch:crypto", text)
    lease = Lease(bus, "crypto", "a")
    assert await lease.acquire()
    await lease.renew()
    assert lease.epoch > 10**15


async def test_a_renewal_that_comes_after_the_release_takes_nothing_back(bus: Bus) -> None:
    """It was on its way on another connection: nobody would own the market for the time of a lease."""
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    for onward in (False, True):
        late = Lease(bus, "crypto", "a")
        vars(late).update(vars(lease))
        await lease.release()
        with pytest.raises(LeaseLost):
            await late.renew(onward=onward)
        assert not await bus.redis.exists("lease:crypto")
        assert await lease.acquire()


async def test_a_step_whose_answer_was_lost_is_taken_up(bus: Bus) -> None:
    """Redis is one number ahead of the owner, which is still the owner."""
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    epoch = lease.number
    await bus.redis.incr("epoch:crypto")
    await lease.renew()
    assert (lease.number, lease.epoch) == (epoch + 1, epoch)
    await bus.redis.incr("epoch:crypto")
    await lease.renew(onward=True)
    assert lease.number == epoch + 2
    await bus.redis.incr("epoch:crypto")
    await lease.release()
    assert int(await bus.redis.get("epoch:crypto") or 0) > epoch + 3


async def test_an_owner_stopped_on_its_way_to_an_emptied_redis_is_not_believed(bus: Bus) -> None:
    """Another may have owned the market meanwhile, and Redis may have been emptied after that."""
    lease = Lease(bus, "crypto", "a")
    await lease.acquire()
    await bus.redis.flushall()
    # What it compares with is Redis's own time; the process has looked at its clock already.
    lease._redis_until_us -= int(LEASE_TTL_S * 1_000_000)
    with pytest.raises(LeaseLost):
        await lease.renew()
    assert await bus.redis.dbsize() == 0


async def test_what_was_taken_without_hearing_of_it_is_released(bus: Bus) -> None:
    """The answer was lost: it would keep everybody else out until its time is over."""
    await bus.redis.set("lease:crypto", "a", px=6000)
    await Lease(bus, "crypto", "b").release()
    assert await bus.redis.exists("lease:crypto")
    await Lease(bus, "crypto", "a").release()
    assert not await bus.redis.exists("lease:crypto")
    assert not await bus.redis.exists("epoch:crypto")


async def test_a_lease_taken_by_a_try_that_failed_half_way_is_taken_up_again(bus: Bus) -> None:
    """Our own name on the key is not somebody else's."""
    await bus.redis.set("lease:crypto", "a", px=6000)
    lease = Lease(bus, "crypto", "a")
    assert await lease.acquire()
    assert lease.epoch > 0


async def test_no_redis_is_unavailable_not_lost() -> None:
    """Not being able to ask is another error than being told no."""
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as nowhere:
        with pytest.raises(BusUnavailable):
            await Lease(nowhere, "crypto", "a").acquire()
