"""Streams, from a real replica on a real Valkey, read by httpx-sse; and their pacing, by hand."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tapecast import __version__
from tapecast.api.grant import EVERYTHING
from tapecast.api.protocol import EXTENSION
from tapecast.api.streams import Stream
from tapecast.api.symbols import Ask
from tapecast.bus.codec import Fields
from tapecast.bus.connection import Bus
from tapecast.market import FeedState
from tests.api.account.support import Owner
from tests.api.support import Bench, beating, joined, publish, publish_beat, replica, stream, tick
from tests.support import eventually

ORDER = {"epoch": 7, "seq": 2}


async def stream_count(client: httpx.AsyncClient, **headers: str) -> int:
    """How many streams are open."""
    answer = await client.get("/stream/status", headers=headers)
    return int(answer.json()["stream_count"])


async def emptied(client: httpx.AsyncClient, **headers: str) -> None:
    """Wait until none is."""

    async def is_empty() -> bool:
        return await stream_count(client, **headers) == 0

    await eventually(is_empty, "every stream is gone")


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


@pytest.mark.parametrize(
    ("asked", "setting", "answered"),
    [("gzip", "true", "gzip"), ("identity", "true", None), ("gzip", "false", None)],
)
async def test_the_headers_of_a_stream(bus: Bus, asked: str, setting: str, answered: str | None) -> None:
    """No cache keeps it, no proxy holds it back, and it is compressed for whoever takes that."""
    path, accepted = "/stream/prices?symbols=AAPL", {"accept-encoding": asked}
    async with replica(bus, COMPRESSION=setting) as client, stream(client, path, headers=accepted) as reader:
        headers = reader.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert headers["connection"] == "close"
        assert "accept-encoding" in headers["vary"].lower()
        assert headers.get("content-encoding") == answered
        assert "content-length" not in headers
        assert (await reader.next())[0] == "hello"


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
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.content == b""
        assert await stream_count(client, authorization="Bearer s3cret") == 0


async def test_a_slot_is_given_back_when_the_client_leaves(bus: Bus) -> None:
    """However often and however early it does."""
    async with replica(bus) as client:
        async with stream(client, "/stream/prices?symbols=AAPL") as reader:
            await reader.next()
            assert await stream_count(client) == 1
        for _ in range(10):
            async with stream(client, "/stream/prices?symbols=AAPL"):
                pass
        await emptied(client)


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def _respond(bench: Bench, send: Send, **scope: object) -> None:
    call: Scope = {"type": "http", "method": "GET", **scope}
    receive: Receive = _never
    await Stream(bench.seats, Ask(("AAPL",)), EVERYTHING, gzip=False)(call, receive, send)


async def test_no_slot_is_taken_when_the_response_cannot_start() -> None:
    """The client was gone before the first byte, and nothing was joined for it."""
    bench = Bench()

    async def send(message: Message) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await _respond(bench, send)
    assert (len(bench.hub.audience), bench.upstream.joined, bench.upstream.touches) == (0, [], 0)


@pytest.mark.parametrize("offer", [{EXTENSION: lambda protocol: False}, {}], ids=["refused", "withdrawn"])
async def test_no_slot_is_taken_for_a_client_that_went_after_the_head(offer: dict[str, object]) -> None:
    """Its connection cannot be taken over any more."""
    bench, sent = Bench(), list[str]()

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await _respond(bench, send, extensions=offer)
    assert sent == ["http.response.start"]
    assert (len(bench.hub.audience), bench.upstream.joined, bench.upstream.touches) == (0, [], 0)


async def test_statuses_are_json_for_curl_and_events_for_a_page(bus: Bus) -> None:
    """One path, by Accept; the fields are those of the contract."""
    fields = {
        "alpaca_connected", "active_symbols", "stream_count", "feeds", "lease", "refused", "refused_count",
        "messages_per_second", "newest_tick_age_s", "reconnects", "resubscribed",
        "clock_offset_s", "rejected", "replicas", "version",
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
            statuses = [(await client.get("/stream/status")).json() for client in (one, other)]
            return all((status["stream_count"], status["replicas"]) == (1, 2) for status in statuses)

        await eventually(both)


async def test_a_feed_that_breaks_is_told_in_band(bus: Bus) -> None:
    """The stream stays open and says what is wrong."""
    await publish_beat(bus)
    async with replica(bus) as client, stream(client, "/stream/prices?symbols=AAPL") as reader:
        await reader.until("symbol", state="pending")
        await publish_beat(bus, FeedState.RECONNECTING, reason="socket_closed", server_time=2)
        await reader.until("feed", state="reconnecting", reason="socket_closed")
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


async def test_the_account_is_streamed_to_its_owner(bus: Bus) -> None:
    """What the cache holds, then each position at its newest price, and what becomes of the orders."""
    owner, headers = Owner(bus), {"authorization": "Bearer s3cret"}
    position: Fields = {"symbol": "AAPL", "qty": "2", "market_value": "300", "cost_basis": "200"}
    await owner.begin(position, orders=[{"id": "o1", "qty": "2"}])
    async with (
        replica(bus, API_TOKEN="s3cret") as client,
        stream(client, "/stream/positions", headers=headers) as reader,
    ):
        events = await reader.until("orders", orders=[{"id": "o1", "qty": 2}])
        assert [name for name, _ in events[-4:]] == ["feed", "positions", "portfolio", "orders"]
        assert (events[-4][1]["market"], events[-4][1]["state"]) == ("account", "live")
        assert (events[-3][1]["account"], events[-3][1]["positions"][0]["market_value"]) == ("PA123", 300)
        await joined(bus, "AAPL")
        await publish(bus, "AAPL", tick("AAPL", 1, 160.5))
        (*_, (_, data)) = await reader.until("position", state="live")
        assert (data["market_value"], data["unrealized_pl"]) == (321, 121)
        await owner.change(order={"event": "fill", "order": {"id": "o1"}, "position_qty": "3"})
        await reader.until("order", event="fill", position_qty=3)
        await owner.change(positions=[position | {"qty": "3"}])
        await reader.until("position", qty=3, market_value=481.5)
        await owner.change(closed=["AAPL"])
        await reader.until("positions", positions=[])


async def test_a_multiplexed_stream_is_one_stream(bus: Bus) -> None:
    """Three subjects take one slot, which is given back; under /api as well."""
    path = "/api/stream?prices=AAPL&positions&status"
    headers = {"authorization": "Bearer s3cret"}
    async with beating(bus), replica(bus, API_TOKEN="s3cret") as client:
        # A copy: httpx-sse writes its own headers into the dict that it is given.
        async with stream(client, path, headers=dict(headers)) as reader:
            await reader.until("status", stream_count=1)
            await joined(bus, "AAPL")
            await publish(bus, "AAPL", tick("AAPL", 1))
            await reader.until("symbol", symbol="AAPL", state="live")
            await reader.until("message", symbol="AAPL")
            assert await stream_count(client, **headers) == 1
        await emptied(client, **headers)


# By hand.


def prices(events: list[tuple[str, dict[str, object]]]) -> list[object]:
    """The prices of the ticks among events."""
    return [data["price"] for name, data in events if name == "message"]


def test_a_slow_reader_gets_the_newest() -> None:
    """What it did not take was replaced: no old price, and no more memory than there are symbols."""
    bench = Bench()
    peer = bench.connect("AAPL", "MSFT")
    bench.flush()
    peer.writes()
    peer.stall()
    for seq in range(1, 1001):
        for symbol in ("AAPL", "MSFT"):
            bench.hub.on_tick(symbol, tick(symbol, seq, float(seq)))
        bench.flush()
        mailbox = peer.client.mailbox
        # Ticks are not there at all.
        assert len(mailbox.events) + len(mailbox.states) + len(mailbox.positions) <= 2
    peer.drain()
    bench.flush()
    # What was on its way when the reader stopped, and the newest of each.
    assert prices(peer.events()) == [1.0, 1.0, 1000.0, 1000.0]
