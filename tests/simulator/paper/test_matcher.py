"""Orders at the market: when they are filled, at what price, and in how many parts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tapecast.market import parse_rfc3339
from tapecast.simulator.paper.order import Status
from tests.simulator.paper.pit import OPTION, Pit


@pytest.mark.parametrize(("side", "price", "left"), [("buy", "271.01", "50"), ("sell", "270.99", "30")])
def test_a_market_order_takes_the_far_side(pit: Pit, side: str, price: str, left: str) -> None:
    """At once, and the event says what is held now."""
    order = pit.place(side=side)
    assert pit.events(order) == ["new", "fill"]
    assert pit.fills(order) == [(price, "10", left)]


def test_nothing_happens_before_the_market_has_seen_the_order(pit: Pit) -> None:
    """The answer to the request comes first."""
    order = pit.submit()
    assert (order.status, pit.events(order)) == (Status.PENDING_NEW, [])


def test_a_large_order_is_filled_in_parts(pit: Pit) -> None:
    """As much as is quoted, at each print and quote, else ten times a second."""
    order = pit.place(qty=350)
    assert order.status is Status.PARTIALLY_FILLED
    pit.quote("AAPL", "271", "271.02")
    pit.pass_time(0.05)
    assert len(pit.fills(order)) == 2
    pit.pass_time(0.05)
    pit.pass_time(0.1)
    assert pit.events(order) == ["new", "partial_fill", "partial_fill", "partial_fill", "fill"]
    assert pit.fills(order) == [
        ("271.01", "100", "140"),
        ("271.02", "100", "240"),
        ("271.02", "100", "340"),
        ("271.02", "50", "390"),
    ]
    # (100 * 271.01 + 250 * 271.02) / 350, to 12 digits
    assert str(order.average) == "271.017142857"


def test_a_limit_waits_until_the_market_crosses_it(pit: Pit) -> None:
    """And is filled at the market's price, or its own if that is the same."""
    order = pit.place(type="limit", limit_price="270.5")
    pit.quote("AAPL", "270.5", "270.51")
    pit.pass_time(1)
    assert pit.events(order) == ["new"]
    pit.quote("AAPL", "270.4", "270.45")
    assert pit.fills(order) == [("270.45", "10", "50")]


def test_a_print_beyond_the_quote_crosses_a_limit_too(pit: Pit) -> None:
    """The quote is from before it."""
    order = pit.place(side="sell", type="limit", limit_price="272", time_in_force="gtc")
    pit.trade("AAPL", "272.5")
    assert pit.fills(order) == [("272.5", "10", "30")]


@pytest.mark.parametrize(
    ("force", "events"), [("ioc", ["new", "partial_fill", "canceled"]), ("fok", ["new", "canceled"])]
)
def test_what_cannot_be_filled_at_once_is_canceled(pit: Pit, force: str, events: list[str]) -> None:
    """Of `ioc` the rest, of `fok` all."""
    assert pit.events(pit.place(qty=150, time_in_force=force)) == events


@pytest.mark.parametrize("force", ["ioc", "fok"])
def test_what_can_be_filled_at_once_is(pit: Pit, force: str) -> None:
    """Whole."""
    assert pit.events(pit.place(qty=100, time_in_force=force)) == ["new", "fill"]


def test_an_amount_of_money_buys_a_fraction(pit: Pit) -> None:
    """As many shares, to nine places, as it pays for at the first price that it meets."""
    order = pit.place(qty=None, notional="1000")
    assert pit.fills(order) == [("271.01", "3.689900741", "43.689900741")]
    assert order.spent <= 1000 < order.spent + Decimal("0.000001") * 272


def test_crypto_trades_at_any_hour() -> None:
    """A closed market is that of stocks and options."""
    pit = Pit(is_open=False)
    pit.quote("BTC/USD", "101000", "101010")
    order = pit.place("BTCUSD", qty="0.1", time_in_force="gtc")
    assert (order.symbol, pit.fills(order)) == ("BTC/USD", [("101010", "0.1", "0.335")])


def test_a_closed_market_lets_orders_wait(pit: Pit) -> None:
    """`accepted`, and filled when it opens."""
    pit.market.is_open = False
    order = pit.place()
    pit.pass_time(60)
    assert (order.status, pit.events(order)) == (Status.ACCEPTED, ["accepted"])
    pit.market.is_open = True
    pit.pass_time()
    assert pit.events(order) == ["accepted", "new", "fill"]


def test_an_order_that_waited_is_rejected_if_the_money_is_gone(pit: Pit) -> None:
    """The account has changed since it was accepted."""
    pit.market.is_open = False
    order = pit.submit(qty=200)
    pit.account.portfolio.cash = Decimal(-60_000)
    pit.market.is_open = True
    pit.pass_time()
    assert pit.events(order) == ["accepted", "rejected"]
    assert order.failed_ns == pit.now


def test_a_day_order_expires_at_the_close(pit: Pit) -> None:
    """At four in New York, not before; what is good till cancelled stays."""
    day = pit.place(type="limit", limit_price="250")
    standing = pit.place(type="limit", limit_price="250", time_in_force="gtc")
    close = parse_rfc3339("2026-11-20T21:00:00Z")
    pit.pass_time((close - pit.now) / 1e9 - 1)
    assert day.status is Status.NEW
    pit.pass_time(1)
    assert (pit.events(day), day.expired_ns) == (["new", "expired"], pit.now)
    assert standing.status is Status.NEW


def test_a_day_order_of_a_holiday_is_for_the_next_session() -> None:
    """It expires at that one's close."""
    pit = Pit(holidays=frozenset({date(2026, 11, 20)}))
    order = pit.submit()
    assert order.status is Status.ACCEPTED
    assert order.expires_ns == parse_rfc3339("2026-11-23T21:00:00Z")


def test_a_contract_is_a_hundred_shares(pit: Pit) -> None:
    """Cash falls by a hundred times the price."""
    cash = pit.account.portfolio.cash
    pit.quote(OPTION, "8.1", "8.2")
    order = pit.place(OPTION, qty=2)
    assert pit.fills(order) == [("8.2", "2", "2")]
    assert cash - pit.account.portfolio.cash == 1640


def test_a_market_without_a_quote_trades_at_its_last_price() -> None:
    """As much as anybody wants."""
    pit = Pit()
    pit.quote("AAPL", "0", "0")
    pit.trade("AAPL", "271.5")
    order = pit.place(qty=150)
    assert pit.fills(order) == [("271.5", "150", "190")]
