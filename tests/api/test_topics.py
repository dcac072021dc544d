"""The symbols that somebody wants: opened once, counted, held for a while, and forgotten."""

from __future__ import annotations

import pytest

from tapecast.api import topics
from tapecast.api.markets import Markets
from tapecast.api.prices import Bell
from tapecast.api.topics import HOLD_S, Topics
from tapecast.market import FeedState, Market
from tests.support import HandClock


class Shelf:
    """Topics on a hand clock, and the markets that they watch."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.markets = Markets(self.time.clock)
        self.topics = Topics(5.0, self.markets, self.time.clock)

    def listened(self, *symbols: str) -> Bell:
        """Somebody listens to these symbols."""
        bell = Bell()
        for symbol in symbols:
            self.topics.open(symbol).listeners[bell] = None
        return bell


@pytest.fixture
def shelf() -> Shelf:
    """Nothing is wanted."""
    return Shelf()


def test_a_symbol_is_opened_once(shelf: Shelf) -> None:
    """Whoever comes later finds what is known."""
    topic = shelf.topics.open("AAPL")
    assert shelf.topics.open("AAPL") is topic
    assert shelf.topics.get("AAPL") is topic
    assert list(shelf.topics) == [topic]
    assert ("AAPL" in shelf.topics, "MSFT" in shelf.topics) == (True, False)
    assert shelf.topics.get("MSFT") is None


def test_a_wanted_symbol_makes_its_market_watched(shelf: Shelf) -> None:
    """A feed that nobody needs is not told of; one that is needed is, though it says nothing."""
    shelf.topics.open("BTC/USD")
    ((market, state),) = [(status.market, status.state) for status in shelf.markets.statuses()]
    assert (market, state) == (Market.CRYPTO, FeedState.CONNECTING)


def test_what_is_no_symbol_opens_nothing(shelf: Shelf) -> None:
    """Queries are checked before they come here."""
    with pytest.raises(ValueError, match="'a\\$' is not a symbol"):
        shelf.topics.open("a$")
    assert list(shelf.topics) == []


def test_a_symbol_without_listeners_is_forgotten(shelf: Shelf) -> None:
    """Of those that are named, or of all; what is not there is passed over."""
    shelf.listened("AAPL")
    for symbol in ("MSFT", "NVDA"):
        shelf.topics.open(symbol)
    assert shelf.topics.close_unheard(["AAPL", "MSFT", "QQQ"]) == ["MSFT"]
    assert shelf.topics.close_unheard() == ["NVDA"]
    assert [topic.symbol for topic in shelf.topics] == ["AAPL"]


def test_a_held_symbol_is_kept_for_half_a_minute(shelf: Shelf) -> None:
    """By the last hold, and not a moment longer."""
    shelf.topics.open("AAPL")
    shelf.topics.hold(["AAPL"])
    shelf.time.advance(10)
    shelf.topics.hold(["AAPL"])
    shelf.time.advance(HOLD_S - 0.01)
    assert shelf.topics.close_unheard() == []
    shelf.time.advance(0.01)
    assert shelf.topics.close_unheard() == ["AAPL"]


def test_the_end_of_a_hold_does_not_touch_who_listens(shelf: Shelf) -> None:
    """It was only asked for beside."""
    shelf.listened("AAPL")
    shelf.topics.hold(["AAPL"])
    shelf.time.advance(HOLD_S)
    assert shelf.topics.close_unheard() == []


def test_interest_is_the_number_of_clients(shelf: Shelf) -> None:
    """Not of listeners, each of which may stand for thousands; what is only held counts as one."""
    shelf.listened("AAPL", "MSFT")
    shelf.topics.open("NVDA")
    shelf.topics.hold(["NVDA"])
    shelf.topics.count(["AAPL", "MSFT"], 2)
    shelf.topics.count(["AAPL"], 1)
    shelf.topics.count(["MSFT"], -1)
    assert shelf.topics.interest() == ({"AAPL": 3, "MSFT": 1, "NVDA": 1}, [])


def test_there_is_room_for_so_many(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names can be made up faster than memory; what somebody follows already costs nothing more."""
    monkeypatch.setattr(topics, "MOST", 3)
    shelf.listened("AAPL", "MSFT")
    assert shelf.topics.room == 1
    assert shelf.topics.new(["A1", "AAPL", "A2"]) == ["A1", "A2"]


def test_each_address_brings_so_many(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another brought is not on its account, and what is forgotten is nobody's any more."""
    monkeypatch.setattr(topics, "MOST_EACH", 3)
    listener = shelf.listened("AAPL", "MSFT")
    shelf.topics.charge(["AAPL", "MSFT"], "one")
    shelf.topics.charge(["AAPL"], "two")
    assert (shelf.topics.share("one"), shelf.topics.share("two")) == (1, 3)
    shelf.topics.charge(["MSFT"], "")
    assert shelf.topics.share("") == topics.MOST
    for symbol in ("AAPL", "MSFT"):
        shelf.topics.open(symbol).listeners.pop(listener)
    shelf.topics.close_unheard()
    assert shelf.topics.share("one") == 3
