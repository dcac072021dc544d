"""Frames of the trading stream: whatever the venue says, an event or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.feeds.alpaca import trading_wire
from tapecast.feeds.alpaca.account_pairs import Fields, Pairs
from tapecast.feeds.alpaca.trading_wire import IDS_KEPT, Told

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=9), children, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("binary", [True, False])
def test_a_frame_is_text_or_binary(binary: bool) -> None:
    """The paper host sends the one, the live host the other."""
    text = '{"stream":"trade_updates","data":{"price":187.10,"qty":"1.50"}}'
    messages = trading_wire.unpack(text.encode() if binary else text)
    assert messages == [{"stream": "trade_updates", "data": {"price": "187.10", "qty": "1.50"}}]


def test_several_messages_may_share_a_frame() -> None:
    """As on the data stream."""
    assert trading_wire.unpack('[{"a":1},{"b":2}]') == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    "frame", ["", "text", "[1]", "1", "null", b"\xff", b"\x81\xa1a\x01", "[" * 9999, None, 7]
)
def test_a_frame_without_sense_is_none(frame: object) -> None:
    """Nothing is raised."""
    assert trading_wire.unpack(frame) is None


@given(event=JSON, order=JSON, asset_class=JSON, legs=JSON, quantities=JSON)
def test_any_event_is_translated(
    event: object, order: object, asset_class: object, legs: object, quantities: object
) -> None:
    """Nothing is raised, and nothing but symbols differs."""
    order = {"symbol": "BTCUSD", "asset_class": asset_class, "legs": legs, "more": order}
    message: Fields = {"event": event, "order": order, "position_qtys": quantities}
    translated = trading_wire.translate(message, Pairs())
    Told().is_new(translated)
    assert translated.keys() == {"event", "order", "position_qtys"}
    assert translated["event"] == event


@given(JSON)
def test_any_json_is_messages_or_none(value: object) -> None:
    """And each of them can be asked what it is, and be translated."""
    for message in trading_wire.unpack(json.dumps(value)) or []:
        trading_wire.is_listening(message)
        trading_wire.error_of(message)
        trading_wire.translate({"order": message, "position_qtys": message}, Pairs())
        Told().is_new(message)


@pytest.mark.parametrize(
    ("data", "granted"),
    [
        ({"streams": ["trade_updates"]}, True),
        ({"streams": []}, False),
        ({"streams": None}, False),
        (None, False),
    ],
)
def test_what_is_not_granted_is_missing(data: object, granted: bool) -> None:
    """From the venue's reply."""
    assert trading_wire.is_listening({"stream": "listening", "data": data}) is granted


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"action": "error", "data": {"error_message": "internal"}}, "internal"),
        ({"stream": "error", "data": None}, "error"),
        ({"action": "error", "data": {"error_message": "x" * 500}}, "x" * 80),
        ({"stream": "trade_updates"}, None),
    ],
)
def test_an_error_says_what(message: Fields, error: str | None) -> None:
    """Shortly."""
    assert trading_wire.error_of(message) == error


def test_symbols_are_spelled_as_on_the_feed() -> None:
    """Those of an order, of its legs, and of the quantities of several."""
    event: Fields = {
        "event": "fill",
        "order": {"symbol": "BTCUSD", "asset_class": "crypto"},
        "position_qtys": {"BTCUSD": "1", "ETHUSD": "2"},
        "unknown": None,
    }
    assert trading_wire.translate(event, Pairs()) == {
        "event": "fill",
        "order": {"symbol": "BTC/USD", "asset_class": "crypto"},
        "position_qtys": {"BTC/USD": "1", "ETH/USD": "2"},
        "unknown": None,
    }


def test_an_event_is_told_once() -> None:
    """By its id, or that of its execution; a correction of one is another event."""
    told = Told()
    assert told.is_new({"event": "fill", "event_id": "01A", "execution_id": "x"})
    assert not told.is_new({"event": "fill", "event_id": "01A", "execution_id": "x"})
    assert told.is_new({"event": "fill", "execution_id": "x"})
    assert not told.is_new({"event": "fill", "execution_id": "x"})
    assert told.is_new({"event": "trade_bust", "execution_id": "x"})
    assert all(told.is_new({"event": "new"}) for _ in range(2))
    assert all(told.is_new({"event_id": None, "execution_id": 7}) for _ in range(2))


def test_only_the_newest_ids_are_kept() -> None:
    """A process that runs for a year forgets."""
    told = Told()
    for number in range(IDS_KEPT + 1):
        assert told.is_new({"event_id": str(number)})
    assert not told.is_new({"event_id": "1"})
    assert told.is_new({"event_id": "0"})
