"""Attempts to have more than one client may; each has an address of its own, as a trusted proxy says."""

from __future__ import annotations

from tests.e2e.attempt import EVENT_SOURCE, PRICES, Act, Caller, rows, sends
from tests.e2e.wire import get

LIMITED = {"MAX_STREAMS_PER_CLIENT": "1", "TRUSTED_PROXIES": "127.0.0.0/8", "ACCEPT_RATE": "0"}
"""One stream each."""
HURRIED = {"ACCEPT_RATE": "0.001"}
"""One stream at once, and another in a quarter of an hour."""


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


def _twice(first: str, then: str, *headers: str) -> Act:
    return after(get(PRICES, _from(first)), get(PRICES, _from(then), *headers))


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
        "Faster than `ACCEPT_RATE`",
        "hurried",
        ("a second stream in the same moment", "429 `too_many_streams`", after(get(PRICES), get(PRICES))),
    ),
]
