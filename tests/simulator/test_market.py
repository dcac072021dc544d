"""All walks under one seed."""

from __future__ import annotations

from tapecast.market import parse_rfc3339, rfc3339
from tapecast.simulator.hours import SECOND
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.walk import Event, Print

START = parse_rfc3339("2026-11-22T15:00:00Z")  # a Sunday
STEP = SECOND // 50


def tape(market: SimulatedMarket, symbols: list[str], seconds: int = 3) -> list[Event]:
    """What happens to some symbols in the time after START."""
    times = range(START, START + seconds * SECOND, STEP)
    return [event for now in times for event in market.advance(symbols, now)]


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
