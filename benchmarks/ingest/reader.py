"""The limit: the least that a Python program can do with the stream, which is to decode and to count."""

from __future__ import annotations

import sys

import msgpack
import uvloop
from websockets.asyncio.client import connect
from websockets.legacy.client import connect as connect_legacy

from benchmarks.ingest.frames import names


async def read(url: str, count: int, kind: str) -> None:
    """Log in, subscribe, then decode for ever."""
    symbols = names(count)
    dial = connect_legacy if kind == "legacy" else connect
    async with dial(url, max_size=2**24, max_queue=1024, ping_interval=None, compression=None) as socket:
        await socket.recv()
        await socket.send(msgpack.packb({"action": "auth", "key": "k", "secret": "s"}))
        await socket.recv()
        await socket.send(msgpack.packb({"action": "subscribe", "trades": symbols}))
        await socket.recv()
        messages = 0
        while True:
            messages += len(msgpack.unpackb(await socket.recv()))


if __name__ == "__main__":
    uvloop.run(read(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
