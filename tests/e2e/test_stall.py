"""A reader that stalls: little is held for it, what it gets afterwards is new, and nobody else notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from statistics import median, quantiles

import httpx
import pytest

from tapecast.api.audience import STALL_S
from tapecast.bus.connection import Bus
from tests.api.support import replica
from tests.e2e.kernel import ESTABLISHED, held, needs_proc
from tests.e2e.processes import Child, status
from tests.e2e.ticker import Ticker
from tests.e2e.wire import GZIP, NARROW, Wire, healthy, wire
from tests.stalls import stalls
from tests.support import PATIENCE_S, eventually

pytestmark = [pytest.mark.e2e, needs_proc]

SYMBOLS = tuple(f"S{letter}" for letter in "ABCDEFGHIJKLMNOPQRST")
MOST_BYTES = 64 * 1024
STALLED = 10
UPDATES = 10_000
AT_ONCE = 4
"""Updates of each symbol between two looks at the witnesses."""
SLOWEST_S = 2.0
"""For a round trip that takes milliseconds, on a machine that is busy with something else."""


async def publish_while_stalled(ticker: Ticker, witnesses: list[Wire]) -> list[float]:
    """At least UPDATES, as fast as healthy clients take them; how long each round took.

    Long enough too: what was queued at the beginning must be old when it is over.
    """
    took: list[float] = []
    began = time.monotonic()
    while len(took) * AT_ONCE * len(SYMBOLS) < UPDATES or time.monotonic() - began < 2.0:
        at = time.monotonic()
        await ticker.publish(AT_ONCE)
        for witness in witnesses:
            await ticker.reaches(witness)
        took.append(stalls.ran_s(at))
    return took


async def test_little_is_held_for_a_stalled_reader_and_the_next_event_is_new(
    api: Child, ticker: Ticker
) -> None:
    """At most 64 KiB wait in the server and its send queue, whatever was published meanwhile."""
    async with AsyncExitStack() as stack:
        same = await stack.enter_async_context(healthy(api.base, ticker.path))
        # Asks for the same symbols in another form: a view of its own.
        other = await stack.enter_async_context(healthy(api.base, f"{ticker.path}&interval=1"))
        stalled = [
            await stack.enter_async_context(wire(api.base, ticker.path, window=NARROW))
            for _ in range(STALLED)
        ]
        for client in stalled:
            await client.until(partial(ticker.reached, client))
        took = await publish_while_stalled(ticker, [same, other])

        assert quantiles(took, n=20)[-1] < SLOWEST_S
        kernel = [held(api.base, client) for client in stalled]
        assert all(end and 0 < end.queued <= MOST_BYTES for end in kernel), kernel
        # Nothing is published now: what comes until it has the newest of everything was held for it.
        for client in stalled:
            before, unread = client.received, client.unread()
            await client.until(partial(ticker.reached, client), limit=4096)
            assert client.received - before - unread <= MOST_BYTES
        assert [client.disorder for client in (same, other, *stalled)] == [[]] * (2 + STALLED)


@pytest.mark.parametrize("headers", [[], [GZIP]], ids=["plain", "gzip"])
async def test_a_reader_that_resumes_is_current_once_what_was_in_flight_is_drained(
    headers: list[str], api: Child, ticker: Ticker
) -> None:
    """While updates go on: after the first 64 KiB comes nothing of the time of the stall, in order."""
    async with (
        healthy(api.base, ticker.path, *headers) as witness,
        wire(api.base, ticker.path, *headers, window=NARROW) as stalled,
    ):
        await stalled.until(lambda: ticker.reached(stalled))
        await publish_while_stalled(ticker, [witness])
        in_flight, resumed_at = stalled.received + stalled.unread() + MOST_BYTES, ticker.seq
        stop = asyncio.Event()

        async def go_on() -> None:
            while not stop.is_set():
                await ticker.publish()
                await ticker.reaches(witness)

        going = asyncio.create_task(go_on())
        ages: list[float] = []
        while len(ages) < 500:
            drained, seen = stalled.received >= in_flight, len(stalled.events)
            assert await stalled.read()
            now = time.time_ns() // 1000
            if drained:
                ticks = [data for name, data in stalled.events[seen:] if name == "message"]
                assert all(data["seq"] >= resumed_at for data in ticks)
                ages += [(now - data["ts_recv"]) / 1e6 for data in ticks]
        stop.set()
        await going
        assert ages[0] < 1.0
        assert median(ages) < 1.0
        assert stalled.disorder + witness.disorder == []


@pytest.fixture
def stall_s(monkeypatch: pytest.MonkeyPatch) -> float:
    """How long a client may take nothing, in a replica that runs in the test's process."""
    monkeypatch.setattr("tapecast.api.audience.STALL_S", 1.0)
    return 1.0


@pytest.fixture
async def base(stall_s: float, bus: Bus) -> AsyncIterator[str]:
    """Where such a replica is."""
    async with replica(bus) as client:
        yield str(client.base_url)


async def _count(base: str, metric: str) -> float:
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric + " "))


async def _is_cut_off(base: str, ticker: Ticker, dead: Wire, patience_s: float) -> None:
    """Its socket is gone for the kernel too: nothing waits for a client that is never coming back."""
    async with healthy(base, ticker.path) as witness:

        async def gone() -> bool:
            await ticker.publish(10)
            return held(base, dead) is None

        await eventually(gone, "the socket is gone", patience_s)
        assert (await status(base))["stream_count"] == 1
        assert await _count(base, 'tapecast_streams_evicted_total{reason="stalled"}') == 1
        with pytest.raises(ConnectionResetError):
            await dead.until(lambda: dead.ended)
        await ticker.reaches(witness)
        assert witness.disorder == []


@pytest.mark.parametrize("has_read", [True, False], ids=["after its first ticks", "ever"])
async def test_a_client_that_takes_nothing_is_cut_off(has_read: bool, base: str, ticker: Ticker) -> None:
    """It is reset and counted, and nothing is kept for it; the one beside it never notices."""
    async with wire(base, ticker.path, window=NARROW) as dead:
        if has_read:
            await dead.until(lambda: ticker.reached(dead))
        await _is_cut_off(base, ticker, dead, PATIENCE_S)


@pytest.mark.long
async def test_a_client_is_cut_off_after_thirty_seconds(api: Child, ticker: Ticker) -> None:
    """The same with the real time, in a process of its own, and not before that time."""
    async with wire(api.base, ticker.path, window=NARROW) as dead:
        await dead.until(lambda: ticker.reached(dead))
        began = time.monotonic()
        await _is_cut_off(api.base, ticker, dead, STALL_S + PATIENCE_S)
        assert time.monotonic() - began >= STALL_S


async def test_clients_that_are_slow_or_merely_quiet_stay(stall_s: float, base: str, ticker: Ticker) -> None:
    """Whoever takes something now and then is not cut off, and gets what is newest when it does so.

    Nor is one for whom there was nothing to take.
    """
    still = Ticker(ticker.bus, ["QUIET"])
    await still.publish()
    async with (
        healthy(base, ticker.path) as witness,
        healthy(base, still.path) as quiet,
        wire(base, ticker.path, window=NARROW) as slow,
    ):
        await slow.until(lambda: ticker.reached(slow))
        until = time.monotonic() + 3 * stall_s
        while time.monotonic() < until:
            # Five kilobytes for it come in, and at most two go out.
            await ticker.publish()
            await ticker.reaches(witness)
            assert await slow.read(2048)
        kernel = held(base, slow)
        assert kernel is not None
        assert (kernel.state, (await status(base))["stream_count"]) == (ESTABLISHED, 3)
        await slow.until(lambda: ticker.reached(slow))
        await still.publish()
        await still.reaches(quiet)
        assert slow.disorder + witness.disorder + quiet.disorder == []
