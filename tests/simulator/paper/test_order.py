"""One order's own figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.simulator.paper.order import LIVE, OPEN, WAITING, Force, Kind, Order, Side, Status
from tapecast.simulator.symbols import LISTED

D = Decimal


def order(**fields: Decimal | Status | None) -> Order:
    """A purchase."""
    made = Order(LISTED["AAPL"], Side.BUY, Kind.MARKET, Force.DAY)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_an_amount_of_money_is_a_quantity_once_it_has_a_price() -> None:
    """Cut to nine places, and kept: a second fill at another price does not change it."""
    made = order(notional=D(100))
    assert made.total(D(300)) == D("0.333333333")
    made.bought = D("0.333333333")
    assert made.total(D(150)) == D("0.333333333")


def test_what_is_left() -> None:
    """The quantity without what was filled."""
    assert order(qty=D(10), filled=D(3)).left(D(1)) == 7


def test_the_average_is_of_what_was_filled() -> None:
    """None before the first fill."""
    assert order().average is None
    assert order(filled=D(3), spent=D(100)).average == D("33.3333333333")


@pytest.mark.parametrize(
    ("fields", "reserve", "taken"),
    [
        ({"qty": D(10), "filled": D(4), "reserved": D(5)}, D(30), D(6)),
        ({"qty": D(10), "reserved": D(0)}, D(0), D(10)),
        ({"qty": D(10), "reserved": D(5), "status": Status.HELD}, D(0), D(0)),
        ({"notional": D(100), "expected": D(4), "reserved": D(5)}, D(100), D(4)),
        (
            {
                "notional": D(100),
                "spent": D(30),
                "reserved": D(5),
                "bought": D(3),
                "expected": D(4),
                "filled": D(1),
            },
            D(70),
            D(2),
        ),
    ],
)
def test_what_it_keeps_busy(
    fields: dict[str, Decimal | Status | None], reserve: Decimal, taken: Decimal
) -> None:
    """Money and shares, as long as it may be filled; a held order's rival keeps them busy for both."""
    made = order(**fields)
    assert (made.reserve, made.taken) == (reserve, taken)


def test_every_status_is_open_or_over() -> None:
    """And what is open waits, is live, or is held."""
    assert set(OPEN) == WAITING | LIVE | {Status.HELD}
    over = set(Status) - OPEN
    assert over == {Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REPLACED, Status.REJECTED}
    assert (Side.BUY.other, Side.SELL.other, Side.SELL.sign) == (Side.SELL, Side.BUY, -1)
