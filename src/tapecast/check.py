"""`tapecast check`: is the api or the ingest of this host well? For containers and for people.

A container's health check is the same command for each, so it finds out by itself what runs there. Where
neither is found it has to say both: whoever reads it knows which one they meant.
"""

from __future__ import annotations

import asyncio
import ipaddress
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
from tapecast.settings import Settings

TIMEOUT_S: Final = 3.0
LOOPBACK: Final = "127.0.0.1"


def health(settings: Settings, role: str | None = None) -> str:
    """A line on this host's api, or its ingest; without a role on what is there. Raises StartError."""
    host = local(settings.host)
    if role == "api" or (role is None and listens(settings.port, host)):
        return check_api(settings.port, host)
    nothing = "" if role else f"nothing listens on {_words(host, settings.port)} (HOST, PORT), and "
    if settings.redis_url is None:
        raise StartError(f"{nothing}REDIS_URL names no ingest to ask")
    try:
        return asyncio.run(check_ingest(settings.redis_url.get_secret_value(), settings.redis_prefix))
    except StartError as error:
        raise StartError(f"{nothing}{error}") from None


def local(host: str | None) -> str:
    """Where an api that listens on `host` is asked by its own machine: there, unless that is everywhere."""
    try:
        address = ipaddress.ip_address(host or "0.0.0.0")  # noqa: S104 - what `api` listens on by default
    except ValueError:
        # A name.
        return host or LOOPBACK
    if not address.is_unspecified:
        return str(address)
    return LOOPBACK if address.version == 4 else "::1"


def listens(port: int, host: str = LOOPBACK) -> bool:
    """Whether anything listens there."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False


def check_api(port: int, host: str = LOOPBACK) -> str:
    """A line that says the api is ready. Raises StartError with the reason if it is not."""
    url, words = httpx.URL(scheme="http", host=host, port=port, path="/readyz"), _words(host, port)
    try:
        answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        raise StartError(f"the api on {words} does not answer: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise StartError(f"the api on {words} is not ready: {answer.text.strip()}")
    return f"api on {words}: ready"


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


def _words(host: str, port: int) -> str:
    return f"port {port}" + ("" if host == LOOPBACK else f" of {host}")


def _feed(feed: codec.FeedStatus, holder: str) -> str:
    words = f"{feed.market} {feed.state} {feed.reason}".rstrip()
    # A standby is well while somebody else is the owner.
    return f"{words} (owner: {holder})" if feed.state is FeedState.STANDBY else words
