"""What one position adds to the totals."""

from __future__ import annotations

from decimal import Decimal

from tapecast.api.account.amounts import Amounts, add, amounts
from tapecast.api.account.repricing import repriced
from tests.api.account.support import LONG, SHORT, numbers


def test_a_long_position_gains_with_its_price() -> None:
    """Against the value that Alpaca had."""
    base = numbers(LONG)
    assert amounts(base, repriced(base, Decimal(161))) == {
        "market_value": Decimal(1610), "unrealized_pl": Decimal(109), "unrealized_intraday_pl": Decimal(60),
        "cost": Decimal(1501), "long": Decimal(10),
    }  # fmt: skip


def test_a_short_position_is_worth_less_than_nothing() -> None:
    """Whichever way its value is written."""
    told = [SHORT, SHORT | {"qty": "2", "cost_basis": "400", "market_value": "380"}]
    for base in map(numbers, told):
        found = amounts(base, repriced(base, Decimal(180)))
        assert (found["market_value"], found["short"], found["cost"]) == (
            Decimal(-360),
            Decimal(20),
            Decimal(400),
        )
        assert "long" not in found


def test_what_is_not_known_is_not_there() -> None:
    """A profit that is not known has no cost to be compared with."""
    base = numbers(LONG | {"market_value": None, "unrealized_pl": "n/a"})
    assert amounts(base, base) == {"unrealized_intraday_pl": Decimal(50)}
    assert "long" not in amounts(base, repriced(base, Decimal(161)))


def test_sums_grow_by_name() -> None:
    """One that only some have is theirs."""
    sums: Amounts = {}
    add(sums, {"cost": Decimal(1)})
    add(sums, {"cost": Decimal(2), "long": Decimal("0.10")})
    assert sums == {"cost": Decimal(3), "long": Decimal("0.10")}
