"""The venue's error codes and its words for them.

408 is on Alpaca's older pages alone, 411 in its Go SDK.
"""

from __future__ import annotations

from typing import Any, Final

TEXTS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    411: "insufficient scope",
    412: "option messages are only available in MsgPack format",
    413: "star subscription is not allowed for option quotes",
    500: "internal error",
}
SLOW_CLIENT: Final = 407
ENDS_LOGIN: Final = frozenset({402, 404, 409, 411, 412})
"""After these the venue closes the connection; after 406 it waits for another try."""


def error(code: int) -> dict[str, Any]:
    """The message for a code. An unknown one has words too: a client must take it as it comes."""
    return {"T": "error", "code": code, "msg": TEXTS.get(code, "unknown error")}
