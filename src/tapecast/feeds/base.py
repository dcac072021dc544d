"""What a feed is to ingest, and what ingest is to a feed. No venue is named here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, Never, Protocol

from tapecast.bars import Interval, VenueBar
from tapecast.market import Cancel, Correction, FeedState, Market, Quote, Snapshot, Trade


class FeedListener(Protocol):
    """Ingest's side. Every method returns at once, never raises and never awaits.

    A feed calls these from its reader, and a reader that waits is cut off by the venue (407, slow client).
    """

    def on_session(self) -> None:
        """A new session begins: prices of the last one may be old until this one has confirmed them."""

    def on_state(self, state: FeedState, reason: str | None = None) -> None:
        """The path to the venue changed. `reason` is a short stable word, e.g. `auth_failed`."""

    def on_trade(self, trade: Trade) -> None:
        """A print arrived."""

    def on_quote(self, quote: Quote) -> None:
        """The top of book changed."""

    def on_data(self, data: Sequence[Trade | Quote]) -> None:
        """Several of these in one go, in their order; a big feed has no time for a call each."""
        for value in data:
            if isinstance(value, Trade):
                self.on_trade(value)
            else:
                self.on_quote(value)

    def on_correction(self, correction: Correction) -> None:
        """A print of before was wrong."""

    def on_cancel(self, cancel: Cancel) -> None:
        """A print of before is void."""

    def on_bar(self, bar: VenueBar) -> None:
        """The venue has made the bar of a minute, or made it anew. Not every listener cares."""
        del bar

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """The venue's REST answer for a symbol that this session has confirmed."""

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        """The whole set of symbols that the venue now says are subscribed."""

    def on_refused(self, refused: dict[str, str]) -> None:
        """All symbols that the venue refuses at present, each with a short reason."""

    def on_rejected(self, kind: str) -> None:
        """A message that made no sense was left out. Counted by kind, never fatal."""

    def is_owner(self) -> bool:
        """Whether we may still hold the connection. If not, it is cut off: the next owner may dial now."""


NO_HISTORY: Final = "no_history"
"""The reason of a feed that has no bars of its own."""


class BarHistory(NamedTuple):
    """What the venue's REST knows of bars, by symbol, oldest first; whole up to `until_ns`."""

    until_ns: int
    bars: dict[str, list[VenueBar]]


class Feed(Protocol):
    """One connection to one venue for one market, supervised, held only while symbols are wanted."""

    market: Market
    name: str
    simulated: bool
    reconnects: int
    # Symbols that had gone silent while the venue traded them and were subscribed anew, since the start.
    resubscribed: int
    # time.monotonic() of the last frame or pong of the venue; 0.0 before the first.
    last_heard: float

    def want(self, symbols: Sequence[str]) -> None:
        """Set the whole desired set, most important first. An empty one closes the socket."""

    def reseed(self, symbols: Sequence[str]) -> None:
        """Ask for REST snapshots of these confirmed symbols again, e.g. because their day has turned."""

    def want_bars(self, symbols: Collection[str]) -> None:
        """Set of which of the desired symbols the venue's own minutes are wanted too, where it has them."""

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        """The venue's bars of these symbols, minutes or longer, from then on. Raises FeedError.

        FeedFatal with NO_HISTORY: it has none.
        """

    async def run(self, listener: FeedListener) -> Never:
        """Hold the connection for as long as symbols are wanted. Cancelling closes the socket.

        Raises FeedFatal when the venue says no for good; everything else is retried inside.
        """
