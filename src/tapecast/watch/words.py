"""What a failure is called here: what is to be given to `watch`, where the client speaks of HTTP."""

from __future__ import annotations

from typing import Final

import httpx

from tapecast.client import Forbidden, Unauthorized
from tapecast.client.failures import shown
from tapecast.client.link import EXPIRED
from tapecast.errors import TapecastError
from tapecast.watch.session import Options

_TICKET: Final = "--ticket or TAPECAST_TICKET"
_TOKEN: Final = "TAPECAST_TOKEN"  # noqa: S105 - a name


def of(error: TapecastError, options: Options) -> str:
    """One line that says what, and what next."""
    match error:
        case Unauthorized():
            return f"{shown(httpx.URL(options.url))}{_unauthorized(error, options)}"
        case Forbidden(code="forbidden"):
            return _forbidden(error, options)
    return str(error)


def _unauthorized(error: Unauthorized, options: Options) -> str:
    if error.code == EXPIRED:
        return f": the ticket has expired: give a new one as {_TICKET}"
    if options.token:
        also = " It counts before the ticket: without it that is tried" if options.ticket else ""
        return f" does not take the token of {_TOKEN}: is it one of the server's API_TOKEN?{also}"
    if options.ticket:
        return f" does not take the ticket of {_TICKET}: get a new one; a token goes into {_TOKEN}"
    return f" wants a ticket or a token: give a ticket as {_TICKET}, or an API_TOKEN as {_TOKEN}"


def _forbidden(error: Forbidden, options: Options) -> str:
    # Without an API_TOKEN a server does not look at tickets, and does not speak of them.
    if options.ticket and not options.token and "ticket" in str(error):
        return f"{error}: get one that is, and give it as {_TICKET}"
    if not options.positions:
        return str(error)
    # A token that is taken may read everything: so the server has none.
    where = shown(httpx.URL(options.url))
    why = "has no API_TOKEN, and so shows positions to nobody"
    return f"{where} {why}: set one there and give it here as {_TOKEN}, or leave --positions out"
