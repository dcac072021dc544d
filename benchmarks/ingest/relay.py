"""The limit for latency: from the venue's socket over Redis pub/sub to the clients' sockets, nothing else.

Frames are neither decoded nor kept: no newest price for who joins, no states, no fence, no HTTP.

    python -m benchmarks.ingest.relay in  ws://127.0.0.1:1234/v2/iex redis://127.0.0.1:6379/0 30
    python -m benchmarks.ingest.relay out redis://127.0.0.1:6379/0
"""

from __future__ import annotations

import asyncio
import sys
from typing import ClassVar, cast

import msgpack
import uvloop
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from benchmarks.ingest.frames import names

CHANNEL = "frames"


async def publish(url: str, redis_url: str, count: int) -> None:
    """Every frame of the venue to one channel."""
    async with Redis.from_url(redis_url, protocol=2) as redis, connect(url, compression=None) as socket:
        await socket.recv()
        await socket.send(msgpack.packb({"action": "auth", "key": "k", "secret": "s"}))
        await socket.recv()
        await socket.send(msgpack.packb({"action": "subscribe", "trades": names(count)}))
        await socket.recv()
        while True:
            await redis.publish(CHANNEL, await socket.recv())


class _Client(asyncio.Protocol):
    """One that is written to."""

    all: ClassVar[set[asyncio.WriteTransport]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self.all.add(self._transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.all.discard(self._transport)


async def serve(redis_url: str) -> None:
    """Every frame of the channel to every client. Prints its port."""
    server = await asyncio.get_running_loop().create_server(_Client, "127.0.0.1", 0)
    async with Redis.from_url(redis_url, protocol=2) as redis, redis.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        print(server.sockets[0].getsockname()[1], flush=True)
        async for message in pubsub.listen():
            if message["type"] == "message":
                for client in _Client.all:
                    client.write(message["data"])


def main() -> None:
    """One of its two sides."""
    side, *rest = sys.argv[1:]
    uvloop.run(publish(rest[0], rest[1], int(rest[2])) if side == "in" else serve(rest[0]))


if __name__ == "__main__":
    main()
