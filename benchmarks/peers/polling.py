"""Poll per client: each stream reads its own keys from Redis in a loop and sends what changed.

python -m benchmarks.peers.polling PORT REDIS_URL POLL_MS
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from redis.asyncio import BlockingConnectionPool, Redis
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.serving import serve

CONNECTIONS = 100


def app(redis_url: str, poll_s: float) -> Starlette:
    """The service."""
    # The plain pool raises when its hundred are taken, and would cut every client above that.
    pool = BlockingConnectionPool.from_url(redis_url, max_connections=CONNECTIONS, timeout=None, protocol=2)
    redis = Redis(connection_pool=pool)

    async def changes(symbols: list[str]) -> AsyncIterator[bytes]:
        keys = [f"price:{symbol}" for symbol in symbols]
        sent: dict[str, bytes] = {}
        while True:
            for key, value in zip(keys, await redis.mget(keys), strict=True):
                if isinstance(value, bytes) and sent.get(key) != value:
                    sent[key] = value
                    yield b"data: %b\n\n" % value
            await asyncio.sleep(poll_s)

    async def stream(request: Request) -> Response:
        return EventSourceResponse(changes(request.query_params["symbols"].split(",")))

    return Starlette(routes=[Route("/stream", stream)])


if __name__ == "__main__":
    serve(app(sys.argv[2], float(sys.argv[3]) / 1000), int(sys.argv[1]))
