"""A deployment that says whatever a test wants, on a real socket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from tapecast.bench.offset import ClockFinding
from tapecast.bench.plan import Plan
from tapecast.bench.result import Received, Result, Streams
from tapecast.bench.sample import Spread
from tapecast.bench.strain import Load
from tapecast.bench.target import target_of
from tests.support import tcp_server

TICKET = "eyJ-very-secret"
STATUS = {
    "version": "9.9.9",
    "replicas": 2,
    "feeds": [{"feed": "simulated", "market": "crypto", "state": "live", "simulated": True}],
}

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def plan_for(url: str, **options: Any) -> Plan:
    """A small plan."""
    values: dict[str, Any] = {"streams": 2, "seconds": 1.0, "ramp": 1000.0}
    return Plan(target_of(url), ("AAPL",), **values | options)


def answer(status: str, body: str = "", *headers: str, kind: str = "application/json") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}", *headers]
    return "\r\n".join([*lines, "", body]).encode()


READY = answer("200 OK", '{"status":"ready","reasons":[]}')
TELLS = answer("200 OK", json.dumps(STATUS))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"


def event(name: str, **data: Any) -> bytes:
    """A named event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def hello(ahead_s: float = 0.0) -> bytes:
    """The first event, by a clock that is so far ahead."""
    return event("hello", server_time=int((time.time() + ahead_s) * 1e6), interval=0)


def tick(symbol: str = "AAPL", seq: int = 1, *, ts_recv: int = 0, epoch: int = 1) -> bytes:
    """A price."""
    data = {"symbol": symbol, "price": 1.0, "epoch": epoch, "seq": seq, "ts_recv": ts_recv}
    return f"data: {json.dumps(data)}\n\n".encode()


def bye(code: str, message: str = "come back", retry_ms: int = 20) -> bytes:
    """The last event."""
    return b"retry: %d\n" % retry_ms + event("bye", code=code, message=message)


@asynccontextmanager
async def deployment(replies: Mapping[str, bytes | Reply]) -> AsyncIterator[str]:
    """The base URL of a server that answers each path, without its query, as told; others by 404."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        reply = replies.get(path, answer("404 Not Found"))
        if isinstance(reply, bytes):
            writer.write(reply)
            await writer.drain()
        else:
            # Cut at the end of the test, which asyncio would log as an error.
            with suppress(asyncio.CancelledError):
                await reply(writer)

    async with tcp_server(handle) as port:
        yield f"http://127.0.0.1:{port}"


def result(**changes: Any) -> Result:
    """A run in which all went well, but for these."""
    streams = changes.pop("streams", {})
    values: dict[str, Any] = {
        "target": "http://localhost:8000",
        "server": "tapecast 9.9.9, ready, 1 replica, SIMULATED prices; crypto live",
        "symbols": {"AAPL": {"live": 10}},
        "streams": Streams(
            **{
                "wanted": 10, "opened": 10, "open_at_end": 10, "refused": {}, "lost": {}, "reasons": {},
                "reconnected": 0, "without_price": 0, "gaps": 0, "longest_gap_s": 0.0, "disorder": 0,
                "unreadable": 0,
            } | streams
        ),
        "measured_s": 20.0,
        "cut_short": False,
        "received": Received(1000, 10, 300_000, 50.0, 15_000.0),
        "connect": Spread(10, 0.4, 0.5, 1.5, 2.0),
        "first_price": Spread(10, 4.0, 5.0, 6.0, 7.0),
        "latency": Spread(1000, 2.0, 4.0, 12.0, 80.0),
        "latency_of_one_in": 1,
        "latency_min_ms": 0.5,
        "histogram": [],
        "interval_ms": 0,
        "clock": ClockFinding(True, 0.0, 0.3),
        "load": Load(0.1, 1.0, 3.0),
    }  # fmt: skip
    return Result(**values | changes)
