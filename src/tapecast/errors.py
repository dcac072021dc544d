"""Every error of ours, and what each one means for the process that meets it.

    TapecastError
    ├── SettingsError          a bad setting; the start stops with exit code 2
    ├── StartError             something the start needs is missing or taken; exit code 1
    ├── Stopped                told to stop before the start was done; exit code 0
    ├── FeedError
    │   ├── FeedFatal          the venue said no for good (402, 409): never dialled again until a restart
    │   └── FeedTransient      everything that time may mend: dialled again after a delay
    ├── BusError
    │   ├── LeaseLost          another process owns the market now, or nobody does: stop writing at once
    │   └── BusUnavailable     Redis did not answer
    │       └── BusRefused     it answered, and does not let us write
    └── ClientError            an HTTP request that cannot be served; carries a stable code

Fatal and transient differ by type, never by the text of a message.
"""

from __future__ import annotations


class TapecastError(Exception):
    """Root of all errors raised on purpose."""


class SettingsError(TapecastError):
    """A setting is wrong or missing. The message names it and says what it may be."""


class StartError(TapecastError):
    """The process cannot start here. The message says what to do about it."""


class Stopped(TapecastError):
    """The process was told to stop before it had started: there is nothing to complain of."""


class FeedError(TapecastError):
    """Something went wrong between us and a venue.

    `code` is the venue's own number where it gave one (402, 406, an HTTP status of the upgrade), else None.
    `reason` is a short stable word for events, status and metrics.
    """

    def __init__(self, reason: str, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code


class FeedFatal(FeedError):
    """Dialling again cannot help: wrong keys, or a feed that is not in the plan."""


class FeedTransient(FeedError):
    """Dialling again later may help.

    `retry_after` is set, in seconds, on a failure that wants to be left alone for a long while, such as a
    taken slot: a feed then dials at its slow pace, anything else waits for at least this long.
    """

    def __init__(
        self, reason: str, message: str, code: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason, message, code)
        self.retry_after = retry_after


class BusError(TapecastError):
    """Something went wrong between us and Redis."""


class LeaseLost(BusError):
    """We are not (or no longer) the owner of this market, so nothing may be written."""


class BusUnavailable(BusError):
    """Redis did not answer in time, or refused the connection."""


class BusRefused(BusUnavailable):
    """Redis answers, and refuses what we ask: it is full, a replica, or we lack a right.

    `reason` is a short stable word for events and status.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ClientError(TapecastError):
    """A request that cannot be served, told to the client as JSON.

    `status` is the HTTP status, `code` the stable word of the contract, `retry_after` seconds or None.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
