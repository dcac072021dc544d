"""Behind a real nginx with the configuration of `deploy/`: what reaches clients, the api and the logs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from tapecast.bus.connection import Bus
from tapecast.simulator.server import SimulatorConfig, simulator
from tests.api.support import beating
from tests.e2e.nginx import Nginx, needs_nginx, nginx
from tests.e2e.processes import Child, Stream, serving, status, streaming, tapecast
from tests.e2e.ticker import Ticker
from tests.e2e.wire import GZIP, NARROW, Wire, get, healthy, wire
from tests.support import PATIENCE_S, eventually, free_socket

pytestmark = [pytest.mark.e2e, needs_nginx]

SYMBOLS = ("AAPL", "BTC/USD")
# A kernel's usual buffer between nginx and the api, and ours towards the client: some 200 KiB. Without
# nginx's `sndbuf` it is megabytes.
MOST_WAITING = 600_000
TOKEN = "token-of-the-test-32-characters-x"
SSE = {"Accept": "text/event-stream"}


def port_of(base: str) -> int:
    """The port of a URL."""
    return urlsplit(base).port or 0


@asynccontextmanager
async def fronted(valkey_url: str, **env: str) -> AsyncIterator[tuple[Nginx, Child]]:
    """An api, and an nginx in front of it."""
    async with (
        serving("api", env={"REDIS_URL": valkey_url, **env}) as api,
        nginx(port_of(api.base)) as front,
    ):
        yield front, api


@pytest.mark.parametrize("headers", [(), (GZIP,)], ids=["plain", "gzip"])
async def test_each_event_arrives_before_the_next_is_made(
    headers: tuple[str, ...], ticker: Ticker, valkey_url: str
) -> None:
    """Nginx keeps no event back, compressed or not."""
    async with fronted(valkey_url) as (front, _), healthy(front.base, ticker.path, *headers) as reader:
        for _ in range(20):
            await ticker.publish()
            await ticker.reaches(reader)
        assert reader.headers.get("content-encoding") == ("gzip" if headers else None)
        assert reader.disorder == []


async def test_a_slow_client_is_slow_for_the_api_too(bus: Bus, valkey_url: str) -> None:
    """Little waits in nginx and in the kernels; behind that the api keeps the newest of each symbol."""
    ticker = Ticker(bus, [f"A{a}{b}" for a in "BCDEFGH" for b in "BCDEFGH"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beating(bus))
        await ticker.publish()
        front, api = await stack.enter_async_context(fronted(valkey_url))
        client = await stack.enter_async_context(wire(front.base, ticker.path, window=NARROW))
        await client.until(lambda: ticker.reached(client))
        before = await _metric(api, "tapecast_sent_bytes_total")
        while not await _metric(api, "tapecast_streams_blocked"):
            await ticker.publish()
            assert await _metric(api, "tapecast_sent_bytes_total") - before < MOST_WAITING
        read = client.received
        await ticker.publish(100)
        await client.until(lambda: ticker.reached(client))
        assert client.received - read < MOST_WAITING
        assert client.disorder == []


async def _metric(api: Child, name: str) -> float:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        lines = (await client.get(api.base + "/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


async def test_a_trade_of_the_venue_comes_through_all_of_it(valkey_url: str) -> None:
    """Local Alpaca, ingest, Redis, api, nginx: a trade is there before the next one is made."""
    async with simulator(SimulatorConfig(still=True), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url}
        async with (
            tapecast("ingest", env=env),
            fronted(valkey_url=valkey_url) as (front, _),
            streaming(f"{front.base}/stream/prices", symbols="AAPL") as stream,
        ):
            await eventually(lambda: stream.state("AAPL") == "live")
            for price in (301.5, 302.5, 303.5):
                venue.trade("AAPL", price)
                await eventually(lambda price=price: newest(stream) == price, f"{price}")  # type: ignore[misc]


def newest(stream: Stream) -> float | None:
    """The newest price of AAPL."""
    ticks = stream.ticks("AAPL")
    return ticks[-1]["price"] if ticks else None


async def test_heartbeats_keep_a_quiet_stream_open(valkey_url: str) -> None:
    """A stream outlives nginx's time-out while there are heartbeats, and is cut where there are none."""
    brief = {"proxy_read_timeout 60s": "proxy_read_timeout 3s"}
    path = "/stream/prices?symbols=AAPL"
    env = {"REDIS_URL": valkey_url}
    async with serving("api", env=env | {"KEEPALIVE_S": "0.5"}) as api:
        async with nginx(port_of(api.base), brief) as front, wire(front.base, path) as reader:
            await reader.until(lambda: len(reader.named("heartbeat")) >= 8)
    async with serving("api", env=env | {"KEEPALIVE_S": "60"}) as api:
        async with nginx(port_of(api.base), brief) as front, wire(front.base, path) as reader:
            await reader.end()
            assert (reader.status, reader.is_whole) == (200, False)


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_a_quiet_stream_outlives_the_real_time_out(valkey_url: str) -> None:
    """With the configuration and the settings as they are: 90 seconds, and nothing but heartbeats."""
    async with (
        fronted(valkey_url) as (front, _),
        streaming(f"{front.base}/stream/prices", symbols="AAPL") as stream,
    ):
        await eventually(lambda: len(stream.named("heartbeat")) >= 6, "six heartbeats", 120)
        assert not stream.ended


async def test_no_ticket_is_logged(ticker: Ticker, valkey_url: str) -> None:
    """Neither by a stream that works nor by one that meets no api; the path and the status are."""
    async with fronted(valkey_url, API_TOKEN=TOKEN) as (front, api):
        async with httpx.AsyncClient(base_url=front.base, timeout=PATIENCE_S) as client:
            answer = await client.post("/tickets", headers={"Authorization": f"Bearer {TOKEN}"})
            ticket = answer.json()["ticket"]
            referer = {"Referer": f"http://localhost/page?ticket={ticket}"}
            named = f"Referer: {referer['Referer']}"
            async with healthy(front.base, f"{ticker.path}&ticket={ticket}", named):
                pass
            assert await api.end() == 0
            path = f"/stream/prices?symbols=AAPL&ticket={ticket}"
            assert (await client.get(path, headers=referer)).status_code == 502
            assert (await client.get(path, headers=referer | SSE)).status_code == 200
        await eventually(lambda: "GET /stream/prices 502" in front.logs, "the access log")
        await eventually(lambda: front.logs.count("GET /stream/prices 200") == 2, "the access log")
        assert "POST /tickets 200" in front.logs
        assert ticket not in front.logs
        assert "ticket=" not in front.logs
        assert TOKEN not in front.logs


async def test_who_the_client_is_comes_from_nginx_and_not_from_the_client(valkey_url: str) -> None:
    """A forged X-Forwarded-For gives nobody a second share; another address has its own."""
    env = {"TRUSTED_PROXIES": "127.0.0.1", "MAX_STREAMS_PER_CLIENT": "1", "REDIS_URL": valkey_url}
    path = "/stream/prices?symbols=AAPL"
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving("api", env=env))
        front = await stack.enter_async_context(nginx(port_of(api.base)))
        one = await stack.enter_async_context(wire(front.base, path))
        await one.until(lambda: one.named("hello"))
        forged = ["Accept: text/event-stream", "X-Forwarded-For: 203.0.113.9"]
        again = await stack.enter_async_context(wire(front.base, path, *forged))
        await again.until(lambda: again.events)
        assert [data["code"] for data in again.named("bye")] == ["too_many_streams"]
        other = await _from_another_address(front, path)
        stack.callback(other.close)
        await other.until(lambda: other.named("hello"))


async def _from_another_address(front: Nginx, path: str) -> Wire:
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind(("127.0.0.2", 0))
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port_of(front.base)))
    other = Wire(sock)
    await other.send(get(path))
    return other


async def test_what_is_for_operators_is_closed_to_others(valkey_url: str) -> None:
    """`/metrics` and `/readyz` answer this host's own programs, `/healthz` answers everybody."""
    async with fronted(valkey_url) as (front, _):
        for address, expected in (("127.0.0.1", 200), ("127.0.0.2", 403)):
            transport = httpx.AsyncHTTPTransport(local_address=address)
            async with httpx.AsyncClient(base_url=front.base, transport=transport) as client:
                for path in ("/metrics", "/api/metrics", "/readyz", "/api/readyz"):
                    assert (await client.get(path)).status_code == expected, (address, path)
                assert (await client.get("/healthz")).status_code == 200


async def test_urls_pass_as_they_are(valkey_url: str) -> None:
    """Percent-encoded slashes stay, and a URL may be as long as its symbols and its ticket make it."""
    async with fronted(valkey_url) as (front, api):
        many = ",".join(f"SPY2612{n:02}C{n:08}" for n in range(10, 99))
        path = f"/stream/prices?symbols=BTC%2FUSD,{many}&pad={'x' * 20_000}"
        async with wire(front.base, path) as reader:
            await reader.until(lambda: reader.named("symbol"))
            assert reader.named("symbol")[0]["symbol"] == "BTC/USD"

            await eventually(lambda: _streams(api, 1), "one stream at the api")
        await eventually(lambda: _streams(api, 0), "the api hears that the client left")


async def _streams(api: Child, count: int) -> bool:
    return bool((await status(api.base))["stream_count"] == count)
