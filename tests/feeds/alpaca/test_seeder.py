"""First values by REST, and what a failing REST side may cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca.rest import SYMBOLS_PER_CALL
from tapecast.feeds.alpaca.seeder import AGAIN_AFTER_S, Seeder
from tapecast.market import Snapshot
from tests.feeds.alpaca.venue import IMPATIENT, Recorder
from tests.support import eventually


class Rest:
    """Knows every symbol; fails first with these."""

    def __init__(self, *failures: FeedError) -> None:
        self._failures = list(failures)
        self.calls: list[list[str]] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def snapshots(self, symbols: Sequence[str]) -> list[Snapshot]:
        self.calls.append(list(symbols))
        await self.answers.wait()
        if self._failures:
            raise self._failures.pop(0)
        return [Snapshot(symbol, None, None, None, None) for symbol in symbols]


class Seeding:
    """A running seeder and what it told."""

    def __init__(self, rest: Rest) -> None:
        self.now = 0.0
        self.rest = rest
        self.recorder = Recorder()
        self.seeder = Seeder(rest, self.recorder.on_snapshot, IMPATIENT, lambda: self.now)

    @property
    def seeded(self) -> list[str]:
        return [snapshot.symbol for snapshot in self.recorder.snapshots]


@asynccontextmanager
async def seeding(rest: Rest) -> AsyncIterator[Seeding]:
    """A seeder that runs until the end of the block."""
    it = Seeding(rest)
    task = asyncio.create_task(it.seeder.run())
    try:
        yield it
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_each_confirmed_symbol_is_seeded_once() -> None:
    """A symbol that stays confirmed is not asked for again."""
    async with seeding(Rest()) as it:
        it.seeder.confirm(frozenset({"AAPL", "MSFT"}))
        await eventually(lambda: len(it.seeded) == 2)
        it.seeder.confirm(frozenset({"AAPL", "MSFT", "TSLA"}))
        await eventually(lambda: len(it.seeded) == 3)
        assert it.rest.calls == [["AAPL", "MSFT"], ["TSLA"]]


async def test_many_symbols_go_in_few_calls() -> None:
    """A call asks for as many as one may."""
    symbols = frozenset(f"A{number}" for number in range(SYMBOLS_PER_CALL + 1))
    async with seeding(Rest()) as it:
        it.seeder.confirm(symbols)
        await eventually(lambda: set(it.seeded) == symbols)
        assert [len(call) for call in it.rest.calls] == [SYMBOLS_PER_CALL, 1]


async def test_a_failing_rest_side_is_asked_again() -> None:
    """A failure that may pass costs time alone."""
    async with seeding(
        Rest(FeedTransient("rest_unreachable", ""), FeedTransient("rest_unreachable", ""))
    ) as it:
        it.seeder.confirm(frozenset({"AAPL"}))
        await eventually(lambda: it.seeded == ["AAPL"])
        assert len(it.rest.calls) == 3


async def test_a_refused_seed_is_given_up() -> None:
    """A refusal costs the seed of its batch and nothing of the next."""
    async with seeding(Rest(FeedFatal("auth_failed", "", 403))) as it:
        it.seeder.confirm(frozenset({"AAPL"}))
        await eventually(lambda: it.rest.calls)
        it.seeder.confirm(frozenset({"AAPL", "MSFT"}))
        await eventually(lambda: it.seeded == ["MSFT"])
        assert it.rest.calls == [["AAPL"], ["MSFT"]]


async def test_a_symbol_that_left_meanwhile_is_not_seeded() -> None:
    """An answer for a symbol that is no longer confirmed is dropped."""
    async with seeding(Rest()) as it:
        it.rest.answers.clear()
        it.seeder.confirm(frozenset({"AAPL", "MSFT"}))
        await eventually(lambda: it.rest.calls)
        it.seeder.confirm(frozenset({"MSFT"}))
        it.rest.answers.set()
        await eventually(lambda: it.seeded)
        assert it.seeded == ["MSFT"]


async def test_a_symbol_is_seeded_again_on_request_but_not_all_the_time() -> None:
    """A day that turned is asked for again, once in a while, and only for confirmed symbols."""
    async with seeding(Rest()) as it:
        it.seeder.confirm(frozenset({"AAPL"}))
        await eventually(lambda: it.seeded == ["AAPL"])
        it.seeder.again(["AAPL", "TSLA"])
        it.now += AGAIN_AFTER_S
        it.seeder.again(["AAPL", "TSLA"])
        it.seeder.again(["AAPL", "TSLA"])
        await eventually(lambda: it.seeded == ["AAPL", "AAPL"])
        assert it.rest.calls == [["AAPL"], ["AAPL"]]
