"""What is listed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.market import Market, market_of
from tapecast.simulator.symbols import LISTED


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
