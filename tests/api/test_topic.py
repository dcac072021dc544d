"""One symbol: what is held, and what may be believed of it."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.api.markets import Markets
from tapecast.api.prices import Bell
from tapecast.api.topic import Topic, Versions
from tapecast.bus import codec
from tapecast.bus.codec import Beat
from tapecast.market import FeedState, Market, SymbolState
from tests.api.fakes import Listener
from tests.api.support import EPOCH, taken, tick
from tests.support import HandClock

NOW = 1000.0


@pytest.fixture
def versions() -> Versions:
    """What numbers the images."""
    return Versions()


@pytest.fixture
def topic(versions: Versions) -> Topic:
    """A symbol of which nothing is known."""
    return Topic("AAPL", Market.US_EQUITY, 5.0, versions)


@pytest.fixture
def listener(topic: Topic, versions: Versions) -> Listener:
    """Somebody who is told of it."""
    listener = Listener({"AAPL": topic}, versions)
    topic.listeners[listener] = None
    return listener


@pytest.fixture
def markets() -> Markets:
    """A market with a live owner."""
    markets = Markets(HandClock().clock)
    markets.on_beat(beat())
    return markets


def beat(state: FeedState = FeedState.LIVE, seq: int = 1, epoch: int = EPOCH) -> Beat:
    """A beat of the owner."""
    return Beat(Market.US_EQUITY, epoch, seq, state, 1)


def test_only_a_higher_order_is_taken(topic: Topic) -> None:
    """A late tick, and one of an owner that lost its lease, changes nothing."""
    assert topic.take(tick("AAPL", 5, 100), NOW)
    for late in (tick("AAPL", 4, 99), tick("AAPL", 5, 99), tick("AAPL", 9, 99, epoch=EPOCH - 1)):
        assert not topic.take(late, NOW + 100)
    assert topic.data == tick("AAPL", 5, 100)
    assert topic.take(tick("AAPL", 1, 101, epoch=EPOCH + 1), NOW)


def test_a_late_tick_keeps_nothing_alive(topic: Topic) -> None:
    """The deadline belongs to the tick that is held."""
    topic.take(tick("AAPL", 5), NOW)
    topic.take(tick("AAPL", 4), NOW + 100)
    assert topic.deadline == NOW + 5


def test_the_same_image_is_held_but_is_no_news(topic: Topic) -> None:
    """After a reconnect everything is published again under a new order."""
    topic.take(tick("AAPL", 5), NOW)
    again = tick("AAPL", 6)
    assert not topic.take(again, NOW + 1)
    assert topic.data == again
    assert topic.deadline == NOW + 6


def test_a_tick_from_last_alone_gives_no_life(topic: Topic, markets: Markets) -> None:
    """It may be of any age."""
    topic.take(tick("AAPL", 5), None)
    topic.vouch(beat(), NOW)
    assert topic.status(NOW, None, markets) == (SymbolState.STALE, "no_update")


def test_the_same_tick_from_price_confirms_one_from_last(topic: Topic, markets: Markets) -> None:
    """The two keys often hold the same."""
    topic.take(tick("AAPL", 5), None)
    assert not topic.take(tick("AAPL", 5), NOW)
    assert topic.status(NOW, None, markets) == (SymbolState.LIVE, "")


def test_garbage_is_refused(topic: Topic) -> None:
    """A foreign value under our name is not a tick."""
    with pytest.raises(msgspec.DecodeError):
        topic.take(b"garbage", NOW)
    assert topic.data is None


@pytest.mark.parametrize(
    ("given", "vouches"),
    [
        (beat(seq=5), True),
        (beat(seq=6), False),
        (beat(epoch=EPOCH + 1), False),
        (beat(FeedState.RECONNECTING), False),
        (beat(FeedState.CLOSED), True),
    ],
)
def test_a_beat_vouches_for_its_own_session_only(topic: Topic, given: Beat, vouches: bool) -> None:
    """A tick from before the venue's session may have missed a trade."""
    topic.take(tick("AAPL", 5), NOW)
    topic.vouch(given, NOW + 2)
    assert (topic.deadline == NOW + 7) is vouches


def test_the_deadline_never_shrinks(topic: Topic) -> None:
    """What was believed until then is believed until then."""
    topic.take(tick("AAPL", 5), NOW)
    topic.extend(NOW - 3)
    assert topic.deadline == NOW + 5


def test_states(topic: Topic, markets: Markets) -> None:
    """The table of the module, line by line."""
    assert topic.status(NOW, "symbol_limit", markets) == (SymbolState.REFUSED, "symbol_limit")
    assert topic.status(NOW, None, markets) == (SymbolState.PENDING, "")
    topic.take(tick("AAPL", 5), NOW)
    assert topic.status(NOW + 4.9, None, markets) == (SymbolState.LIVE, "")
    assert topic.status(NOW + 5, None, markets) == (SymbolState.STALE, "no_update")
    markets.on_beat(beat(FeedState.CLOSED))
    assert topic.status(NOW + 4.9, None, markets) == (SymbolState.CLOSED, "")
    markets.on_beat(beat(FeedState.RECONNECTING))
    assert topic.status(NOW + 5, None, markets) == (SymbolState.STALE, "feed_reconnecting")


def test_a_newcomer_is_told_what_the_others_know(
    topic: Topic, versions: Versions, listener: Listener
) -> None:
    """State first, then the newest bytes, also those that were no news to the others."""
    topic.take(tick("AAPL", 1), NOW)
    topic.show(SymbolState.LIVE, "")
    topic.tell()
    assert [name for name, _ in taken(listener)] == ["symbol", "message"]
    topic.take(tick("AAPL", 2), NOW)
    late = Listener({"AAPL": topic}, versions)
    topic.introduce(late)
    assert [(name, data.get("seq")) for name, data in taken(late)] == [("symbol", None), ("message", 2)]
    assert taken(listener) == []


def test_a_newcomer_is_told_nothing_that_nobody_knows(topic: Topic, listener: Listener) -> None:
    """Neither a state that was not judged yet, nor a price that there is not."""
    topic.introduce(listener)
    assert taken(listener) == []


def test_listeners_are_rung_for_what_is_new(topic: Topic) -> None:
    """Once for each word, and in the order in which they came."""
    heard: list[str] = []

    class Witness(Bell):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def ring(self, symbol: str) -> None:
            heard.append(f"{self.name} {symbol}")

    topic.listeners |= {Witness("first"): None, Witness("second"): None}
    topic.take(tick("AAPL", 1), NOW)
    topic.tell()
    assert heard == ["first AAPL", "second AAPL"]


def test_a_state_is_told_once(topic: Topic, listener: Listener) -> None:
    """Only a change of state or reason is an event."""
    told = []
    for reason in ("a", "a", "b"):
        topic.show(SymbolState.STALE, reason)
        told.append(len(taken(listener)))
    assert told == [1, 0, 1]


def test_a_tick_without_a_price_takes_back_what_was_known(topic: Topic, markets: Markets) -> None:
    """Nothing older comes back, from wherever it is read; the next trade is news."""
    topic.take(tick("AAPL", 5), NOW)
    void = codec.encode(codec.Head("AAPL", EPOCH, 6, 1))
    assert topic.take(void, NOW)
    assert topic.status(NOW, None, markets) == (SymbolState.PENDING, "cancelled")
    assert not topic.take(void, NOW)
    assert not topic.take(tick("AAPL", 5), NOW)
    assert not topic.take(tick("AAPL", 4), None)
    assert topic.data is None
    assert topic.take(tick("AAPL", 7), NOW)
    assert topic.status(NOW, None, markets) == (SymbolState.LIVE, "")


def test_a_void_tick_that_waits_is_not_sent(topic: Topic, markets: Markets, listener: Listener) -> None:
    """A slow client hears that there is no price, and not the price; the next price it gets."""
    topic.take(tick("AAPL", 5), NOW)
    topic.tell()
    topic.take(codec.encode(codec.Head("AAPL", EPOCH, 6, 1)), NOW)
    topic.show(*topic.status(NOW, None, markets))
    topic.tell()
    assert [(name, data["state"]) for name, data in taken(listener)] == [("symbol", "pending")]
    topic.take(tick("AAPL", 7), NOW)
    topic.tell()
    assert [data["seq"] for _, data in taken(listener)] == [7]


def test_each_new_image_has_a_number_above_all_others(topic: Topic, versions: Versions) -> None:
    """Of whatever symbol; what says the same as before has none of its own."""
    other = Topic("MSFT", Market.US_EQUITY, 5.0, versions)
    numbers = []
    for symbol, seq, price in (("AAPL", 1, 1.0), ("MSFT", 1, 1.0), ("AAPL", 2, 1.0), ("AAPL", 3, 2.0)):
        known = {"AAPL": topic, "MSFT": other}[symbol]
        known.take(tick(symbol, seq, price), NOW)
        numbers.append(known.version)
    assert numbers == [2, 3, 2, 4]
    assert versions.newest == 4
