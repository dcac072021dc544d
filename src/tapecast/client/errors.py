"""Why there is no stream, by what a program can do about it.

TapecastError
└── StreamError             `code` is the server's own where it gave one; `status` the HTTP status, if any
    ├── StreamFatal         time alone does not mend it
    │   ├── UrlInvalid      what was given is no URL of a server
    │   ├── NotTapecast     something answers, but no tapecast: HTML, 404, redirects without end
    │   ├── TlsFailed       the certificate is not valid here, or one side speaks no TLS
    │   ├── Unauthorized    401: no ticket or token, or one that the server does not take (any more)
    │   ├── Forbidden       403: it is not for this
    │   ├── Refused         400 and the like: the request cannot be served as it is
    │   └── TicketFailed    the program's own ticket function raised
    └── StreamTransient     it is tried again by itself
        ├── Unreachable     nobody answers, or not in time
        ├── Unavailable     the server said: not now (429, 503, `bye`)
        ├── Silent          the stream was open, and nothing was heard for too long
        ├── Malformed       what came is no stream of ours, or an event that makes no sense
        └── Lost            the stream broke or ended
"""

from __future__ import annotations

from tapecast.errors import TapecastError


class StreamError(TapecastError):
    """Why there is no stream, or none any more."""

    def __init__(
        self, code: str, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        # The server asked to stay away for so long.
        self.retry_after_s = retry_after_s


class StreamFatal(StreamError):
    """Time alone does not mend it."""


class UrlInvalid(StreamFatal):
    """What was given is no URL of a server."""


class NotTapecast(StreamFatal):
    """Something answers, but no tapecast: the URL is wrong, or something stands in between."""


class TlsFailed(StreamFatal):
    """The certificate is not valid here, or one of the two sides speaks no TLS."""


class Unauthorized(StreamFatal):
    """No ticket or token, or one that the server does not take (any more)."""


class Forbidden(StreamFatal):
    """The ticket or token is good, and not for this."""


class Refused(StreamFatal):
    """The request cannot be served as it is: `code` says why."""


class TicketFailed(StreamFatal):
    """The program's own ticket function raised, or took too long. Tried again once a stream was open."""


class StreamTransient(StreamError):
    """It is tried again by itself."""


class Unreachable(StreamTransient):
    """Nobody answers, or not in time."""


class Unavailable(StreamTransient):
    """The server, or a proxy before it, said: not now."""


class Silent(StreamTransient):
    """The stream was open, and nothing was heard for too long."""


class Malformed(StreamTransient):
    """What came is no stream of ours, or an event that makes no sense. A new stream tells all anew."""


class Lost(StreamTransient):
    """The stream broke, or ended; `code` is that of the server's `bye` where there was one."""
