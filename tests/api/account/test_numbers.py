"""Exact numbers out of Alpaca's strings."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.api import frames
from tapecast.api.account.numbers import EXACT, ORDER, number, order_with_numbers, ratio, with_numbers
from tapecast.bus.codec import Fields


@pytest.mark.parametrize(
    ("value", "exact"),
    [("150.10", "150.10"), ("-2", "-2"), ("0.000000001", "1E-9"), (3, "3"), (0.1, "0.1"), ("0", "0")],
)
def test_a_number_keeps_every_digit(value: object, exact: str) -> None:
    """As a string, or as JSON had it."""
    assert str(number(value)) == exact


@pytest.mark.parametrize(
    "value",
    [
        "",
        "n/a",
        "NaN",
        "sNaN",
        "-Infinity",
        "1e21",
        "1e-21",
        "0e-99999999",
        "1" * 33,
        None,
        True,
        [],
        {},
        1e300,
    ],
)
def test_what_is_no_money_is_no_number(value: object) -> None:
    """Nor is what no sum could hold: it would be rounded, or would fill the memory with zeros."""
    assert number(value) is None
    assert with_numbers({"qty": value}, ORDER) == {"qty": value}


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=12).filter(number), min_size=2))
def test_sums_and_products_are_never_rounded(values: list[Decimal]) -> None:
    """To 28 digits, as Python would."""
    with localcontext(EXACT):
        total = sum(values, Decimal())
        for value in values:
            total -= value
        assert total == 0
        first, second = values[:2]
        assert not first or first * second * 100 / first == second * 100


def test_a_ratio_has_ten_places() -> None:
    """As Alpaca's have."""
    with localcontext(EXACT):
        assert ratio(Decimal(1), Decimal(3)) == Decimal("0.3333333333")
        assert ratio(Decimal("1e20"), Decimal("1e-20")) == Decimal("1e40")


def test_an_order_event_has_numbers_at_every_level() -> None:
    """Its own, its order's and those of the legs; whatever has another name is passed on."""
    leg: Fields = {"id": "8", "qty": "10", "stop_price": "145.00", "filled_avg_price": None}
    event: Fields = {
        "event": "fill", "price": "179.08", "qty": "100", "position_qty": "-100", "execution_id": "77",
        "order": {"id": "7", "filled_avg_price": "179.080000001", "order_class": "oto", "legs": [leg, "x"]},
    }  # fmt: skip
    assert frames.encode(order_with_numbers(event)) == (
        b'{"event":"fill","price":179.08,"qty":100,"position_qty":-100,"execution_id":"77","order":{"id":"7",'
        b'"filled_avg_price":179.080000001,"order_class":"oto",'
        b'"legs":[{"id":"8","qty":10,"stop_price":145.00,"filled_avg_price":null},"x"]}}'
    )


def test_what_is_left_of_each_leg_of_a_multi_leg_order_is_a_number() -> None:
    """By symbol; whatever is no map of them is passed on."""
    event: Fields = {"event": "fill", "position_qtys": {"AAPL": "-1.50", "7": "2", "X": None}}
    assert frames.encode(order_with_numbers(event)["position_qtys"]) == b'{"AAPL":-1.50,"7":2,"X":null}'
    assert order_with_numbers({"position_qtys": "1"}) == {"position_qtys": "1"}


def test_legs_without_an_end_are_left_alone() -> None:
    """What a foreign program nests under our name must not end the reader."""
    event: Fields = {"qty": "1"}
    for _ in range(5000):
        event = {"qty": "1", "order": event}
    assert order_with_numbers(event)["qty"] == 1
