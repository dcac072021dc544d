"""Exact arithmetic, and numbers as text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.simulator import symbols
from tapecast.simulator.paper import money

D = Decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("-0.000000001", "-0.000000001"), ("0.00", "0")],
)
def test_numbers_are_plain(value: str, text: str) -> None:
    """No exponent, no trailing zero."""
    assert money.text(D(value)) == text


@pytest.mark.parametrize(
    ("part", "whole", "told"), [("5", "-20", "0.25"), ("-5", "-20", "-0.25"), ("1", "0", "0")]
)
def test_a_change_is_by_the_size_of_the_whole(part: str, whole: str, told: str) -> None:
    """So that a short that gains has a gain; of nothing there is none."""
    assert money.fraction(D(part), D(whole)) == told


def test_an_average_times_a_quantity_is_exact() -> None:
    """Within the digits of a decimal, so that a client who multiplies gets the same."""
    average = money.average(D("123456.789012345"), D("0.0000097"), D("1"), D("271.33"))
    product = average * D("123456.789012345")
    assert product / D("123456.789012345") == average
    assert len(product.as_tuple().digits) <= 28


def test_a_contract_is_a_hundred_shares() -> None:
    """Everything else is one."""
    option, stock = symbols.instrument("AAPL270319C00270000"), symbols.instrument("AAPL")
    assert option is not None
    assert stock is not None
    assert (money.multiplier(option), money.multiplier(stock)) == (100, 1)
