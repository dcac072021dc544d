"""Which address a request comes from, as far as that can be believed.

A header that anybody can send says nothing. Only what a trusted proxy (`TRUSTED_PROXIES`) has added counts:
the list in `X-Forwarded-For` is read from its end, past the proxies that are trusted, to the first that is
not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from starlette.requests import Request

from tapecast.api.grant import Grant

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST_BITS: Final = 64
"""Of an IPv6 address, the part that its owner chooses freely: all of a /64 counts as one."""
MOST_HOPS: Final = 32


def address_of(request: Request, trusted: Sequence[Network]) -> str:
    """The client's address as one word, or an empty one where it is not known.

    That is so on a Unix socket, and for a peer of this machine: it may be a proxy that nobody has named, and
    then it is everybody.
    """
    peer = _parsed(request.client.host if request.client else "")
    if peer is None:
        return ""
    hops = request.headers.getlist("x-forwarded-for")
    if hops and trusted and _is_in(peer, trusted):
        peer = _forwarded(hops, peer, trusted)
    elif peer.is_loopback:
        return ""
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((peer, HOST_BITS), strict=False))
    return str(peer)


def counted(grant: Grant, request: Request, trusted: Sequence[Network]) -> Grant:
    """The grant with everything that its client counts as."""
    address = address_of(request, trusted)
    holders = (*grant.holders, address) if address else grant.holders
    return msgspec.structs.replace(grant, holders=holders, bringer="" if grant.is_trusted else address)


def _forwarded(headers: Iterable[str], peer: Address, trusted: Sequence[Network]) -> Address:
    hops = [hop.strip() for header in headers for hop in header.split(",")]
    for hop in reversed(hops[-MOST_HOPS:]):
        address = _parsed(hop)
        if address is None:
            # What stands before this was said by nobody whom we know.
            return peer
        peer = address
        if not _is_in(address, trusted):
            return address
    return peer


def _parsed(text: str) -> Address | None:
    # Some proxies add the port: 203.0.113.7:4711, [2001:db8::1]:4711.
    host, colon, _ = text.partition("]")
    if colon:
        text = host.removeprefix("[")
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both kinds shows an IPv4 peer as ::ffff:203.0.113.7.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
