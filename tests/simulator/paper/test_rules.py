"""What of an order the venue takes."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import OPTION, Pit

PROFIT = {"take_profit": {"limit_price": "300"}}
LOSS = {"stop_loss": {"stop_price": "250"}}
BTC = {"symbol": "BTC/USD", "qty": "0.1", "time_in_force": "gtc"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"symbol": "ZZZZ"}, 'asset "ZZZZ" not found'),
        ({"qty": None}, "qty or notional is required"),
        ({"notional": 5}, "only one of qty or notional is accepted"),
        ({"qty": 0}, "qty must be above 0 and at most 1000000"),
        ({"qty": -1}, "qty must be above 0 and at most 1000000"),
        ({"qty": "NaN"}, "qty must be above 0 and at most 1000000"),
        ({"qty": "1e400"}, "qty must be above 0 and at most 1000000"),
        ({"qty": "1e-10"}, "qty must be limited to 9 decimal places"),
        ({"qty": "1.5", "time_in_force": "gtc"}, "fractional orders must be DAY orders"),
        ({"qty": None, "notional": "0.5"}, "cost basis must be >= minimal amount of order 1"),
        ({"qty": None, "notional": 5, "time_in_force": "gtc"}, "notional orders must be DAY orders"),
        (
            {"qty": None, "notional": 5, "type": "stop", "stop_price": 300},
            "notional is only for market and limit",
        ),
        ({"type": "limit"}, "limit orders require limit price"),
        ({"type": "stop_limit", "limit_price": 300}, "stop_limit orders require stop price"),
        ({"limit_price": 300}, "market orders must not have limit price"),
        ({"type": "limit", "limit_price": "270.005"}, "invalid limit_price 270.005. sub-penny"),
        ({"type": "trailing_stop"}, "trailing_stop orders, and no others"),
        (
            {"type": "trailing_stop", "trail_price": 1, "trail_percent": 1},
            "trailing_stop orders, and no others",
        ),
        ({"trail_price": 1}, "trailing_stop orders, and no others"),
        ({"type": "trailing_stop", "trail_percent": 100}, "trail percent must be below 100"),
        ({"time_in_force": "opg"}, "request body format is invalid"),
        ({"type": "fancy"}, "request body format is invalid"),
        ({"extended_hours": True}, "extended hours order must be DAY limit orders"),
        ({"client_order_id": "x" * 129}, "client_order_id must be no more than 128 characters"),
        (BTC | {"time_in_force": "day"}, "invalid crypto time_in_force"),
        (BTC | {"type": "stop", "stop_price": 1}, "invalid order type for crypto order"),
        (
            BTC | {"order_class": "bracket", **PROFIT, **LOSS},
            "crypto orders not allowed for advanced order_class",
        ),
        ({"symbol": OPTION, "time_in_force": "gtc", "qty": 1}, "invalid us_option time_in_force"),
        ({"symbol": OPTION, "qty": "1.5"}, "qty must be an integer for option orders"),
        ({"order_class": "fancy"}, "invalid order_class"),
        ({"order_class": "bracket", **LOSS}, "bracket orders require take_profit.limit_price and stop_loss"),
        ({"order_class": "oto"}, "oto orders require either take_profit or stop_loss"),
        ({"order_class": "oto", **PROFIT, **LOSS}, "oto orders require either take_profit or stop_loss"),
        ({"order_class": "oco", **PROFIT, **LOSS}, "oco orders must be limit orders"),
        (
            {"order_class": "bracket", "qty": "1.5", **PROFIT, **LOSS},
            "fractional orders must be simple orders",
        ),
        ({"order_class": "bracket", "time_in_force": "ioc", **PROFIT, **LOSS}, "must be DAY or GTC"),
        (
            {"order_class": "bracket", "side": "sell", **PROFIT, **LOSS},
            "take_profit.limit_price must be below",
        ),
        (
            {"order_class": "bracket", "type": "trailing_stop", "trail_price": 1, **PROFIT, **LOSS},
            "trailing_stop orders not allowed for order_class: bracket",
        ),
        (
            {"order_class": "bracket", "take_profit": {"limit_price": "300.001"}, **LOSS},
            "invalid take_profit.limit_price",
        ),
    ],
)
def test_what_it_does_not_take_is_named(pit: Pit, words: dict[str, Any], message: str) -> None:
    """422, in Alpaca's words or near them; nothing is placed."""
    with pytest.raises(Refusal) as caught:
        pit.submit(**words)
    assert caught.value.status == 422
    assert message in caught.value.body["message"]
    assert not list(pit.account.orders)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "order parameters are not changed"),
        ({"stop_price": 280}, "limit orders must not have stop price"),
        ({"trail": 1}, "limit orders must not have trail"),
        ({"qty": 0}, "qty must be above 0"),
        ({"limit_price": "250.001"}, "sub-penny"),
        ({"client_order_id": ""}, "client_order_id"),
    ],
)
def test_a_change_must_fit_its_order(pit: Pit, words: dict[str, Any], message: str) -> None:
    """422, and the order stands."""
    order = pit.place(type="limit", limit_price="250")
    with pytest.raises(Refusal, match=message):
        pit.replace(order, **words)
    assert order.is_open


def test_a_cheap_share_has_finer_prices(pit: Pit) -> None:
    """Below a dollar, hundredths of a cent."""
    assert pit.submit(type="limit", limit_price="0.1234").is_open


def test_coins_have_prices_as_small_as_theirs(pit: Pit) -> None:
    """Ten places."""
    words = {"type": "limit", "limit_price": "0.0000051234", "time_in_force": "gtc"}
    assert pit.submit("PEPE/USD", qty=1000, **words).is_open


def test_a_change_of_force_must_be_one_of_the_market(pit: Pit) -> None:
    """Coins know no day."""
    order = pit.place("BTC/USD", qty="0.1", type="limit", limit_price="90000", time_in_force="gtc")
    with pytest.raises(Refusal, match="invalid crypto time_in_force"):
        pit.replace(order, time_in_force="day")
