"""Who may read what."""

from __future__ import annotations

import math

import pytest
from starlette.requests import Request

from tapecast.api.auth import Guard
from tapecast.api.grant import Subject
from tapecast.api.tickets import Wish
from tapecast.errors import ClientError
from tapecast.settings import load
from tests.support import HandClock

LOCAL = {"host": "localhost:8000"}


def request(headers: dict[str, str] | None = None, peer: str = "127.0.0.1", query: str = "") -> Request:
    """A request as the guard sees it."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "client": (peer, 5),
            "path": "/",
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in (headers or {}).items()],
        }
    )


def answer(guard: Guard, subject: Subject, asked: Request) -> int:
    """The status with which the guard answers."""
    try:
        guard.require(asked, [subject])
    except ClientError as error:
        return error.status
    return 200


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    """The header that carries a token."""
    return {"authorization": f"{scheme} {token}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer("s3cret"), 200),
        (bearer("next"), 200),
        (bearer("s3cret", "bearer"), 200),
        (bearer("s3cre"), 401),
        (bearer("s3cret2"), 401),
        (bearer(""), 401),
        (bearer("s3cret", "Basic"), 401),
        (bearer("s3cret,next"), 401),
        (bearer("\xfc"), 401),
        ({"authorization": "s3cret"}, 401),
        ({}, 401),
    ],
)
@pytest.mark.parametrize("subject", ["prices", "status", "positions"])
def test_with_tokens_everything_needs_one(subject: Subject, headers: dict[str, str], status: int) -> None:
    """Any of the tokens will do, so that keys can be rotated."""
    guard = Guard(load({"API_TOKEN": "s3cret,next"}), laptop=False)
    assert answer(guard, subject, request(headers)) == status


def test_a_token_in_the_url_is_no_token() -> None:
    """URLs are logged by everybody on the way."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=False)
    assert answer(guard, "prices", request(query="token=s3cret&api_token=s3cret&access_token=s3cret")) == 401


def test_public_opens_what_it_names() -> None:
    """And nothing else."""
    guard = Guard(load({"API_TOKEN": "s3cret", "PUBLIC": "prices,status"}), laptop=False)
    subjects: list[Subject] = ["prices", "status", "positions"]
    assert [answer(guard, subject, request()) for subject in subjects] == [200, 200, 401]


def test_without_tokens_positions_are_forbidden() -> None:
    """Prices are for everybody, the account is not; the answer says how to open it."""
    guard = Guard(load({}), laptop=False)
    assert answer(guard, "prices", request()) == 200
    assert answer(guard, "status", request()) == 200
    with pytest.raises(ClientError, match="API_TOKEN") as error:
        guard.require(request(LOCAL), ["positions"])
    assert (error.value.status, error.value.code) == (403, "forbidden")


def test_on_a_laptop_a_token_still_counts() -> None:
    """Whoever sets one wants it asked for."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=True)
    assert answer(guard, "positions", request(LOCAL)) == 401


def test_a_ticket_opens_closed_streams_and_narrows_no_open_one() -> None:
    """What anybody may read is not less for who has a ticket for something else."""
    guard = Guard(load({"API_TOKEN": "s3cret", "PUBLIC": "prices"}), laptop=False)
    wish = Wish(frozenset({"positions"}), ["AAPL"], 60)
    ticket, expires_in = guard.ticket(request(bearer("s3cret")), wish, "n1")
    asked = request(query=f"ticket={ticket}")
    assert expires_in == 60
    assert answer(guard, "status", asked) == 403
    grant = guard.require(asked, ["prices", "positions"])
    assert grant.symbols is None
    # The whole stream ends with its closed half.
    assert grant.expires_s < math.inf
    assert guard.require(asked, ["prices"]).expires_s == math.inf


def test_a_wrong_token_is_not_mended_by_a_ticket() -> None:
    """Whoever sends one means it, and should hear that it is wrong."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=False)
    ticket, _ = guard.ticket(request(bearer("s3cret")), Wish(), "n1")
    assert answer(guard, "prices", request(query=f"ticket={ticket}")) == 200
    assert answer(guard, "prices", request(bearer("wrong"), query=f"ticket={ticket}")) == 401


def test_a_short_token_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """A ticket lets it be guessed, without a single request to us. It is not shown."""
    Guard(load({"API_TOKEN": "a-token-of-some-length"}), laptop=False)
    assert not caplog.records
    Guard(load({"API_TOKEN": "a-token-of-some-length,s3cret"}), laptop=False)
    assert "short_token" in caplog.text
    assert "s3cret" not in caplog.text


def test_an_hour_of_reconnects_uses_one_ticket() -> None:
    """As an EventSource makes them: to the same URL. After its end it is refused as what it is."""
    hands = HandClock()
    guard = Guard(load({"API_TOKEN": "s3cret", "TICKET_TTL_S": "3600"}), laptop=False, clock=hands.clock)
    ticket, _ = guard.ticket(request(bearer("s3cret")), Wish(frozenset({"positions"})), "n1")
    again = request(query=f"ticket={ticket}")
    for _ in range(119):
        hands.advance(30)
        assert answer(guard, "positions", again) == 200
    hands.advance(30)
    with pytest.raises(ClientError, match="fetch a new one") as over:
        guard.require(again, ["positions"])
    assert (over.value.status, over.value.code) == (401, "ticket_expired")


def test_of_two_credentials_neither_counts() -> None:
    """It would depend on the reader which does."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=False)
    asked = request(bearer("s3cret"))
    asked.scope["headers"].append((b"authorization", b"Bearer wrong"))
    assert answer(guard, "positions", asked) == 401


def test_only_a_token_has_no_share_of_the_symbols() -> None:
    """A ticket is a page's."""
    guard = Guard(load({"API_TOKEN": "s3cret"}), laptop=False)
    assert guard.require(request(bearer("s3cret")), ["prices"]).is_trusted
    ticket, _ = guard.ticket(request(bearer("s3cret")), Wish(), "n1")
    assert not guard.require(request(query=f"ticket={ticket}"), ["prices"]).is_trusted
