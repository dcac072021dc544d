"""`tapecast up` on a machine with nothing: no Redis, no keys."""

from __future__ import annotations

import os
import re
import signal
import time

import httpx
import pytest

from tapecast.bus.connection import open_bus
from tests.e2e.processes import serving, status, streaming, tapecast
from tests.support import PATIENCE_S, eventually, free_socket

pytestmark = pytest.mark.e2e

STATUS_FIELDS = {
    "alpaca_connected", "active_symbols", "stream_count", "feeds", "lease", "refused",
    "messages_per_second", "newest_tick_age_s", "reconnects", "rejected", "replicas", "resubscribed",
    "clock_offset_s", "version",
}  # fmt: skip


async def test_prices_flow_and_status_tells_the_truth() -> None:
    """A stock and a crypto pair are priced and go on; the status has every field of the contract."""
    async with serving("up") as up:
        assert "SIMULATED" in up.output
        async with streaming(f"{up.base}/stream/prices", symbols="AAPL,BTC/USD") as stream:
            await eventually(lambda: len(stream.ticks("AAPL")) >= 5)
            await eventually(lambda: len(stream.ticks("BTC/USD")) >= 5)
            assert (stream.state("AAPL"), stream.state("BTC/USD")) == ("live", "live")
            assert stream.events[0].event == "hello"
            # Nobody has asked for an option.
            assert {e["state"] for e in stream.named("feed") if e["market"] != "us_option"} == {"live"}

            async def counted() -> bool:
                return bool((await status(up.base))["stream_count"] == 1)

            await eventually(counted)
            shown = await status(up.base)
        assert set(shown) >= STATUS_FIELDS
        assert shown["alpaca_connected"] is False
        assert {"AAPL", "BTC/USD"} <= set(shown["active_symbols"])
        assert all(feed["simulated"] for feed in shown["feeds"])


async def test_a_symbol_that_nobody_asked_for_before_is_priced() -> None:
    """Interest reaches ingest, which subscribes it at the venue and seeds it."""
    async with serving("up") as up, streaming(f"{up.base}/stream/prices", symbols="tsla") as stream:
        await eventually(lambda: stream.ticks("TSLA"))
        await eventually(lambda: stream.state("TSLA") == "live")
        # The first tick may be the venue's first print, before the seed that knows the day.
        await eventually(lambda: "previous_close" in stream.ticks("TSLA")[-1])


async def test_a_first_price_takes_less_than_a_second() -> None:
    """For symbols that are there and for one that nobody asked for; the best of three, on any machine."""

    async def first(base: str, *symbols: str) -> float:
        began = time.monotonic()
        async with streaming(f"{base}/stream/prices", symbols=",".join(symbols)) as stream:
            await eventually(lambda: all(stream.ticks(symbol) for symbol in symbols))
        return time.monotonic() - began

    async with serving("up") as up:
        assert min([await first(up.base, "AAPL", "BTC/USD") for _ in range(3)]) < 1.0
        assert min([await first(up.base, symbol) for symbol in ("TSLA", "AMZN", "SOL/USD")]) < 1.0


async def test_positions_are_served_to_a_laptop_and_to_nobody_else() -> None:
    """Without a token: a loopback page gets them, one through a proxy does not."""
    async with serving("up") as up, streaming(f"{up.base}/stream/positions") as stream:
        await eventually(lambda: stream.named("positions"))
        symbols = {position["symbol"] for position in stream.named("positions")[0]["positions"]}
        assert "BTC/USD" in symbols
        await eventually(lambda: stream.named("position"), "a re-priced position")
        async with httpx.AsyncClient(base_url=up.base, timeout=PATIENCE_S) as client:
            answer = await client.get("/stream/positions", headers={"X-Forwarded-For": "203.0.113.9"})
        assert answer.status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_politely(number: signal.Signals) -> None:
    """Every stream gets its `bye`, and the process exits with 0."""
    async with serving("up") as up, streaming(f"{up.base}/stream/prices", symbols="AAPL") as stream:
        await eventually(lambda: stream.ticks("AAPL"))
        assert await up.end(number) == 0, up.output
        await eventually(lambda: stream.ended)
        assert stream.named("bye")[0]["code"] == "draining"
        assert "Traceback" not in up.output


async def test_a_taken_port_is_named() -> None:
    """The message says which port, and how to choose another."""
    with free_socket() as taken:
        port = str(taken.getsockname()[1])
        async with tapecast("up", "--port", port) as up:
            assert await up.ended() == 1
            assert f"port {port} on 127.0.0.1 cannot be had" in up.output
            assert "--port" in up.output


async def test_a_bad_setting_stops_the_start() -> None:
    """The setting is named and the exit code is 2."""
    async with tapecast("up", env={"KEEPALIVE_S": "soon"}) as up:
        assert await up.ended() == 2
        assert "KEEPALIVE_S" in up.output
        assert "Traceback" not in up.output


async def test_the_end_of_its_own_cache_ends_the_streams_and_says_why() -> None:
    """A `bye` for each client, one line for the person, and no traceback."""
    async with serving("up") as up, streaming(f"{up.base}/stream/prices", symbols="AAPL") as stream:
        await eventually(lambda: stream.ticks("AAPL"))
        port = re.search(r"embedded Valkey, 127\.0\.0\.1:(\d+)", up.output)
        assert port is not None
        async with open_bus(f"redis://127.0.0.1:{port[1]}") as bus:
            pid = (await bus.redis.info("server"))["process_id"]
        os.kill(int(pid), signal.SIGKILL)
        assert await up.ended() == 1
        await eventually(lambda: stream.ended)
        assert stream.named("bye")[0]["code"] == "draining"
        assert "the embedded Valkey has ended" in up.output
        assert "Traceback" not in up.output
