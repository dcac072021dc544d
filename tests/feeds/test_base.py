"""The feed protocol, checked against the feeds that there are."""

from __future__ import annotations

from tapecast.feeds.alpaca import alpaca_feeds
from tapecast.feeds.base import Feed
from tapecast.settings import load


def test_an_alpaca_feed_is_a_feed() -> None:
    """Whatever ingest may ask of a feed, Alpaca's has (mypy checks the types of the same assignment)."""
    settings = load({"ALPACA_PAPER_API_KEY": "key", "ALPACA_PAPER_SECRET_KEY": "secret"})
    feeds: list[Feed] = list(alpaca_feeds(settings))
    members = Feed.__annotations__.keys() | {name for name in vars(Feed) if not name.startswith("_")}
    assert members >= {"market", "last_heard", "want", "run"}
    assert not [name for name in members for feed in feeds if not hasattr(feed, name)]
