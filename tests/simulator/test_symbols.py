"""What is listed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.market import Market, market_of
from tapecast.simulator.symbols import LISTED, instrument, recorded


def test_common_names_are_listed() -> None:
    """A demo page's usual symbols, the venue's test symbol and a class share have prices."""
    assert {"AAPL", "NVDA", "SPY", "BRK.B", "FAKEPACA", "BTC/USD", "DOGE/USD"} <= LISTED.keys()


def test_the_listing_is_big_enough_for_a_demo() -> None:
    """There are about 150 stocks and 20 pairs or more."""
    crypto = [each for each in LISTED.values() if each.market is Market.CRYPTO]
    assert len(crypto) >= 20
    assert len(LISTED) - len(crypto) >= 150


def test_symbols_are_spelled_as_their_markets_spell_them() -> None:
    """The form of each symbol picks the endpoint that serves it."""
    assert not [each.symbol for each in LISTED.values() if market_of(each.symbol) is not each.market]


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD", "SHIB/USD"])
def test_a_price_is_exactly_its_decimal(symbol: str) -> None:
    """Ticks become the double that the decimal text means."""
    listed = LISTED[symbol]
    ticks = round(listed.level * listed.scale) + 7
    assert Decimal(str(listed.price(ticks))) == Decimal(ticks) / listed.scale


def test_a_spread_is_cents_for_the_big_names() -> None:
    """Between one and three cents, however dear the share."""
    assert {LISTED[symbol].spread for symbol in ("AAPL", "MSFT", "SPY", "META")} <= {1, 2, 3}


@pytest.mark.parametrize(("symbol", "tape"), [("JPM", "A"), ("SPY", "B"), ("AAPL", "C"), ("BTC/USD", "")])
def test_the_exchange_decides_the_tape(symbol: str, tape: str) -> None:
    """Each listing exchange reports to its own tape."""
    assert LISTED[symbol].tape == tape


def test_every_option_on_a_listed_stock_is_listed() -> None:
    """Its price follows from its underlying's, and a root has no dot."""
    call, put = instrument("AAPL270319C00200000"), instrument("AAPL270319P00200000")
    assert call is not None
    assert put is not None
    assert call.market is Market.US_OPTION
    assert (call.scale, call.size_places, call.tape) == (100, 0, "")
    # At 270 the call is worth 70 and more, the put only what may yet happen.
    assert 70 < call.level < 80
    assert 0.05 <= put.level < 5
    assert instrument("BRKB270319C00500000") is not None


@pytest.mark.parametrize(
    "symbol", ["ZZZZ270319C00200000", "AAPL271319C00200000", "AAPL270319C00000000", "BTC270319C00200000"]
)
def test_no_other_option_is(symbol: str) -> None:
    """Not of an unlisted stock, of a month that is none, or for nothing."""
    assert instrument(symbol) is None


def test_the_time_value_is_largest_at_the_money() -> None:
    """And falls to both sides."""
    strikes = (240, 255, 270, 285, 300)
    levels = [instrument(f"AAPL270319C{strike * 1000:08d}") for strike in strikes]
    values = [each.level - max(0, 270 - strike) for each, strike in zip(levels, strikes, strict=True) if each]
    assert len(values) == len(strikes)
    assert values[0] < values[1] < values[2] > values[3] > values[4]


@pytest.mark.parametrize("symbol", ["AAPL", "ZZZZ", "BTC/USD", "ZZZ/USD", "ZZZZ270319C00200000"])
def test_a_recording_may_hold_anything(symbol: str) -> None:
    """What is not listed here is known by its form."""
    assert (recorded(symbol).symbol, recorded(symbol).market) == (symbol, market_of(symbol))
