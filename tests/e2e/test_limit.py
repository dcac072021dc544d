"""One stream more than `MAX_STREAMS`: refused in a way that an `EventSource` comes back from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.e2e.processes import serving, status
from tests.e2e.ticker import Ticker
from tests.e2e.wire import Wire, get, healthy, wire
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e

LIMIT = 3
SYMBOLS = ("AAPL",)
EVENT_SOURCE = "Accept: text/event-stream"


@pytest.fixture
async def base(valkey_url: str) -> AsyncIterator[str]:
    """Where a process is that lets three streams in."""
    async with serving("api", env={"REDIS_URL": valkey_url, "MAX_STREAMS": str(LIMIT)}) as child:
        yield child.base
        assert "Traceback" not in child.output


async def _full(stack: AsyncExitStack, base: str, ticker: Ticker) -> list[Wire]:
    """As many streams as there may be."""
    return [await stack.enter_async_context(healthy(base, ticker.path)) for _ in range(LIMIT)]


async def _told_to_come_back(base: str, path: str) -> bool:
    """How an EventSource is refused: as a stream that says so, and ends properly."""
    async with wire(base, path, EVENT_SOURCE) as refused:
        await refused.until(lambda: refused.newest or refused.complete)
        names = [name for name, _ in refused.events]
        if not refused.complete:
            return False
        assert (refused.status, names) == (200, ["retry", "bye"])
        # Kept alive, thousands of refused pages would leave no file for a health check.
        await refused.until(lambda: refused.ended)
        assert refused.headers["content-type"].startswith("text/event-stream")
        assert refused.events[0][1] > 0
        assert refused.events[1][1]["code"] == "too_many_streams"
        return True


async def test_one_stream_too_many_is_refused_and_everything_else_answers(base: str, ticker: Ticker) -> None:
    """A script gets the status and when to come back, an EventSource a `bye`; health knows nothing of it."""
    async with AsyncExitStack() as stack:
        readers = await _full(stack, base, ticker)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=PATIENCE_S))
        refused = await client.get(ticker.path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
        for path in (ticker.path, "/stream/status", "/stream?prices=AAPL&status", "/api" + ticker.path):
            assert await _told_to_come_back(base, path)
        for path in ("/healthz", "/readyz", "/prices?symbols=AAPL", "/stream/status"):
            assert (await client.get(path)).status_code == httpx.codes.OK, path
        assert (await client.get("/stream/status")).json()["stream_count"] == LIMIT
        await ticker.publish()
        for reader in readers:
            await ticker.reaches(reader)


@pytest.mark.parametrize("leave", [Wire.close, Wire.reset])
async def test_the_next_is_let_in_when_one_has_left(
    leave: Callable[[Wire], None], base: str, ticker: Ticker
) -> None:
    """A refusal takes no place, and a place is free as soon as its stream is gone, however it went."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(wire(base, ticker.path)) for _ in range(LIMIT)]
        await asyncio.gather(*(_settled(client) for client in clients))
        for _ in range(10):
            assert await _told_to_come_back(base, ticker.path)
        leave(clients[0])

        async def let_in() -> bool:
            return not await _told_to_come_back(base, ticker.path)

        await eventually(let_in, "the next is let in")


async def test_many_at_once_are_never_more_than_the_limit(base: str, ticker: Ticker) -> None:
    """Fifty knock together: three are let in, the others are told to come back."""
    async with AsyncExitStack() as stack:
        knocking = [await stack.enter_async_context(wire(base)) for _ in range(50)]
        await asyncio.gather(*(one.send(get(ticker.path, EVENT_SOURCE)) for one in knocking))
        await asyncio.gather(*(_settled(one) for one in knocking))
        assert sum(not one.complete for one in knocking) == LIMIT
        assert (await status(base))["stream_count"] == LIMIT


async def _settled(one: Wire) -> None:
    await one.until(lambda: one.newest or one.complete)
