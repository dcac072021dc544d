"""`tapecast check`: is the api or the ingest of this host well? For containers and for people."""

from __future__ import annotations

import socket
import time
from typing import Final

import httpx

from tapecast.bus import codec
from tapecast.bus.connection import open_bus
from tapecast.bus.keys import STATUS_TTL_S
from tapecast.bus.status import read_statuses
from tapecast.errors import BusUnavailable, StartError
from tapecast.market import FeedState
from tapecast.process import is_here

TIMEOUT_S: Final = 3.0


def listens(port: int) -> bool:
    """Whether anything listens on this host's `port`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False


def check_api(port: int) -> str:
    """A line that says the api is ready. Raises StartError with the reason if it is not."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        raise StartError(f"the api on port {port} does not answer: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise StartError(f"the api on port {port} is not ready: {answer.text.strip()}")
    return f"api on port {port}: ready"


async def check_ingest(url: str, prefix: str) -> str:
    """A line on this host's ingest. Raises StartError if it has not said anything for STATUS_TTL_S."""
    async with open_bus(url, prefix) as bus:
        try:
            found = [codec.decode_ingest_status(data) for data in await read_statuses(bus, "ingest")]
            ours = [status for status in found if is_here(status.id)]
            if not ours:
                # One that runs well cannot say so to a Redis that is full: that is then what to tell.
                async with bus.asking() as redis:
                    await redis.set(bus.keys.status_index("probe"), b"1", ex=1)
        except BusUnavailable as error:
            raise StartError(str(error)) from None
    if not ours:
        raise StartError(
            f"no ingest on {socket.gethostname()} has reported to Redis in the last {STATUS_TTL_S} s"
        )
    status = max(ours, key=lambda status: status.server_time)
    age = max(0.0, time.time() - status.server_time / 1e6)
    holders = {market: lease.holder for each in found for market, lease in each.leases.items()}
    feeds = ", ".join(_feed(feed, holders.get(feed.market, "nobody")) for feed in status.feeds)
    return f"ingest {status.id}: reported {age:.0f} s ago; {feeds}"


def _feed(feed: codec.FeedStatus, holder: str) -> str:
    words = f"{feed.market} {feed.state} {feed.reason}".rstrip()
    # A standby is well while somebody else is the owner.
    return f"{words} (owner: {holder})" if feed.state is FeedState.STANDBY else words
