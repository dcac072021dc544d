"""All walks under one seed."""

from __future__ import annotations

from datetime import date

import pytest

from tapecast.market import Market, parse_rfc3339, rfc3339
from tapecast.simulator.hours import SECOND
from tapecast.simulator.ledger import Book, Event, Image, Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.symbols import LISTED, recorded

START = parse_rfc3339("2026-11-22T15:00:00Z")  # a Sunday
STEP = SECOND // 50
OPTION = "AAPL270319C00270000"
AAPL = LISTED["AAPL"]


def tape(market: SimulatedMarket, symbols: list[str], seconds: int = 3) -> list[Event]:
    """What happens to some symbols in the time after START."""
    times = range(START, START + seconds * SECOND, STEP)
    return [event for now in times for event in market.advance(symbols, now)]


def shown(market: SimulatedMarket, symbol: str, now: int) -> Image:
    """What REST says of a symbol that is listed."""
    image = market.image(symbol, now)
    assert image is not None
    return image


def test_a_seed_is_a_tape() -> None:
    """Same seed and times, same events; the order in which symbols are named does not matter."""
    symbols = ["AAPL", "MSFT", "BTC/USD"]
    first = tape(SimulatedMarket(seed=3), symbols)
    assert first == tape(SimulatedMarket(seed=3), symbols[::-1])
    assert first != tape(SimulatedMarket(seed=4), symbols)


def test_symbols_do_not_influence_each_other() -> None:
    """What AAPL does is the same whoever else is watched."""
    alone = tape(SimulatedMarket(), ["AAPL"])
    among = tape(SimulatedMarket(), ["AAPL", "MSFT", "ETH/USD"])
    assert alone == [event for event in among if event.instrument.symbol == "AAPL"]


def test_events_come_in_the_order_of_time() -> None:
    """Over all symbols of one call."""
    market = SimulatedMarket()
    market.advance(["AAPL", "MSFT"], START)
    times = [event.ns for event in market.advance(["AAPL", "MSFT"], START + SECOND)]
    assert times == sorted(times)
    assert len(times) > 4


def test_a_newly_watched_symbol_prints_at_once() -> None:
    """Even one that REST has just looked at."""
    market = SimulatedMarket()
    market.image("AAPL", START)
    market.advance(["MSFT"], START)
    fresh = [event for event in market.advance(["MSFT", "AAPL"], START + STEP) if isinstance(event, Print)]
    assert [event.ns for event in fresh if event.instrument.symbol == "AAPL"] == [START + STEP]


def test_an_unlisted_symbol_is_silent() -> None:
    """It has no events and no image."""
    market = SimulatedMarket()
    assert market.advance(["ZZZZ"], START) == []
    assert market.image("ZZZZ", START) is None


def test_an_image_is_never_older_than_two_seconds() -> None:
    """Nobody watches AAPL, and still REST shows a fresh trade."""
    market = SimulatedMarket()
    market.image("AAPL", START)
    image = market.image("AAPL", START + 3600 * SECOND)
    assert image is not None
    assert image.trade.ns == START + 3600 * SECOND


def test_a_look_at_a_watched_symbol_swallows_nothing() -> None:
    """The stream gets every trade that REST shows."""
    market = SimulatedMarket()
    market.advance(["AAPL"], START)
    late = START + 3 * SECOND
    before = market.image("AAPL", late)
    assert before is not None
    assert before.trade.ns == START
    assert market.advance(["AAPL"], late)


def test_a_closed_market_stands_at_its_last_close() -> None:
    """On a Sunday stocks show Friday's last trade and say nothing; crypto goes on."""
    market = SimulatedMarket(is_open=False)
    image = market.image("AAPL", START)
    assert image is not None
    assert rfc3339(image.trade.ns) == "2026-11-20T21:00:00Z"
    assert rfc3339(image.day.start_ns) == "2026-11-20T05:00:00Z"
    assert market.image("AAPL", START + 60 * SECOND) == image
    assert {event.instrument.symbol for event in tape(market, ["AAPL", "BTC/USD"])} == {"BTC/USD"}


def test_an_open_market_is_open_on_a_sunday() -> None:
    """By default the simulated market never closes."""
    assert tape(SimulatedMarket(), ["AAPL"])


def test_options_trade_with_the_stocks() -> None:
    """And stand with them; a long list of contracts is no part of the listing."""
    events = tape(SimulatedMarket(), [OPTION])
    assert {event.instrument.symbol for event in events} == {OPTION}
    trade = next(event for event in events if isinstance(event, Print))
    assert trade.conditions == ("I",)
    closed = SimulatedMarket(is_open=False)
    assert tape(closed, [OPTION]) == []
    assert rfc3339(shown(closed, OPTION, START).trade.ns) == "2026-11-20T21:00:00Z"
    assert closed.listing(Market.US_OPTION) == []
    assert "AAPL" in {each.symbol for each in closed.listing(Market.US_EQUITY)}


def test_a_holiday_is_a_closed_day() -> None:
    """Of a market that is open at any other hour; before it was the session of the day before."""
    market = SimulatedMarket(holidays=frozenset({date(2026, 11, 26)}))
    thursday = parse_rfc3339("2026-11-26T18:00:00Z")
    assert not market.in_session(thursday)
    assert market.advance(["AAPL"], thursday) == []
    assert rfc3339(shown(market, "AAPL", thursday).trade.ns) == "2026-11-25T21:00:00Z"
    assert market.in_session(thursday + 24 * 3600 * SECOND)
    assert market.advance(["AAPL"], thursday + 24 * 3600 * SECOND)


def test_a_market_can_be_closed_and_opened_again() -> None:
    """While somebody watches: it stands at its last trade, then prints at once."""
    market = SimulatedMarket()
    market.advance(["AAPL"], START)
    market.is_open = False
    assert market.advance(["AAPL"], START + SECOND) == []
    assert shown(market, "AAPL", START + SECOND).trade.ns == START
    market.is_open = True
    assert [event.ns for event in market.advance(["AAPL"], START + 2 * SECOND)] == [START + 2 * SECOND] * 2


def test_a_still_market_has_its_founding_trade_and_nothing_more() -> None:
    """A subscription prints nothing, and time passes without a word."""
    market = SimulatedMarket(still=True)
    assert tape(market, ["AAPL", "BTC/USD", OPTION]) == []
    first = shown(market, "AAPL", START)
    assert first.trade.ns == START
    assert shown(market, "AAPL", START + 3600 * SECOND) == first


def test_what_is_injected_is_the_newest() -> None:
    """REST agrees, and numbers go on."""
    market = SimulatedMarket(still=True)
    founding = shown(market, "AAPL", START).trade
    trade = market.inject(Print(AAPL, START + 1, 0, 301.5, 7, bought=True, conditions=("@", "I")))
    quote = market.inject(Book(AAPL, START + 2, 301.4, 301.6, 100, 200))
    image = shown(market, "AAPL", START + SECOND)
    assert image.trade == trade
    assert image.quote == quote
    assert image.trade.number == founding.number + 1
    assert image.day.close == 301.5


def test_a_late_print_is_not_the_newest() -> None:
    """It has a number and is counted, and REST's latest trade stays."""
    market = SimulatedMarket(still=True)
    before = shown(market, "AAPL", START)
    late = market.inject(Print(AAPL, START - SECOND, 0, 1.0, 7, bought=True))
    after = shown(market, "AAPL", START)
    assert isinstance(late, Print)
    assert late.number == before.trade.number + 1
    assert after.trade == before.trade
    assert after.day.low == 1.0


def test_what_a_walk_does_after_an_injection_comes_after_it() -> None:
    """No event is older than one that was already sent, though the pump comes by only now and then."""
    market = SimulatedMarket()
    market.advance(["AAPL"], START)
    injected = market.inject(Print(AAPL, START + SECOND // 2, 0, 500.0, 100, bought=True))
    events = market.advance(["AAPL"], START + SECOND)
    assert events
    assert min(event.ns for event in events) > injected.ns


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_walk_does_not_follow_what_is_not_the_last_trade(cancelled: bool) -> None:
    """One that was late, or was cancelled at once."""
    market = SimulatedMarket()
    market.advance(["AAPL"], START)
    stray = market.inject(Print(AAPL, START + (1 if cancelled else -1), 0, 1.0, 7, bought=True))
    assert isinstance(stray, Print)
    if cancelled:
        market.cancel("AAPL", stray.number)
    events = market.advance(["AAPL"], START + SECOND)
    assert events
    assert min(e.bid if isinstance(e, Book) else e.price for e in events) > 200


def test_an_event_of_an_unlisted_symbol_changes_nothing() -> None:
    """There is no ledger to write it into."""
    market = SimulatedMarket(still=True)
    stranger = Print(recorded("ZZZZ"), START, 0, 1.0, 1, bought=True)
    assert market.inject(stranger) == stranger
    assert market.image("ZZZZ", START) is None
