"""The state of the path to the venue, told to the listener once per change."""

from __future__ import annotations

from tapecast.feeds.base import FeedListener
from tapecast.market import FeedState


class VenuePath:
    """Two truths in one word: how the connection is, and whether the market is in session."""

    def __init__(self, listener: FeedListener) -> None:
        self._listener = listener
        self._state = FeedState.IDLE
        self._reason: str | None = None
        self._is_open = True
        self._told: tuple[FeedState, str | None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the market is in session, as far as is known."""
        return self._is_open

    def idle(self) -> None:
        """Nobody wants a symbol."""
        self._be(FeedState.IDLE)

    def dialling(self) -> None:
        """A dial begins. After a failure the path stays `reconnecting`, with its reason, until it is live."""
        if self._state is not FeedState.RECONNECTING:
            self._be(FeedState.CONNECTING)

    def live(self) -> None:
        """The venue serves us."""
        self._be(FeedState.LIVE)

    def lost(self, reason: str) -> None:
        """The connection failed; another dial will follow."""
        self._be(FeedState.RECONNECTING, reason)

    def market_is(self, is_open: bool) -> None:
        """The market's session opened or closed."""
        self._is_open = is_open
        self._tell()

    def _be(self, state: FeedState, reason: str | None = None) -> None:
        self._state, self._reason = state, reason
        self._tell()

    def _tell(self) -> None:
        closed = self._state is FeedState.LIVE and not self._is_open
        said = (FeedState.CLOSED if closed else self._state, self._reason)
        if said != self._told:
            self._told = said
            self._listener.on_state(*said)
