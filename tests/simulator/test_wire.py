"""The venue's spelling."""

from __future__ import annotations

import msgspec

from tapecast.market import rfc3339
from tapecast.simulator import wire
from tapecast.simulator.bars import Bar
from tapecast.simulator.hours import SECOND
from tapecast.simulator.symbols import LISTED
from tapecast.simulator.walk import Book, Image, Print

AT = 1_795_216_260_123_456_789
TIME = "2026-11-20T23:11:00.123456789Z"
STOCK_TRADE = Print(LISTED["AAPL"], AT, 7, 270.12, 300, bought=True)
STOCK_QUOTE = Book(LISTED["AAPL"], AT, 270.11, 270.13, 250, 100)
CRYPTO_TRADE = Print(LISTED["BTC/USD"], AT, 8, 101500.5, 0.0123, bought=False)
CRYPTO_QUOTE = Book(LISTED["BTC/USD"], AT, 101500.0, 101510.0, 0.5, 1.25)


def sent(event: Print | Book) -> str:
    """The event's JSON on the stream."""
    return msgspec.json.encode(wire.message(event, rfc3339)).decode()


def test_a_stock_trade_on_the_stream() -> None:
    """Type first, then the documented fields."""
    assert sent(STOCK_TRADE) == (
        '{"T":"t","S":"AAPL","i":7,"x":"V","p":270.12,"s":300,"c":["@"],"t":"' + TIME + '","z":"C"}'
    )


def test_a_stock_quote_on_the_stream() -> None:
    """Sizes are round lots."""
    assert sent(STOCK_QUOTE) == (
        '{"T":"q","S":"AAPL","ax":"V","ap":270.13,"as":1,"bx":"V","bp":270.11,"bs":2,"c":["R"],"t":"'
        + TIME
        + '","z":"C"}'
    )


def test_a_crypto_trade_on_the_stream() -> None:
    """With the taker's side."""
    assert sent(CRYPTO_TRADE) == (
        '{"T":"t","S":"BTC/USD","p":101500.5,"s":0.0123,"t":"' + TIME + '","i":8,"tks":"S"}'
    )


def test_a_crypto_quote_on_the_stream() -> None:
    """Sizes are coins."""
    assert sent(CRYPTO_QUOTE) == (
        '{"T":"q","S":"BTC/USD","bp":101500.0,"bs":0.5,"ap":101510.0,"as":1.25,"t":"' + TIME + '"}'
    )


def test_rest_leaves_out_type_and_symbol() -> None:
    """The answer is a map by symbol already."""
    assert wire.trade(CRYPTO_TRADE) == {"p": 101500.5, "s": 0.0123, "t": TIME, "i": 8, "tks": "S"}
    assert wire.quote(CRYPTO_QUOTE) == {"bp": 101500.0, "bs": 0.5, "ap": 101510.0, "as": 1.25, "t": TIME}


def test_a_snapshot_has_the_venues_five_parts() -> None:
    """Latest trade and quote, and three bars."""
    bar = Bar.at(AT - AT % SECOND, 270.0)
    bar.add(271.0, 100)
    snapshot = wire.snapshot(Image(STOCK_TRADE, STOCK_QUOTE, bar, bar, bar))
    assert list(snapshot) == ["latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"]
    assert snapshot["dailyBar"] == {
        "t": "2026-11-20T23:11:00Z",
        "o": 270.0,
        "h": 271.0,
        "l": 270.0,
        "c": 271.0,
        "v": 100.0,
        "n": 1,
        "vw": 271.0,
    }
