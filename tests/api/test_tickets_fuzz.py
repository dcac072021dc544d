"""Tickets that are nearly ours: each is refused alike, and one that passes can be reckoned with."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import jwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapecast.api.grant import SUBJECTS, Grant
from tapecast.api.tickets import EXPIRED, INVALID, Tickets
from tapecast.errors import ClientError
from tests.api.test_tickets import TOKENS, _part, tickets
from tests.fuzz.frames import BIGGER, ODD_NUMBERS, VALUES, amended, mutated
from tests.support import START_WALL

READER = tickets()
TICKET = READER.make(0, Grant(frozenset({"prices"}), frozenset({"AAPL"}), START_WALL + 60), "n1")
CLAIMS = {
    "aud": "tapecast", "exp": START_WALL + 60, "iat": START_WALL, "jti": "n1", "streams": ["prices"],
    "symbols": ["AAPL", "BTC/USD"], "nbf": 1, "iss": "x", "sub": "x",
}  # fmt: skip
unhurried = settings(
    derandomize=True, deadline=None, max_examples=400, suppress_health_check=list(HealthCheck)
)


def read(reader: Tickets, ticket: str) -> Grant | None:
    """What it grants; None if it is refused in one of the two ways that there are."""
    try:
        return reader.read(ticket)
    except ClientError as refused:
        answer = (refused.status, refused.code, refused.message)
    assert answer in {(401, *INVALID), (401, *EXPIRED)}
    return None


@given(mutated(TICKET.encode()) | st.binary(max_size=200), st.sampled_from(["utf-8", "latin-1"]))
@unhurried
def test_one_with_other_letters_is_refused(data: bytes, encoding: str) -> None:
    """Whatever was done to it, it grants nothing but what it did before."""
    ticket = data.decode(encoding, "surrogateescape")
    assert ticket == TICKET or read(READER, ticket) in {None, READER.read(TICKET)}


@given(st.text(st.characters(), max_size=60) | st.builds("{}.{}.{}".format, st.text(), st.text(), st.text()))
@unhurried
def test_any_text_is_refused(text: str) -> None:
    """With halves of characters in it, too."""
    assert read(READER, text) is None


@given(mutated(b'{"alg":"HS256","typ":"JWT"}') | st.binary(max_size=60), st.binary(max_size=60))
@unhurried
def test_any_header_and_claims_are_refused(head: bytes, claims: bytes) -> None:
    """Before anything of them is believed."""
    assert read(READER, f"{_part(head)}.{_part(claims)}.{_part(bytes(32))}") is None


@given(
    st.builds(
        dict[str, Any].__or__,
        amended(CLAIMS, VALUES),
        st.fixed_dictionaries(
            {}, optional={"exp": ODD_NUMBERS | BIGGER, "symbols": VALUES, "streams": VALUES}
        ),
    )
)
@unhurried
def test_one_of_the_right_key_can_be_reckoned_with(claims: dict[str, Any]) -> None:
    """Whoever holds a token may sign what they like, and a stream has to end by it."""
    try:
        ticket = jwt.encode(claims, READER._keys[0], "HS256")
    except TypeError:
        return
    grant = read(READER, ticket)
    if grant is not None:
        assert START_WALL < grant.expires_s < math.inf
        assert grant.subjects <= set(SUBJECTS)
        assert TOKENS[0].decode() not in "".join(grant.holders)


@given(st.floats(0.1, 30 * 86_400))
@unhurried
def test_one_lasts_as_long_as_it_was_made_for(lasts_s: float) -> None:
    """To the millisecond: whoever made it was told so."""
    grant = read(READER, READER.make(0, Grant(expires_s=START_WALL + lasts_s), "n1"))
    assert grant is not None
    assert abs(grant.expires_s - START_WALL - lasts_s) < 0.001


def test_endless_nesting_is_refused() -> None:
    """Also where the library does not look after it, as its older versions do not."""
    with patch("tapecast.api.tickets.jwt.decode", side_effect=RecursionError):
        assert read(READER, TICKET) is None


def test_the_good_one_is_good() -> None:
    """Else the above would prove nothing."""
    assert read(READER, TICKET) is not None
    assert read(READER, jwt.encode(CLAIMS, READER._keys[0], "HS256")) is not None
