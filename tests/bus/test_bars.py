"""Bars in a real Valkey: whole buckets, what was told last, and nothing that is not ours."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import (
    BUCKET,
    TOLD_MOST,
    BarIndex,
    Stored,
    Told,
    bucket_ns,
    decode_bar,
    decode_bar_message,
    has_buckets,
    read_bars,
    write_bars,
)
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import BARS_TTL_S, SIMULATED_BARS_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost

SYMBOL = "BTC/USD"
FIRST = 1_767_225_600


@pytest.fixture
async def fence(bus: Bus) -> Fence:
    """Writes under a lease that is held."""
    lease = Lease(bus, "crypto", "holder")
    assert await lease.acquire()
    return Fence(bus, lease)


def bar(second: int, seq: int, close: float = 1.0, *, closed: bool = True) -> Bar:
    """A bar so many seconds after midnight."""
    start = f"2026-01-01T00:00:{second:02d}Z"
    return Bar(start, 1.0, 1.0, 1.0, close, 1.0, 1, closed=closed, epoch=7, seq=seq)


def told(bars: list[Bar], buckets: dict[int, list[Bar]], **more: object) -> Told:
    """What is to be written of seconds."""
    index = BarIndex(sorted(buckets), history=True)
    values: dict[str, object] = {"symbol": SYMBOL, "interval": Interval.SECOND, "listing": index} | more
    return Told(bars=bars, newest=bars[-1] if bars else None, buckets=buckets, **values)  # type: ignore[arg-type]


def decoded(stored: Stored) -> list[Bar]:
    """The bars in it."""
    return [decode_bar(bytes(each)) for each in stored.bars]


async def test_what_is_told_can_be_read(bus: Bus, fence: Fence) -> None:
    """Whole buckets, and the bar that is forming."""
    over, forming = bar(1, 1), bar(2, 2, closed=False)
    await write_bars(bus, fence, [told([over, forming], {FIRST: [over]})], simulated=False)
    later = bar(2, 3, 9.0, closed=False)
    await write_bars(bus, fence, [told([later], {})], simulated=False)
    stored = await read_bars(bus, SYMBOL, Interval.SECOND)
    assert decoded(stored) == [over, later]
    assert stored.listing == BarIndex([FIRST], history=True)
    assert (
        await bus.redis.exists(f"bars:1s:{SYMBOL}", f"bars:1s:{SYMBOL}:index", f"bars:1s:{SYMBOL}:{FIRST}")
        == 3
    )


async def test_every_key_has_its_time(bus: Bus, fence: Fence) -> None:
    """Invented bars live as long as the demo that invented them."""
    for simulated, ttl_s in ((False, BARS_TTL_S["1h"]), (True, SIMULATED_BARS_TTL_S)):
        news = told([bar(1, 1)], {FIRST: [bar(1, 1)]})._replace(interval=Interval.HOUR)
        await write_bars(bus, fence, [news], simulated=simulated)
        for part in ("", "index", str(FIRST)):
            assert ttl_s - 30 < await bus.redis.ttl(bus.keys.bars("1h", SYMBOL, part)) <= ttl_s


async def test_only_the_owner_writes(bus: Bus, fence: Fence) -> None:
    """As with prices."""
    await bus.redis.set("lease:crypto", "another")
    with pytest.raises(LeaseLost):
        await write_bars(bus, fence, [told([bar(1, 1)], {})], simulated=False)
    assert not (await read_bars(bus, SYMBOL, Interval.SECOND)).bars


async def test_what_is_published_is_what_changed(bus: Bus, fence: Fence) -> None:
    """With the newest bar in any case, for whoever joins; a big change is to be read anew."""
    key = bus.keys.bars("1s", SYMBOL)
    forming = bar(9, 1, closed=False)
    await write_bars(bus, fence, [told([bar(1, 2)], {})._replace(newest=forming)], simulated=False)
    message = decode_bar_message(bytes(await bus.redis.get(key) or b""))  # type: ignore[arg-type]
    assert [decode_bar(bytes(each)).start[-3:-1] for each in message.bars] == ["01", "09"]
    assert not message.anew
    many = [bar(second % 60, second) for second in range(TOLD_MOST + 1)]
    await write_bars(bus, fence, [told(many, {})], simulated=False)
    message = decode_bar_message(bytes(await bus.redis.get(key) or b""))  # type: ignore[arg-type]
    assert (message.anew, len(message.bars)) == (True, 1)


async def test_buckets_of_which_there_are_too_many_go(bus: Bus, fence: Fence) -> None:
    """What is kept is bounded."""
    await write_bars(bus, fence, [told([bar(1, 1)], {FIRST: [bar(1, 1)]})], simulated=False)
    await write_bars(bus, fence, [told([bar(2, 2)], {}, dropped=[FIRST])], simulated=False)
    stored = await read_bars(bus, SYMBOL, Interval.SECOND)
    assert [each.seq for each in decoded(stored)] == [2]
    assert not stored.listing.buckets


async def test_the_newest_buckets_alone(bus: Bus, fence: Fence) -> None:
    """An owner needs no more to go on."""
    buckets = {FIRST + BUCKET * number: [bar(number, number + 1)] for number in range(5)}
    await write_bars(bus, fence, [told([], buckets)], simulated=False)
    assert [each.seq for each in decoded(await read_bars(bus, SYMBOL, Interval.SECOND, 2))] == [4, 5]


async def test_what_is_not_ours_is_nothing(bus: Bus, fence: Fence) -> None:
    """A bucket that has expired, or that a foreign program has written."""
    await write_bars(bus, fence, [told([bar(1, 1)], {FIRST: [], FIRST + 60: [bar(1, 1)]})], simulated=False)
    await bus.redis.set(bus.keys.bars("1s", SYMBOL, str(FIRST)), b"\xff{")
    await bus.redis.set(bus.keys.bars("1s", SYMBOL), b"no json")
    assert len((await read_bars(bus, SYMBOL, Interval.SECOND)).bars) == 1
    await bus.redis.set(bus.keys.bars("1s", SYMBOL, "index"), b"[")
    assert await read_bars(bus, SYMBOL, Interval.SECOND) == Stored([], BarIndex())
    with pytest.raises(msgspec.DecodeError):
        decode_bar(b"\xff")


async def test_whether_buckets_are_there(bus: Bus, fence: Fence) -> None:
    """All of them, or not."""
    await write_bars(bus, fence, [told([bar(1, 1)], {FIRST: [bar(1, 1)]})], simulated=False)
    for starts, there in (([], True), ([FIRST], True), ([FIRST, FIRST + 60], False)):
        assert await has_buckets(bus, SYMBOL, Interval.SECOND, [str(start) for start in starts]) is there


def test_a_bucket_is_of_sixty_bars() -> None:
    """Of any length."""
    assert {bucket_ns(interval) // interval.ns for interval in Interval} == {BUCKET}
