"""The trading host's spelling of orders, positions, the account, assets and events.

Numbers are text, what there is not is null. A pair has its slash in orders, and none in positions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from tapecast.market import Market, rfc3339
from tapecast.simulator.paper import money
from tapecast.simulator.paper.figures import Figures, Position
from tapecast.simulator.paper.ids import asset_id
from tapecast.simulator.paper.order import Order
from tapecast.simulator.symbols import Instrument

_ACCOUNT: Final = "5131a000-0000-4000-8000-51a01a7ed000"
_NUMBER: Final = "PA51MULATED"


def order(each: Order, *, nested: bool = False) -> dict[str, Any]:
    """An order, with its legs if it is to have them."""
    legs = [order(leg) for leg in each.legs] if nested and each.legs else None
    return {
        "id": each.id,
        "client_order_id": each.client_order_id,
        "created_at": rfc3339(each.created_ns),
        "updated_at": rfc3339(each.updated_ns),
        "submitted_at": rfc3339(each.created_ns),
        "filled_at": _time(each.filled_ns),
        "expired_at": _time(each.expired_ns),
        "canceled_at": _time(each.canceled_ns),
        "failed_at": _time(each.failed_ns),
        "replaced_at": _time(each.replaced_ns),
        "replaced_by": each.replaced_by,
        "replaces": each.replaces,
        "asset_id": asset_id(each.symbol),
        "symbol": each.symbol,
        "asset_class": str(each.instrument.market),
        "notional": _number(each.notional),
        "qty": _number(each.qty),
        "filled_qty": money.text(each.filled),
        "filled_avg_price": _number(each.average),
        "order_class": str(each.order_class),
        "order_type": str(each.kind),
        "type": str(each.kind),
        "side": str(each.side),
        "position_intent": each.intent,
        "time_in_force": str(each.force),
        "limit_price": _number(each.limit),
        "stop_price": _number(each.stop),
        "status": str(each.status),
        "extended_hours": each.extended_hours,
        "legs": legs,
        "trail_percent": _number(each.trail_percent),
        "trail_price": _number(each.trail_price),
        "hwm": _number(each.hwm),
        "subtag": None,
        "source": None,
        "expires_at": _time(each.expires_ns),
    }


def position(each: Position, available: Decimal) -> dict[str, Any]:
    """A position; `available` is what no open order is to take out."""
    held = each.holding
    symbol = held.instrument.symbol.replace("/", "")
    profit, today = each.value - each.cost, each.value - each.day_cost
    return {
        "asset_id": asset_id(symbol),
        "symbol": symbol,
        "exchange": "" if held.instrument.market is Market.US_OPTION else held.instrument.exchange,
        "asset_class": str(held.instrument.market),
        "asset_marginable": held.instrument.market is Market.US_EQUITY,
        "side": "long" if held.quantity > 0 else "short",
        "qty": money.text(held.quantity),
        "qty_available": money.text(available),
        "avg_entry_price": money.text(held.entry),
        "cost_basis": money.text(each.cost),
        "market_value": money.text(each.value),
        "unrealized_pl": money.text(profit),
        "unrealized_plpc": money.fraction(profit, each.cost),
        "unrealized_intraday_pl": money.text(today),
        "unrealized_intraday_plpc": money.fraction(today, each.day_cost),
        "current_price": money.text(each.price),
        "lastday_price": money.text(each.last_day),
        "change_today": money.fraction(each.price - each.last_day, each.last_day),
    }


def account(each: Figures) -> dict[str, Any]:
    """The account."""
    power = each.buying_power
    amounts = {
        "cash": each.cash,
        "equity": each.equity,
        "portfolio_value": each.equity,
        "last_equity": each.last_equity,
        "long_market_value": each.long,
        "short_market_value": each.short,
        "position_market_value": each.long - each.short,
        "initial_margin": each.initial_margin,
        "maintenance_margin": (each.long - each.short) * Decimal("0.3"),
        "buying_power": power,
        "effective_buying_power": power,
        "regt_buying_power": power,
        "non_marginable_buying_power": power / 2,
        "options_buying_power": power / 2,
        "accrued_fees": Decimal(),
    }
    return _ACCOUNT_FIELDS | {name: money.text(amount) for name, amount in amounts.items()}


_ACCOUNT_FIELDS: Final[dict[str, Any]] = {
    "id": _ACCOUNT,
    "account_number": _NUMBER,
    "status": "ACTIVE",
    "crypto_status": "ACTIVE",
    "currency": "USD",
    "multiplier": "2",
    "created_at": "2025-01-02T15:00:00Z",
    "trading_blocked": False,
    "account_blocked": False,
    "transfers_blocked": False,
    "trade_suspended_by_user": False,
    "shorting_enabled": True,
}


def asset(listed: Instrument) -> dict[str, Any]:
    """Something that can be traded."""
    stock = listed.market is Market.US_EQUITY
    return {
        "id": asset_id(listed.symbol),
        "class": str(listed.market),
        "exchange": listed.exchange,
        "symbol": listed.symbol,
        "name": f"{listed.symbol} (simulated)",
        "status": "active",
        "tradable": True,
        "marginable": stock,
        "shortable": stock,
        "easy_to_borrow": stock,
        "fractionable": True,
        "price_increment": f"{1 / listed.scale:.{len(str(listed.scale)) - 1}f}",
        "attributes": [],
    }


def _number(value: Decimal | None) -> str | None:
    return None if value is None else money.text(value)


def _time(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)
