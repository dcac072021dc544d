"""The feed protocol, checked against the feeds that there are."""

from __future__ import annotations

from tapecast.feeds.alpaca import alpaca_feeds
from tapecast.feeds.base import Feed
from tapecast.market import Quote, Trade
from tapecast.settings import load
from tests.feeds.alpaca.venue import Recorder


def test_an_alpaca_feed_is_a_feed() -> None:
    """Whatever ingest may ask of a feed, Alpaca's has (mypy checks the types of the same assignment)."""
    settings = load({"ALPACA_PAPER_API_KEY": "key", "ALPACA_PAPER_SECRET_KEY": "secret"})
    feeds: list[Feed] = list(alpaca_feeds(settings))
    members = Feed.__annotations__.keys() | {name for name in vars(Feed) if not name.startswith("_")}
    assert members >= {"market", "last_heard", "want", "run"}
    assert not [name for name in members for feed in feeds if not hasattr(feed, name)]


def test_several_data_are_each_alone() -> None:
    """A listener that does nothing of its own for many hears of each."""
    heard = Recorder()
    trade, quote = Trade("AAPL", 1.0, 1.0, 1, 1), Quote("AAPL", 1.0, 2.0, 1.0, 1.0, 1, 1)
    heard.on_data([trade, quote, trade])
    assert (heard.trades, heard.quotes) == ([trade, trade], [quote])
