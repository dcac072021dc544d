"""Tickets: what a page may hold instead of a token.

A page cannot send headers with an EventSource, and what is in its URL is seen by everybody on the way: so it
holds less than a token, and for a while.

Your own server asks for one with its token (`POST /tickets`) and hands it to the page, which opens
`/stream/prices?symbols=AAPL&ticket=…`. It is a JWT, signed by HMAC under a key derived from that token: every
replica that knows the token can read it, nothing is stored, and a token that is taken away takes its tickets
along. It can be used again until it expires, since an EventSource comes back to the same URL.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import jwt
import msgspec
from jwt.types import Options

from tapecast.api.grant import Grant, Subject
from tapecast.clock import Clock
from tapecast.errors import ClientError

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "tapecast"
EXPIRED: Final = ("ticket_expired", "this ticket has expired; fetch a new one and connect with it")
# One answer for all that is wrong with a ticket: the rest would help only whoever makes them up.
INVALID: Final = ("unauthorized", "this ticket is not valid")
# Of a ticket for the most symbols that one may be for. Whatever is sent as one has to be looked through.
_MOST_BYTES: Final = 8 * 1024
# The time is looked at by `read`, so that only what is genuine is called expired.
_OPTIONS: Final[Options] = {"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False}
_PURPOSE: Final = b"tapecast ticket 1"


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /tickets`. What is left out is all that the token may read, for as long as it may."""

    streams: frozenset[Subject] | None = None
    symbols: list[str] | None = None
    # Some programs write 60.0 for 60: in JSON they are the same.
    ttl_s: int | float | None = None


class _Claims(msgspec.Struct, frozen=True):
    # No more than that shuts out infinity and not-a-number, which JSON has for Python: it would never end.
    exp: Annotated[float, msgspec.Meta(le=sys.float_info.max)]
    jti: str
    streams: frozenset[Subject]
    symbols: list[str] | None = None


class Tickets:
    """Makes and reads tickets under any of the tokens."""

    def __init__(self, tokens: Sequence[bytes], clock: Clock) -> None:
        self._keys = [hmac.digest(token, _PURPOSE, hashlib.sha256) for token in tokens]
        self._clock = clock

    def make(self, token: int, grant: Grant, name: str) -> str:
        """A ticket for this grant, signed for the token of this number; `name` tells it from the others."""
        claims: dict[str, Any] = {
            "aud": AUDIENCE,
            # Not of whole seconds: one that is for a second would be over at once, as often as not.
            "exp": round(grant.expires_s, 3),
            "iat": int(self._clock.wall()),
            "jti": name,
            "streams": sorted(grant.subjects),
        }
        if grant.symbols is not None:
            claims["symbols"] = sorted(grant.symbols)
        return jwt.encode(claims, self._keys[token], ALGORITHM)

    def read(self, ticket: str) -> Grant:
        """What it grants. Raises ClientError: 401 `unauthorized`, or `ticket_expired` if it was ours."""
        claims = self._claims(ticket)
        if claims.exp <= self._clock.wall():
            raise ClientError(401, *EXPIRED)
        symbols = None if claims.symbols is None else frozenset(claims.symbols)
        return Grant(claims.streams, symbols, claims.exp, (f"ticket {claims.jti}",))

    def _claims(self, ticket: str) -> _Claims:
        if len(ticket) > _MOST_BYTES:
            raise ClientError(401, *INVALID)
        for key in self._keys:
            try:
                found = jwt.decode(ticket, key, [ALGORITHM], audience=AUDIENCE, options=_OPTIONS)
                return msgspec.convert(found, _Claims)
            # Half a character is no text, and older versions of the library let endless nesting through.
            except (jwt.InvalidTokenError, msgspec.ValidationError, UnicodeEncodeError, RecursionError):
                continue
        raise ClientError(401, *INVALID)
