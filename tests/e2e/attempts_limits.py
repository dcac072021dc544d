"""Attempts to have more than one client may, or than there is.

Where clients are told apart each has an address of its own, as a trusted proxy says.
"""

from __future__ import annotations

import asyncio

from tests.e2e.attempt import EVENT_SOURCE, PRICES, Act, Caller, rows, sends
from tests.e2e.wire import get
from tests.support import PATIENCE_S

LIMITED = {
    "MAX_STREAMS_PER_CLIENT": "1", "TRUSTED_PROXIES": "127.0.0.0/8", "ACCEPT_RATE": "0",
    "ALLOWED_SYMBOLS": "AAPL,MSFT",
}  # fmt: skip
"""One stream each, and two symbols for all."""
HURRIED = {"ACCEPT_RATE": "0.001"}
"""One stream at once, and another in a quarter of an hour."""
FULL = {"MAX_STREAMS": "1"}
"""One stream in all, which every attempt here takes for itself while it is made."""


def _from(address: str) -> str:
    return f"X-Forwarded-For: {address}"


def after(first: bytes, then: bytes) -> Act:
    """Open a stream on a connection of its own, and ask while it is open."""

    async def act(caller: Caller) -> None:
        host, port = caller.sock.getpeername()
        other = await Caller.dial(f"http://{host}:{port}")
        try:
            await other.send(first)
            await other.settle()
            await caller.send(then)
            await caller.settle()
        finally:
            other.close()

    return act


def when_full(then: bytes) -> Act:
    """Take the only stream that there is, when it is free, and ask while it is open."""

    async def act(caller: Caller) -> None:
        host, port = caller.sock.getpeername()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                other = await Caller.dial(f"http://{host}:{port}")
                try:
                    await other.send(get(PRICES))
                    await other.settle()
                    if other.newest:
                        await caller.send(then)
                        await caller.settle()
                        return
                finally:
                    other.close()
                # Another attempt has it.
                await asyncio.sleep(0.05)

    return act


def _twice(first: str, then: str, *headers: str) -> Act:
    return after(get(PRICES, _from(first)), get(PRICES, _from(then), *headers))


def _asks(client: int, path: str) -> Act:
    return sends(get(path, _from(f"198.51.100.{client}")))


async def _among_allowed(caller: Caller) -> None:
    await caller.send(get("/stream/prices?symbols=TSLA,AAPL", _from("198.51.100.14")))
    await caller.until(lambda: caller.refused and caller.newest)


LIMITS = [
    *rows(
        "More than one client may have, behind a trusted proxy",
        "limited",
        ("a first stream", "200, the stream", sends(get(PRICES, _from("198.51.100.1")))),
        ("a second one", "429 `too_many_streams`", _twice("198.51.100.2", "198.51.100.2")),
        (
            "the same by an `EventSource`",
            "200, `bye` `too_many_streams`",
            _twice("198.51.100.3", "198.51.100.3", EVENT_SOURCE),
        ),
        ("another client's", "200, the stream", _twice("198.51.100.4", "198.51.100.5")),
        (
            "a second one, behind an address that the client has made up",
            "429 `too_many_streams`",
            _twice("198.51.100.6", "203.0.113.9, 198.51.100.6"),
        ),
        (
            "a second one, from another address of the same IPv6 network",
            "429 `too_many_streams`",
            _twice("2001:db8:0:1::1", "2001:db8:0:1::2"),
        ),
        ("from the network beside it", "200, the stream", _twice("2001:db8:0:2::1", "2001:db8:0:3::1")),
    ),
    *rows(
        "More than the process may have (`MAX_STREAMS`)",
        "full",
        ("a stream more", "429 `too_many_streams`", when_full(get(PRICES))),
        (
            "the same by an `EventSource`",
            "200, `bye` `too_many_streams`",
            when_full(get(PRICES, EVENT_SOURCE)),
        ),
        ("prices once, which is no stream", "200", when_full(get("/prices?symbols=AAPL"))),
        ("a health check", "200", when_full(get("/healthz"))),
        ("the metrics", "200", when_full(get("/metrics"))),
    ),
    *rows(
        "Other symbols than `ALLOWED_SYMBOLS`",
        "limited",
        ("one of them", "200, the stream", _asks(10, "/stream/prices?symbols=AAPL")),
        ("another", "200, `TSLA` refused: `not_allowed`", _asks(11, "/stream/prices?symbols=TSLA")),
        ("another, with one of them", "200, `TSLA` refused: `not_allowed`", _among_allowed),
        ("another, in small letters", "200, `TSLA` refused: `not_allowed`", _asks(12, "/stream?prices=tsla")),
        ("another, once", "200, `TSLA` missing: `not_allowed`", _asks(13, "/prices?symbols=TSLA")),
    ),
    *rows(
        "Faster than `ACCEPT_RATE`",
        "hurried",
        ("a second stream in the same moment", "429 `too_many_streams`", after(get(PRICES), get(PRICES))),
    ),
]
