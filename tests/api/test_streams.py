"""Streams, from a real replica on a real Valkey, read by httpx-sse; and their pacing, by hand."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from tapecast import __version__
from tapecast.api import frames
from tapecast.api.auth import Guard
from tapecast.api.streams import Stream, Streams
from tapecast.api.symbols import Ask
from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.market import FeedState
from tapecast.settings import load
from tests.api.support import (
    Bench,
    beating,
    joined,
    parsed,
    publish,
    publish_beat,
    replica,
    states,
    stream,
    taken,
    tick,
)
from tests.support import eventually


async def test_the_order_of_a_connect(bus: Bus) -> None:
    """The delay, hello, every feed, each symbol's state with its newest tick, and then changes."""
    await bus.redis.set("price:AAPL", tick("AAPL", 1), ex=60)
    await bus.redis.set("last:MSFT", tick("MSFT", 1), ex=60)
    path = "/stream/prices?symbols=AAPL,MSFT,a$"
    async with beating(bus), replica(bus) as client, stream(client, path) as reader:
        events = await reader.until("message", symbol="MSFT")
        assert [name for name, _ in events] == [
            "hello", "feed", "symbol", "symbol", "message", "symbol", "message",
        ]  # fmt: skip
        hello = events[0][1]
        assert (hello["interval"], hello["version"]) == (0, __version__)
        assert hello["server_time"] > 1_700_000_000_000_000
        assert [(feed["market"], feed["state"]) for feed in hello["feeds"]] == [("us_equity", "live")]
        assert events[1][1]["market"] == "us_equity"
        said = [(data["symbol"], data["state"]) for name, data in events if name == "symbol"]
        assert said == [("A$", "refused"), ("AAPL", "live"), ("MSFT", "stale")]
        await publish(bus, "AAPL", tick("AAPL", 2, 101.0))
        assert await reader.next() == ("message", {"symbol": "AAPL", "price": 101.0, "feed": "iex"} | ORDER)
    assert len(reader.retries) == 1
    assert 700 <= reader.retries[0] <= 2000


ORDER = {"epoch": 7, "seq": 2}


async def test_two_replicas_send_the_same_bytes(bus: Bus) -> None:
    """Any replica serves any client: the bytes are those that were published."""
    data = tick("BTC/USD", 1, 64_000.1, change=-0.25)
    path = "/api/stream/prices?symbols=BTC%2FUSD"
    async with replica(bus) as one, replica(bus) as other:
        async with stream(one, path) as a, stream(other, path) as b:
            await a.until("symbol", state="pending")
            await b.until("symbol", state="pending")
            await publish(bus, "BTC/USD", data)
            for reader in (a, b):
                await reader.until("message")
                assert reader.raw[-1].encode() == data


async def test_the_headers_of_a_stream(bus: Bus) -> None:
    """No cache keeps it and no proxy holds it back."""
    async with replica(bus) as client, stream(client, "/stream/prices?symbols=AAPL") as reader:
        headers = reader.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(
    "path",
    [
        "/stream/prices?symbols=AAPL",
        "/stream/status",
        "/stream/positions",
        "/stream?prices=AAPL&positions&status",
    ],
)
async def test_head_opens_no_stream(bus: Bus, path: str) -> None:
    """It is answered at once, and nothing is counted or left open."""
    headers = {"accept": "text/event-stream", "authorization": "Bearer s3cret"}
    async with replica(bus, API_TOKEN="s3cret") as client:
        answer = await client.head(path, headers=headers)
        assert answer.status_code == 200
        assert answer.content == b""
        status = await client.get("/stream/status", headers={"authorization": "Bearer s3cret"})
        assert status.json()["stream_count"] == 0


async def test_a_slot_is_given_back_when_the_client_leaves(bus: Bus) -> None:
    """However often and however early it does."""
    async with replica(bus) as client:

        async def count() -> int:
            return int((await client.get("/stream/status")).json()["stream_count"])

        async def is_empty() -> bool:
            return await count() == 0

        async with stream(client, "/stream/prices?symbols=AAPL") as reader:
            await reader.next()
            assert await count() == 1
        for _ in range(10):
            async with stream(client, "/stream/prices?symbols=AAPL"):
                pass
        await eventually(is_empty)


async def test_a_slot_is_given_back_when_the_response_cannot_start() -> None:
    """The client was gone before the first byte, and no generator ever ran."""
    bench = Bench()
    response = Stream(bench.hub, Ask(("AAPL",)), bench.time.clock)

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await response({"type": "http", "method": "GET"}, receive, send)
    assert len(bench.hub.audience) == 0
    assert bench.upstream.left == ["AAPL"]


async def test_statuses_are_json_for_curl_and_events_for_a_page(bus: Bus) -> None:
    """One path, by Accept; the fields are those of the contract."""
    fields = {
        "alpaca_connected", "active_symbols", "stream_count", "feeds", "lease", "refused",
        "messages_per_second", "newest_tick_age_s", "reconnects", "resubscribed",
        "rejected", "replicas", "version",
    }  # fmt: skip
    async with replica(bus) as client:
        answer = await client.get("/stream/status")
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == fields
        async with stream(client, "/api/stream/status") as reader:
            (*_, (_, status)) = await reader.until("status")
            assert set(status) == fields
            async with stream(client, "/stream/status"):
                (*_, (_, status)) = await reader.until("status", stream_count=2)
                assert status["replicas"] == 1


async def test_stream_counts_add_up_over_replicas(bus: Bus) -> None:
    """A change is written at once, not at the next heartbeat of the status."""
    async with replica(bus) as one, replica(bus) as other, stream(one, "/stream/prices?symbols=A"):

        async def both() -> bool:
            return all([await _totals(client) == (1, 2) for client in (one, other)])

        await eventually(both)


async def _totals(client: object) -> tuple[int, int]:
    status = (await client.get("/stream/status")).json()  # type: ignore[attr-defined]
    return status["stream_count"], status["replicas"]


async def test_a_feed_that_breaks_is_told_in_band(bus: Bus) -> None:
    """The stream stays open and says what is wrong."""
    await publish_beat(bus)
    async with replica(bus) as client, stream(client, "/stream/prices?symbols=AAPL") as reader:
        await reader.until("symbol", state="pending")
        await publish_beat(bus, FeedState.RECONNECTING, reason="socket_closed", server_time=2)
        (*_, (_, feed)) = await reader.until("feed", state="reconnecting")
        assert feed["reason"] == "socket_closed"
        # Nobody beats any more.
        await reader.until("feed", state="reconnecting", reason="ingest_lost")


async def test_the_heartbeat_is_an_event(bus: Bus) -> None:
    """Pages cannot see comments."""
    async with (
        replica(bus, KEEPALIVE_S="0.3") as client,
        stream(client, "/stream/prices?symbols=A") as reader,
    ):
        (*_, (_, first)) = await reader.until("heartbeat")
        (*_, (_, second)) = await reader.until("heartbeat")
        assert second["server_time"] > first["server_time"]


async def test_positions_are_streamed_to_their_owner(bus: Bus) -> None:
    """The list from the cache, then each position at its newest price."""
    position: dict[str, object] = {"symbol": "AAPL", "qty": "2", "market_value": "300", "cost_basis": "200"}
    listing = codec.PositionList("PA1", "2026-01-02T03:04:05Z", simulated=False, positions=[position])
    await bus.redis.set("positions", codec.encode(listing))
    headers = {"authorization": "Bearer s3cret"}
    async with (
        replica(bus, API_TOKEN="s3cret") as client,
        stream(client, "/stream/positions", headers=headers) as reader,
    ):
        (*_, (_, data)) = await reader.until("positions")
        assert (data["account"], data["positions"][0]["market_value"]) == ("PA1", 300)
        await joined(bus, "AAPL")
        await publish(bus, "AAPL", tick("AAPL", 1, 160.5))
        (*_, (_, data)) = await reader.until("position", state="live")
        assert (data["market_value"], data["unrealized_pl"]) == (321, 121)


async def test_a_slow_reader_gets_the_newest() -> None:
    """What it did not take was replaced: no old price, and no more memory than there are symbols."""
    bench = Bench()
    response = Stream(bench.hub, Ask(("AAPL", "MSFT")), bench.time.clock)
    sent: list[bytes] = []
    gate = asyncio.Event()
    gate.set()

    async def send(message: dict[str, object]) -> None:
        await gate.wait()
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        sent.append(body)

    serving = asyncio.create_task(response({"type": "http", "method": "GET"}, _never, send))  # type: ignore[arg-type]
    await eventually(lambda: any(b"event: feed" in piece for piece in sent))
    gate.clear()
    for seq in range(1, 1001):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, float(seq)))
        bench.hub.on_tick("MSFT", tick("MSFT", seq, float(seq)))
        await asyncio.sleep(0)
    sent.clear()
    gate.set()
    await eventually(lambda: b'"price":1000.0' in sent[-1] if sent else False)
    prices = [data["price"] for name, data in parsed(b"".join(sent)) if name == "message"]
    # What was on its way when the reader stopped, and the newest of each.
    assert len(prices) <= 4
    assert prices[-2:] == [1000.0, 1000.0]
    serving.cancel()
    await asyncio.wait([serving])


async def _never() -> dict[str, object]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_an_interval_holds_back_ticks_and_nothing_else() -> None:
    """A minute between two prices, but states, feeds and the end come at once."""
    bench = Bench()
    bench.beat()
    response = Stream(bench.hub, Ask(("AAPL",), interval_ms=60_000), bench.time.clock)
    with response._seat():
        pieces = response._pieces()
        assert dict(parsed(await anext(pieces)))["hello"]["interval"] == 60_000
        assert parsed(await anext(pieces))[0][0] == "feed"
        bench.hub.on_tick("AAPL", tick("AAPL", 1, 1.0))
        first = parsed(await anext(pieces))
        assert [name for name, _ in first] == ["symbol", "message"]
        bench.hub.on_tick("AAPL", tick("AAPL", 2, 2.0))
        bench.hub.on_link(False)
        assert [name for name, _ in parsed(await anext(pieces))] == ["feed"]
        bench.hub.on_tick("AAPL", tick("AAPL", 3, 3.0))
        bench.hub.audience.drain()
        assert [data["price"] for _, data in parsed(await anext(pieces))] == [3.0]
        assert [name for name, _ in parsed(await anext(pieces))] == ["retry", "bye"]
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)


async def test_ticks_go_out_again_after_the_interval() -> None:
    """Conflated: the newest of what came meanwhile."""
    bench = Bench()
    response = Stream(bench.hub, Ask(("AAPL",), interval_ms=50), bench.time.clock)
    loop = asyncio.get_running_loop()
    with response._seat():
        pieces = response._pieces()
        await anext(pieces)
        await anext(pieces)
        bench.hub.on_tick("AAPL", tick("AAPL", 1, 1.0))
        started = loop.time()
        await anext(pieces)
        bench.hub.on_tick("AAPL", tick("AAPL", 2, 2.0))
        bench.hub.on_tick("AAPL", tick("AAPL", 3, 3.0))
        assert [data["price"] for _, data in parsed(await anext(pieces))] == [3.0]
        assert loop.time() - started > 0.049
        await pieces.aclose()


async def test_a_big_first_image_goes_out_in_pieces() -> None:
    """A thousand symbols wait where they can still be replaced, not in the socket's buffer."""
    bench = Bench()
    symbols = tuple(f"A{i}" for i in range(1000))
    response = Stream(bench.hub, Ask(symbols), bench.time.clock)
    with response._seat():
        for symbol in symbols:
            bench.hub.on_tick(symbol, tick(symbol, 1, previous_close=1.0, timestamp="2026-01-02T03:04:05Z"))
        pieces = response._pieces()
        sizes, seen = [], 0
        while seen < 1000:
            piece = await anext(pieces)
            sizes.append(len(piece))
            seen += sum(name == "message" for name, _ in parsed(piece))
        await pieces.aclose()
    assert max(sizes) <= frames.PIECE_BYTES
    assert len(sizes) > 10


def holding() -> codec.PositionList:
    """An account with two shares of AAPL."""
    position: dict[str, object] = {"symbol": "AAPL", "qty": "2", "current_price": "150"}
    return codec.PositionList("PA1", "2026-01-02T03:04:05Z", simulated=False, positions=[position])


async def multiplexed(bench: Bench, query: str) -> Stream:
    """The response to `GET /stream?query`, not yet begun."""
    settings = load({"PUBLIC": "positions"})
    streams = Streams(bench.hub, settings, Guard(settings, laptop=False), bench.time.clock)
    request = Request({"type": "http", "method": "GET", "headers": [], "query_string": query.encode()})
    response = await streams.multiplexed(request)
    assert isinstance(response, Stream)
    return response


async def test_a_multiplexed_stream_begins_with_all_that_is_known() -> None:
    """Feeds, positions and status, then each symbol's state with its tick; only ticks are default events."""
    bench = Bench()
    bench.beat()
    bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.5))
    bench.hub.on_positions(holding())
    response = await multiplexed(bench, "prices=AAPL,a$&positions&status&colour=red")
    with response._seat():
        pieces = response._pieces()
        assert [name for name, _ in parsed(await anext(pieces))] == ["retry", "hello"]
        events = parsed(await anext(pieces))
        await pieces.aclose()
    first = [name for name, _ in events[:6]]
    assert first == ["feed", "positions", "status", "symbol", "symbol", "message"]
    assert events[1][1]["positions"][0]["market_value"] == 321
    assert events[2][1]["stream_count"] == 1
    assert states(events) == [("refused", "symbol_invalid"), ("live", "")]
    assert events[5][1]["price"] == 160.5


async def test_a_symbol_held_and_asked_for_comes_twice_and_neither_eats_the_other() -> None:
    """A reader that took nothing for a while gets the newest tick and the newest position."""
    bench = Bench()
    bench.beat()
    bench.hub.on_positions(holding())
    response = await multiplexed(bench, "prices=AAPL&positions")
    with response._seat():
        mailbox = response._mailbox
        for seq in (1, 2, 3):
            bench.hub.on_tick("AAPL", tick("AAPL", seq, 100.0 + seq))
        events = taken(mailbox)
        assert [name for name, _ in events] == ["feed", "positions", "symbol", "message", "position"]
        assert events[3][1]["price"] == events[4][1]["current_price"] == 103
        # A new list says all that a waiting position would; of the tick it says nothing.
        bench.hub.on_tick("AAPL", tick("AAPL", 4, 104.0))
        bench.hub.on_positions(holding())
        events = taken(mailbox)
        assert [name for name, _ in events] == ["positions", "message"]
        assert events[0][1]["positions"][0]["current_price"] == events[1][1]["price"] == 104
    assert bench.hub.interest() == codec.Interest({}, 0)


async def test_the_interval_of_a_multiplexed_stream_holds_back_prices_only() -> None:
    """Ticks and re-priced positions wait; feeds, lists, statuses and states do not."""
    bench = Bench()
    bench.beat()
    response = await multiplexed(bench, "prices=AAPL&positions&status&interval=60000")
    with response._seat():
        pieces = response._pieces()
        assert dict(parsed(await anext(pieces)))["hello"]["interval"] == 60_000
        assert [name for name, _ in parsed(await anext(pieces))] == ["feed", "status"]
        bench.hub.on_positions(holding())
        bench.hub.on_tick("AAPL", tick("AAPL", 1, 101.0))
        first = parsed(await anext(pieces))
        assert [name for name, _ in first] == ["positions", "symbol", "message"]
        bench.hub.on_tick("AAPL", tick("AAPL", 2, 102.0))
        assert len(response._mailbox) >= 2
        bench.hub.on_link(False)
        bench.hub.board.sweep()
        assert [name for name, _ in parsed(await anext(pieces))] == ["feed", "status"]
        bench.hub.audience.drain()
        events = parsed(await anext(pieces))
        assert sorted(name for name, _ in events) == ["message", "position"]
        await pieces.aclose()


async def test_a_multiplexed_stream_is_one_stream(bus: Bus) -> None:
    """Three subjects take one slot, which is given back; under /api as well."""
    path = "/api/stream?prices=AAPL&positions&status"
    headers = {"authorization": "Bearer s3cret"}
    async with beating(bus), replica(bus, API_TOKEN="s3cret") as client:

        async def count() -> int:
            return int((await client.get("/stream/status", headers=headers)).json()["stream_count"])

        async def is_empty() -> bool:
            return await count() == 0

        # A copy: httpx-sse writes its own headers into the dict that it is given.
        async with stream(client, path, headers=dict(headers)) as reader:
            await reader.until("status", stream_count=1)
            await joined(bus, "AAPL")
            await publish(bus, "AAPL", tick("AAPL", 1))
            await reader.until("symbol", symbol="AAPL", state="live")
            await reader.until("message", symbol="AAPL")
            assert await count() == 1
        await eventually(is_empty)
