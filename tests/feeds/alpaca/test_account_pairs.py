"""BTCUSD is BTC/USD, and nothing else becomes a pair."""

from __future__ import annotations

import pytest

from tapecast.feeds.alpaca.account_pairs import Fields, Pairs


@pytest.fixture
def pairs() -> Pairs:
    """What the venue's list says, with entries that are none."""
    pairs = Pairs()
    pairs.learn(["BTC/USD", "USDT/USD", "BTC/USDT", "ODD/XYZ", None, 7, "AAPL"])
    return pairs


@pytest.mark.parametrize(
    ("symbol", "asset_class", "spelled"),
    [
        ("BTCUSD", "crypto", "BTC/USD"),
        ("BTC/USD", "crypto", "BTC/USD"),
        ("USDTUSD", "crypto", "USDT/USD"),
        ("BTCUSDT", "crypto", "BTC/USDT"),
        ("ODDXYZ", "crypto", "ODD/XYZ"),
        # Not on the list: cut where a known quote currency begins, the longer one first.
        ("DOGEUSDC", "crypto", "DOGE/USDC"),
        ("ETHBTC", "crypto", "ETH/BTC"),
        ("USD", "crypto", "USD"),
        ("NEWXYZ", "crypto", "NEWXYZ"),
        # Of another class, or of none that is told.
        ("BTCUSD", "us_equity", "BTCUSD"),
        ("BTCUSD", None, "BTC/USD"),
        ("XUSD", None, "XUSD"),
        ("AAPL240315C00172500", "us_option", "AAPL240315C00172500"),
    ],
)
def test_a_symbol_is_spelled_as_on_the_feed(
    pairs: Pairs, symbol: str, asset_class: object, spelled: str
) -> None:
    """By the list, and by guess where it says nothing."""
    assert pairs.spell(symbol, asset_class) == spelled


def test_without_a_list_pairs_are_guessed() -> None:
    """Until it has been read."""
    pairs = Pairs()
    assert not pairs.knows("BTCUSD")
    assert pairs.spell("BTCUSD", "crypto") == "BTC/USD"
    pairs.learn(["BTC/USD"])
    assert pairs.knows("BTCUSD")
    assert pairs.knows("BTC/USD")
    assert not pairs.knows(None)


def test_legs_are_spelled_with_their_order(pairs: Pairs) -> None:
    """What is no symbol, no leg or no list stays."""
    order: Fields = {
        "symbol": "BTCUSD",
        "asset_class": "crypto",
        "legs": [
            {"symbol": "BTCUSD"},
            {"symbol": "AAPL", "asset_class": "us_equity"},
            {"symbol": None},
            "leg",
        ],
    }
    pairs.translate(order)
    assert order["symbol"] == "BTC/USD"
    assert order["legs"] == [
        {"symbol": "BTC/USD"}, {"symbol": "AAPL", "asset_class": "us_equity"}, {"symbol": None}, "leg",
    ]  # fmt: skip
    odds: list[Fields] = [{}, {"symbol": 7, "legs": 7}, {"symbol": None, "asset_class": 7, "legs": None}]
    for odd in odds:
        known = dict(odd)
        pairs.translate(odd)
        assert odd == known
