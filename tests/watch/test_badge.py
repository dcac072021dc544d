"""The one word, by the rules of the dashboard's."""

from __future__ import annotations

import pytest

from tapecast.client import (
    Connection,
    ConnectionState,
    Event,
    Feed,
    FeedState,
    Position,
    Positions,
    SymbolState,
    SymbolStatus,
)
from tapecast.watch.badge import Word, feeds_of, is_simulated, word_of
from tests.watch.support import HELLO, LIVE, STALE, STOCKS, heard

CLOSED = SymbolStatus("AAPL", SymbolState.CLOSED)
REFUSED = SymbolStatus("AAPL", SymbolState.REFUSED, "symbol_invalid")
ACCOUNT = Feed("alpaca", "account", FeedState.LIVE)


def feed(state: FeedState, market: str = "us_equity") -> Feed:
    """A feed in this state."""
    return Feed("x", market, state)


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ([], Word.CONNECTING),
        ([STOCKS, LIVE], Word.LIVE),
        ([STOCKS, CLOSED], Word.CLOSED),
        ([STOCKS, LIVE, STALE], Word.STALE),
        ([STOCKS, REFUSED], Word.REFUSED),
        # That the others are live proves nothing.
        ([feed(FeedState.RECONNECTING), LIVE], Word.RECONNECTING),
        ([feed(FeedState.FAILED), STALE], Word.FAILED),
        ([feed(FeedState.CONNECTING), LIVE], Word.CONNECTING),
        # Somebody else's market.
        ([STOCKS, LIVE, feed(FeedState.FAILED, "crypto")], Word.LIVE),
        ([STOCKS, LIVE, ACCOUNT, Positions([Position("AAPL", SymbolState.STALE)])], Word.STALE),
    ],
)
def test_the_worst_of_what_is_watched_decides(events: list[Event], word: Word) -> None:
    """LIVE only where everything is."""
    assert word_of(heard(HELLO, *events)) is word


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (ConnectionState.RECONNECTING, Word.RECONNECTING),
        (ConnectionState.CONNECTING, Word.CONNECTING),
        (ConnectionState.CLOSED, Word.RECONNECTING),
    ],
)
def test_without_a_stream_nothing_is_live(state: ConnectionState, word: Word) -> None:
    """Whatever was said last."""
    stream = heard(HELLO, STOCKS, LIVE)
    stream.connection = Connection(state)
    assert word_of(stream) is word


def test_an_account_without_positions_has_its_feed() -> None:
    """There is no symbol to tell."""
    assert word_of(heard(HELLO, ACCOUNT, symbols=())) is Word.LIVE
    assert word_of(heard(HELLO, feed(FeedState.RECONNECTING, "account"), symbols=())) is Word.RECONNECTING


def test_what_is_invented_is_called_so() -> None:
    """Of what is watched."""
    simulated = Feed("simulated", "us_equity", FeedState.LIVE, simulated=True)
    assert is_simulated(heard(HELLO, simulated, LIVE))
    assert not is_simulated(heard(HELLO, simulated, symbols=["BTC/USD"]))
    assert feeds_of(heard(HELLO, simulated, ACCOUNT)) == [ACCOUNT, simulated]
