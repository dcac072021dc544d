"""A queue per client: one Redis subscription, each message encoded once and put into every listener's queue.

python -m benchmarks.peers.queued PORT REDIS_URL
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.serving import serve

QUEUE = 1000
"""Messages that may wait for a client; then it misses some."""

Listeners = defaultdict[str, set["asyncio.Queue[bytes]"]]


async def fan_out(redis_url: str, listeners: Listeners) -> None:
    """Every message to every queue that wants it."""
    async with Redis.from_url(redis_url, protocol=2) as redis, redis.pubsub() as subscription:
        await subscription.psubscribe("price:*")
        async for message in subscription.listen():
            if message["type"] == "pmessage":
                frame = b"data: %b\n\n" % message["data"]
                for queue in listeners[message["channel"].decode().removeprefix("price:")]:
                    if not queue.full():
                        queue.put_nowait(frame)


def app(redis_url: str) -> Starlette:
    """The service."""
    listeners: Listeners = defaultdict(set)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        reader = asyncio.create_task(fan_out(redis_url, listeners))
        yield
        reader.cancel()

    async def frames(symbols: list[str]) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        for symbol in symbols:
            listeners[symbol].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            for symbol in symbols:
                listeners[symbol].discard(queue)

    async def stream(request: Request) -> Response:
        return EventSourceResponse(frames(request.query_params["symbols"].split(",")))

    return Starlette(routes=[Route("/stream", stream)], lifespan=lifespan)


if __name__ == "__main__":
    serve(app(sys.argv[2]), int(sys.argv[1]))
