"""One replica from start to end."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from tapecast.api import server
from tapecast.api.door import Door
from tapecast.api.server import ACCEPTORS
from tapecast.bus.connection import Bus
from tests.api.loops import on_each_loop
from tests.api.stage import staged
from tests.api.support import publish, replica, stream, tick
from tests.support import PATIENCE_S, eventually, free_socket


async def test_a_stop_says_bye_and_waits_for_no_grace(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stream ends with a word and a delay of its own; only a stalled client would use up the grace."""
    monkeypatch.setattr(server, "GRACE_S", 3600)
    stop = asyncio.Event()
    async with replica(bus, stop=stop) as client:
        async with (
            stream(client, "/stream/prices?symbols=AAPL&interval=60000") as one,
            stream(client, "/stream/status") as other,
        ):
            await one.until("symbol", state="pending")
            await publish(bus, "AAPL", tick("AAPL", 1))
            await one.until("message")
            stop.set()
            for reader in (one, other):
                name, data = (await reader.rest())[-1]
                assert (name, data["code"]) == ("bye", "draining")
                assert len(reader.retries) == 2


async def read_all(sock: socket.socket) -> None:
    """Take all there is, to the end."""
    while await asyncio.get_running_loop().sock_recv(sock, 65536):
        pass


async def test_a_stop_waits_for_one_grace_for_who_takes_nothing(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a stalled stream nor half a request keeps a replica from ending."""
    monkeypatch.setattr(server, "GRACE_S", 0.5)
    loop, request = asyncio.get_running_loop(), b"GET /stream/prices?symbols=AAPL HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.socket() as silent, socket.socket() as half:
        async with replica(bus) as client:
            for sock, said in ((silent, request), (half, request[:-2])):
                # So small that the kernel's queue at the client hides nothing.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, (client.base_url.host, client.base_url.port))
                await loop.sock_sendall(sock, said)
            seq = itertools.count(1)

            async def is_stalled() -> bool:
                # More than the kernels on both sides take.
                await publish(bus, "AAPL", tick("AAPL", at := next(seq), float(at), feed="x" * 65536))
                return "tapecast_streams_blocked 1.0" in (await client.get("/metrics")).text

            await eventually(is_stalled)
        # It has ended by now.
        with pytest.raises(ConnectionResetError):
            await read_all(silent)


async def test_a_stopped_replica_leaves_nothing_behind(bus: Bus) -> None:
    """Neither its interest nor its count waits for a time-out."""
    async with replica(bus) as client, stream(client, "/stream/prices?symbols=AAPL") as reader:
        await reader.next()

        async def is_written() -> bool:
            return bool(await bus.redis.keys("interest:*")) and bool(await bus.redis.keys("status:api:*"))

        await eventually(is_written)
    assert await bus.redis.keys("interest:*") == []
    assert await bus.redis.keys("status:api:*") == []


async def test_readiness_follows_the_link(bus: Bus) -> None:
    """A replica lets clients in as soon as it listens, and is ready when Redis answers."""
    async with replica(bus) as client:

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await eventually(is_ready)


async def test_the_server_does_not_name_itself(bus: Bus) -> None:
    """What it runs on is nobody's business."""
    async with replica(bus) as client:
        assert "server" not in (await client.get("/healthz")).headers


async def test_a_forwarding_header_makes_no_loopback_peer(bus: Bus) -> None:
    """On a laptop the positions are open to its user, and closed to whoever came through a proxy."""
    async with replica(bus, laptop=True) as client:
        assert (await client.head("/stream/positions")).status_code == 200
        forwarded = await client.head("/stream/positions", headers={"x-forwarded-for": "127.0.0.1"})
        assert forwarded.status_code == 403


def test_the_api_never_imports_a_venue() -> None:
    """alpaca-py brings pandas: half a second of start and a hundred megabytes for nothing."""
    code = "import sys, tapecast.api.server; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"alpaca", "pandas", "numpy"} & set(result.stdout.split())
    code = "import sys, tapecast.api.server; print(*(m for m in sys.modules if 'tapecast.feeds' in m))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.split() == []


@on_each_loop
async def test_many_are_let_in_in_one_turn_of_the_loop() -> None:
    """One in each turn would keep a crowd waiting for as many turns as there are clients before it."""
    async with staged() as stage, AsyncExitStack() as stack:
        knocking = [stack.enter_context(socket.socket()) for _ in range(4 * ACCEPTORS)]
        for sock in knocking:
            # Nothing is awaited: all of them wait in the kernel.
            sock.connect(("127.0.0.1", stage.port))
        turns = 0
        async with asyncio.timeout(PATIENCE_S):
            while len(stage.server.server_state.connections) < len(knocking):
                await asyncio.sleep(0)
                turns += 1
        assert turns < len(knocking) / 2


async def test_a_shared_socket_never_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a moment: another worker that lost the race for a connection would stand still in `accept`."""
    seen: list[bool] = []

    async def startup(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        seen.extend(os.get_blocking(sock.fileno()) for sock in sockets or [])
        for sock in (sockets or [])[1:]:
            sock.close()

    monkeypatch.setattr(uvicorn.Server, "startup", startup)
    with free_socket() as bound, socket.socket(fileno=os.dup(bound.fileno())) as inherited:
        await server.Server(PlainTextResponse(), asyncio.Event(), Door().waiting).startup([inherited])
        assert seen == [False] * ACCEPTORS
