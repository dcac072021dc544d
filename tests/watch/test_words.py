"""A failure names what is to be given to `watch`."""

from __future__ import annotations

import pytest

from tapecast.api.auth import Guard
from tapecast.api.tickets import Wish
from tapecast.client import Forbidden, Unauthorized, Unreachable
from tapecast.errors import ClientError
from tapecast.settings import load
from tapecast.watch import words
from tapecast.watch.session import Options
from tests.api.test_auth import bearer, request

URL = "http://me:hunter2@prices.test:8000"


def asked(ticket: str | None = None, token: str | None = None, *, positions: bool = False) -> Options:
    """What was asked for, with these credentials."""
    return Options(("AAPL",), URL, ticket=ticket, token=token, positions=positions)


def refused(guard: Guard, query: str) -> str:
    """The words in which a server keeps positions to itself."""
    with pytest.raises(ClientError) as caught:
        guard.require(request(query=query), ["positions"])
    assert caught.value.status == 403
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "options", "told"),
    [
        (
            "unauthorized",
            asked(),
            "wants a ticket or a token: give a ticket as --ticket or TAPECAST_TICKET, or",
        ),
        ("unauthorized", asked(token="hunter3"), "does not take the token of TAPECAST_TOKEN"),
        ("unauthorized", asked("hunter3", "hunter4"), "It counts before the ticket"),
        ("unauthorized", asked("hunter3"), "does not take the ticket of --ticket or TAPECAST_TICKET"),
        ("ticket_expired", asked("hunter3"), "has expired: give a new one as --ticket or TAPECAST_TICKET"),
    ],
)
def test_a_wrong_credential_is_told_from_none(code: str, options: Options, told: str) -> None:
    """By what was given; nothing of HTTP, and no secret."""
    said = words.of(Unauthorized(code, "send 'Authorization: Bearer <token>' or ?ticket="), options)
    assert said.startswith("http://prices.test:8000")
    assert told in said
    assert not any(word in said for word in ("Bearer", "?ticket=", "hunter"))


def test_positions_that_a_server_shows_to_nobody() -> None:
    """The server's owner has to do something first, and it is said what."""
    error = Forbidden("forbidden", refused(Guard(load({}), laptop=False), ""))
    for options in (asked(positions=True), asked("x", positions=True), asked("x", "y", positions=True)):
        said = words.of(error, options)
        assert "prices.test:8000 has no API_TOKEN" in said
        assert "TAPECAST_TOKEN" in said
        assert "leave --positions out" in said


def test_a_ticket_for_something_else() -> None:
    """Another one is to be got."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=False)
    ticket, _ = guard.ticket(request(bearer("s3cret")), Wish(streams=frozenset({"prices"})), "name")
    error = Forbidden("forbidden", refused(guard, f"ticket={ticket}"))
    assert "is not for positions: get one that is" in words.of(error, asked("hunter3", positions=True))


def test_other_failures_have_their_own_words() -> None:
    """So has a proxy that forbids."""
    for error in (Unreachable("unreachable", "nobody"), Forbidden("not_a_stream", "a proxy")):
        assert words.of(error, asked(positions=True)) == str(error)
    assert words.of(Forbidden("forbidden", "not you"), asked()) == "not you"
