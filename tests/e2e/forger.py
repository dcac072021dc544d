"""Tickets of every kind: those that we give out, and those that somebody has made up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any, Final

import jwt

from tapecast.api.grant import EVERYTHING, Grant, Subject
from tapecast.api.tickets import Tickets
from tapecast.clock import Clock

TOKEN: Final = "the-token-that-is-new-and-long-enough"
OLDER: Final = "the-token-that-is-old-and-long-enough"
TOKENS: Final = (TOKEN.encode(), OLDER.encode())
_DAY_S: Final = 86_400


def ticket(
    *subjects: Subject, symbols: frozenset[str] | None = None, lasts_s: float = _DAY_S, token: int = 0
) -> str:
    """One that `POST /tickets` might have given out."""
    expires_s = time.time() + lasts_s
    grant = Grant(frozenset(subjects) or EVERYTHING.subjects, symbols, expires_s)
    return Tickets(TOKENS, Clock()).make(token, grant, "n1")


def claimed(key: bytes | None = None, **changes: Any) -> str:
    """A JWT that is right but for `changes`, where None leaves a claim out."""
    right = {"aud": "tapecast", "exp": int(time.time()) + _DAY_S, "jti": "n1", "streams": ["prices"]}
    claims = {name: value for name, value in (right | changes).items() if value is not None}
    return jwt.encode(claims, _key() if key is None else key, "HS256")


def headed(algorithm: str, hashed: str = "") -> str:
    """A JWT that names this algorithm, signed by this hash under the right key, or not at all."""
    return joined(json.dumps({"alg": algorithm, "typ": "JWT"}).encode(), claimed().split(".")[1], hashed)


def joined(head: bytes, body: str, hashed: str = "sha256") -> str:
    """A JWT of any header, signed with the right key. By hand: the library refuses to make such."""
    signed = f"{_part(head)}.{body}"
    return f"{signed}." + (_part(hmac.digest(_key(), signed.encode(), hashed)) if hashed else "")


def swapped(ticket: str) -> str:
    """The same with one letter of its claims changed."""
    head, body, signature = ticket.split(".")
    return f"{head}.{body[:9]}{'A' if body[9] != 'A' else 'B'}{body[10:]}.{signature}"


def _key() -> bytes:
    return hmac.digest(TOKENS[0], b"tapecast ticket 1", hashlib.sha256)


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
