"""Thousands of clients that come and go in every way: nothing of them stays, in no count and no memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.e2e.kernel import descriptors, memory_kib, needs_proc
from tests.e2e.processes import Child, status
from tests.e2e.ticker import Ticker
from tests.e2e.wire import GZIP, Wire, get, healthy
from tests.support import PATIENCE_S, eventually

pytestmark = [pytest.mark.e2e, needs_proc]

SYMBOLS = tuple(f"S{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
AT_ONCE = 200
SETTLING = (1_000,) * 4
"""After so many rounds, whatever is made once has been made, and the heap has had its ups and downs."""
INTERVALS = (0, 1, 60_000)
"""The longest too: what an interval holds back must not outlive its client."""
GROWTH = 1.06
"""What memory may have grown by: "within a few percent"."""

Visit = Callable[[Wire, bytes], Awaitable[None]]


async def head(peer: Wire, ask: bytes) -> None:
    """Headers only."""
    await peer.send(ask.replace(b"GET", b"HEAD", 1))
    await peer.until(lambda: peer.status)


async def hurry(peer: Wire, ask: bytes) -> None:
    """Gone before the response."""
    await peer.send(ask)


async def half_a_request(peer: Wire, ask: bytes) -> None:
    """Gone before the request was whole."""
    await peer.send(ask[:-2])


async def headers(peer: Wire, ask: bytes) -> None:
    """Gone after the response's headers."""
    await peer.send(ask)
    await peer.until(lambda: peer.status, limit=64)


async def first_events(peer: Wire, ask: bytes) -> None:
    """Gone after the first ticks."""
    await peer.send(ask)
    await peer.until(lambda: peer.newest)


async def cut_early(peer: Wire, ask: bytes) -> None:
    """An RST in place of waiting for the response."""
    await peer.send(ask)
    peer.reset()


async def cut_late(peer: Wire, ask: bytes) -> None:
    """An RST in the middle of the stream."""
    await first_events(peer, ask)
    peer.reset()


async def half_close(peer: Wire, ask: bytes) -> None:
    """A FIN right behind the request, then whatever comes."""
    await peer.send(ask)
    peer.shut()
    await peer.read()


async def cancel(peer: Wire, ask: bytes) -> None:
    """A program that is stopped while it reads."""
    reading = asyncio.create_task(first_events(peer, ask))
    for _ in range(peer.port % 7):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])


async def refused(peer: Wire, ask: bytes) -> None:
    """A request that is answered by an error."""
    await peer.send(get("/stream/prices", "Connection: close"))
    await peer.end()
    assert peer.status == 400


VISITS: tuple[Visit, ...] = (
    head, hurry, half_a_request, headers, first_events, cut_early, cut_late, half_close, cancel, refused,
)  # fmt: skip


async def visit(base: str, number: int) -> None:
    """One client. Each kind comes with hundreds of different asks, and so with views of their own."""
    number, kind = divmod(number, len(VISITS))
    symbols = f"{SYMBOLS[number % 26]},{SYMBOLS[number // 26 % 26]},{SYMBOLS[number // 676 % 26]}"
    ask = get(f"/stream/prices?symbols={symbols}&interval={INTERVALS[number % 3]}", *[GZIP][: number % 2])
    peer = await Wire.dial(base)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await VISITS[kind](peer, ask)
    finally:
        peer.close()


async def come_and_go(base: str, ticker: Ticker, count: int) -> None:
    """So many clients, AT_ONCE at a time, while prices move."""
    numbers = iter(range(count))

    async def visitor() -> None:
        for number in numbers:
            await visit(base, number)
            if number % 100 == 0:
                await ticker.publish()

    async with asyncio.TaskGroup() as visitors:
        for _ in range(AT_ONCE):
            visitors.create_task(visitor())


@pytest.mark.parametrize(
    "count", [4_000, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
async def test_thousands_that_come_and_go_leave_nothing(count: int, api: Child, ticker: Ticker) -> None:
    """No stream is counted, no socket is open, and memory is what it was."""

    async def streams() -> int:
        return int((await status(api.base))["stream_count"])

    async with healthy(api.base, ticker.path) as witness:

        async def only_the_witness() -> bool:
            return await streams() == 1

        async def memory_after(visits: int) -> int:
            await come_and_go(api.base, ticker, visits)
            await eventually(only_the_witness)
            return memory_kib(api.pid)

        memory = max([await memory_after(visits) for visits in SETTLING])
        sockets = descriptors(api.pid)
        assert await memory_after(count) <= memory * GROWTH
        await eventually(lambda: descriptors(api.pid) <= sockets, "sockets are closed")
        await ticker.publish()
        await ticker.reaches(witness)
        assert witness.disorder == []

    async def nobody() -> bool:
        return await streams() == 0

    await eventually(nobody)
    assert await api.end() == 0
