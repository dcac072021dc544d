"""Ownership in any order of events: at no moment two owners, and nothing written by a former one.

The Valkey is real, the processes run the real `wait` and `keep`, and Hypothesis is their scheduler: each goes
on from one await to the next only when it says so, so any of them may stand still anywhere for any time. Time
passes by moving the processes' clock and, by the same milliseconds, every expiry in Redis.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tapecast.bus import lease as module
from tapecast.bus.connection import open_bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.keys import LEASE_RENEW_S, LEASE_TTL_S
from tapecast.bus.lease import GROWN_S, RETRY_S, Lease
from tapecast.errors import BusUnavailable, LeaseLost
from tests.bus.lease_bench import Believed, Link, Process, StoppableLease

PROCESSES: Final = 3
which = st.integers(0, PROCESSES - 1)


class Ownership(RuleBasedStateMachine):
    """Three workers, one Redis."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._runner = asyncio.Runner()
        self._run = self._runner.run
        self._stack = AsyncExitStack()
        self._passed_ms = 0
        self._born = -GROWN_S
        self._lives = 0
        self._processes: list[Process] = []
        self._accepted: list[int] = []
        self._epochs: dict[str, int] = {}
        self._run(self._begin())

    def _now(self) -> float:
        return time.monotonic() + self._passed_ms / 1000

    async def _begin(self) -> None:
        self._bus = await self._stack.enter_async_context(open_bus(self._url))
        await self._bus.redis.flushall()
        self._born = self._now() - GROWN_S
        for _ in range(PROCESSES):
            self._processes.append(await self._started())

    async def _started(self) -> Process:
        self._lives += 1
        link = Link(self._bus.redis, self._bus.keys, self._bus.place)
        lease = StoppableLease(
            link, f"w{self._lives}", self._now, lambda: self._now() - self._born, self._stop
        )
        process = Process(lease, link)
        self._processes.append(process)
        await process.stopped()
        return self._processes.pop()

    async def _stop(self, _: float) -> None:
        # Only a process's own life is the scheduler's; a fenced write that renews goes straight on.
        for process in self._processes:
            if process.task is asyncio.current_task():
                await process.stop()

    @rule(number=which, times=st.integers(1, 4))
    def goes_on(self, number: int, times: int) -> None:
        """One worker does its next steps, and writes if it may."""
        process = self._processes[number]
        for _ in range(times):
            self._run(process.turn())
            self._look()
        if process.lease.valid:
            self._run(self._write(process.lease, late=False))

    @rule(number=which, parts=st.integers(1, 5), times=st.integers(1, 3))
    def stands_still(self, number: int, parts: int, times: int) -> None:
        """One worker, wherever it is, while time passes and the others live."""
        for _ in range(parts):
            self.time_passes(LEASE_RENEW_S)
            for other in range(PROCESSES):
                if other != number:
                    self.goes_on(other, times)

    @rule(seconds=st.sampled_from([RETRY_S, LEASE_RENEW_S, 3.0, LEASE_TTL_S - 0.5, LEASE_TTL_S, GROWN_S]))
    def time_passes(self, seconds: float) -> None:
        """For the workers' clocks and for Redis."""
        self._run(self._pass(int(seconds * 1000)))

    async def _pass(self, passed_ms: int) -> None:
        self._passed_ms += passed_ms
        for process in self._processes:
            process.lease.pass_time(passed_ms / 1000)
        async for key in self._bus.redis.scan_iter():
            at = int(await self._bus.redis.pexpiretime(key))
            if at > 0:
                await self._bus.redis.pexpireat(key, at - passed_ms)

    @rule()
    def redis_restarts(self) -> None:
        """It comes back empty, and each worker sees one call fail."""
        self._run(self._empty())
        self._born = self._now()
        for process in self._processes:
            process.link.faults.append("restarted")

    async def _empty(self) -> None:
        await self._bus.redis.flushall()

    @rule(number=which)
    def a_call_fails(self, number: int) -> None:
        """Of one worker's."""
        self._processes[number].link.faults.append("cut")

    @rule(number=which, politely=st.booleans())
    def dies(self, number: int, politely: bool) -> None:
        """By SIGTERM or SIGKILL; another takes its place."""
        self._run(self._replace(number, politely=politely))

    async def _replace(self, number: int, *, politely: bool) -> None:
        old = self._processes[number]
        await old.end()
        if politely:
            await old.lease.release()
        else:
            old.lease._valid_until = 0.0
        self._processes[number] = await self._started()

    @precondition(lambda self: any(each.lease.epoch for each in self._processes))
    @rule(number=which, late=st.booleans())
    def writes(self, number: int, late: bool) -> None:
        """`late`: it was stopped after its last look at the clock."""
        lease = self._processes[number].lease
        if lease.epoch:
            self._run(self._write(lease, late=late))

    async def _write(self, lease: StoppableLease, *, late: bool) -> None:
        holds: Lease = lease
        if late:
            holds = cast("Lease", Believed(lease))
        try:
            await Fence(self._bus, holds).write([Write("price:A", b"%d" % lease.epoch)], 5)
        except (LeaseLost, BusUnavailable):
            return
        self._accepted.append(lease.epoch)

    def _look(self) -> None:
        valid = [each.lease.holder for each in self._processes if each.lease.valid]
        assert len(valid) <= 1, f"owners at one time: {valid}"
        # Each new epoch is above all before. Sorted: a limit that runs out moves a worker in another's turn.
        held = sorted((each.lease.epoch, each.lease.holder) for each in self._processes if each.lease.valid)
        for epoch, holder in held:
            if epoch != self._epochs.get(holder, 0):
                assert epoch > max(self._epochs.values(), default=0)
                self._epochs[holder] = epoch

    @invariant()
    def there_are_no_two_owners(self) -> None:
        """By their own clocks."""
        self._look()

    @invariant()
    def no_former_owner_writes(self) -> None:
        """What is taken is never of an older epoch than what was."""
        assert self._accepted == sorted(self._accepted)

    def teardown(self) -> None:
        """Nothing of it stays."""
        self._run(self._end())
        self._runner.close()

    async def _end(self) -> None:
        # Left alone, some worker becomes the owner: safety that nobody ever owns would be cheap.
        for process in self._processes:
            process.link.faults.clear()
        for _ in range(6):
            await self._pass(int(GROWN_S * 1000))
            for process in self._processes * 6:
                await process.turn()
                if process.lease.valid:
                    break
            self._look()
        assert any(each.lease.epoch for each in self._processes)
        for process in self._processes:
            await process.end()
        await self._stack.aclose()


def _drill(
    url: str, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int, *, anew: bool = False
) -> None:
    async def sleep(seconds: float) -> None:
        await machines[-1]._stop(seconds)

    def machine() -> Ownership:
        made = Ownership.__new__(Ownership)
        machines.append(made)
        made.__init__(url)  # type: ignore[misc]
        return made

    machines: list[Ownership] = []
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(**(vars(asyncio) | {"sleep": sleep})))
    run_state_machine_as_test(
        cast("Any", machine),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            derandomize=not anew, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_ownership(valkey_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands still wherever, whatever Redis forgets."""
    _drill(valkey_server, monkeypatch, 150, 40)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_ownership_for_long(valkey_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, for minutes."""
    _drill(valkey_server, monkeypatch, 1000, 80, anew=True)
