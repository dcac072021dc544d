"""Who may read what.

| `API_TOKEN` | named in `PUBLIC` | answer                                                                |
| ----------- | ----------------- | --------------------------------------------------------------------- |
| set         | yes               | open                                                                  |
| set         | no                | 401 without a token (`Authorization: Bearer`) or a ticket (`?ticket=`) |
| not set     | any               | prices and status are open; positions 403 unless in `PUBLIC`          |

One exception, for the person at a laptop, is in `laptop.py`. Tokens are never read from a URL and never
logged. A stream of several subjects needs the right to each of them, and ends with the first that ends.
Tickets: `tickets.py`.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterable
from typing import Final

from starlette.requests import Request

from tapecast.api.grant import EVERYTHING, Grant, Subject
from tapecast.api.laptop import is_own_user
from tapecast.api.tickets import Tickets, Wish
from tapecast.clock import Clock
from tapecast.errors import ClientError
from tapecast.settings import Settings

SHORTEST_TOKEN: Final = 16
"""Whoever has a ticket can try tokens against its signature, at home and as fast as they like."""

logger = logging.getLogger(__name__)

_UNAUTHORIZED = "send a token as 'Authorization: Bearer <token>', or a ticket as ?ticket="
_HOW_TO = "positions are private: set API_TOKEN and send it as 'Authorization: Bearer <token>'"
_NO_TICKETS = "tickets need API_TOKEN to be set on the api, and sent as 'Authorization: Bearer <token>'"


class Guard:
    """The rule above, for one app."""

    def __init__(self, settings: Settings, *, laptop: bool, clock: Clock | None = None) -> None:
        self._tokens = [token.get_secret_value().encode() for token in settings.api_token]
        if any(len(token) < SHORTEST_TOKEN for token in self._tokens):
            logger.warning(
                "short_token: API_TOKEN has a token of less than %d characters, guessable from any ticket",
                SHORTEST_TOKEN,
            )
        self._clock = clock or Clock()
        self._tickets = Tickets(self._tokens, self._clock)
        self._longest_s = settings.ticket_ttl_s
        self._public = settings.public
        self._laptop = laptop

    def require(self, request: Request, subjects: Iterable[Subject]) -> Grant:
        """What the request may read. Raises ClientError unless that is all of `subjects`."""
        closed = sorted(set(subjects) - self._public)
        if not closed:
            return EVERYTHING
        if self._tokens:
            return self._credential(request, closed)
        if "positions" in closed and not (self._laptop and is_own_user(request)):
            raise ClientError(403, "forbidden", _HOW_TO)
        return EVERYTHING

    def require_token(self, request: Request) -> int:
        """The number of the token that the request carries. Raises ClientError without one."""
        if not self._tokens:
            raise ClientError(403, "forbidden", _NO_TICKETS)
        number = self._token(request)
        if number is None:
            raise ClientError(401, "unauthorized", _NO_TICKETS)
        return number

    def ticket(self, request: Request, wish: Wish, name: str) -> tuple[str, int]:
        """A ticket, and the seconds for which it is good. Raises ClientError without a token."""
        number = self.require_token(request)
        ttl_s = self._longest_s if wish.ttl_s is None else int(min(wish.ttl_s, self._longest_s))
        grant = Grant(
            _streams(wish),
            None if wish.symbols is None else frozenset(wish.symbols),
            self._clock.wall() + ttl_s,
        )
        return self._tickets.make(number, grant, name), ttl_s

    def _credential(self, request: Request, closed: list[Subject]) -> Grant:
        number = self._token(request)
        if number is not None:
            return Grant(holders=(f"token {number}",), is_trusted=True)
        ticket = request.query_params.get("ticket")
        if ticket is None or "authorization" in request.headers:
            raise ClientError(401, "unauthorized", f"{', '.join(closed)}: {_UNAUTHORIZED}")
        grant = self._tickets.read(ticket)
        missing = [subject for subject in closed if subject not in grant.subjects]
        if missing:
            raise ClientError(403, "forbidden", f"this ticket is not for {', '.join(missing)}")
        # What is open to all is not narrowed by a ticket for something else.
        return grant if "prices" in closed else Grant(expires_s=grant.expires_s, holders=grant.holders)

    def _token(self, request: Request) -> int | None:
        """Which of the tokens the request carries."""
        headers = request.headers.getlist("authorization")
        # Of two it would depend on the reader which counts.
        scheme, _, given = (headers[0] if len(headers) == 1 else "").partition(" ")
        # Headers are bytes that Starlette read as Latin-1.
        sent = given.strip().encode("latin-1")
        # All are compared, so that the time tells neither the token nor its place in the list.
        matches = [hmac.compare_digest(sent, token) for token in self._tokens]
        return matches.index(True) if scheme.lower() == "bearer" and any(matches) else None


def _streams(wish: Wish) -> frozenset[Subject]:
    if wish.streams is not None:
        return wish.streams
    # Whoever names symbols does not mean the whole account.
    return EVERYTHING.subjects if wish.symbols is None else frozenset({"prices"})
