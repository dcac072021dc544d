"""Money as exact numbers: Alpaca's strings in, decimals with every digit, JSON numbers out.

Alpaca writes all numbers as strings. Which fields are numbers is said here by name: an id or a symbol may
consist of digits too. Whatever is no number is passed on as it is: the rest is still good.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from tapecast.bus.codec import Fields

POSITION: Final = frozenset(
    {
        "qty", "qty_available", "avg_entry_price", "market_value", "cost_basis", "unrealized_pl",
        "unrealized_plpc", "unrealized_intraday_pl", "unrealized_intraday_plpc", "current_price",
        "lastday_price", "change_today", "swap_rate", "avg_entry_swap_rate", "usd",
    }
)  # fmt: skip
ACCOUNT: Final = frozenset(
    {
        "equity", "last_equity", "cash", "buying_power", "effective_buying_power", "regt_buying_power",
        "daytrading_buying_power", "non_marginable_buying_power", "options_buying_power",
        "long_market_value", "short_market_value", "position_market_value", "initial_margin",
        "maintenance_margin", "last_maintenance_margin", "accrued_fees", "pending_transfer_in",
        "pending_transfer_out", "pending_reg_taf_fees", "intraday_adjustments", "sma",
    }
)  # fmt: skip
ORDER: Final = frozenset(
    {
        "qty", "filled_qty", "filled_avg_price", "notional", "limit_price", "stop_price", "trail_price",
        "trail_percent", "hwm", "price", "position_qty", "ratio_qty", "commission",
    }
)  # fmt: skip

LONGEST: Final = 32
LARGEST: Final = 20
"""Digits of a number, and of its exponent: beyond them it is no money, and no sum of it would be exact."""
EXACT: Final = Context(prec=160)
"""So many digits that products and sums of such numbers are never rounded; by default they are, to 28."""
_RATIO_PLACES: Final = Decimal("1e-10")
_NESTED: Final = 4


def number(value: object) -> Decimal | None:
    """The exact value, if it is a number that makes sense."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        # A number that came as one in JSON is spelled in the fewest digits that say it: those that were sent.
        found = Decimal(str(value)[: LONGEST + 1])
    except InvalidOperation:
        return None
    is_sound = found.is_finite() and abs(found.adjusted()) <= LARGEST and len(str(value)) <= LONGEST
    return found if is_sound else None


def with_numbers(fields: Fields, names: AbstractSet[str]) -> Fields:
    """The same with numbers where these names have strings that are numbers."""
    return {name: _number(value) if name in names else value for name, value in fields.items()}


def order_with_numbers(fields: Fields, nested: int = _NESTED) -> Fields:
    """An order, or an order event, with its order and its legs."""
    inner = {"order", "legs"} if nested else set[str]()
    numbers = with_numbers(fields, ORDER)
    if isinstance(by_symbol := fields.get("position_qtys"), dict):
        numbers["position_qtys"] = {symbol: _number(qty) for symbol, qty in by_symbol.items()}
    return numbers | {name: _inner(fields[name], nested - 1) for name in inner & fields.keys()}


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """A fraction: 0.0084 is 0.84 percent. Called within EXACT."""
    return (part / whole).quantize(_RATIO_PLACES).normalize()


def _number(value: object) -> object:
    found = number(value)
    return value if found is None else found


def _inner(value: object, nested: int) -> object:
    if isinstance(value, dict):
        return order_with_numbers(value, nested)
    if isinstance(value, list):
        return [_inner(each, nested) for each in value]
    return value
