"""Every way to be a bad client that we know of, each on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.e2e.kernel import unanswered
from tests.e2e.processes import Child, status
from tests.e2e.ticker import Ticker
from tests.e2e.wire import Wire, get
from tests.support import eventually

MEGABYTE = b"x" * 2**20


@dataclass
class Scene:
    """One process for all of them: what one leaves behind would show with the next."""

    api: Child
    ticker: Ticker

    @property
    def base(self) -> str:
        """Where it is."""
        return self.api.base

    async def streams(self) -> int:
        """How many streams it says are open."""
        return int((await status(self.base))["stream_count"])


Client = Callable[[Scene, Wire], Awaitable[None]]
CLIENTS: dict[str, Client] = {}


def client(body: Client) -> Client:
    """One way to be hostile. The connection is open, and closed afterwards."""
    CLIENTS[body.__name__] = body
    return body


async def ask(scene: Scene, peer: Wire) -> None:
    """Ask for the stream, and see its first ticks."""
    await peer.send(get(scene.ticker.path))
    await peer.until(lambda: len(peer.newest) == len(scene.ticker.symbols))


async def push(peer: Wire, data: bytes) -> None:
    """Send for as long as the server takes it, and read beside it. It may cut the connection instead."""
    reading = asyncio.create_task(peer.end())
    with suppress(ConnectionError):
        await peer.send(data)
    reading.cancel()
    await asyncio.wait([reading])


@client
async def says_nothing(scene: Scene, peer: Wire) -> None:
    """Connects, and that is all."""
    await scene.ticker.publish(10)


@client
async def stops_in_the_middle_of_a_request(scene: Scene, peer: Wire) -> None:
    """Half of a header, and no more."""
    await peer.send(get(scene.ticker.path)[:-3])
    await scene.ticker.publish(10)


@client
async def never_reads(scene: Scene, peer: Wire) -> None:
    """Asks, and lets everything wait."""
    await peer.send(get(scene.ticker.path))
    await eventually(peer.unread)
    await scene.ticker.publish(1000)


@client
async def reads_byte_by_byte(scene: Scene, peer: Wire) -> None:
    """One byte for every thousand that come."""
    await peer.send(get(scene.ticker.path))
    for _ in range(200):
        await scene.ticker.publish()
        assert await peer.read(1)


@client
async def half_closes(scene: Scene, peer: Wire) -> None:
    """Says that it has nothing more to say, and waits for more: it may get it, or be ended."""
    await ask(scene, peer)
    peer.shut()
    await scene.ticker.publish()
    await peer.until(lambda: scene.ticker.reached(peer) or peer.ended)


@client
async def half_closes_with_its_request(scene: Scene, peer: Wire) -> None:
    """As `nc` does with a request from a file."""
    await peer.send(get(scene.ticker.path))
    peer.shut()
    await peer.until(lambda: peer.newest or peer.ended)


@client
async def resets(scene: Scene, peer: Wire) -> None:
    """Cuts the connection in the middle of the stream."""
    await ask(scene, peer)
    peer.reset()
    await scene.ticker.publish(10)


@client
async def resets_with_its_request(scene: Scene, peer: Wire) -> None:
    """Cuts the connection before there is an answer."""
    await peer.send(get(scene.ticker.path))
    peer.reset()


@client
async def resets_while_it_is_written_to(scene: Scene, peer: Wire) -> None:
    """Cuts the connection when the server has much to say."""
    await peer.send(get(scene.ticker.path))
    await eventually(peer.unread)
    await scene.ticker.publish(500)
    peer.reset()
    await scene.ticker.publish(10)


@client
async def sends_a_body(scene: Scene, peer: Wire) -> None:
    """A megabyte with a GET."""
    await peer.send(get(scene.ticker.path, f"Content-Length: {len(MEGABYTE)}"))
    await push(peer, MEGABYTE)


@client
async def sends_a_body_that_never_ends(scene: Scene, peer: Wire) -> None:
    """A chunked body, of which the last chunk is missing."""
    await peer.send(get(scene.ticker.path, "Transfer-Encoding: chunked"))
    await push(peer, b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


@client
async def pipelines(scene: Scene, peer: Wire) -> None:
    """As many streams on one connection as may wait: it is one stream at the most."""
    before = await scene.streams()
    await peer.send(get(scene.ticker.path) * 17)
    await peer.until(lambda: len(peer.newest) == len(scene.ticker.symbols))
    assert await scene.streams() == before + 1


@client
async def pipelines_without_end(scene: Scene, peer: Wire) -> None:
    """A megabyte of requests in a row: they would wait in memory, and it is cut off."""
    await push(peer, get("/healthz") * 20_000)


@client
async def has_a_head_without_end(scene: Scene, peer: Wire) -> None:
    """A header of a megabyte, which would take the longer to parse the longer it gets."""
    await push(peer, b"GET /healthz HTTP/1.1\r\nX: " + MEGABYTE)


@client
async def pipelines_after_an_answer(scene: Scene, peer: Wire) -> None:
    """A stream behind two requests that have an end, all in one write."""
    await peer.send(get("/healthz") + get("/readyz") + get(scene.ticker.path))
    await peer.until(lambda: peer.complete == 2 and len(peer.newest) == len(scene.ticker.symbols))


@client
async def pipelines_and_resets(scene: Scene, peer: Wire) -> None:
    """More answers than the kernel takes, of which it reads none before it cuts the connection."""
    async with unanswered(scene.base, peer):
        peer.reset()


@client
async def talks_while_it_listens(scene: Scene, peer: Wire) -> None:
    """Bytes that are no request, a megabyte of them, on an open stream."""
    await ask(scene, peer)
    await push(peer, MEGABYTE)


@client
async def asks_again_while_it_listens(scene: Scene, peer: Wire) -> None:
    """Another request on an open stream."""
    before = await scene.streams()
    await ask(scene, peer)
    await push(peer, get(scene.ticker.path) + get("/healthz"))
    assert await scene.streams() <= before + 1


@client
async def asks_for_the_head(scene: Scene, peer: Wire) -> None:
    """Headers and an end, no stream; what it then asks on the same connection is answered."""
    before = await scene.streams()
    await peer.send(get(scene.ticker.path, method="HEAD"))
    await peer.until(lambda: peer.status)
    assert (peer.status, peer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert await scene.streams() == before
    assert peer.events == []


@client
async def speaks_http_1_0(scene: Scene, peer: Wire) -> None:
    """An old proxy: it gets its stream, in whatever form, for as long as it likes."""
    await peer.send(get(scene.ticker.path, version="1.0"))
    await peer.until(lambda: len(peer.newest) == len(scene.ticker.symbols))


@client
async def sends_a_huge_header(scene: Scene, peer: Wire) -> None:
    """A megabyte of cookies: served or refused."""
    await push(peer, get(scene.ticker.path, f"Cookie: {MEGABYTE.decode()}"))


@client
async def asks_for_a_websocket(scene: Scene, peer: Wire) -> None:
    """There is none: it is an ordinary request."""
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    await peer.send(get(scene.ticker.path, *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
    await peer.until(lambda: len(peer.newest) == len(scene.ticker.symbols))


@client
async def speaks_tls(scene: Scene, peer: Wire) -> None:
    """The first bytes of a handshake, where HTTP is spoken."""
    await peer.send(bytes.fromhex("16030100c8010000c40303") + bytes(200))
    await peer.end()
    assert peer.status in (0, 400)
