"""Who may read what.

| `API_TOKEN` | named in `PUBLIC` | answer                                                             |
| ----------- | ----------------- | ------------------------------------------------------------------ |
| set         | yes               | open                                                               |
| set         | no                | 401 unless the request carries a token as `Authorization: Bearer`  |
| not set     | any               | prices and status are open; positions 403 unless in `PUBLIC`       |

One exception: `tapecast up` on a laptop shows its own user the positions without a token, as long as nothing
hints that the request comes from anywhere else. Tokens are never read from a URL and never logged. A stream
of several subjects needs the right to each of them.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request

from tapecast.errors import ClientError
from tapecast.settings import Settings

Subject = Literal["prices", "status", "positions"]

_FORWARDED = ("forwarded", "x-real-ip", "via", "cf-connecting-ip", "true-client-ip")
_UNAUTHORIZED = "send a token as 'Authorization: Bearer <token>'; a page can only read what PUBLIC names"
_HOW_TO = "positions are private: set API_TOKEN and send it as 'Authorization: Bearer <token>'"


class Guard:
    """The rule above, for one app."""

    def __init__(self, settings: Settings, *, laptop: bool) -> None:
        self._tokens = [token.get_secret_value().encode() for token in settings.api_token]
        self._public = settings.public
        self._laptop = laptop

    def require(self, request: Request, subject: Subject) -> None:
        """Raises ClientError unless this request may read `subject`."""
        if subject in self._public:
            return
        if self._tokens:
            if not self._carries_token(request):
                raise ClientError(401, "unauthorized", f"{subject}: {_UNAUTHORIZED}")
        elif subject == "positions" and not (self._laptop and _is_own_user(request)):
            raise ClientError(403, "forbidden", _HOW_TO)

    def _carries_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Headers are bytes that Starlette read as Latin-1.
        sent = given.strip().encode("latin-1")
        # All are compared, so that the time tells neither the token nor its place in the list.
        matches = [hmac.compare_digest(sent, token) for token in self._tokens]
        return scheme.lower() == "bearer" and any(matches)


def _is_own_user(request: Request) -> bool:
    """Whether the request was made on this machine, by a page of ours or by no page at all."""
    headers = request.headers
    if any(name in _FORWARDED or name.startswith("x-forwarded-") for name in headers):
        return False
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        # A browser says so itself: another site's page asks, though it may not read the answer.
        return False
    host, origin = headers.get("host", ""), headers.get("origin")
    # A foreign site may point a name of its own at 127.0.0.1: then the Host is that name.
    if request.client is None or not _is_loopback(request.client.host) or not _is_loopback(_name(host)):
        return False
    return origin is None or origin.lower() == f"{request.url.scheme}://{host.lower()}"


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
