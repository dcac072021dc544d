"""What one position adds to the totals: computed when its price changes, so that only a sum is left to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.api.account.repricing import is_short, worth
from tapecast.bus.codec import Fields

PROFITS: Final = ("unrealized_pl", "unrealized_intraday_pl")

Amounts = dict[str, Decimal]
"""By name. What is not known is not there: a sum of none is not known either, and never zero."""


def amounts(base: Fields, fields: Fields) -> Amounts:
    """Of a position as Alpaca gave it, and as it is shown. Called within EXACT.

    `long` or `short` is what it has gained since Alpaca was asked; `cost` is that of the profit beside it.
    """
    found: Amounts = {name: amount for name in PROFITS if isinstance(amount := fields.get(name), Decimal)}
    value, then = worth(fields), worth(base)
    if value is not None:
        found["market_value"] = value
        if then is not None:
            found["short" if is_short(base) else "long"] = value - then
    cost = fields.get("cost_basis")
    if isinstance(cost, Decimal) and "unrealized_pl" in found:
        found["cost"] = abs(cost)
    return found


def add(sums: Amounts, more: Amounts) -> None:
    """Add these to those."""
    for name, amount in more.items():
        held = sums.get(name)
        sums[name] = amount if held is None else held + amount
