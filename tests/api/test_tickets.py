"""Tickets: what is in them, and what is wrong with those of others."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt
import pytest

from tapecast.api.grant import Grant, Subject
from tapecast.api.tickets import Tickets
from tapecast.errors import ClientError
from tests.support import START_WALL, HandClock

TOKENS = (b"a token as long as those that Render makes", b"another one, which is of some length as well")
ONLY_PRICES: frozenset[Subject] = frozenset({"prices"})
GRANT = Grant(ONLY_PRICES, frozenset({"AAPL", "BTC/USD"}), START_WALL + 60)


def tickets(time: HandClock | None = None, tokens: tuple[bytes, ...] = TOKENS) -> Tickets:
    """As one replica has them."""
    return Tickets(tokens, (time or HandClock()).clock)


def code(reader: Tickets, ticket: str) -> str:
    """The code with which a ticket is refused."""
    with pytest.raises(ClientError) as refused:
        reader.read(ticket)
    assert refused.value.status == 401
    return refused.value.code


def test_another_replica_reads_what_one_has_made() -> None:
    """Nothing is stored: the tokens are all that the two share, in whatever order."""
    ticket = tickets().make(0, GRANT, "n1")
    read = tickets(tokens=TOKENS[::-1]).read(ticket)
    assert (read.subjects, read.symbols, read.expires_s) == (GRANT.subjects, GRANT.symbols, START_WALL + 60)
    assert read.holders == ("ticket n1",)


def test_what_is_not_limited_is_all() -> None:
    """A ticket without symbols is for each of them."""
    read = tickets().read(tickets().make(0, Grant(expires_s=START_WALL + 60), "n1"))
    assert read.symbols is None
    assert read.subjects == {"prices", "status", "positions"}


def test_a_token_that_is_taken_away_takes_its_tickets_along() -> None:
    """Those of the token that stays are good."""
    old, new = tickets().make(0, GRANT, "n1"), tickets().make(1, GRANT, "n2")
    rotated = tickets(tokens=TOKENS[1:])
    assert code(rotated, old) == "unauthorized"
    assert rotated.read(new).holders == ("ticket n2",)


def test_it_can_be_used_until_it_expires_and_is_then_called_so() -> None:
    """An hour of reconnects uses one ticket."""
    time = HandClock()
    reader = tickets(time)
    ticket = reader.make(0, GRANT, "n1")
    for _ in range(119):
        time.advance(0.5)
        assert reader.read(ticket).holders == ("ticket n1",)
    time.advance(0.5)
    assert code(reader, ticket) == "ticket_expired"


def test_nothing_secret_is_in_it() -> None:
    """Whoever reads it finds what it grants, and no token."""
    header, body, _ = tickets().make(0, GRANT, "n1").split(".")
    found = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, body)]
    assert found[0] == {"alg": "HS256", "typ": "JWT"}
    assert set(found[1]) == {"aud", "exp", "iat", "jti", "streams", "symbols"}


def _forged(key: bytes | None = None, **changes: Any) -> str:
    claims = {"aud": "tapecast", "exp": START_WALL + 60, "jti": "n1", "streams": ["prices"]} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, tickets()._keys[0] if key is None else key, "HS256")


def _headed(algorithm: str, hashed: str = "") -> str:
    # By hand: the library refuses to make such, or warns of it.
    _, body, _ = _forged().split(".")
    head = _part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    signed = f"{head}.{body}"
    return f"{signed}." + (_part(hmac.digest(tickets()._keys[0], signed.encode(), hashed)) if hashed else "")


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_forger_would_pass_with_everything_right() -> None:
    """Else the cases below would prove nothing."""
    assert tickets().read(_forged()).subjects == {"prices"}
    assert tickets().read(_headed("HS256", "sha256")).subjects == {"prices"}


@pytest.mark.parametrize(
    "ticket",
    [
        pytest.param(_headed("none"), id="alg none"),
        pytest.param(_forged(key=TOKENS[0]), id="signed with the token itself"),
        pytest.param(_forged(key=b"x" * 32), id="another key"),
        pytest.param(_headed("none", "sha256"), id="alg none, signed"),
        pytest.param(_headed("HS512", "sha512"), id="another algorithm"),
        pytest.param(_forged(aud="other"), id="another audience"),
        pytest.param(_forged(aud=None), id="no audience"),
        pytest.param(_forged(exp=None), id="no end"),
        pytest.param(_forged(exp="soon"), id="an end that is no number"),
        pytest.param(_forged(streams=None), id="no streams"),
        pytest.param(_forged(streams=["orders"]), id="unknown stream"),
        pytest.param(_forged(symbols="AAPL"), id="symbols are no list"),
        pytest.param(_forged()[:-2], id="cut short"),
        pytest.param(_forged().replace(".", "..", 1), id="a part too many"),
        pytest.param(_forged(filler="x" * 20_000), id="too long"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no JWT"),
        pytest.param("\N{SNOWMAN}.b.c", id="not ASCII"),
        pytest.param("." * 5000, id="dots"),
    ],
)
def test_what_we_did_not_make_is_refused_alike(ticket: str) -> None:
    """One code and one message: the rest would help only whoever makes them up."""
    with pytest.raises(ClientError) as refused:
        tickets().read(ticket)
    assert (refused.value.status, refused.value.code) == (401, "unauthorized")
    assert refused.value.message == "this ticket is not valid"


def test_a_forged_one_that_is_over_is_not_called_expired() -> None:
    """Only what is genuine is worth a word more."""
    assert code(tickets(), _forged(key=b"x" * 32, exp=1)) == "unauthorized"
    assert code(tickets(), _forged(exp=1)) == "ticket_expired"
