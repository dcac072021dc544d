"""What the venue says about the session itself, and what each of its errors means for us.

| code          | meaning                                    | reaction                              |
| ------------- | ------------------------------------------ | ------------------------------------- |
| 402           | wrong key or secret                        | fatal                                 |
| 408, 409, 411 | feed, plan or scope that we do not have    | fatal                                 |
| 406           | another session holds the slot             | slow retry                            |
| 401, 404, 500 | handshake out of order or late, internal   | ordinary retry                        |
| 407           | we read too slowly                         | ordinary retry                        |
| 403           | already authenticated                      | nothing: the session goes on          |
| 400, 405, 410, 412, 413 | a subscription is refused        | see `subscriptions.py`                |

Fatal and transient are told apart by code. alpaca-py throws the number away during log-in and keeps the text,
so one table leads from the text back to the number.
"""

from __future__ import annotations

from typing import Final

from tapecast.errors import FeedError, FeedFatal, FeedTransient

SLOW_S: Final = 15.0
"""The least wait after which a taken slot or a throttled dial is worth another try."""

_FATAL: Final = {
    402: "auth_failed",
    408: "feed_not_enabled",
    409: "insufficient_subscription",
    411: "insufficient_scope",
}
_SLOW: Final = {406: "connection_limit", 429: "too_many_dials"}
_TRANSIENT: Final = {
    401: "not_authenticated",
    404: "auth_timeout",
    407: "slow_client",
    500: "venue_error",
}
_CODE_OF_TEXT: Final = {
    "not authenticated": 401,
    "auth failed": 402,
    "auth timeout": 404,
    "connection limit exceeded": 406,
    "v2 not enabled": 408,
    "insufficient subscription": 409,
    "insufficient scope": 411,
    "internal error": 500,
}
SUBSCRIPTION_CODES: Final = frozenset({400, 405, 410, 412, 413})
"""Errors that answer a subscribe message; the session itself is well."""

ALREADY_AUTHENTICATED: Final = 403


def failure(code: int | None, text: str) -> FeedError:
    """The error that a code of the venue means; an unknown one may pass, so it is transient."""
    if code in _FATAL:
        return FeedFatal(_FATAL[code], f"the venue refused for good: {text} ({code})", code)
    if code in _SLOW:
        return FeedTransient(_SLOW[code], f"the venue refused for now: {text} ({code})", code, SLOW_S)
    reason = _TRANSIENT.get(code or 0, "venue_error")
    return FeedTransient(reason, f"the venue reported: {text} ({code})", code)


def login_failure(text: str) -> FeedError:
    """The error behind the text that alpaca-py's log-in raised."""
    return failure(_CODE_OF_TEXT.get(text.strip().lower()), text[:80])


def upgrade_failure(status: int) -> FeedError:
    """The error that an HTTP status means when the upgrade itself is refused.

    None of them is fatal. Our keys are not in the upgrade, so 401 and 403 speak of a proxy or a blocked
    address, and 404 is also what a proxy says while the venue deploys: all may pass, none soon.
    """
    if status in _SLOW:
        return failure(status, "HTTP status of the upgrade")
    retry_after = SLOW_S if 400 <= status < 500 else None
    return FeedTransient(f"http_{status}", f"the upgrade was refused with HTTP {status}", status, retry_after)
