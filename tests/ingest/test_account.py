"""Positions are read while somebody listens, by one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.errors import FeedTransient
from tapecast.ingest import account as module
from tapecast.ingest.account import Account
from tests.support import HandClock, eventually


class Source:
    """An account with one position."""

    simulated = True

    def __init__(self) -> None:
        self.reads = 0
        self.failing = False

    async def account(self) -> str:
        return "PA1"

    async def positions(self) -> list[dict[str, object]]:
        self.reads += 1
        if self.failing:
            raise FeedTransient("http_500", "the venue answered 500")
        return [{"symbol": "BTC/USD", "qty": "0.5"}]


@asynccontextmanager
async def running(account: Account) -> AsyncIterator[None]:
    """The account, polled for the length of the block."""
    task = asyncio.create_task(account.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def source() -> Source:
    """A fresh account."""
    return Source()


async def test_nothing_is_asked_while_nobody_listens(bus: Bus, source: Source) -> None:
    """The account's rate limit is the user's."""
    account = Account(bus, source, "a")
    async with running(account):
        account.listen(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert source.reads == 0
        account.listen(1)
        await eventually(lambda: bus.redis.exists("positions"))
        account.listen(0)

        async def released() -> bool:
            return not await bus.redis.exists("lease:account")

        await eventually(released)


async def test_listeners_that_come_and_go_cost_no_calls(bus: Bus, source: Source) -> None:
    """A page that is reloaded all the time leaves the account's budget alone."""
    time = HandClock()
    account = Account(bus, source, "a", time.clock)
    async with running(account):
        for _ in range(5):
            account.listen(1)
            await eventually(lambda: bus.redis.exists("lease:account"))
            await eventually(lambda: source.reads)
            account.listen(0)

            async def released() -> bool:
                return not await bus.redis.exists("lease:account")

            await eventually(released)
        assert source.reads == 1
        time.advance(module.POLL_EVERY_S)
        account.listen(1)
        await eventually(lambda: source.reads == 2)


async def test_the_list_is_written_with_its_time(bus: Bus, source: Source) -> None:
    """What the apis read is what the venue said, and when."""
    account = Account(bus, source, "a")
    async with running(account):
        account.listen(1)
        await eventually(lambda: bus.redis.exists("positions"))
    written = codec.decode_positions(await bus.redis.get("positions"))  # type: ignore[arg-type]
    assert (written.account, written.simulated) == ("PA1", True)
    assert written.positions == [{"symbol": "BTC/USD", "qty": "0.5"}]
    assert written.as_of.endswith("Z")


async def test_a_failing_venue_leaves_the_last_list(
    bus: Bus, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is zeroed, and the poll goes on."""
    monkeypatch.setattr(module, "POLL_EVERY_S", 0.01)
    account = Account(bus, source, "a")
    async with running(account):
        account.listen(1)
        await eventually(lambda: bus.redis.exists("positions"))
        source.failing = True
        reads = source.reads
        await eventually(lambda: source.reads >= reads + 3)
        assert await bus.redis.exists("positions")


async def test_one_process_reads_for_all(bus: Bus, source: Source) -> None:
    """The second one waits for the account's lease."""
    other = Source()
    first, second = Account(bus, source, "a"), Account(bus, other, "b")
    async with running(first):
        first.listen(1)
        await eventually(lambda: source.reads)
        async with running(second):
            second.listen(1)
            for _ in range(100):
                await asyncio.sleep(0)
            assert other.reads == 0
