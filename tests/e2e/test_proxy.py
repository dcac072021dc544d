"""The network of the drills does what it says: else they would prove nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.e2e.proxy import Proxy, proxied
from tests.support import PATIENCE_S, eventually, tcp_server

pytestmark = pytest.mark.e2e


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say back what is said."""
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()


Ask = Callable[[bytes], Awaitable[bytes]]


@asynccontextmanager
async def asking(proxy: Proxy) -> AsyncIterator[Ask]:
    """A connection to the echo through the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

    async def ask(data: bytes) -> bytes:
        writer.write(data)
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read(4096)

    try:
        yield ask
    finally:
        writer.transport.abort()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of an echo."""
    async with tcp_server(echo) as port, proxied(port) as between:
        yield between


async def test_what_is_said_passes(proxy: Proxy) -> None:
    """Both ways, on as many connections as there are."""
    async with asking(proxy) as one, asking(proxy) as other:
        assert [await one(b"1"), await other(b"2"), await one(b"3")] == [b"1", b"2", b"3"]
    assert proxy.dials == 2


async def test_latency_delays_each_way(proxy: Proxy) -> None:
    """There and back."""
    proxy.latency_s = 0.05
    async with asking(proxy) as ask:
        began = time.monotonic()
        assert await ask(b"1") == b"1"
        assert time.monotonic() - began >= 0.1


async def test_a_stall_tells_nobody_and_goes_on_where_it_stopped(proxy: Proxy) -> None:
    """Nothing is lost, and nobody hears of it."""
    async with asking(proxy) as ask:
        assert await ask(b"1") == b"1"
        proxy.stall()
        answer = asyncio.ensure_future(ask(b"2"))
        await asyncio.wait([answer], timeout=0.1)
        assert not answer.done()
        proxy.heal()
        assert await answer == b"2"


@pytest.mark.parametrize("end", [Proxy.cut, Proxy.reset], ids=["cut", "reset"])
async def test_an_end_is_heard_at_once_and_a_new_connection_works(
    end: Callable[[Proxy], None], proxy: Proxy
) -> None:
    """A cut is an end, a reset an error."""
    async with asking(proxy) as ask, asking(proxy) as other:
        assert await ask(b"1") == b"1"
        assert await other(b"1") == b"1"
        end(proxy)
        if end is Proxy.reset:
            with pytest.raises(ConnectionResetError):
                await ask(b"")
        else:
            assert await ask(b"") == b""
        await eventually(lambda: not proxy._tasks, "nothing is left of them")
        async with asking(proxy) as another:
            assert await another(b"2") == b"2"


async def test_who_is_isolated_reaches_nobody(proxy: Proxy) -> None:
    """Until it is healed."""
    async with asking(proxy) as ask:
        assert await ask(b"1") == b"1"
        proxy.isolate()
        with pytest.raises(ConnectionError):
            await ask(b"")
        async with asking(proxy) as another:
            with suppress(ConnectionError):
                assert await another(b"2") == b""
        proxy.heal()
        async with asking(proxy) as another:
            assert await another(b"3") == b"3"


async def test_a_target_that_is_gone_is_an_end() -> None:
    """As a proxy in front of a killed server has it."""
    async with tcp_server(echo) as port:
        pass
    async with proxied(port) as proxy, asking(proxy) as ask:
        assert await ask(b"") == b""
