"""The venue's spelling."""

from __future__ import annotations

import msgspec

from tapecast.market import rfc3339
from tapecast.simulator import wire
from tapecast.simulator.bars import Bar
from tapecast.simulator.hours import SECOND
from tapecast.simulator.ledger import Book, Image, Print
from tapecast.simulator.symbols import LISTED, recorded

AT = 1_795_216_260_123_456_789
TIME = "2026-11-20T23:11:00.123456789Z"
STOCK_TRADE = Print(LISTED["AAPL"], AT, 7, 270.12, 300, bought=True)
STOCK_QUOTE = Book(LISTED["AAPL"], AT, 270.11, 270.13, 250, 100)
CRYPTO_TRADE = Print(LISTED["BTC/USD"], AT, 8, 101500.5, 0.0123, bought=False)
CRYPTO_QUOTE = Book(LISTED["BTC/USD"], AT, 101500.0, 101510.0, 0.5, 1.25)

OPTION = recorded("AAPL240315C00172500")
OPTION_TRADE = Print(OPTION, AT, 9, 2.84, 1, bought=True, conditions=("S",), venue="N")
OPTION_QUOTE = Book(OPTION, AT, 2.8, 2.9, 12, 45)


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


def test_an_option_trade_on_the_stream() -> None:
    """Its condition is text, and it has neither an id nor a tape."""
    assert sent(OPTION_TRADE) == (
        '{"T":"t","S":"AAPL240315C00172500","t":"' + TIME + '","p":2.84,"s":1,"x":"N","c":"S"}'
    )


def test_an_option_quote_on_the_stream() -> None:
    """Sizes are contracts."""
    assert sent(OPTION_QUOTE) == (
        '{"T":"q","S":"AAPL240315C00172500","t":"'
        + TIME
        + '","bx":"C","bp":2.8,"bs":12,"ax":"C","ap":2.9,"as":45,"c":" "}'
    )


def test_conditions_and_exchange_are_the_prints_own() -> None:
    """An odd lot says so."""
    odd = STOCK_TRADE._replace(conditions=("@", "I"), venue="D")
    assert '"x":"D"' in sent(odd)
    assert '"c":["@","I"]' in sent(odd)


def test_a_snapshot_leaves_out_what_is_not_known() -> None:
    """A recording may begin without a quote and has no day before."""
    bar = Bar.at(AT, 1.0)
    assert wire.snapshot(Image(CRYPTO_TRADE, None, bar, bar, None)).keys() == {
        "latestTrade",
        "minuteBar",
        "dailyBar",
    }


def test_rest_leaves_out_type_and_symbol() -> None:
    """The answer is a map by symbol already."""
    assert wire.trade(CRYPTO_TRADE) == {"p": 101500.5, "s": 0.0123, "t": TIME, "i": 8, "tks": "S"}
    assert wire.quote(CRYPTO_QUOTE) == {"bp": 101500.0, "bs": 0.5, "ap": 101510.0, "as": 1.25, "t": TIME}


def test_a_snapshot_has_the_venues_five_parts() -> None:
    """Latest trade and quote, and three bars."""
    bar = Bar.at(AT - AT % SECOND, 270.0)
    bar.add(AT, 271.0, 100)
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
