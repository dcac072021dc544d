"""The one word over the whole screen, by the rules of the dashboard's.

It comes from `feed` and `symbol` states: that a connection is open proves nothing, so LIVE never stands over
a feed that is dead, nor over one stale symbol.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from tapecast.client import ConnectionState, Feed, FeedState, Stream, SymbolState
from tapecast.market import market_of

ACCOUNT: Final = "account"
_WELL: Final = frozenset({FeedState.LIVE, FeedState.CLOSED, FeedState.IDLE})


class Word(StrEnum):
    """What may be believed of all that is watched."""

    LIVE = "LIVE"
    CLOSED = "CLOSED"
    STALE = "STALE"
    RECONNECTING = "RECONNECTING"
    CONNECTING = "CONNECTING"
    FAILED = "FAILED"
    REFUSED = "REFUSED"


def markets_of(stream: Stream) -> set[str]:
    """The markets of what is watched; positions have one of their own."""
    markets = {str(market) for symbol in stream.states if (market := market_of(symbol))}
    return markets | ({ACCOUNT} if ACCOUNT in stream.feeds else set())


def feeds_of(stream: Stream) -> list[Feed]:
    """The feeds of what is watched."""
    markets = markets_of(stream)
    return [feed for market, feed in sorted(stream.feeds.items()) if market in markets]


def is_simulated(stream: Stream) -> bool:
    """Whether anything that is watched is invented."""
    return any(feed.simulated for feed in feeds_of(stream))


def word_of(stream: Stream) -> Word:
    """The word."""
    match stream.connection.state:
        case ConnectionState.RECONNECTING | ConnectionState.CLOSED:
            return Word.RECONNECTING
        case ConnectionState.CONNECTING:
            return Word.CONNECTING
    ill = [feed.state for feed in feeds_of(stream) if feed.state not in _WELL]
    counts = Counter([each.state for each in stream.states.values()])
    counts.update(each.state for each in stream.positions.values())
    if ill or counts[SymbolState.STALE]:
        return _ill(ill, has_stale=counts[SymbolState.STALE] > 0)
    if counts[SymbolState.LIVE]:
        return Word.LIVE
    if counts[SymbolState.PENDING] or not counts:
        # Of an account without positions its feed tells.
        return Word.LIVE if not counts and ACCOUNT in stream.feeds else Word.CONNECTING
    return Word.CLOSED if counts[SymbolState.CLOSED] else Word.REFUSED


def _ill(feeds: list[FeedState], *, has_stale: bool) -> Word:
    if FeedState.FAILED in feeds:
        return Word.FAILED
    if has_stale:
        return Word.STALE
    return Word.RECONNECTING if FeedState.RECONNECTING in feeds else Word.CONNECTING
