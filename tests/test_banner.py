"""What is said at the start."""

from __future__ import annotations

from contextlib import closing

import pytest

from tapecast import __version__, banner
from tapecast.settings import load
from tests.support import free_socket


def said(env: dict[str, str], cache: str, examples: tuple[str, ...] = ()) -> str:
    """The lines about a service, with its port as PORT."""
    lines: list[str] = []
    with closing(free_socket()) as sock:
        banner.title(lines.append)
        banner.service(lines.append, load(env), cache, sock, examples)
        return "\n".join(lines).replace(str(sock.getsockname()[1]), "PORT")


def test_a_service_says_where_it_is_and_how_to_try_it() -> None:
    """Lines to copy."""
    assert said({"REDIS_PREFIX": "demo:"}, "redis:6379/0").splitlines() == [
        f"tapecast {__version__}",
        "  redis   redis:6379/0, prefix demo:",
        "  listen  http://localhost:PORT",
        "  access  prices: open, status: open, positions: closed: set API_TOKEN",
        "",
        "  curl -N 'http://localhost:PORT/stream/prices?symbols=AAPL,BTC/USD'",
        "  curl http://localhost:PORT/stream/status",
    ]


def test_where_a_token_is_needed_the_lines_to_copy_send_one() -> None:
    """Not where it is not, and never the token itself."""
    *_, prices, status = said({"API_TOKEN": "a-token-of-some-length", "PUBLIC": "status"}, "").splitlines()
    assert prices.startswith(
        "  curl -N -H 'Authorization: Bearer <token>' 'http://localhost:PORT/stream/prices"
    )
    assert status == "  curl http://localhost:PORT/stream/status"


def test_the_examples_have_a_price() -> None:
    """On a tape only its own symbols do."""
    assert "symbols=ETH/USD'" in said({}, "", ("ETH/USD",))


def test_without_a_port_there_is_nothing_to_try() -> None:
    """An ingest takes no requests."""
    lines: list[str] = []
    banner.service(lines.append, load({}), "redis:6379/0")
    assert lines == ["  redis   redis:6379/0"]


@pytest.mark.parametrize(
    ("env", "laptop", "expected"),
    [
        ({}, False, "prices: open, status: open, positions: closed: set API_TOKEN"),
        ({}, True, "prices: open, status: open, positions: this machine only"),
        (
            {"API_TOKEN": "t"},
            True,
            "prices: token or ticket, status: token or ticket, positions: token or ticket",
        ),
        (
            {"API_TOKEN": "t", "PUBLIC": "status"},
            False,
            "prices: token or ticket, status: open, positions: token or ticket",
        ),
    ],
)
def test_the_banner_says_who_may_read(env: dict[str, str], expected: str, *, laptop: bool) -> None:
    """A token that was lost on the way shows at the start."""
    assert banner.access(load(env), laptop=laptop) == expected
