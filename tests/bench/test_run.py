"""A run from its first question to its figures, against a server that a test tells what to say."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tapecast import process
from tapecast.bench import run
from tapecast.bench.answers import Unreachable
from tapecast.bench.progress import Lines
from tapecast.bench.result import Result
from tapecast.bench.run import Run, pause, require_files, unless
from tapecast.errors import SettingsError
from tests.bench.support import HEAD, READY, TELLS, Reply, bye, deployment, event, hello, plan_for, tick
from tests.support import eventually


def prices(ahead_s: float = 0.0, age_s: float = 0.04) -> Reply:
    """A stream whose clock is so far ahead, with a price every few ms that is so old."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + hello(ahead_s) + event("symbol", symbol="AAPL", state="live"))
        for seq in range(1, 100_000):
            writer.write(tick(seq=seq, ts_recv=int((time.time() + ahead_s - age_s) * 1e6)))
            await writer.drain()
            await asyncio.sleep(0.005)

    return reply


async def ran(
    reply: Any, *, stop: asyncio.Event | None = None, said: list[str] | None = None, **options: Any
) -> Result | None:
    """The figures of a short run."""
    said = [] if said is None else said
    async with deployment({"/readyz": READY, "/stream/status": TELLS, "/stream/prices": reply}) as url:
        plan = plan_for(url, **{"seconds": 0.5} | options)
        return await Run(plan, said.append, Lines(said.append)).go(stop or asyncio.Event())


@pytest.mark.parametrize("ahead_s", [0.0, 40.0, -40.0])
async def test_a_run_has_figures(ahead_s: float) -> None:
    """Ages are by the server's clock, whichever that is."""
    said = list[str]()
    found = await ran(prices(ahead_s), said=said, streams=3)
    assert found is not None
    assert found.server.startswith("tapecast 9.9.9")
    assert (found.streams.wanted, found.streams.opened, found.streams.open_at_end) == (3, 3, 3)
    assert found.symbols == {"AAPL": {"live": 3}}
    assert found.received.prices > 0
    assert found.received.bytes > 50 * found.received.prices
    assert found.streams.without_price == found.streams.gaps == found.streams.disorder == 0
    assert found.latency is not None
    assert found.latency.p50_ms >= 39 - found.clock.uncertainty_ms
    assert found.latency.p50_ms < 10_000
    assert sum(bucket.count for bucket in found.histogram) == found.latency.count <= found.received.prices
    assert found.clock.offset_ms == pytest.approx(1000 * ahead_s, abs=found.clock.uncertainty_ms)
    assert found.measured_s >= 0.5
    assert not found.cut_short
    assert said[0].endswith("crypto live")
    assert said[1].startswith("opens 3 streams of 1 symbol at ")
    assert any(line.startswith("measuring: 0 of ") for line in said)


async def test_what_was_measured_so_far_is_the_result() -> None:
    """Whoever stops it need not wait for the end."""
    stop, said = asyncio.Event(), list[str]()
    task = asyncio.create_task(ran(prices(), stop=stop, said=said, seconds=300))
    await eventually(lambda: any("measuring" in line for line in said) or task.done())
    stop.set()
    found = await task
    assert found is not None
    assert found.cut_short
    assert found.streams.opened == 2
    assert found.measured_s < 200


async def test_who_stops_during_the_ramp_has_refused_nobody() -> None:
    """Streams that were not opened yet are no fault of the server's."""
    stop, said = asyncio.Event(), list[str]()
    task = asyncio.create_task(ran(prices(), stop=stop, said=said, streams=300, ramp=1.0))
    await eventually(lambda: any("opening" in line for line in said) or task.done())
    stop.set()
    found = await task
    assert found is not None
    assert found.streams.refused == {}
    assert 1 <= found.streams.opened < 300


async def test_who_stops_before_the_first_stream_has_no_figures() -> None:
    """Nor has he to wait for the answer."""
    stop, asked = asyncio.Event(), asyncio.Event()

    async def silent(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(ran(silent, stop=stop))
    await eventually(asked.is_set)
    stop.set()
    assert await task is None


async def test_what_cannot_be_reached_is_said() -> None:
    """By the first stream, too."""
    with pytest.raises(Unreachable, match="full"):
        await ran(HEAD + bye("too_many_streams", "full"))


async def test_streams_without_prices_and_late_ones_are_told() -> None:
    """One that is open and mute, one that is not let in before the time is up."""
    first = True

    async def mute(writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if first:
            first = False
            writer.write(HEAD + hello())
        await asyncio.get_running_loop().create_future()

    loop = asyncio.get_running_loop()
    with pytest.MonkeyPatch.context() as patch:
        # So short a time for the ramp that nobody else comes within it.
        patch.setattr(run, "DIAL_S", 0.0)
        begun = loop.time()
        found = await ran(mute, streams=2, ramp=1000.0)
    assert loop.time() - begun < 20
    assert found is not None
    assert found.streams.refused == {"not_in_time": 1}
    assert (found.streams.opened, found.streams.without_price) == (1, 1)
    assert (found.latency, found.latency_min_ms, found.histogram) == (None, None, [])


def test_files_are_counted_before_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to have more."""
    monkeypatch.setattr(process, "allow_files", lambda wanted: 256)
    require_files(192)
    with pytest.raises(SettingsError, match=r"256 files and sockets; .*ulimit -n 264.* at most 192 streams"):
        require_files(200)


async def test_a_pause_ends_early_if_it_is_told_to() -> None:
    """Or at its time."""
    stop = asyncio.Event()
    await pause(stop, 0.001)
    stop.set()
    await pause(stop, 1000)


async def test_work_is_given_up_when_it_is_told_to() -> None:
    """And has its result, or its error, if it was done."""
    stop = asyncio.Event()

    async def work(error: Exception | None = None) -> int:
        if error is not None:
            raise error
        return 7

    assert await unless(stop, work()) == 7
    with pytest.raises(ValueError, match="no"):
        await unless(stop, work(ValueError("no")))
    stop.set()
    assert await unless(stop, asyncio.sleep(1000, 7)) is None
