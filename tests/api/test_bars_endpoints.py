"""`/stream/bars` and `/bars`, asked over a real socket with a real Valkey behind them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.datastructures import QueryParams

from tapecast.api import bars_endpoints
from tapecast.api.bars_endpoints import BARS_MOST, LIMIT, SYMBOLS_MOST, parse_bars
from tapecast.bars import Bar, Interval
from tapecast.bus.bars import BARS_KEPT, BarIndex, Told, write_bars
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.errors import ClientError
from tests.api.support import EPOCH, beating, publish_beat, replica, stream
from tests.support import eventually

TOKEN = "a-token-that-is-long-enough"


async def kept(bus: Bus, *closes: float, history: bool = True) -> None:
    """AAPL's minutes, as ingest leaves them."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    bars = [
        Bar(f"2026-01-01T00:0{at}:00Z", 1.0, 9.0, 1.0, close, 1.0, 1, closed=True, epoch=7, seq=at + 1)
        for at, close in enumerate(closes)
    ]
    newest, index = bars[-1] if bars else None, BarIndex([0], history)
    word = EPOCH, 1, True
    told = Told("AAPL", Interval.MINUTE, bars, newest, {0: bars}, index, (), True, False, *word)
    await write_bars(bus, Fence(bus, lease), [told], simulated=False)


@pytest.mark.parametrize(
    ("query", "interval", "limit"),
    [
        ("", Interval.MINUTE, LIMIT),
        ("interval=1S&limit=5", Interval.SECOND, 5),
        ("interval=1h&limit=99999", Interval.HOUR, BARS_KEPT),
        ("limit=1", Interval.MINUTE, 1),
    ],
)
def test_what_is_asked_for(query: str, interval: Interval, limit: int) -> None:
    """A length, and how many of before, within bounds."""
    ask = parse_bars(QueryParams(query), ("AAPL",))
    assert (ask.interval, ask.limit) == (interval, limit)


def test_many_symbols_get_fewer_bars_each() -> None:
    """One answer is bounded; and so are the symbols."""
    symbols = tuple(f"A{number}" for number in range(SYMBOLS_MOST))
    assert parse_bars(QueryParams("limit=1500"), symbols).limit == BARS_MOST // SYMBOLS_MOST
    with pytest.raises(ClientError) as refused:
        parse_bars(QueryParams(""), (*symbols, "B"))
    assert refused.value.code == "too_many_symbols"


@pytest.mark.parametrize("path", ["/bars", "/stream/bars", "/api/bars", "/api/stream/bars"])
async def test_bad_questions_have_their_words(bus: Bus, path: str) -> None:
    """As on prices."""
    async with replica(bus) as client:
        answers = {
            query: (await client.get(f"{path}{query}")).json()["error"]["code"]
            for query in (
                "",
                "?symbols=$",
                "?symbols=AAPL&interval=250",
                "?symbols=AAPL&interval=",
                "?symbols=AAPL&limit=-1",
                "?symbols=AAPL&limit=0",
            )
        }
    assert list(answers.values()) == [
        "symbols_missing",
        "symbol_invalid",
        "interval_invalid",
        "interval_invalid",
        "limit_invalid",
        "limit_invalid",
    ]


async def test_bars_as_one_answer(bus: Bus) -> None:
    """With what is missing, and why; it leaves half a minute of interest behind."""
    await kept(bus, 1.0, 2.0, 3.0)
    async with beating(bus), replica(bus) as client:
        body: dict[str, Any] = (await client.get("/bars?symbols=AAPL,$&limit=2")).json()
        (bars,) = body["bars"]
        assert {name: bars[name] for name in ("symbol", "interval", "history")} == {
            "symbol": "AAPL",
            "interval": "1m",
            "history": "venue",
        }
        assert [bar["close"] for bar in bars["bars"]] == [2.0, 3.0]
        assert body["missing"] == [{"symbol": "$", "reason": "symbol_invalid"}]

        async def is_wanted() -> bool:
            wanted = [await bus.redis.get(key) for key in await bus.redis.keys("interest:*")]
            return any(b'"AAPL":["1m"]' in (each or b"") for each in wanted)

        await eventually(is_wanted, "the interest is written")


async def test_bars_that_nobody_has_are_waited_for(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment; what comes in it is the answer, and else they are missing."""
    monkeypatch.setattr(bars_endpoints, "WAIT_S", 0.2)
    async with beating(bus), replica(bus) as client:
        body = (await client.get("/bars?symbols=MSFT")).json()
        assert body["bars"] == []
        assert [each["symbol"] for each in body["missing"]] == ["MSFT"]
        monkeypatch.setattr(bars_endpoints, "WAIT_S", 30.0)
        asking = asyncio.create_task(client.get("/bars?symbols=AAPL"))

        async def is_heard() -> bool:
            ((_, count),) = await bus.redis.pubsub_numsub("bars:1m:AAPL")
            return int(count) > 0

        await eventually(is_heard)
        await kept(bus, 4.0)
        assert [bar["close"] for bar in (await asking).json()["bars"][0]["bars"]] == [4.0]
        # Waited for in vain once: not again.
        assert (await client.get("/bars?symbols=MSFT")).json()["bars"] == []


async def test_a_symbol_without_any_bars(bus: Bus) -> None:
    """The venue has none: no waiting."""
    await kept(bus)
    async with beating(bus), replica(bus) as client:
        body = (await client.get("/bars?symbols=AAPL")).json()
    assert body["bars"] == []
    assert [each["symbol"] for each in body["missing"]] == ["AAPL"]


async def test_a_stream_of_bars(bus: Bus) -> None:
    """It says what was granted, then all that there is."""
    await kept(bus, 1.0, 2.0)
    async with (
        beating(bus),
        replica(bus) as client,
        stream(client, "/stream/bars?symbols=AAPL&limit=1") as reader,
    ):
        events = dict(await reader.until("bars"))
        assert events["hello"]["bars"] == {"interval": "1m", "limit": 1}
        assert events["hello"]["interval"] == 0
        assert [bar["close"] for bar in events["bars"]["bars"]] == [2.0]


async def test_whoever_may_read_prices_may_read_bars(bus: Bus) -> None:
    """With a token or a ticket for prices, of the same symbols."""
    await kept(bus, 1.0)
    async with beating(bus), replica(bus, API_TOKEN=TOKEN) as client:
        assert (await client.get("/bars?symbols=AAPL")).status_code == httpx.codes.UNAUTHORIZED
        assert (await client.get("/stream/bars?symbols=AAPL")).status_code == httpx.codes.UNAUTHORIZED
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/bars?symbols=AAPL", headers=bearer)).status_code == httpx.codes.OK
        wish = {"streams": ["prices"], "symbols": ["AAPL"]}
        ticket = (await client.post("/tickets", headers=bearer, json=wish)).json()["ticket"]
        body = (await client.get("/bars", params={"symbols": "AAPL,MSFT", "ticket": ticket})).json()
        assert [bars["symbol"] for bars in body["bars"]] == ["AAPL"]
        assert body["missing"] == [{"symbol": "MSFT", "reason": "not_allowed"}]
        wish = {"streams": ["status"]}
        other = (await client.post("/tickets", headers=bearer, json=wish)).json()["ticket"]
        answer = await client.get("/bars", params={"symbols": "AAPL", "ticket": other})
        assert answer.status_code == httpx.codes.FORBIDDEN


async def test_bars_that_nobody_follows_are_waited_for(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then they are told as what they are; a stream is told as soon as somebody does."""
    monkeypatch.setattr(bars_endpoints, "WAIT_S", 0.2)
    await kept(bus, 1.0)
    async with replica(bus) as client:
        (bars,) = (await client.get("/bars?symbols=AAPL")).json()["bars"]
        assert bars["partial"]
        async with stream(client, "/stream/bars?symbols=AAPL") as reader:
            assert (await reader.until("bars"))[-1][1]["partial"]
            # The owner whose word it was lives.
            await publish_beat(bus)
            assert "partial" not in (await reader.until("bars"))[-1][1]
        (bars,) = (await client.get("/bars?symbols=AAPL")).json()["bars"]
        assert "partial" not in bars
