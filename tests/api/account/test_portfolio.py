"""The totals: Alpaca's figures, moved by what the positions have gained since."""

from __future__ import annotations

from decimal import Decimal

from tapecast.api import frames
from tapecast.api.account.holding import Holding, Sight
from tapecast.api.account.portfolio import portfolio
from tapecast.bus.codec import Fields, SymbolStatus
from tapecast.market import SymbolState
from tests.api.account.support import AS_OF, FIGURES, LONG, OPTION, SHORT, numbers


def held(position: Fields, price: str | None = None, state: SymbolState = SymbolState.LIVE) -> Holding:
    """The position at this price, or at Alpaca's own."""
    status = SymbolStatus(str(position["symbol"]), state)
    return Holding(numbers(position), Sight(status, Decimal(price) if price else None), AS_OF)


def test_at_alpacas_own_prices_it_is_alpacas_own() -> None:
    """Nothing is moved."""
    totals = portfolio(FIGURES, [held(LONG), held(SHORT)])
    assert (totals["equity"], totals["cash"]) == (Decimal("10000.00"), Decimal("8780.00"))
    assert (totals["day_pl"], totals["day_plpc"]) == (Decimal(100), Decimal("0.0101010101"))
    assert (totals["unrealized_pl"], totals["unrealized_intraday_pl"]) == (Decimal(119), Decimal(40))
    assert totals["unrealized_plpc"] == Decimal("0.0625986323"), "of what both have cost"
    assert (totals["count"], totals["stale"], totals["currency"]) == (2, [], "USD")


def test_every_price_moves_it() -> None:
    """A short that falls is a gain; longs and shorts are told apart; what is no position's stays."""
    account = FIGURES | {"position_market_value": "1980.00"}
    totals = portfolio(account, [held(LONG, "161.00"), held(SHORT, "180"), held(OPTION, "5.00")])
    assert totals["equity"] == Decimal("10000.00") + 10 + 20 - 20
    assert totals["day_pl"] == Decimal(110)
    assert (totals["long_market_value"], totals["short_market_value"]) == (Decimal(1590), Decimal(-360))
    assert totals["position_market_value"] == Decimal(1950)
    assert totals["buying_power"] == Decimal("17000.00")


def test_what_cannot_be_multiplied_moves_nothing_and_is_told() -> None:
    """The totals are as good as Alpaca's last word on it, and say so."""
    adjusted = OPTION | {"market_value": "780"}
    totals = portfolio(FIGURES, [held(LONG, "161.00"), held(adjusted, "9.00")])
    assert totals["equity"] == Decimal("10010.00")
    assert totals["by_asset_class"]["us_option"]["market_value"] == Decimal(780)  # type: ignore[index]
    assert totals["stale"] == [SymbolStatus(str(OPTION["symbol"]), SymbolState.STALE, "multiplier_unknown")]


def test_each_class_has_its_own_sums() -> None:
    """As JSON numbers, with every digit."""
    totals = portfolio(FIGURES, [held(LONG, "161.25"), held(SHORT), held(OPTION, "5.30")])
    assert frames.encode(totals["by_asset_class"]) == (
        b'{"us_equity":{"count":2,"market_value":1232.50,"unrealized_pl":131.50,"unrealized_intraday_pl":52.50},'
        b'"us_option":{"count":1,"market_value":530.00,"unrealized_pl":30.00,"unrealized_intraday_pl":15.00}}'
    )


def test_what_is_not_known_is_left_out() -> None:
    """It is not zero, and does not spoil what is known."""
    blank = LONG | {"symbol": "XYZ", "market_value": None, "unrealized_pl": None, "asset_class": "ipo"}
    totals = portfolio({"cash": None, "sma": "n/a"}, [held(blank)])
    assert not {"cash", "equity", "day_pl", "unrealized_pl", "unrealized_plpc"} & totals.keys()
    assert totals["by_asset_class"] == {"ipo": {"count": 1, "unrealized_intraday_pl": Decimal(50)}}
    assert totals["unpriced"] == ["XYZ"]
    both = portfolio(FIGURES, [held(blank), held(LONG, "161")])
    assert (both["equity"], both["unrealized_pl"]) == (Decimal(10010), Decimal(109))
    assert portfolio(FIGURES | {"last_equity": "0"}, []).keys() & {"day_pl", "day_plpc"} == {"day_pl"}


def test_a_price_where_alpaca_had_none_moves_no_equity() -> None:
    """Its value at the last read is in Alpaca's equity or not, and nobody says which."""
    blank = LONG | {"market_value": None, "unrealized_pl": None}
    totals = portfolio(FIGURES, [held(blank, "161")])
    assert (totals["equity"], totals["unrealized_pl"]) == (Decimal(10000), Decimal(109))
    assert "unpriced" not in totals


def test_an_account_without_positions_has_gained_nothing() -> None:
    """Their sum is known, and is nothing."""
    totals = portfolio(FIGURES, [])
    assert (totals["count"], totals["unrealized_pl"], totals["by_asset_class"]) == (0, 0, {})
    assert "unrealized_plpc" not in totals


def test_what_is_not_current_is_named() -> None:
    """With its state: the totals are no better than their worst."""
    positions = [held(LONG, "161", SymbolState.CLOSED), held(SHORT, None, SymbolState.STALE)]
    assert portfolio(FIGURES, positions)["stale"] == [SymbolStatus("TSLA", SymbolState.STALE)]


def test_only_figures_are_passed_on() -> None:
    """No id; and not the field whose price would be that of the last read."""
    totals = portfolio(FIGURES | {"portfolio_value": "10000.00", "admin_configurations": {}}, [])
    assert not {"id", "portfolio_value", "admin_configurations"} & totals.keys()
