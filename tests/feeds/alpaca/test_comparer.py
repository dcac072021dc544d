"""Symbols that have gone silent are found by REST, and nothing else is disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.comparer import AT_ONCE, Comparer
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.seen import Seen
from tapecast.market import Snapshot, Trade
from tests.support import eventually

SECOND = 1_000_000_000
NOW = 1_760_000_000 * SECOND
AT_ONCE_LIMITS = replace(Limits(), compare_grace_s=0.0, compare_every_s=0.01, compare_quiet_s=0.001)
NEVER_QUIET = replace(AT_ONCE_LIMITS, compare_quiet_s=3600.0)


class Bench:
    """A venue's REST side that knows what traded when, and what the comparer made of it."""

    def __init__(self, *symbols: str, limits: Limits = AT_ONCE_LIMITS) -> None:
        self.traded: dict[str, float] = {}
        self.asked: list[list[str]] = []
        self.failure: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.is_open = True
        self.snapshots_told: list[Snapshot] = []
        self.silent: list[list[str]] = []
        self.seen = Seen()
        self.seen.confirm(frozenset(symbols))
        for symbol in symbols:
            self.seen.on_snapshot(_at(symbol, 0.0))
        self.comparer = Comparer(
            self,
            self.seen,
            limits,
            is_open=lambda: self.is_open,
            on_snapshot=self.snapshots_told.append,
            on_silent=self.silent.append,
        )

    async def snapshots(self, symbols: Sequence[str]) -> list[Snapshot]:
        self.asked.append(list(symbols))
        if self.failure is not None:
            raise self.failure
        found = [_at(symbol, self.traded[symbol]) for symbol in symbols if symbol in self.traded]
        if self.meanwhile is not None:
            self.meanwhile()
        return found

    def says(self, symbol: str) -> None:
        """A message of this symbol arrives by the stream."""
        assert symbol in self.seen.known
        self.seen.messages += 1

    async def look(self, *, is_quiet: bool = False) -> None:
        await self.comparer.look(is_quiet=is_quiet)


def _at(symbol: str, seconds: float) -> Snapshot:
    trade = Trade(symbol, 1.0, 1.0, NOW + int(seconds * SECOND), 1)
    return Snapshot(symbol, trade, None, None, None)


async def mute(bench: Bench) -> None:
    """The next look gives the session up."""
    with pytest.raises(FeedTransient) as caught:
        await bench.look(is_quiet=True)
    assert caught.value.reason == "mute"


async def test_one_silent_symbol_is_named_and_its_price_healed() -> None:
    """The others are left alone; what REST knows is handed on at once."""
    bench = Bench("AAPL", "MSFT", "NVDA")
    bench.seen.on_trade("MSFT", NOW + 59 * SECOND)
    bench.traded = {"AAPL": 60.0, "MSFT": 60.0}
    await bench.look()
    assert bench.silent == [["AAPL"]]
    assert [each.symbol for each in bench.snapshots_told] == ["AAPL", "MSFT"]
    assert bench.asked == [["AAPL", "MSFT", "NVDA"]]


async def test_a_trade_on_its_way_is_waited_for() -> None:
    """A quiet symbol that trades at the moment of the look is not silent."""
    bench = Bench("AAPL")
    bench.traded = {"AAPL": 60.0}
    bench.meanwhile = lambda: bench.seen.on_trade("AAPL", NOW + 60 * SECOND)
    await bench.look()
    assert bench.silent == []


async def test_each_gap_is_named_once() -> None:
    """What REST has told is not missed any more."""
    bench = Bench("AAPL")
    bench.traded = {"AAPL": 60.0}
    await bench.look()
    await bench.look()
    assert bench.silent == [["AAPL"]]


async def test_a_venue_that_trades_and_sends_nothing_is_mute() -> None:
    """Subscribing anew did not help, and nothing else arrives: a new session may."""
    bench = Bench("AAPL", "MSFT")
    bench.traded = {"AAPL": 60.0, "MSFT": 60.0}
    await bench.look(is_quiet=True)
    assert bench.silent == [["AAPL", "MSFT"]]
    bench.traded = {"AAPL": 90.0, "MSFT": 90.0}
    await mute(bench)


async def test_a_mute_session_of_one_sparse_symbol_is_given_up() -> None:
    """It is found silent, then it has not traded again for some looks, then it has."""
    bench = Bench("AAPL")
    bench.traded = {"AAPL": 60.0}
    for _ in range(4):
        await bench.look(is_quiet=True)
    assert bench.silent == [["AAPL"]]
    bench.traded = {"AAPL": 300.0}
    await mute(bench)


async def test_a_mute_session_of_very_many_symbols_is_given_up() -> None:
    """Others are asked about in the look that follows."""
    symbols = [f"S{number:04d}" for number in range(2 * AT_ONCE)]
    bench = Bench(*symbols)
    bench.traded = dict.fromkeys(symbols, 60.0)
    await bench.look(is_quiet=True)
    assert bench.silent == [symbols[:AT_ONCE]]
    bench.traded = dict.fromkeys(symbols, 80.0)
    await mute(bench)


async def test_a_mute_session_of_a_delayed_feed_is_given_up() -> None:
    """Venue times are a quarter of an hour behind ours, and so are REST's."""
    bench = Bench("AAPL")
    bench.seen = bench.comparer._seen = Seen()
    bench.seen.confirm(frozenset({"AAPL"}))
    bench.seen.on_snapshot(_at("AAPL", -900.0))
    bench.traded = {"AAPL": -840.0}
    await bench.look(is_quiet=True)
    bench.traded = {"AAPL": -800.0}
    await mute(bench)


async def test_small_steps_of_the_venue_add_up() -> None:
    """Each look finds another symbol silent; the session is measured by the first."""
    bench = Bench("AAPL", "MSFT", "NVDA")
    bench.traded = {"AAPL": 60.0}
    await bench.look(is_quiet=True)
    bench.traded = {"MSFT": 70.0}
    await bench.look(is_quiet=True)
    bench.traded = {"NVDA": 80.0}
    await mute(bench)


async def test_one_that_stays_silent_costs_the_others_nothing() -> None:
    """While anything arrives the session is kept, and the symbol is tried again."""
    bench = Bench("AAPL", "MSFT")
    for seconds in (60.0, 120.0, 180.0):
        bench.traded = {"AAPL": seconds}
        await bench.look(is_quiet=False)
        bench.says("MSFT")
    assert bench.silent == [["AAPL"]] * 3


async def test_a_word_of_anything_acquits_the_session() -> None:
    """Until something is found silent anew."""
    bench = Bench("AAPL", "MSFT")
    bench.traded = {"AAPL": 60.0}
    await bench.look(is_quiet=True)
    bench.says("MSFT")
    bench.traded = {"AAPL": 300.0}
    await bench.look(is_quiet=True)
    assert bench.silent == [["AAPL"], ["AAPL"]]
    bench.traded = {"AAPL": 600.0}
    await mute(bench)


@pytest.mark.parametrize("failure", [FeedTransient("rest_unreachable", ""), FeedFatal("auth_failed", "")])
async def test_a_rest_side_that_fails_costs_the_look(failure: Exception) -> None:
    """Never the stream."""
    bench = Bench("AAPL")
    bench.failure = failure
    await bench.look()
    assert bench.silent == []


async def test_many_symbols_take_turns() -> None:
    """Seeds never wait behind a hundred calls."""
    symbols = [f"S{number:04d}" for number in range(AT_ONCE + 1)]
    bench = Bench(*symbols)
    for _ in range(3):
        await bench.look()
    assert bench.asked == [symbols[:AT_ONCE], symbols[AT_ONCE:], symbols[:AT_ONCE]]


async def test_a_closed_market_is_not_asked() -> None:
    """On a Sunday nothing is missed by being quiet; when it opens, the looks begin."""
    bench = Bench("AAPL", limits=NEVER_QUIET)
    bench.is_open = False
    task = asyncio.create_task(bench.comparer.run())
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert bench.asked == []
    bench.is_open = True
    await eventually(lambda: bench.asked, "a look")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_while_nothing_arrives_the_look_comes_sooner() -> None:
    """A whole session gone mute is not left alone for a minute."""
    bench = Bench("AAPL", limits=replace(AT_ONCE_LIMITS, compare_every_s=3600.0))
    task = asyncio.create_task(bench.comparer.run())
    await eventually(lambda: len(bench.asked) >= 2, "two looks")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_a_finding_the_next_look_is_soon() -> None:
    """As soon as the symbol can have fallen behind again."""
    bench = Bench("AAPL", limits=replace(NEVER_QUIET, compare_every_s=3600.0, lag_s=0.01))
    bench.traded = {"AAPL": 60.0}
    await bench.look()
    task = asyncio.create_task(bench.comparer.run())
    await eventually(lambda: len(bench.asked) >= 2, "the second look")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
