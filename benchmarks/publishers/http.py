"""Ticks into nchan: pipelined POSTs over one kept connection, its answers read and dropped.

    python -m benchmarks.publishers.http PORT RATE CHANNEL=SYMBOL,SYMBOL,... ...

RATE is messages per second and channel; a message holds a tick of each of its channel's symbols.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Mapping, Sequence

from benchmarks.pace import due
from benchmarks.ticks import EPOCH, joined, tick


def post(channel: str, message: bytes) -> bytes:
    """One publication as HTTP."""
    return b"POST /pub/%s HTTP/1.1\r\nHost: b\r\nContent-Length: %d\r\n\r\n%s" % (
        channel.encode(), len(message), message,
    )  # fmt: skip


def message(symbols: Sequence[str], number: int) -> bytes:
    """A tick of each symbol, made now."""
    now_us = time.time_ns() // 1000
    return joined([tick(symbol, number, EPOCH, now_us) for symbol in symbols])


def main(port: int, rate: float, channels: Mapping[str, Sequence[str]]) -> None:
    """Publish until ended."""
    names = list(channels)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"".join(post(name, message(channels[name], 0)) for name in names))
        print("ready", flush=True)
        for numbers in due(rate * len(names)):
            posts = [
                post(name, message(channels[name], number))
                for number in numbers
                for name in [names[number % len(names)]]
            ]
            connection.sendall(b"".join(posts))
            with contextlib.suppress(BlockingIOError):
                while connection.recv(1 << 16, socket.MSG_DONTWAIT):
                    pass


if __name__ == "__main__":
    pairs = [text.split("=") for text in sys.argv[3:]]
    main(int(sys.argv[1]), float(sys.argv[2]), {name: symbols.split(",") for name, symbols in pairs})
