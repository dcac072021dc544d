"""`GET /prices` on a real replica and a real Valkey."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from starlette.requests import Request

from tapecast.api import prices as module
from tapecast.api.auth import Guard
from tapecast.api.prices import Prices
from tapecast.bus.connection import Bus
from tapecast.bus.interest import read_interest
from tapecast.errors import ClientError
from tapecast.settings import load
from tests.api.support import Bench, beating, replica, tick
from tests.support import eventually


async def test_known_prices_and_missing_ones(bus: Bus) -> None:
    """A tick with its state, byte for byte as published, and a reason for each that is not there."""
    data = tick("AAPL", 1, 187.1)
    await bus.redis.set("price:AAPL", data, ex=60)
    await bus.redis.set("last:MSFT", tick("MSFT", 1), ex=60)
    async with beating(bus), replica(bus) as client:
        answer = await client.get("/prices?symbols=aapl,MSFT,QQQ,a$")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    aapl, msft = answer.json()["prices"]
    assert aapl == json.loads(data) | {"state": "live"}
    assert (msft["symbol"], msft["state"]) == ("MSFT", "stale")
    assert data[:-1] in answer.content
    assert answer.json()["missing"] == [
        {"symbol": "A$", "reason": "symbol_invalid"},
        {"symbol": "QQQ", "reason": "pending"},
    ]


async def test_a_first_price_is_waited_for(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingest sees the interest and answers within the second; the request takes the answer along."""
    monkeypatch.setattr(module, "WAIT_S", 30)

    async def is_wanted() -> bool:
        return "AAPL" in (await read_interest(bus)).symbols

    async with replica(bus) as client:
        asking = asyncio.create_task(client.get("/prices?symbols=AAPL"))
        await eventually(is_wanted)
        # Published until it is heard: the interest is written while the join may still be under way.
        seq = itertools.count(1)

        async def is_answered() -> bool:
            await bus.redis.publish("price:AAPL", tick("AAPL", next(seq)))
            return asking.done()

        await eventually(is_answered)
        answer = await asking
        assert [price["state"] for price in answer.json()["prices"]] == ["live"]
        # The interest outlives the request.
        assert await is_wanted()


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "symbols_missing"), ("?symbols=", "symbols_missing"), ("?symbols=a$", "symbol_invalid")],
)
async def test_bad_symbols_are_an_error(bus: Bus, query: str, code: str) -> None:
    """The same codes as for a stream."""
    async with replica(bus) as client:
        answer = await client.get(f"/api/prices{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_without_redis_there_is_no_answer() -> None:
    """A price that nobody vouches for is not given to somebody who asks once."""
    hub = Bench().hub
    hub.on_link(False)
    endpoint = Prices(hub, load({}), Guard(load({}), laptop=False))
    request = Request({"type": "http", "headers": [], "query_string": b"symbols=AAPL"})
    with pytest.raises(ClientError) as error:
        await endpoint.prices(request)
    assert (error.value.status, error.value.code) == (503, "cache_unavailable")
