"""Whose address it is."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from tapecast.api.grant import Grant
from tapecast.api.peers import address_of, counted
from tapecast.settings import load

PROXIES = load({"TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1, fd00::/8"}).trusted_proxies


def request(peer: str | None, *forwarded: str) -> Request:
    """From this peer, with these headers."""
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    client = None if peer is None else (peer, 5)
    return Request({"type": "http", "client": client, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        # Nobody whom we know: the header is the client's own.
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("203.0.113.7", [], "203.0.113.7"),
        # A proxy of ours.
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("192.0.2.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        # What the client wrote before its proxy did is not believed.
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        # One proxy behind another.
        ("10.1.2.3", ["198.51.100.1, 10.9.9.9, 192.0.2.1"], "198.51.100.1"),
        ("10.1.2.3", ["10.9.9.9"], "10.9.9.9"),
        # On the same host, and said by a proxy that is named.
        ("192.0.2.1", ["127.0.0.1"], "127.0.0.1"),
        # Nonsense ends it at the last that somebody whom we know has said.
        ("10.1.2.3", ["198.51.100.1, unknown"], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.1, <script>, 10.9.9.9"], "10.9.9.9"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", [", ,"], "10.1.2.3"),
        ("10.1.2.3", ["\xff"], "10.1.2.3"),
        # With a port.
        ("10.1.2.3", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.1.2.3", ["[2001:db8:1:2::7]:4711"], "2001:db8:1:2::/64"),
        # An IPv6 host has more addresses than we have memory.
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        # No address at all: a Unix socket.
        (None, ["198.51.100.1"], ""),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_only_what_a_trusted_proxy_says_counts(peer: str | None, forwarded: list[str], address: str) -> None:
    """Read from the end of the list, which is the part that nobody else can write."""
    assert address_of(request(peer, *forwarded), PROXIES) == address


def test_a_list_without_end_is_not_read_to_its_beginning() -> None:
    """64 KiB of hops in each request would be work."""
    hops = ", ".join(["198.51.100.1"] + ["10.0.0.1"] * 5000)
    assert address_of(request("10.1.2.3", hops), PROXIES) == "10.0.0.1"


def test_without_proxies_the_header_is_not_looked_at() -> None:
    """The default."""
    assert address_of(request("203.0.113.7", "198.51.100.1"), ()) == "203.0.113.7"


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.9.1"])
def test_a_peer_of_this_machine_may_be_a_proxy_that_nobody_has_named(peer: str) -> None:
    """All clients would share its limit."""
    assert address_of(request(peer, "198.51.100.1"), ()) == ""
    assert address_of(request(peer, "198.51.100.1"), PROXIES) == ""


def test_a_client_counts_as_its_credential_and_as_its_address() -> None:
    """And the symbols that it brings are its address's, unless it has a token."""
    grant = counted(Grant(holders=("ticket n1",)), request("203.0.113.7"), PROXIES)
    assert (grant.holders, grant.bringer) == (("ticket n1", "203.0.113.7"), "203.0.113.7")
    grant = counted(Grant(holders=("token 0",), is_trusted=True), request("203.0.113.7"), PROXIES)
    assert (grant.holders, grant.bringer) == (("token 0", "203.0.113.7"), "")
    assert counted(Grant(), request("127.0.0.1"), PROXIES).holders == ()
