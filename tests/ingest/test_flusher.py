"""Only what a session has confirmed is published, newest only, in order, and no failure of Redis loses it."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import codec
from tapecast.bus.fence import BATCH
from tapecast.bus.keys import LAST_EVERY_S
from tapecast.bus.publisher import Retired
from tapecast.errors import BusRefused, BusUnavailable, LeaseLost
from tapecast.ingest.flusher import FLUSH_MOST, LAST_MOST
from tapecast.market import Snapshot, Tick, Trade
from tests.ingest.bench import NOON_NS, Bench
from tests.support import eventually


@pytest.fixture
def bench() -> Bench:
    """Two symbols are wanted."""
    return Bench("AAPL", "MSFT")


async def test_a_trade_is_published_at_once(bench: Bench) -> None:
    """Under the feed's name, the lease's epoch and a seq of this session."""
    async with bench.flushing():
        bench.trade("AAPL", 100.0)
        (tick,) = await bench.published(1)
    assert (tick.symbol, tick.price, tick.feed, tick.epoch) == ("AAPL", 100.0, "iex", 7)
    assert tick.seq >= bench.conflator.session_seq
    assert bench.flusher.newest_ts_recv == bench.time.clock.micros()


async def test_a_burst_is_one_write_of_the_newest(bench: Bench) -> None:
    """One call, one write per symbol, in the order of their first change."""
    for price in (1.0, 2.0, 3.0):
        bench.trade("MSFT", price)
        bench.trade("AAPL", price * 10)
    async with bench.flushing():
        await bench.published(2)
    assert len(bench.out.calls) == 1
    assert [(tick.symbol, tick.price) for tick in bench.out.ticks()] == [("MSFT", 3.0), ("AAPL", 30.0)]


async def test_what_nobody_wants_any_more_is_dropped(bench: Bench) -> None:
    """What waits of it, and what still arrives for a moment."""
    bench.trade("MSFT", 1.0)
    bench.conflator.keep(["AAPL"])
    bench.trade("MSFT", 2.0)
    bench.quote("TSLA", 1.0)
    bench.conflator.on_snapshot(Snapshot("TSLA", None, None, None, None))
    bench.trade("AAPL", 3.0)
    async with bench.flushing():
        assert [tick.symbol for tick in await bench.published(1)] == ["AAPL"]


async def test_a_restored_price_waits_for_its_confirmation(bench: Bench) -> None:
    """A quote is none; a snapshot is one, even an older one."""
    last = Tick("TSLA", 5.0, timestamp="2030-01-01T00:00:00Z", feed="iex", epoch=6, seq=1)
    bench.conflator.keep(["AAPL", "TSLA"], [last])
    bench.conflator.on_subscribed(frozenset({"AAPL", "TSLA"}))
    async with bench.flushing():
        bench.quote("TSLA", 4.0)
        bench.trade("AAPL", 1.0)
        assert [tick.symbol for tick in await bench.published(1)] == ["AAPL"]
        bench.conflator.on_snapshot(Snapshot("TSLA", Trade("TSLA", 1.0, 1.0, NOON_NS, 1), None, None, None))
        tsla = (await bench.published(2))[1]
    assert (tsla.price, tsla.bid, tsla.epoch) == (5.0, 4.0, 7)


async def test_a_new_session_publishes_nothing_old(bench: Bench) -> None:
    """Neither what waited, nor a refresh, nor a quote on top of an old price."""
    await bench.publish("AAPL", 1.0)
    async with bench.flushing():
        bench.trade("MSFT", 2.0)
        before = bench.conflator.session_seq
        bench.new_session("AAPL", "MSFT")
        assert bench.conflator.session_seq > max(before, bench.out.ticks()[0].seq)
        bench.quote("AAPL", 3.0)
        await bench.flusher.refresh()
        assert bench.out.writes(publish=False) == []
        bench.trade("AAPL", 4.0)
        ticks = await bench.published(2)
    assert [(tick.symbol, tick.price) for tick in ticks] == [("AAPL", 1.0), ("AAPL", 4.0)]
    assert ticks[1].seq > bench.conflator.session_seq > ticks[0].seq


async def test_what_was_on_its_way_when_a_session_began_is_not_refreshed(bench: Bench) -> None:
    """Its seq is below the floor that beats vouch for."""

    def new_session() -> None:
        bench.new_session("AAPL")
        bench.trade("AAPL", 2.0)

    bench.out.next_call(new_session)
    bench.out.errors = [None, BusUnavailable("down"), LeaseLost("gone")]
    bench.trade("AAPL", 1.0)
    with pytest.raises(LeaseLost):
        await bench.flusher.flush_forever()
    assert bench.out.ticks()[0].seq < bench.conflator.session_seq
    await bench.flusher.refresh()
    assert bench.out.writes(publish=False) == []


async def test_a_symbol_that_came_back_during_a_write_is_not_refreshed(bench: Bench) -> None:
    """Its new image waits for its own confirmation."""

    def drop_and_return() -> None:
        bench.conflator.keep([])
        bench.conflator.keep(["AAPL"])

    bench.out.next_call(drop_and_return)
    await bench.publish("AAPL", 1.0)
    await bench.flusher.refresh()
    assert bench.out.writes(publish=False) == []


async def test_seq_grows_when_the_clock_goes_back(bench: Bench) -> None:
    """Readers drop whatever is not above what they hold."""
    async with bench.flushing():
        for step in range(1, 5):
            bench.trade("AAPL", float(step))
            await bench.published(step)
            bench.time.wall -= 3600
    seqs = [tick.seq for tick in bench.out.ticks()]
    assert seqs == sorted(set(seqs))
    assert seqs[0] >= 1_700_000_000_000_000


async def test_a_failed_flush_is_repeated_with_what_is_newest(bench: Bench) -> None:
    """Once, under a new seq, with the other symbols that were in it."""
    bench.out.errors = [BusUnavailable("down")]
    bench.out.next_call(lambda: bench.trade("AAPL", 2.0))
    bench.trade("AAPL", 1.0)
    bench.trade("MSFT", 9.0)
    async with bench.flushing():
        await bench.published(2)
    assert {tick.symbol: tick.price for tick in bench.out.ticks()} == {"AAPL": 2.0, "MSFT": 9.0}
    assert len(bench.out.writes()) == 2


async def test_why_redis_refuses_prices_is_told_and_that_it_takes_them_again(bench: Bench) -> None:
    """Its feed is not live until then. A Redis that is away refuses nothing."""
    bench.out.errors = [BusRefused("cache_forbidden", "no right"), BusUnavailable("down")]
    bench.trade("AAPL", 1.0)
    async with bench.flushing():
        await bench.published(1)
    assert bench.refusals == ["cache_forbidden", "", ""]


async def test_a_failed_flush_does_not_bring_back_a_dropped_symbol(bench: Bench) -> None:
    """Nobody wants it any more."""
    bench.out.errors = [BusUnavailable("down")]
    bench.out.next_call(lambda: bench.conflator.keep(["AAPL"]))
    bench.trade("MSFT", 1.0)
    bench.trade("AAPL", 2.0)
    async with bench.flushing():
        assert [tick.symbol for tick in await bench.published(1)] == ["AAPL"]


async def test_a_failing_redis_is_not_asked_without_pause(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred times a second would help nobody."""
    monkeypatch.setattr("tapecast.ingest.flusher.RETRY_S", 3600)
    bench.out.errors = [BusUnavailable("down")]
    bench.trade("AAPL", 1.0)
    async with bench.flushing():
        await eventually(lambda: not bench.out.errors, "the first flush")
        await asyncio.sleep(0.1)
    assert bench.out.writes() == []


async def test_a_lost_lease_ends_the_flusher(bench: Bench) -> None:
    """Whoever owns it now writes."""
    bench.out.errors = [LeaseLost("gone")]
    bench.trade("AAPL", 1.0)
    with pytest.raises(LeaseLost):
        await bench.flusher.flush_forever()


async def test_a_refresh_repeats_the_bytes_and_publishes_nothing(bench: Bench) -> None:
    """Clients need not hear what they know."""
    await bench.publish("AAPL", 1.0)
    await bench.flusher.refresh()
    (refreshed,) = bench.out.writes(publish=False)
    assert (refreshed.symbol, refreshed.data) == ("AAPL", bench.out.writes()[0].data)


async def test_a_dropped_symbol_is_not_refreshed(bench: Bench) -> None:
    """Its key is gone when its time is over."""
    await bench.publish("AAPL", 1.0)
    bench.conflator.keep(["MSFT"])
    await bench.flusher.refresh()
    assert bench.out.writes(publish=False) == []
    bench.conflator.keep(["AAPL"])
    await bench.publish("AAPL", 2.0)
    assert bench.out.writes()[-1].last, "nothing is remembered of it"


async def test_only_a_healthy_path_is_refreshed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen venue stops being live within seconds."""
    monkeypatch.setattr("tapecast.ingest.flusher.REFRESH_EVERY_S", 0.0)
    asked: list[float] = []

    def good_for_s() -> float:
        asked.append(bench.good_for_s)
        return bench.good_for_s

    await bench.publish("AAPL", 1.0)
    bench.flusher._good_for_s = good_for_s
    bench.good_for_s = -1.0
    task = asyncio.create_task(bench.flusher.refresh_forever())
    await eventually(lambda: len(asked) >= 5, "the health was asked for")
    assert bench.out.writes(publish=False) == []
    bench.good_for_s = 5.0
    await eventually(lambda: bench.out.writes(publish=False), "a refresh")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_refresh_never_overtakes_a_flush(bench: Bench) -> None:
    """An older tick put back over a newer one would be the first that a new client sees."""
    await bench.publish("AAPL", 1.0)
    async with bench.flushing():
        held = asyncio.Event()
        bench.out.next_call(held.wait)
        refresh = asyncio.create_task(bench.flusher.refresh())
        await asyncio.sleep(0)
        bench.trade("AAPL", 2.0)
        for _ in range(20):
            await asyncio.sleep(0)
        held.set()
        await refresh
        await bench.published(2)
    order = [codec.decode_tick(write.data).price for call in bench.out.calls for write in call]
    assert order == [1.0, 1.0, 2.0]


def traded(*symbols: str) -> Bench:
    """All of them are wanted, and each has traded."""
    bench = Bench(*symbols)
    for symbol in symbols:
        bench.trade(symbol, 1.0)
    return bench


async def test_a_big_flush_goes_in_steps() -> None:
    """Those first that changed first, so that none waits for ever; none holds up the reader for long."""
    symbols = [f"S{number}" for number in range(FLUSH_MOST + 2)]
    bench, again = traded(*symbols), symbols[0]
    bench.out.next_call(lambda: bench.trade(again, 2.0))
    async with bench.flushing():
        ticks = await bench.published(len(symbols) + 1)
    assert [len(call) for call in bench.out.calls] == [FLUSH_MOST, 3]
    assert [tick.symbol for tick in ticks] == [*symbols, again]


async def test_last_is_spread_over_flushes() -> None:
    """A second SET for each symbol of a big flush would double it, every five seconds anew."""
    symbols = [f"S{number}" for number in range(LAST_MOST + 1)]
    bench = traded(*symbols)
    async with bench.flushing():
        await bench.published(len(symbols))
        assert [write.last for write in bench.out.writes()] == [True] * LAST_MOST + [False]
        bench.trade(symbols[-1], 2.0)
        await bench.published(len(symbols) + 1)
    assert bench.out.writes()[-1].last


async def test_a_big_refresh_goes_in_steps(bench: Bench) -> None:
    """Between them a flush can go first."""
    symbols = [f"S{number}" for number in range(BATCH + 1)]
    bench.keep(*symbols)
    for symbol in symbols:
        bench.trade(symbol, 1.0)
    async with bench.flushing():
        await bench.published(len(symbols))
    bench.out.calls.clear()
    await bench.flusher.refresh()
    assert [len(call) for call in bench.out.calls] == [BATCH, 1]


async def test_a_failed_refresh_is_left_to_the_next(bench: Bench) -> None:
    """And counts for nothing: what was due stays due."""
    await bench.publish("AAPL", 1.0)
    bench.time.mono += LAST_EVERY_S
    bench.out.errors = [BusUnavailable("down")]
    await bench.flusher.refresh()
    await bench.flusher.refresh()
    assert [write.last for write in bench.out.writes(publish=False)] == [True]


async def test_last_is_written_at_most_every_five_seconds(bench: Bench) -> None:
    """With the first tick, then when it is due again, by a flush or by a refresh."""
    async with bench.flushing():
        for step, seconds in enumerate((0.0, 1.0, LAST_EVERY_S - 1.0, 1.0), start=1):
            bench.time.mono += seconds
            bench.trade("AAPL", float(step))
            await bench.published(step)
    assert [write.last for write in bench.out.writes()] == [True, False, True, False]
    await bench.flusher.refresh()
    bench.time.mono += LAST_EVERY_S
    await bench.flusher.refresh()
    await bench.flusher.refresh()
    assert [write.last for write in bench.out.writes(publish=False)] == [False, True, False]


async def test_a_price_lives_from_when_the_venue_was_heard(bench: Bench) -> None:
    """Whatever is written, published or refreshed, is good for what is left of its time."""
    bench.good_for_s = 4.5
    await bench.publish("AAPL", 1.0)
    bench.good_for_s = 2.5
    await bench.flusher.refresh()
    assert bench.out.good_for == [4.5, 2.5]


async def test_nothing_is_published_of_a_silent_venue(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in hand waits for a sign of life, and goes out with it."""
    monkeypatch.setattr("tapecast.ingest.flusher.RETRY_S", 0.0)
    bench.good_for_s = 0.0
    bench.trade("AAPL", 1.0)
    async with bench.flushing():
        for _ in range(20):
            await asyncio.sleep(0)
        assert bench.out.calls == []
        bench.good_for_s = 5.0
        await bench.published(1)


async def test_a_dropped_symbol_is_retired_at_once(bench: Bench) -> None:
    """Asked for again within its time to live it would pass for live, though nobody followed it."""
    async with bench.flushing():
        bench.trade("AAPL", 1.0)
        await bench.published(1)
        bench.conflator.keep(["MSFT"])
        await eventually(lambda: bench.out.retired == [Retired("AAPL")], "AAPL retired")


async def test_a_symbol_that_comes_back_is_retired_before_it_is_written(bench: Bench) -> None:
    """The other way round its new price would be deleted."""
    await bench.publish("AAPL", 1.0)
    bench.conflator.keep([])
    bench.conflator.keep(["AAPL"])
    bench.trade("AAPL", 2.0)
    async with bench.flushing():
        await bench.published(2)
    assert bench.out.order == ["publish", "retire", "publish"]


async def test_a_redis_that_is_down_forgets_the_retired(bench: Bench) -> None:
    """They expire by themselves, and what is newer is not held up."""
    bench.conflator.keep(["MSFT"])
    bench.out.errors = [BusUnavailable("down")]
    bench.trade("MSFT", 1.0)
    async with bench.flushing():
        await bench.published(1)
    assert bench.out.retired == []
    assert not bench.conflator.retired


async def test_a_void_price_is_taken_back(bench: Bench) -> None:
    """Whoever shows it is told, in order: after the tick that it takes back, before what comes next."""
    await bench.publish("AAPL", 1.0)
    bench.cancel("AAPL")
    bench.trade("AAPL", 2.0)
    async with bench.flushing():
        first, second = await bench.published(2)
    (retired,) = bench.out.retired
    head = codec.decode_head(retired.void)
    assert (head.symbol, head.epoch, head.is_void) == ("AAPL", 7, True)
    assert first.seq < head.seq < second.seq
    assert bench.out.order == ["publish", "retire", "publish"]


async def test_a_void_price_is_not_refreshed(bench: Bench) -> None:
    """It is neither live nor the last known."""
    await bench.publish("AAPL", 1.0)
    bench.cancel("AAPL")
    await bench.flusher.refresh()
    assert bench.out.writes(publish=False) == []


async def test_a_redis_that_is_down_is_told_of_a_void_price_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `last:` would stand for days, and the beats would vouch for it on every page."""
    monkeypatch.setattr("tapecast.ingest.flusher.RETRY_S", 0.0)
    await bench.publish("AAPL", 1.0)
    bench.cancel("AAPL")
    bench.conflator.keep([])
    bench.out.errors = [BusUnavailable("down")] * 3
    async with bench.flushing():
        await eventually(lambda: {each.symbol for each in bench.out.retired} == {"AAPL"}, "AAPL retired")
    assert [bool(each.void) for each in bench.out.retired] == [True]
