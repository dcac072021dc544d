"""Prices, positions and status on one connection, from `tapecast up` to the person at this machine."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.e2e.processes import serving, status, streaming
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e

ASKED = {"prices": "AAPL,BTC/USD,a$", "positions": "", "status": ""}
NAMED = {
    "hello", "feed", "symbol", "positions", "position", "portfolio", "orders", "order", "status", "heartbeat",
}  # fmt: skip


async def test_one_connection_carries_prices_positions_and_status() -> None:
    """All of it flows, `onmessage` gets ticks and nothing else, and it counts as one stream."""
    async with serving("up") as up, streaming(f"{up.base}/stream", **ASKED) as stream:
        await eventually(lambda: len(stream.ticks("AAPL")) >= 3)
        await eventually(lambda: stream.named("positions"))
        held = {position["symbol"] for position in stream.named("positions")[0]["positions"]}
        assert "BTC/USD" in held

        def both() -> bool:
            repriced = [p for p in stream.named("position") if p["symbol"] == "BTC/USD"]
            return len(repriced) >= 3 and len(stream.ticks("BTC/USD")) >= 3

        await eventually(both, "a symbol as a price and as a position")

        def told() -> bool:
            said = stream.named("status")[-1:]
            return any("BTC/USD" in each["active_symbols"] and each["stream_count"] == 1 for each in said)

        await eventually(told, "the status of it")
        assert (await status(up.base))["stream_count"] == 1
        assert stream.events[0].event == "hello"
        assert (stream.state("AAPL"), stream.state("A$")) == ("live", "refused")
        defaults = [json.loads(event.data) for event in stream.events if event.event == "message"]
        assert {tick["symbol"] for tick in defaults} == {"AAPL", "BTC/USD"}
        assert all("price" in tick for tick in defaults)
        assert {event.event for event in stream.events} - {"message"} <= NAMED
        assert not stream.ended


async def test_one_private_subject_closes_the_connection_to_a_stranger() -> None:
    """Through a proxy the three are forbidden, and the two public ones are not."""
    async with serving("up") as up, httpx.AsyncClient(base_url=up.base, timeout=PATIENCE_S) as client:
        headers = {"X-Forwarded-For": "203.0.113.9"}
        answer = await client.get("/stream", params=ASKED, headers=headers)
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert answer.json()["error"]["code"] == "forbidden"
        public = await client.head("/stream", params=ASKED | {"positions": "no"}, headers=headers)
        assert public.status_code == httpx.codes.OK
