"""docs/events.md against the running service: nothing else comes, and all that it has comes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from contextlib import AsyncExitStack

import pytest

from tapecast.bars import Interval
from tapecast.bus.connection import Bus
from tapecast.simulator.config import SimulatorConfig
from tests.api.support import replica
from tests.e2e import everything
from tests.e2e.pipe import pipe
from tests.e2e.processes import Stream, serving, streaming
from tests.project.events_page import PAGE, Reader, read, words
from tests.simulator.paper.desk import trading_client
from tests.support import eventually

pytestmark = pytest.mark.e2e

ALL = {"prices": f"AAPL,NVDA,MSFT,BTC/USD,{everything.REFUSED},???", "positions": "1", "status": "1"}
BARS = ("AAPL", "NVDA", "MSFT", "BTC/USD", "SPY")
TOKEN = {"Authorization": f"Bearer {'t' * 20}"}
FIRST = ["hello", "feed", "positions", "portfolio", "orders", "status", "symbol", "message"]
"""In which order a client is told of all that is known."""
LINE = re.compile(r"|retry: \d+|event: [a-z]+|data: \{.*\}")
UNSEEN = {
    # tests/api/account/test_portfolio.py: figures that the paper account of the simulator does not have.
    *(
        f"portfolio: {name}"
        for name in (
            "daytrading_buying_power", "last_maintenance_margin", "pending_transfer_in",
            "pending_transfer_out", "pending_reg_taf_fees", "intraday_adjustments", "sma",
        )
    ),
}  # fmt: skip
"""Fields that the simulator cannot be brought to send, with the test that shows them."""


async def test_what_comes_is_on_the_page_and_what_is_on_the_page_comes(valkey_url: str, bus: Bus) -> None:
    """On a day on which everything happens; with a closed market; under `tapecast up`; and at every end."""
    tables = read(PAGE.read_text("utf-8"))
    reader, states = Reader(tables), set()
    scenes = (a_bad_day(valkey_url), closed(valkey_url), up(valkey_url), endings(bus))
    # Each mostly waits.
    for stream in [stream for streams in await asyncio.gather(*scenes) for stream in streams]:
        states |= {data["state"] for data in stream.named("symbol")}
        for event in stream.events:
            name = "tick" if event.event == "message" else event.event
            reader.hear(name, json.loads(event.data))
            assert (event.retry is not None) == (name in {"hello", "bye"})
    assert not reader.faults
    assert reader.unseen() == UNSEEN
    assert states == words(tables["symbol"], "state")


async def a_bad_day(valkey_url: str) -> list[Stream]:
    """All streams of a pipe in which everything happens."""
    config = SimulatorConfig(still=True)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        running = await enter(
            pipe(valkey_url, config, prepare=everything.refuses, PUBLIC="positions", KEEPALIVE_S="0.5")
        )
        venue, base = running.venue, running.base
        trader = await enter(trading_client(venue))
        stream = await enter(streaming(f"{base}/stream", **ALL))
        seconds, *longer = [
            await enter(streaming(f"{base}/stream/bars", symbols=symbol, interval=interval.value))
            for symbol, interval in zip(BARS, Interval, strict=True)
        ]
        await everything.begins(stream)
        await everything.tape(venue, stream)
        await everything.candles(venue, seconds)
        await everything.orders(venue, trader, stream)
        late = await enter(streaming(f"{base}/stream", **ALL))
        await eventually(lambda: late.named("heartbeat") and late.named("orders"))
        for path in ("/stream?prices=AAPL&positions&status", "/stream/bars?symbols=AAPL&interval=1s"):
            lines = await everything.lines(base, path, "event: heartbeat")
            assert [line for line in lines if not LINE.fullmatch(line)] == []
        await everything.outage(venue, trader, stream)
        await everything.history(*longer)
        assert list(dict.fromkeys(event.event for event in late.events))[: len(FIRST)] == FIRST
    return [stream, seconds, *longer, late]


async def closed(valkey_url: str) -> list[Stream]:
    """A stream while the session is over."""
    config = SimulatorConfig(market_open=False)
    async with (
        pipe(valkey_url, config, PUBLIC="positions", REDIS_PREFIX="closed:") as running,
        streaming(f"{running.base}/stream", **ALL) as stream,
    ):
        await eventually(lambda: stream.state("AAPL") == "closed" and stream.named("portfolio"))
        return [stream]


async def up(valkey_url: str) -> list[Stream]:
    """A stream of `tapecast up` until that is told to end."""
    env = {"REDIS_URL": valkey_url, "REDIS_PREFIX": "up:"}
    async with serving("up", env=env) as child, streaming(f"{child.base}/stream", **ALL) as stream:
        await eventually(lambda: stream.named("order") and stream.named("position"), "the demo's trader")
        child.send(signal.SIGTERM)
        await eventually(lambda: stream.ended)
        assert [bye["code"] for bye in stream.named("bye")] == ["draining"]
        return [stream]


async def endings(bus: Bus) -> list[Stream]:
    """Streams that the server ends, or refuses for now."""
    found: list[tuple[str, Stream]] = []
    async with replica(bus, MAX_STREAMS="1", MAX_STREAM_AGE_S="1") as client:
        async with streaming(f"{client.base_url}/stream/prices", symbols="AAPL") as old:
            await eventually(lambda: old.named("hello"))
            async with streaming(f"{client.base_url}/stream/prices", symbols="AAPL") as second:
                await eventually(lambda: second.ended and old.ended)
            found += [("too_many_streams", second), ("max_age", old)]
    async with replica(bus, API_TOKEN="t" * 20) as client:
        ticket = (await client.post("/tickets", headers=TOKEN, json={"ttl_s": 1})).json()["ticket"]
        async with streaming(f"{client.base_url}/stream/prices", symbols="AAPL", ticket=ticket) as stream:
            await eventually(lambda: stream.ended)
            found.append(("ticket_expired", stream))
    for code, stream in found:
        assert [bye["code"] for bye in stream.named("bye")] == [code]
    return [stream for _, stream in found]
