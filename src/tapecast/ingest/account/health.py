"""Two paths to the venue, REST and the stream of order events, and the one state that both make."""

from __future__ import annotations

from typing import Final, NamedTuple

from tapecast.errors import FeedError, FeedFatal
from tapecast.market import FeedState

AUTH_FAILED: Final = "auth_failed"
STREAM_LOST: Final = "stream_lost"
_WORST_FIRST: Final = (FeedState.FAILED, FeedState.RECONNECTING, FeedState.CONNECTING, FeedState.LIVE)


class Path(NamedTuple):
    """How one path is: connecting, live, reconnecting or failed."""

    state: FeedState
    reason: str = ""


CONNECTING: Final = Path(FeedState.CONNECTING)
LIVE: Final = Path(FeedState.LIVE)
DIFFER: Final = Path(FeedState.RECONNECTING, "positions_differ")
LOST: Final = Path(FeedState.RECONNECTING, STREAM_LOST)


class Health:
    """Both paths."""

    def __init__(self) -> None:
        self.rest = CONNECTING
        self.stream = CONNECTING

    @property
    def worst(self) -> Path:
        """What to say of the account: the worse of the two, REST before the stream."""
        return min((self.rest, self.stream), key=lambda path: _WORST_FIRST.index(path.state))


def path_of(error: FeedError) -> Path:
    """How a path is that failed so. Other keys need a restart; whatever else was refused is tried again."""
    is_final = isinstance(error, FeedFatal) and error.reason == AUTH_FAILED
    return Path(FeedState.FAILED if is_final else FeedState.RECONNECTING, error.reason)
