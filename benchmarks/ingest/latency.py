"""How long from the venue's frame to the clients' bytes: ours by turns with a bare relay.

100 clients, 30 symbols, 1,000 trades a second, one to a frame. The venue writes its sending time into each
trade; whoever receives subtracts. Ours runs as `tapecast ingest` and `tapecast api`; the relay as its two
halves (`relay.py`). In both, these two share a core, and the venue, Redis and the clients have the other.

    python -m benchmarks.ingest.latency --rounds 3 --seconds 8
"""

from __future__ import annotations

import argparse
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from benchmarks.ingest.frames import names
from benchmarks.ingest.processes import (
    MEASURED,
    OTHERS,
    Venue,
    cache,
    free_port,
    ingest_env,
    process,
    venue,
    waited,
)  # fmt: skip
from tapecast.market import parse_rfc3339

CLIENTS, SYMBOLS, RATE = 100, 30, 1000
TIMED = 10
"""Clients whose bytes are looked at; of all others they are only taken, so that looking does not delay."""
WARM_S = 3.0
_TIMESTAMP = re.compile(rb'"timestamp":"([^"]+)"')
_TIME_MARK = b"\xa1t\xd7\xff"

Stamps = Callable[[bytes], Iterator[int]]


class Latency(NamedTuple):
    """In milliseconds, and how many events it was read from."""

    p50: float
    p99: float
    worst: float
    events: int


def _of_json(data: bytes) -> Iterator[int]:
    return (parse_rfc3339(each.decode()) for each in _TIMESTAMP.findall(data))


def _of_frames(data: bytes) -> Iterator[int]:
    at = data.find(_TIME_MARK)
    while 0 <= at <= len(data) - 12:
        (packed,) = struct.unpack_from(">Q", data, at + 4)
        yield (packed & (2**34 - 1)) * 1_000_000_000 + (packed >> 34)
        at = data.find(_TIME_MARK, at + 12)


def measure(port: int, greeting: bytes, stamps: Stamps, seconds: float) -> Latency:
    """Connect all clients, warm up, then time what arrives."""
    selector = selectors.DefaultSelector()
    with ExitStack() as stack:
        for number in range(CLIENTS):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            sock.sendall(greeting)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ, number)
        began = time.monotonic() + WARM_S
        taken: list[int] = []
        while (now := time.monotonic()) < began + seconds:
            for key, _ in selector.select(0.5):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(262144)
                at = time.time_ns()
                if key.data < TIMED and now >= began:
                    taken += [at - stamp for stamp in stamps(data)]
    taken.sort()
    p50, p99 = (taken[len(taken) * part // 100] / 1e6 for part in (50, 99))
    return Latency(round(p50, 3), round(p99, 3), round(taken[-1] / 1e6, 3), len(taken))


@contextmanager
def _pace() -> Iterator[tuple[str, Venue]]:
    with cache() as url, venue("--symbols", str(SYMBOLS), "--rate", str(RATE), "--per-frame", "1") as sender:
        yield url, sender


def bare(seconds: float) -> Latency:
    """The relay."""
    relay = (sys.executable, "-m", "benchmarks.ingest.relay")
    with _pace() as (url, sender), process(MEASURED, *relay, "out", url) as out:
        assert out.stdout is not None
        port = int(out.stdout.readline())
        with process(MEASURED, *relay, "in", sender.url, url, str(SYMBOLS)):
            sender.begun()
            return measure(port, b"", _of_frames, seconds)


def ours(seconds: float) -> Latency:
    """The whole of tapecast."""
    command = (sys.executable, "-m", "tapecast.cli")
    path = f"/stream/prices?symbols={','.join(names(SYMBOLS))}"
    greeting = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    with _pace() as (url, sender):
        env, port = ingest_env(sender, url, names(SYMBOLS)), free_port()
        api = process(MEASURED, *command, "api", "--port", str(port), env={"REDIS_URL": url})
        with process(MEASURED, *command, "ingest", env=env), api as child:
            waited(lambda: _listens(port, child), "the api listens", 20)
            sender.begun()
            return measure(port, greeting, _of_json, seconds)


def _listens(port: int, child: subprocess.Popen[str]) -> bool:
    assert child.poll() is None
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {OTHERS})
    for _ in range(options.rounds):
        relay, whole = bare(options.seconds), ours(options.seconds)
        print(f"relay  {relay}\ntapecast {whole}", flush=True)
        print(f"ratio  p50 {whole.p50 / relay.p50:.2f}  p99 {whole.p99 / relay.p99:.2f}", flush=True)


if __name__ == "__main__":
    main()
