"""The one exception: `tapecast up` shows the person at this machine the positions without a token.

As long as nothing hints that the request comes from anywhere else. It is a program of this machine that asks,
for an address of this machine, in its own name, and no other site's page made it ask. A proxy on this machine
speaks for strangers: most say so by a header, some only by the way in which they ask, and on Linux one that
runs as another user is known by that.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.requests import Request

_FORWARDED: Final = re.compile(
    r"forwarded|x-forwarded.*|via|cf-.*|cdn-loop|x-real-ip|true-client-ip|.*client-ip|x-original-.*|x-envoy-.*"
)
_HOST: Final = re.compile(r"(localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
# Where Linux lists all sockets, with the user of each.
_SOCKETS: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED: Final = "01"


def is_own_user(request: Request) -> bool:
    """Whether the request was made on this machine, by a page of ours or by no page at all."""
    return _is_direct(request) and _is_ours(request) and _is_same_user(request)


def _is_direct(request: Request) -> bool:
    """Whether no proxy has spoken, as far as that can be told."""
    if any(_FORWARDED.fullmatch(name) for name in request.headers):
        return False
    if request.client is None or not _is_loopback(request.client.host):
        return False
    # nginx, told nothing, names the server that it asks as the Host, and speaks HTTP/1.0 or closes each time.
    is_old = request.scope.get("http_version") == "1.0"
    return not is_old and request.headers.get("connection", "").lower() != "close"


def _is_ours(request: Request) -> bool:
    """Whether it asks for this machine by its own name, and is not sent by another site."""
    headers = request.headers
    # A browser says so itself: another site's page asks, though it may not read the answer.
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    # A foreign site may point a name of its own at 127.0.0.1: then the Host is that name.
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return False
    return all(origin.lower() == f"{request.url.scheme}://{hosts[0].lower()}" for origin in origins)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_same_user(request: Request) -> bool:
    """Whether the program at the other end runs as the user that we run as; true where that is not told."""
    server: tuple[str, int | None] | None = request.scope.get("server")
    if request.client is None or server is None:
        return True
    ends = (request.client.port, server[1])
    return all(user == os.geteuid() for port, other, user in _connections() if (port, other) == ends)


def _connections() -> Iterator[tuple[int, int, int]]:
    """Of each connection of this machine: its own port, the other's, and the user."""
    for table in _SOCKETS:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            # Not on Linux, or not to be read here.
            continue
        for words in map(str.split, lines):
            if words[3] == _ESTABLISHED:
                port, other = (int(words[n].rpartition(":")[2], 16) for n in (1, 2))
                yield port, other, int(words[7])
