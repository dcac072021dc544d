"""Who passes for the person at this machine."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

from tapecast.api import laptop
from tapecast.api.auth import Guard
from tapecast.api.laptop import is_own_user
from tapecast.errors import ClientError
from tapecast.settings import load

LOCAL = {"host": "localhost:8000"}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the user of a socket")


def request(
    headers: dict[str, str],
    peer: str = "127.0.0.1",
    *more: tuple[str, str],
    ports: tuple[int, int] = (5, 8000),
    http_version: str = "1.1",
) -> Request:
    """A request with these headers, between these ports."""
    return Request(
        {
            "type": "http", "method": "GET", "scheme": "http", "path": "/", "query_string": b"",
            "server": ("127.0.0.1", ports[1]), "client": (peer, ports[0]), "http_version": http_version,
            "headers": [(k.encode(), v.encode()) for k, v in (*headers.items(), *more)],
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({"host": "localhost:8000"}, "127.0.0.1"),
        ({"host": "localhost"}, "127.0.0.1"),
        ({"host": "127.0.0.1:8000"}, "127.0.0.1"),
        ({"host": "[::1]:8000"}, "::1"),
        ({"host": "LOCALHOST:8000"}, "127.0.0.1"),
        ({"host": "localhost:8000", "origin": "http://localhost:8000"}, "127.0.0.1"),
        ({"host": "localhost:8000", "sec-fetch-site": "same-origin"}, "127.0.0.1"),
        ({"host": "localhost:8000", "connection": "keep-alive"}, "127.0.0.1"),
    ],
)
def test_its_own_user_is_known(headers: dict[str, str], peer: str) -> None:
    """A loopback peer, a loopback Host, and at most a page of our own."""
    assert is_own_user(request(headers, peer))


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        (LOCAL, "192.168.1.7"),
        (LOCAL, "localhost"),
        ({"host": "evil.example:8000"}, "127.0.0.1"),
        ({"host": "localhost.evil.example"}, "127.0.0.1"),
        ({"host": "evil.example@localhost"}, "127.0.0.1"),
        ({"host": "localhost/evil.example"}, "127.0.0.1"),
        ({"host": "localhost?.evil.example"}, "127.0.0.1"),
        ({"host": "[::1%25evil]"}, "127.0.0.1"),
        ({"host": "[bad"}, "127.0.0.1"),
        ({"host": "localhost:"}, "127.0.0.1"),
        ({}, "127.0.0.1"),
        (LOCAL | {"origin": "https://evil.example"}, "127.0.0.1"),
        (LOCAL | {"origin": "null"}, "127.0.0.1"),
        (LOCAL | {"origin": "http://localhost:3000"}, "127.0.0.1"),
        (LOCAL | {"sec-fetch-site": "cross-site"}, "127.0.0.1"),
        *[
            (LOCAL | {name: "127.0.0.1"}, "127.0.0.1")
            for name in (
                "forwarded", "x-forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via",
                "x-client-ip", "x-cluster-client-ip", "fly-client-ip", "fastly-client-ip", "true-client-ip",
                "cf-connecting-ip", "cf-ray", "cdn-loop", "x-original-forwarded-for",
                "x-envoy-external-address",
            )
        ],
    ],
)  # fmt: skip
def test_any_hint_of_elsewhere_is_heard(headers: dict[str, str], peer: str) -> None:
    """A proxy, a tunnel, another site's page or a name pointed at us is not its user."""
    assert not is_own_user(request(headers, peer))


@pytest.mark.parametrize("twice", [("host", "localhost:8000"), ("origin", "https://evil.example")])
def test_of_two_headers_neither_is_believed(twice: tuple[str, str]) -> None:
    """It would depend on the reader which counts."""
    assert not is_own_user(request(LOCAL | {"origin": "http://localhost:8000"}, "127.0.0.1", twice))


def test_a_proxy_that_says_nothing_gives_itself_away() -> None:
    """As nginx does out of the box: the Host is ours, no header names a client, and each call ends."""
    assert not is_own_user(request({"host": "127.0.0.1:8000"}, http_version="1.0"))
    assert not is_own_user(request({"host": "127.0.0.1:8000", "connection": "close"}))


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Those of a connection of ours: the client's, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        with server.accept()[0]:
            yield client.getsockname()[1], server.getsockname()[1]


@LINUX
def test_the_user_of_the_other_end_is_looked_up(
    ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that says nothing at all runs as somebody else."""
    assert is_own_user(request(LOCAL, ports=ports))
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert not is_own_user(request(LOCAL, ports=ports))


def test_where_nothing_tells_the_user_the_rest_decides(
    ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Mac."""
    monkeypatch.setattr(laptop, "_SOCKETS", (Path("/nowhere/tcp"),))
    assert is_own_user(request(LOCAL, ports=ports))


def test_only_up_has_a_user_of_its_own() -> None:
    """An api that serves others opens positions to nobody without a token."""
    assert Guard(load({}), laptop=True).require(request(LOCAL), ["positions"])
    with pytest.raises(ClientError):
        Guard(load({}), laptop=False).require(request(LOCAL), ["positions"])
    with pytest.raises(ClientError):
        Guard(load({}), laptop=True).require(request(LOCAL, "192.0.2.1"), ["positions"])
