"""What a single setting may hold, as types that check themselves.

Each check prevents a value that would be taken at the start and only fail later, far from its name: a page
that silently never matches an origin, or a library whose error quotes half of a password.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from tapecast.market import market_of


def _symbol(value: str) -> str:
    if market_of(symbol := value.upper()) is None:
        raise ValueError(f"{symbol!r} is not a symbol (AAPL, BRK.B and BTC/USD are)")
    return symbol


REPLAY = "replay:"
"""What goes before the path of a recording."""


def _feed(value: str) -> str:
    # Only the word is lowered: the names of files have their case.
    word, colon, path = value.partition(":")
    feed = word.strip().lower() + colon + path.strip()
    if feed not in {"alpaca", "simulated"} and not (feed.startswith(REPLAY) and feed != REPLAY):
        raise ValueError("must be 'alpaca', 'simulated' or 'replay:PATH', where PATH is a recorded tape")
    return feed


def _header(value: SecretStr) -> SecretStr:
    # The error of an HTTP library that is given an impossible header quotes it.
    secret = value.get_secret_value()
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise ValueError("may hold only printable ASCII characters, and no spaces")
    return value


def _origin(value: str) -> str:
    # A browser names no path, not even a slash: an origin that has one would match no page.
    origin = value.rstrip("/").lower()
    scheme, _, host = origin.partition("://")
    if origin != "*" and (not scheme or not host or "/" in host):
        raise ValueError(f"{value!r} is not an origin (* and https://example.com are)")
    return origin


_SEVERAL = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
"""Schemes with several hosts, which `bus/places.py` reads."""


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no network (10.0.0.0/8 and 2001:db8::/32 are): {error}") from None


def _split(url: str, *schemes: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme not in _SEVERAL:
            _ = parts.port  # reading it is what checks it
    except ValueError:
        # The error's own text quotes what it took for the port, which may be half of a password.
        raise ValueError("is not a URL; a / @ or # in a password is written as %2F %40 or %23") from None
    if parts.scheme not in schemes:
        raise ValueError("must begin with " + " or ".join(f"{scheme}://" for scheme in schemes))
    return parts


def _redis_url(value: SecretStr) -> SecretStr:
    parts = _split(value.get_secret_value(), "redis", "rediss", "unix", *_SEVERAL)
    if parts.scheme == "unix" or parts.scheme in _SEVERAL:
        return value
    # A password with a bare / ? @ or # cuts the URL in two, and the second half would be shown as a place.
    if parts.fragment or "@" in parts.path + parts.query or not re.fullmatch(r"/?[0-9]*", parts.path):
        raise ValueError(
            "ends in host:port or host:port/number; "
            "a / ? @ or # in a password is written as %2F %3F %40 or %23"
        )
    if not parts.hostname:
        raise ValueError("names no host")
    return value


def _stream_url(value: str) -> str:
    if not _split(value, "ws", "wss").hostname:
        raise ValueError("names no host")
    return value


def _rest_url(value: str) -> str:
    parts = _split(value, "http", "https")
    if not parts.hostname:
        raise ValueError("names no host")
    if parts.path.rstrip("/").endswith("/v2"):
        raise ValueError("is a base: leave out the /v2")
    return value


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
"""An address, or a block of them."""
Symbol = Annotated[str, AfterValidator(_symbol)]
"""A symbol of any market, upper-cased."""
FeedChoice = Annotated[str, AfterValidator(_feed)]
"""Where prices come from: `alpaca`, `simulated`, or `replay:` and the path of a recording."""
Secret = Annotated[SecretStr, AfterValidator(_header)]
"""What travels in a header and is shown nowhere."""
Origin = Annotated[str, AfterValidator(_origin)]
"""`*`, or an origin as browsers send it."""
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
"""Secret as a whole, since a password may be in it."""
StreamUrl = Annotated[str, AfterValidator(_stream_url)]
"""A complete WebSocket URL."""
RestUrl = Annotated[str, AfterValidator(_rest_url)]
"""A base, without `/v2`."""
