"""One ownership's bars in a real Valkey: written, restored by the next owner, and kept back by nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from tapecast.bars import Bar, Interval, VenueBar
from tapecast.bus.bars import BARS_KEPT, BUCKET, BarIndex, Stored, Told, decode_bar, read_bars, write_bars
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import BARS_TTL_S
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable, FeedTransient, LeaseLost
from tapecast.feeds.base import BarHistory, FeedListener
from tapecast.ingest.bars import cache
from tapecast.ingest.bars import keeper as module
from tapecast.ingest.bars.keeper import Keeper
from tapecast.ingest.bars.wanted import GRACE_S, Wanted
from tapecast.market import parse_rfc3339
from tests.ingest.bars.raw import START, bars_of, told, trade
from tests.ingest.fakes import FakeFeed
from tests.support import HandClock, eventually

S = 10**9


class Stage:
    """A keeper under a held lease."""

    def __init__(self, bus: Bus, lease: Lease, *, history: bool = False) -> None:
        self.bus = bus
        self.time = HandClock()
        clock = Clock(now=lambda: self.time.seconds, wall=lambda: START / 1e9 + 10**6 + self.time.seconds)
        self.feed = FakeFeed()
        if history:
            self.feed.history = BarHistory(START, {})
        self.wanted = Wanted()
        self.keeper = Keeper(bus, self.feed, lease, Mock(spec=FeedListener), self.wanted, clock)

    def want(self, **intervals: list[Interval]) -> None:
        """These are wanted."""
        self.wanted.update(intervals, self.time.seconds)
        self.keeper.ear.on_subscribed(frozenset(intervals))

    async def stored(self, interval: Interval, symbol: str = "AAPL") -> dict[str, Bar]:
        """What Redis has, by start, the newest word on each."""
        found: dict[str, Bar] = {}
        for data in (await read_bars(self.bus, symbol, interval)).bars:
            bar = decode_bar(bytes(data))
            if bar.start not in found or bar.seq > found[bar.start].seq:
                found[bar.start] = bar
        return found


@pytest.fixture
async def lease(bus: Bus) -> Lease:
    """The market's, held."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    return lease


async def test_bars_are_written_and_the_longer_brings_the_shorter(bus: Bus, lease: Lease) -> None:
    """Minutes of which an hour is made are kept too; what nobody wants is not."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.HOUR])
    assert stage.feed.barred == {"AAPL"}
    trades = [trade(at, 10.0 + at / 100, 1.5, number=at) for at in range(0, 200, 7)]
    for each in trades:
        stage.keeper.ear.on_trade(each)
        await stage.keeper.turn()
    for interval in (Interval.MINUTE, Interval.HOUR):
        bars = await stage.stored(interval)
        assert told(bars.values()) == bars_of(trades, interval)
        assert {bar.epoch for bar in bars.values()} == {lease.epoch}
    assert await stage.stored(Interval.SECOND) == {}
    assert [bar.closed for bar in (await stage.stored(Interval.MINUTE)).values()] == [True, True, True, False]


async def test_the_next_owner_goes_on(bus: Bus, lease: Lease) -> None:
    """Under a higher epoch, from what Redis holds; the bar in which it took over may lack trades."""
    first = Stage(bus, lease)
    first.want(AAPL=[Interval.SECOND, Interval.MINUTE])
    trades = [trade(at / 2, 10.0 + at, number=at) for at in range(10)]
    for each in trades:
        first.keeper.ear.on_trade(each)
    await first.keeper.turn()
    await lease.release()
    later = Lease(bus, "us_equity", "another")
    assert await later.acquire()
    second = Stage(bus, later)
    second.want(AAPL=[Interval.SECOND, Interval.MINUTE])
    more = [trade(at, 20.0 + at, number=100 + at) for at in (70, 71)]
    for each in more:
        second.keeper.ear.on_trade(each)
    await second.keeper.turn()
    for interval in (Interval.SECOND, Interval.MINUTE):
        bars = await second.stored(interval)
        assert told(bars.values()) == bars_of(trades + more, interval)
    seconds = (await second.stored(Interval.SECOND)).values()
    assert [bar.epoch for bar in seconds] == [lease.epoch] * 4 + [later.epoch] * 3
    assert (await second.stored(Interval.MINUTE))["2026-11-20T15:01:00Z"].partial
    first.keeper.ear.on_trade(trade(200, 1.0))
    with pytest.raises(LeaseLost):
        await first.keeper.turn()


async def test_what_redis_refuses_is_told_later(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With what has come since; it is said once."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])
    stage.keeper.ear.on_trade(trade(0, 1.0))
    await stage.keeper.turn()
    write = write_bars

    async def refuse(*_: object, **__: object) -> None:
        raise BusUnavailable("gone")

    monkeypatch.setattr(module, "write_bars", refuse)
    for at in (1, 2, 3):
        stage.keeper.ear.on_trade(trade(at, 1.0))
        await stage.keeper.turn()
    assert caplog.text.count("bars_not_written: gone") == 1
    monkeypatch.setattr(module, "write_bars", write)
    await stage.keeper.turn()
    assert told((await stage.stored(Interval.SECOND)).values()) == bars_of(
        [trade(at, 1.0) for at in range(4)], Interval.SECOND
    )


async def test_history_is_told_also_where_there_is_none(bus: Bus, lease: Lease) -> None:
    """Who waits for it need wait no longer."""
    stage = Stage(bus, lease, history=True)
    stage.want(AAPL=[Interval.MINUTE])
    await stage.keeper.turn()
    assert not (await read_bars(bus, "AAPL", Interval.MINUTE)).listing.history
    await stage.keeper._history.turn()
    await stage.keeper.turn()
    assert (await read_bars(bus, "AAPL", Interval.MINUTE)).listing.history


async def test_an_emptied_redis_gets_all_again(bus: Bus, lease: Lease) -> None:
    """What is in memory at once; what was before is asked for once more."""
    stage = Stage(bus, lease, history=True)
    stage.want(AAPL=[Interval.MINUTE])
    trades = [trade(at, 10.0 + at, number=at) for at in (1, 70, 3601, 3661)]
    for each in trades:
        stage.keeper.ear.on_trade(each)
        await stage.keeper.turn()
    await stage.keeper._history.turn()
    await stage.keeper.turn()
    asked = len(stage.feed.asked)
    await bus.redis.flushall()
    # It closes a minute, so that its bucket and the index are written at once.
    stage.keeper.ear.on_trade(trade(3721, 1.0, number=3721))
    await stage.keeper.turn()
    await stage.keeper.turn()
    bars = (await stage.stored(Interval.MINUTE)).values()
    assert told(bars) == bars_of([*trades, trade(3721, 1.0)], Interval.MINUTE)
    await stage.keeper._history.turn()
    assert len(stage.feed.asked) > asked
    await stage.keeper.turn()
    assert (await read_bars(bus, "AAPL", Interval.MINUTE)).listing.history


async def test_redis_holds_so_many_and_no_more(bus: Bus, lease: Lease) -> None:
    """The oldest buckets go."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.FIVE_SECONDS])
    for at in range(0, 12_000, 60):
        for step in range(0, 60, 5):
            stage.keeper.ear.on_trade(trade(at + step, 1.0))
        if at % 300 == 240:
            await stage.keeper.turn()
    bars = await stage.stored(Interval.FIVE_SECONDS)
    assert BARS_KEPT <= len(bars) <= BARS_KEPT + 2 * BUCKET
    assert len(await bus.redis.keys("bars:5s:AAPL*")) <= BARS_KEPT // BUCKET + 4


async def test_a_page_that_is_reloaded_costs_no_second(bus: Bus, lease: Lease) -> None:
    """A symbol is followed for a while after its last client."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])
    stage.want()
    stage.time.advance(GRACE_S - 1)
    await stage.keeper.turn()
    assert stage.keeper.ear.books.keys() == {"AAPL"}
    stage.want(AAPL=[Interval.SECOND])
    stage.time.advance(GRACE_S)
    await stage.keeper.turn()
    stage.want()
    stage.time.advance(GRACE_S)
    await stage.keeper.turn()
    assert not stage.keeper.ear.books
    assert stage.feed.barred == frozenset()


async def test_another_length_may_be_wanted_at_any_moment(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while Redis is read: nothing is told of it before its own bars are."""
    stage, read = Stage(bus, lease), read_bars
    first = [Bar("2026-11-20T14:58:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed=True, epoch=1, seq=1)]
    start = parse_rfc3339("2026-11-20T14:00:00Z") // S
    index = BarIndex([start], history=True, feed="simulated")
    told_before = Told("AAPL", Interval.MINUTE, first, first[0], {start: first}, index)
    await write_bars(bus, Fence(bus, lease), [told_before], simulated=True)

    async def slowly(*of: Any) -> Stored:
        stage.want(AAPL=[Interval.SECOND, Interval.MINUTE])
        stage.want(AAPL=[Interval.SECOND, Interval.MINUTE], MSFT=[Interval.HOUR])
        return await read(*of)

    monkeypatch.setattr(cache, "read_bars", slowly)
    stage.want(AAPL=[Interval.SECOND])
    trades = [trade(at, 1.0) for at in (1, 61)]
    for each in trades:
        stage.keeper.ear.on_trade(each)
    await stage.keeper.turn()
    bars = await stage.stored(Interval.MINUTE)
    assert [start[11:16] for start in sorted(bars)] == ["14:58", "15:00", "15:01"]
    assert told((await stage.stored(Interval.SECOND)).values()) == bars_of(trades, Interval.SECOND)


async def test_a_length_may_be_wanted_while_a_loss_is_looked_for(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new has lost nothing."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])
    for at in (1, 3):
        stage.keeper.ear.on_trade(trade(at, 1.0))
    await stage.keeper.turn()

    async def slowly(*_: object) -> bool:
        stage.want(AAPL=[Interval.HOUR], MSFT=[Interval.HOUR])
        return True

    monkeypatch.setattr(module, "has_buckets", slowly)
    await bus.redis.flushall()
    stage.keeper.ear.on_trade(trade(4, 1.0))
    await stage.keeper.turn()
    await stage.keeper.turn()
    assert stage.keeper.ear.books.keys() == {"AAPL", "MSFT"}


async def test_history_that_comes_during_a_write_is_told(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anew, though there is no bar in it: who waits for it need wait no longer."""
    stage, write = Stage(bus, lease, history=True), write_bars
    stage.want(AAPL=[Interval.MINUTE])
    stage.keeper.ear.on_trade(trade(1, 1.0))

    async def slowly(*of: Any, **more: Any) -> None:
        stage.keeper.ear.books["AAPL"].on_history(Interval.MINUTE, [])
        await write(*of, **more)

    monkeypatch.setattr(module, "write_bars", slowly)
    await stage.keeper.turn()
    monkeypatch.setattr(module, "write_bars", write)
    await stage.keeper.turn()
    assert (await read_bars(bus, "AAPL", Interval.MINUTE)).listing.history


async def test_what_was_to_be_read_anew_is_so_after_a_failure(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has been told."""
    stage, write = Stage(bus, lease, history=True), write_bars
    stage.want(AAPL=[Interval.MINUTE])
    await stage.keeper.turn()
    await stage.keeper._history.turn()

    async def refuse(*_: object, **__: object) -> None:
        raise BusUnavailable("gone")

    monkeypatch.setattr(module, "write_bars", refuse)
    await stage.keeper.turn()
    monkeypatch.setattr(module, "write_bars", write)
    await stage.keeper.turn()
    assert (await read_bars(bus, "AAPL", Interval.MINUTE)).listing.history


async def test_a_forming_bar_that_redis_has_lost_is_told_again(bus: Bus, lease: Lease) -> None:
    """The market may be closed, and no trade come for days."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])
    stage.keeper.ear.on_trade(trade(1, 1.0))
    await stage.keeper.turn()
    await bus.redis.flushall()
    await lease.renew()
    await stage.keeper.turn()
    assert len(await stage.stored(Interval.SECOND)) == 1


@pytest.mark.parametrize("name", ["iex", "replay"])
async def test_bars_of_another_feed_are_not_gone_on_from(bus: Bus, lease: Lease, name: str) -> None:
    """A demo's would be taken for real, an exchange's for all; a tape that is played again counts twice."""
    feed = "replay" if name == "replay" else "simulated"
    bars = [Bar("2026-11-20T15:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed=True, epoch=1, seq=1)]
    start = START // S
    told_before = Told("AAPL", Interval.SECOND, bars, bars[0], {start: bars}, BarIndex([start], feed=feed))
    await write_bars(bus, Fence(bus, lease), [told_before], simulated=True)
    stage = Stage(bus, lease)
    stage.feed.name = name
    stage.want(AAPL=[Interval.SECOND])
    await stage.keeper.turn()
    stored = await read_bars(bus, "AAPL", Interval.SECOND)
    assert (stored.bars, stored.listing) == ([], BarIndex(feed=name)), (
        "whoever shows the others is told at once"
    )
    stage.keeper.ear.on_trade(trade(0.5, 7.0))
    await stage.keeper.turn()
    assert told((await stage.stored(Interval.SECOND)).values()) == bars_of([trade(0.5, 7.0)], Interval.SECOND)


async def test_what_is_told_and_asked_is_counted(bus: Bus, lease: Lease) -> None:
    """For `/metrics`; who keeps no bars any more follows no symbol."""
    stage = Stage(bus, lease, history=True)
    stage.want(AAPL=[Interval.SECOND, Interval.MINUTE])
    for at in (0, 1, 0.5):
        stage.keeper.ear.on_trade(trade(at, 1.0))
        await stage.keeper.turn()
    await stage.keeper._history.turn()
    stage.feed.failure = FeedTransient("rate_limited", "HTTP 429")
    stage.want(AAPL=[Interval.HOUR])
    await stage.keeper.turn()
    await stage.keeper._history.turn()
    counts = stage.wanted.counts
    assert (counts.symbols, counts.corrected, counts.asked, counts.failed) == (1, 1, 2, 1)
    told_before = counts.told
    stage.keeper.ear.on_trade(trade(9, 1.0))
    running = asyncio.create_task(stage.keeper.run())
    await eventually(lambda: counts.told > told_before)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    stage.want(AAPL=[Interval.SECOND], MSFT=[Interval.SECOND])
    assert counts.symbols == 0


async def test_a_long_history_goes_out_in_pieces(
    bus: Bus, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis and our loop have others to serve."""
    stage, write, sizes = Stage(bus, lease), write_bars, list[int]()
    symbols = ["AAPL", "MSFT", "TSLA"]
    stage.want(**{symbol: [Interval.MINUTE] for symbol in symbols})
    await stage.keeper.turn()
    first = START - 1500 * 60 * S
    for symbol in symbols:
        bars = [VenueBar(symbol, first + at * 60 * S, 1.0, 1.0, 1.0, 1.0, 1.0, 1) for at in range(1500)]
        stage.keeper.ear.books[symbol].on_history(Interval.MINUTE, bars)

    async def counted(bus: Bus, fence: Fence, told: Sequence[Told], *, simulated: bool) -> None:
        sizes.append(sum(len(each.bars) for each in told))
        await write(bus, fence, told, simulated=simulated)

    monkeypatch.setattr(module, "write_bars", counted)
    await stage.keeper.turn()
    assert sizes == [1500, 1500, 1500]
    for symbol in symbols:
        assert len(await stage.stored(Interval.MINUTE, symbol)) == 1500


async def test_the_last_word_is_that_nobody_follows(bus: Bus, lease: Lease) -> None:
    """Also if Redis cannot be told at once; and whoever takes them up again tells what it does not know."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])

    async def is_whole() -> bool:
        last = (await read_bars(bus, "AAPL", Interval.SECOND)).last
        assert last is not None
        assert last.epoch == lease.epoch
        return last.whole

    stage.keeper.ear.on_trade(trade(0.0, 1.0))
    await stage.keeper.turn()
    assert await is_whole()
    stage.wanted.update({}, stage.time.seconds)
    stage.time.advance(GRACE_S + 1)
    await stage.keeper.turn()
    assert not await is_whole()
    stage.want(AAPL=[Interval.SECOND])
    await stage.keeper.turn()
    assert await is_whole()
    assert (await stage.stored(Interval.SECOND))["2026-11-20T15:00:00Z"].partial


async def test_a_symbol_that_is_not_heard_is_not_whole(bus: Bus, lease: Lease) -> None:
    """Before the venue sends it, and from the loss of a session on."""
    stage = Stage(bus, lease)
    stage.wanted.update({"AAPL": [Interval.SECOND]}, stage.time.seconds)

    async def words(*symbols: str) -> bool:
        stage.keeper.ear.on_subscribed(frozenset(symbols))
        await stage.keeper.turn()
        last = (await read_bars(bus, "AAPL", Interval.SECOND)).last
        return last is not None and last.whole

    assert [await words(), await words("AAPL"), await words(), await words("AAPL")] == [False, True] * 2


async def test_the_word_outlives_a_long_silence(bus: Bus, lease: Lease) -> None:
    """Else a quiet symbol would be taken for one that nobody follows."""
    stage = Stage(bus, lease)
    stage.want(AAPL=[Interval.SECOND])
    await stage.keeper.turn()
    key = bus.keys.bars("1s", "AAPL")
    await bus.redis.delete(key)
    await stage.keeper.turn()
    assert not await bus.redis.exists(key)
    stage.time.advance(BARS_TTL_S["1s"] / 2 + 1)
    await stage.keeper.turn()
    assert await bus.redis.exists(key)
