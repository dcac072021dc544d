"""A tape as the simulator's market."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapecast.errors import SettingsError
from tapecast.market import Market
from tapecast.recording import scan
from tapecast.simulator import wire
from tapecast.simulator.codec import JSON, MSGPACK, Encoded
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.ledger import Book, Event, Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.playback import AT_ONCE, Playback, open_market
from tests.tapes import (
    REAL_LAST,
    REAL_QUOTES,
    REAL_TRADES,
    SECOND,
    START,
    quote,
    real_tape,
    trade,
    written,
)

NOW = 1_795_000_000 * SECOND


def playback(folder: Path, *lines: str, speed: float = 1.0) -> Playback:
    """A tape that nobody has subscribed to yet."""
    return Playback(scan(written(folder, *lines)), speed)


def prices(events: list[Event]) -> list[float]:
    """Of the trades."""
    return [event.price for event in events if isinstance(event, Print)]


def test_it_starts_with_the_first_subscription_to_one_of_its_symbols(tmp_path: Path) -> None:
    """Then each line comes at its time after that, with the time of the tape."""
    market = playback(tmp_path, trade("AAPL", 0, 1), trade("AAPL", 1, 2), trade("AAPL", 2, 3))
    assert market.advance([], NOW) == []
    assert market.advance(["MSFT"], NOW + 60 * SECOND) == []
    begun = NOW + 100 * SECOND
    first = market.advance(["AAPL"], begun)
    assert [(event.ns, price) for event, price in zip(first, prices(first), strict=True)] == [(START, 1)]
    assert market.advance(["AAPL"], begun + SECOND - 1) == []
    assert prices(market.advance(["AAPL"], begun + 2 * SECOND)) == [2, 3]
    assert market.advance(["AAPL"], begun + 3600 * SECOND) == []


def test_speed_is_how_many_times_faster(tmp_path: Path) -> None:
    """Fifty seconds of tape in one, or half of one."""
    lines = trade("AAPL", 0, 1), trade("AAPL", 50, 2)
    fast, slow = playback(tmp_path, *lines, speed=50), playback(tmp_path, *lines, speed=0.5)
    for market, passed in ((fast, SECOND), (slow, 100 * SECOND)):
        market.advance(["AAPL"], NOW)
        assert market.advance(["AAPL"], NOW + passed - SECOND // 100) == []
        assert prices(market.advance(["AAPL"], NOW + passed)) == [2]


def test_rest_knows_what_has_been_played(tmp_path: Path) -> None:
    """Nothing before, then trade, quote and bars, of symbols that nobody is subscribed to as well."""
    market = playback(
        tmp_path,
        trade("AAPL", 0, 10), trade("MSFT", 1, 20), quote("MSFT", 1, 19, 21), trade("MSFT", 2, 22),
    )  # fmt: skip
    assert market.image("MSFT", NOW) is None
    market.advance(["AAPL"], NOW)
    assert market.image("MSFT", NOW) is None
    assert market.advance(["AAPL"], NOW + SECOND) == []
    image = market.image("MSFT", NOW + SECOND)
    assert image is not None
    assert image.quote is not None
    assert (image.trade.price, image.quote.bid, image.day.high) == (20, 19, 20)
    assert image.previous is None
    market.advance([], NOW + 9 * SECOND)
    last = market.image("MSFT", NOW + 9 * SECOND)
    assert last is not None
    assert (last.trade.price, last.day.open, last.day.close, last.day.volume) == (22, 20, 22, 2)
    assert market.image("ZZZZ", NOW) is None


def test_only_the_tapes_symbols_are_listed(tmp_path: Path) -> None:
    """Those of the simulator too, if they are on it."""
    market = playback(tmp_path, trade("ZZZZ", 0, 1), trade("AAPL", 0, 1), trade("BTC/USD", 0, 1))
    assert [each.symbol for each in market.listing(Market.US_EQUITY)] == ["ZZZZ", "AAPL"]
    assert market.instrument("MSFT") is None


def test_a_trade_keeps_what_was_recorded_of_it(tmp_path: Path) -> None:
    """Id, exchange, conditions, and who took; what was not recorded is given."""
    market = playback(
        tmp_path,
        trade("AAPL", 0, 1, i=77, x="D", c=["@", "I"]), trade("AAPL", 0, 2), trade("BTC/USD", 0, 3, tks="S"),
        trade("AAPL240315C00172500", 0, 4, c="S", x="N"),
    )  # fmt: skip
    events = market.advance(market._instruments, NOW)
    sent = [json.loads(Encoded(event).spelled(JSON)) for event in events]
    assert [each.get("i") for each in sent] == [77, 78, 1, None]
    assert [each.get("c") for each in sent] == [["@", "I"], [], None, "S"]
    assert (sent[0]["x"], sent[2]["tks"], sent[3]["x"]) == ("D", "S", "N")
    assert {each["t"] for each in sent} == {"2021-01-08T15:00:00Z"}


def test_a_stock_quote_comes_out_as_it_was_recorded(tmp_path: Path) -> None:
    """Its sizes are round lots on the tape and on the wire; a side that is not there is zero."""
    market = playback(tmp_path, trade("AAPL", 0, 1), quote("AAPL", 0, 0, 21))
    _, book = market.advance(["AAPL"], NOW)
    assert isinstance(book, Book)
    assert book.bid_size == 200
    told = wire.quote(book)
    assert (told["bp"], told["bs"], told["ap"], told["as"]) == (0, 2, 21, 3)


def test_lines_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    """The others around them are played."""
    odd = [
        "garbage", "[]", '{"T":"t","S":["AAPL"]}', '{"T":"t","S":"AAPL","p":-1}', '{"T":"b","S":"AAPL"}',
        '{"T":"q","S":"AAPL","bp":"x","t":"2021-01-08T15:00:00Z"}', '{"T":"q","S":"AAPL","bp":1}',
    ]  # fmt: skip
    market = playback(tmp_path, trade("AAPL", 0, 1), *odd, trade("AAPL", 0, 2))
    assert prices(market.advance(["AAPL"], NOW)) == [1, 2]
    assert market.ledgers["AAPL"].quote is None


@pytest.mark.parametrize(
    "line",
    [
        trade("AAPL", 0, 10**30), trade("AAPL", 0, 3, s=10**30),
        quote("AAPL", 0, 10**30, 2), quote("AAPL", 0, 1, 2).replace('"bs": 2', '"bs": 1e308'),
        *(
            f'{{"T":"q","S":"AAPL","bp":1,"ap":2,"bs":1,"as":1,"t":{t}}}'
            for t in (-1, 0, 10**30, 9_900_000_000_000_000_000)
        ),
    ],
)  # fmt: skip
def test_what_the_wire_could_not_carry_is_left_out(tmp_path: Path, line: str) -> None:
    """Else the pump would end with it, and the whole simulator."""
    market = playback(tmp_path, trade("AAPL", 0, 1), line, trade("AAPL", 0, 2))
    events = market.advance(["AAPL"], NOW)
    assert prices(events) == [1, 2]
    assert len(events) == 2


def test_an_id_that_is_too_large_is_none(tmp_path: Path) -> None:
    """The trade is given the next one, and both codecs can spell it."""
    market = playback(tmp_path, trade("AAPL", 0, 1, i=7), trade("AAPL", 0, 2, i=10**30))
    event = market.advance(["AAPL"], NOW)[1]
    assert isinstance(event, Print)
    assert event.number == 8
    assert Encoded(event).spelled(MSGPACK)


def test_a_tape_that_is_behind_catches_up_in_steps(tmp_path: Path) -> None:
    """No call plays more than it can without holding the loop up."""
    market = playback(tmp_path, *(trade("AAPL", 0, 1) for _ in range(AT_ONCE + 5)))
    assert [len(market.advance(["AAPL"], NOW)) for _ in range(3)] == [AT_ONCE, 5, 0]


def test_what_is_injected_is_the_newest(tmp_path: Path) -> None:
    """Beside the tape."""
    market = playback(tmp_path, trade("AAPL", 0, 1, i=5))
    market.advance(["AAPL"], NOW)
    listed = market.instrument("AAPL")
    assert listed is not None
    event = market.inject(Print(listed, NOW, 0, 9.0, 1, bought=True))
    image = market.image("AAPL", NOW)
    assert image is not None
    assert image.trade == event
    assert image.trade.number == 6


def test_the_recorded_tape_is_played_to_its_last_price() -> None:
    """Every print and quote, in order, at fifty times its pace."""
    market = Playback(scan(real_tape()), 50)
    events = [e for step in range(120) for e in market.advance(["BTC/USD"], NOW + step * SECOND // 100)]
    assert len(prices(events)) == REAL_TRADES
    assert len(events) == REAL_TRADES + REAL_QUOTES
    times = [event.ns for event in events]
    assert times == sorted(times)
    image = market.image("BTC/USD", NOW)
    assert image is not None
    assert image.trade.price == prices(events)[-1] == REAL_LAST
    assert image.day.volume == pytest.approx(sum(e.size for e in events if isinstance(e, Print)))


def test_the_configuration_decides_which_market_it_is(tmp_path: Path) -> None:
    """A tape, or walks; a tape that cannot be played is named."""
    path = written(tmp_path, trade("ZZZZ", 0, 1))
    played = open_market(SimulatorConfig(tape=path, speed=5, market_open=False))
    assert isinstance(played, Playback)
    assert not played.in_session(NOW)
    still = open_market(SimulatorConfig(still=True))
    assert isinstance(still, SimulatedMarket)
    assert still.advance(["AAPL"], NOW) == []
    with pytest.raises(SettingsError, match="none"):
        open_market(SimulatorConfig(tape=tmp_path / "none.jsonl"))
