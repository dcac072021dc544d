"""Which orders are shown."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.market import rfc3339
from tapecast.simulator.paper.query import OrderQuery, is_true
from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import Pit


@pytest.fixture
def busy(pit: Pit) -> Pit:
    """One with a filled, an open, a cancelled order, and one of a pair, in this order."""
    pit.place(client_order_id="filled")
    pit.now += 1_000_000
    pit.place(client_order_id="open", type="limit", limit_price="250")
    pit.now += 1_000_000
    pit.cancel(pit.place(client_order_id="canceled", side="sell", type="limit", limit_price="300"))
    pit.now += 1_000_000
    pit.place(
        "BTC/USD", client_order_id="pair", qty="0.1", type="limit", limit_price="90000", time_in_force="gtc"
    )
    return pit


def names(pit: Pit, **words: str) -> list[str]:
    """The orders of an answer."""
    return [each["client_order_id"] for each in OrderQuery.of(words).answer(pit.account.orders)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, ["pair", "open"]),
        ({"status": "all"}, ["pair", "canceled", "open", "filled"]),
        ({"status": "closed"}, ["canceled", "filled"]),
        ({"status": "all", "direction": "asc"}, ["filled", "open", "canceled", "pair"]),
        ({"status": "all", "limit": "2"}, ["pair", "canceled"]),
        ({"status": "all", "side": "sell"}, ["canceled"]),
        ({"status": "all", "symbols": "AAPL"}, ["canceled", "open", "filled"]),
        ({"symbols": "BTCUSD,MSFT"}, ["pair"]),
        ({"symbols": "BTC/USD"}, ["pair"]),
    ],
)
def test_a_choice_of_orders(busy: Pit, words: dict[str, str], expected: list[str]) -> None:
    """Newest first, and only open ones, unless it is said otherwise."""
    assert names(busy, **words) == expected


def test_orders_of_a_time(busy: Pit) -> None:
    """After one moment, until another, to the nanosecond."""
    orders = list(busy.account.orders)
    first, third = (rfc3339(orders[at].created_ns) for at in (0, 2))
    assert names(busy, status="all", after=first, until=third) == ["canceled", "open"]
    assert names(busy, status="all", after=first.replace("Z", "+00:00").replace("+", " ")) == [
        "pair",
        "canceled",
        "open",
    ]
    assert names(busy, status="all", until="2026-11-20T15:30:00") == []


@pytest.mark.parametrize(
    "words",
    [
        {"status": "new"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "x"},
        {"side": "up"},
        {"after": "noon"},
        {"direction": "up"},
    ],
)
def test_bad_words_are_named(words: dict[str, str]) -> None:
    """422."""
    (name,) = words
    with pytest.raises(Refusal, match=f"invalid {name}"):
        OrderQuery.of(words)


def test_legs_are_shown_in_their_order_or_beside_it(pit: Pit) -> None:
    """As it is asked for; a leg whose order is not shown stands alone."""
    exits: dict[str, Any] = {"take_profit": {"limit_price": "275"}, "stop_loss": {"stop_price": "265"}}
    entry = pit.place(order_class="bracket", **exits)
    flat = OrderQuery.of({"status": "all"}).answer(pit.account.orders)
    (nested,) = OrderQuery.of({"status": "all", "nested": "true"}).answer(pit.account.orders)
    alone = OrderQuery.of({"nested": "true"}).answer(pit.account.orders)
    assert [(each["type"], each["legs"]) for each in flat] == [
        ("stop", None),
        ("limit", None),
        ("market", None),
    ]
    assert [each["type"] for each in nested["legs"]] == ["limit", "stop"]
    assert {each["id"] for each in alone} == {leg.id for leg in entry.legs}


def test_switches() -> None:
    """True in any case."""
    assert (is_true("True"), is_true("1"), is_true("false"), is_true(None)) == (True, True, False, False)
