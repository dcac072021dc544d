"""`tapecast check`, part by part."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress

import msgspec
import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.check import check_api, check_ingest, health, listens, local
from tapecast.errors import StartError
from tapecast.market import FeedState, Market
from tapecast.settings import load
from tests.support import free_port, free_socket, tcp_server

EVERYWHERE = "0.0.0.0"  # noqa: S104


def _status(host: str) -> codec.IngestStatus:
    feeds = [codec.FeedStatus("iex", Market.US_EQUITY, FeedState.FAILED, "auth_failed")]
    return codec.IngestStatus(
        id=f"{host}-{os.getpid()}-abc", version="0", server_time=int(time.time() * 1e6), feeds=feeds,
        leases={}, active_symbols=[], refused={}, messages=0, messages_per_second=0.0, newest_ts_recv=0,
        reconnects=0, rejected={},
    )  # fmt: skip


async def _report(bus: Bus, status: codec.IngestStatus) -> None:
    await bus.redis.zadd("status:ingest", {status.id: 1})
    await bus.redis.set(f"status:ingest:{status.id}", codec.encode(status))


def test_listens_tells_an_open_port_from_a_closed_one() -> None:
    """The role of a container is found by what listens in it."""
    with free_socket() as sock:
        assert listens(sock.getsockname()[1])
    assert not listens(free_port())


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        (None, "127.0.0.1"), (EVERYWHERE, "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("10.1.2.3", "10.1.2.3"),
        ("::", "::1"), ("::1", "::1"), ("api.internal", "api.internal"),
    ],
)  # fmt: skip
def test_the_api_is_asked_where_it_listens(host: str | None, asked: str) -> None:
    """On this machine's own address where that is everywhere."""
    assert local(host) == asked


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
async def test_an_api_on_one_address_is_found_there(host: str) -> None:
    """And nowhere else: asked on 127.0.0.1 a good one would be taken for ill, and restarted."""
    port = free_port()
    try:
        server = await asyncio.start_server(_answer, host, port)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    async with server:
        settings = load({"HOST": host, "PORT": str(port)})
        assert await asyncio.to_thread(health, settings) == f"api on port {port} of {host}: ready"
        assert await asyncio.to_thread(health, settings, "api") == f"api on port {port} of {host}: ready"
        with pytest.raises(StartError, match=f"the api on port {port} does not answer"):
            await asyncio.to_thread(health, load({"PORT": str(port)}), "api")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError):
        # Else it only looked whether anything listens.
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
    writer.close()


async def test_beside_nothing_it_says_all_that_it_looked_for(bus: Bus, valkey_url: str) -> None:
    """An api that is gone must not be told as an ingest that was never there; and the other way about."""
    port = str(free_port())
    nothing = f"nothing listens on port {port} .HOST, PORT., and "
    with pytest.raises(StartError, match=nothing + "REDIS_URL names no ingest"):
        await asyncio.to_thread(health, load({"PORT": port}))
    with pytest.raises(StartError, match=nothing + "no ingest on .* has reported"):
        await asyncio.to_thread(health, load({"PORT": port, "REDIS_URL": valkey_url}))
    with pytest.raises(StartError, match=r"^no ingest on .* has reported"):
        await asyncio.to_thread(health, load({"PORT": port, "REDIS_URL": valkey_url}), "ingest")
    await _report(bus, _status(socket.gethostname()))
    assert "ingest" in await asyncio.to_thread(health, load({"PORT": port, "REDIS_URL": valkey_url}))


async def test_an_ingest_of_this_host_is_shown_with_its_feeds(bus: Bus, valkey_url: str) -> None:
    """A failed feed is told, and is no reason to restart the process: that would dial the venue again."""
    await _report(bus, _status(socket.gethostname()))
    assert "us_equity failed auth_failed" in await check_ingest(valkey_url, "")


async def test_a_standby_names_the_owner(bus: Bus, valkey_url: str) -> None:
    """Wherever that is; one without an owner is told as such."""
    feeds = [
        codec.FeedStatus("iex", Market.US_EQUITY, FeedState.STANDBY, "held"),
        codec.FeedStatus("crypto", Market.CRYPTO, FeedState.STANDBY),
    ]
    await _report(bus, msgspec.structs.replace(_status(socket.gethostname()), feeds=feeds))
    leases = {"us_equity": codec.LeaseStatus("other-1-abc", 1)}
    await _report(bus, msgspec.structs.replace(_status("other"), leases=leases))
    said = await check_ingest(valkey_url, "")
    assert "us_equity standby held (owner: other-1-abc), crypto standby (owner: nobody)" in said


async def test_a_full_redis_is_told_and_not_the_ingest_that_cannot_report(bus: Bus, valkey_url: str) -> None:
    """It runs, and restarting it would not help."""
    await bus.redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(StartError, match="memory"):
            await check_ingest(valkey_url, "")
    finally:
        await bus.redis.config_set("maxmemory", "0")


async def test_another_hosts_ingest_does_not_count(bus: Bus, valkey_url: str) -> None:
    """Each container answers for itself."""
    await _report(bus, _status("somewhere-else"))
    with pytest.raises(StartError, match="no ingest on"):
        await check_ingest(valkey_url, "")


async def test_no_redis_is_said() -> None:
    """The place is named."""
    port = free_port()
    with pytest.raises(StartError, match=f"127.0.0.1:{port}"):
        await check_ingest(f"redis://127.0.0.1:{port}", "")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(b"200 OK", None), (b"503 Service Unavailable", "not ready: no"), (None, "does not answer")],
)
async def test_the_api_is_asked_whether_it_is_ready(answer: bytes | None, expected: str | None) -> None:
    """200 is well; anything else is told with the body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /readyz ")
        if answer is not None:
            writer.write(b"HTTP/1.1 " + answer + b"\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")

    async with tcp_server(serve) as port:
        if expected is None:
            assert "ready" in await asyncio.to_thread(check_api, port)
            return
        with pytest.raises(StartError, match=expected):
            await asyncio.to_thread(check_api, port)
