"""What of an order the venue takes before it looks at the account: Alpaca's rules and its words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.paper.order import Force, Kind, Order, OrderClass, Side
from tapecast.simulator.paper.refusal import malformed, unprocessable
from tapecast.simulator.paper.request import Change, NewOrder
from tapecast.simulator.symbols import Instrument

MOST: Final = Decimal(1_000_000)
"""No quantity and no price is larger, so that all arithmetic stays exact."""
_PLACES: Final = 9
_PRICE_PLACES: Final = 10
_LONGEST_ID: Final = 128

_KINDS: Final = {
    Market.US_EQUITY: frozenset(Kind),
    Market.US_OPTION: frozenset(Kind) - {Kind.TRAILING_STOP},
    Market.CRYPTO: frozenset({Kind.MARKET, Kind.LIMIT, Kind.STOP_LIMIT}),
}
_FORCES: Final = {
    Market.US_EQUITY: frozenset(Force),
    Market.US_OPTION: frozenset({Force.DAY}),
    Market.CRYPTO: frozenset({Force.GTC, Force.IOC}),
}
_LIMITED: Final = frozenset({Kind.LIMIT, Kind.STOP_LIMIT})
_STOPPED: Final = frozenset({Kind.STOP, Kind.STOP_LIMIT})
_STANDING: Final = frozenset({Force.DAY, Force.GTC})


def check(asked: NewOrder, listed: Instrument) -> None:
    """Let an order pass. Raises Refusal with the venue's words."""
    market = listed.market
    if asked.type not in _KINDS[market]:
        raise unprocessable(f"invalid order type for {market} order")
    if asked.time_in_force not in _FORCES[market]:
        raise unprocessable(f"invalid {market} time_in_force")
    if asked.extended_hours and (asked.type, asked.time_in_force) != (Kind.LIMIT, Force.DAY):
        raise unprocessable("extended hours order must be DAY limit orders")
    _check_name(asked.client_order_id)
    _check_quantity(asked, market)
    _check_prices(asked, listed)
    if asked.group is not OrderClass.SIMPLE:
        _check_group(asked, listed)


def check_change(asked: Change, order: Order) -> None:
    """Let a change to an order pass. Raises Refusal."""
    if asked == Change():
        raise unprocessable("order parameters are not changed")
    _check_name(asked.client_order_id)
    if order.notional is not None:
        raise unprocessable("notional orders cannot be replaced")
    if asked.qty is not None:
        _check_qty(asked.qty, order.instrument.market, asked.time_in_force or order.force)
        if asked.qty <= order.filled:
            raise unprocessable("qty must be above what was filled")
        if order.order_class is not OrderClass.SIMPLE:
            raise unprocessable("qty of an order with legs cannot be replaced")
    if asked.time_in_force not in (None, *_FORCES[order.instrument.market]):
        raise unprocessable(f"invalid {order.instrument.market} time_in_force")
    allowed = {
        "limit_price": order.kind in _LIMITED,
        "stop_price": order.kind in _STOPPED,
        "trail": order.kind is Kind.TRAILING_STOP,
    }
    for name, allows in allowed.items():
        _check_one_price(name, getattr(asked, name), order.instrument, order.kind, allows=allows)


def _check_quantity(asked: NewOrder, market: Market) -> None:
    if asked.notional is not None:
        if asked.qty is not None:
            raise malformed("only one of qty or notional is accepted")
        _check_notional(asked.notional, asked, market)
    elif asked.qty is None:
        raise malformed("qty or notional is required")
    else:
        _check_qty(asked.qty, market, asked.time_in_force)


def _check_qty(qty: Decimal, market: Market, force: Force) -> None:
    _check_number("qty", qty)
    if qty == qty.to_integral_value():
        return
    if market is Market.US_OPTION:
        raise unprocessable("qty must be an integer for option orders")
    if market is Market.US_EQUITY and force is not Force.DAY:
        raise unprocessable("fractional orders must be DAY orders")


def _check_notional(notional: Decimal, asked: NewOrder, market: Market) -> None:
    _check_number("notional", notional)
    if market is Market.US_OPTION or asked.type not in (Kind.MARKET, Kind.LIMIT):
        raise unprocessable("notional is only for market and limit orders of stocks and crypto")
    if market is Market.US_EQUITY and asked.time_in_force is not Force.DAY:
        raise unprocessable("notional orders must be DAY orders")
    if notional < 1:
        raise unprocessable("cost basis must be >= minimal amount of order 1")


def _check_prices(asked: NewOrder, listed: Instrument) -> None:
    needed = {"limit_price": asked.type in _LIMITED, "stop_price": asked.type in _STOPPED}
    for name, needs in needed.items():
        price: Decimal | None = getattr(asked, name)
        if needs and price is None and asked.group is not OrderClass.OCO:
            raise malformed(f"{asked.type} orders require {name.replace('_', ' ')}")
        _check_one_price(name, price, listed, asked.type, allows=needs)
    trails = [each for each in (asked.trail_price, asked.trail_percent) if each is not None]
    if len(trails) != (asked.type is Kind.TRAILING_STOP):
        raise malformed("trailing_stop orders, and no others, require one of trail price and trail percent")
    for trail in trails:
        _check_number("trail", trail)
    if asked.trail_percent is not None and asked.trail_percent >= 100:
        raise unprocessable("trail percent must be below 100")


def _check_group(asked: NewOrder, listed: Instrument) -> None:
    group = asked.group
    if listed.market is not Market.US_EQUITY:
        raise unprocessable(f"{listed.market} orders not allowed for advanced order_class: {group}")
    if asked.qty is None or asked.qty != asked.qty.to_integral_value():
        raise unprocessable("fractional orders must be simple orders")
    if asked.extended_hours or asked.time_in_force not in _STANDING:
        raise unprocessable(f"{group} orders must be DAY or GTC, without extended hours")
    if group is OrderClass.OCO and asked.type is not Kind.LIMIT:
        raise unprocessable("oco orders must be limit orders")
    if asked.type is Kind.TRAILING_STOP:
        raise unprocessable(f"trailing_stop orders not allowed for order_class: {group}")
    _check_legs(asked, listed)


def _check_legs(asked: NewOrder, listed: Instrument) -> None:
    group, profit, loss = asked.group, asked.take_profit, asked.stop_loss
    if group is OrderClass.OTO:
        if (profit is None) == (loss is None):
            raise malformed("oto orders require either take_profit or stop_loss")
    elif profit is None or loss is None:
        raise malformed(f"{group} orders require take_profit.limit_price and stop_loss.stop_price")
    legs = {
        "take_profit.limit_price": profit.limit_price if profit is not None else None,
        "stop_loss.stop_price": loss.stop_price if loss is not None else None,
        "stop_loss.limit_price": loss.limit_price if loss is not None else None,
    }
    for name, price in legs.items():
        _check_one_price(name, price, listed, asked.type, allows=True)
    if profit is not None and loss is not None:
        _check_order_of_prices(asked, profit.limit_price, loss.stop_price)


def _check_order_of_prices(asked: NewOrder, profit: Decimal, loss: Decimal) -> None:
    sells = (asked.side is Side.SELL) == (asked.group is OrderClass.OCO)
    if (profit <= loss) if sells else (profit >= loss):
        relation = "above" if sells else "below"
        raise unprocessable(f"take_profit.limit_price must be {relation} stop_loss.stop_price")


def _check_one_price(
    name: str, price: Decimal | None, listed: Instrument, kind: Kind, *, allows: bool
) -> None:
    """A price in the instrument's increments, where there may be one."""
    if price is None:
        return
    if not allows:
        raise malformed(f"{kind} orders must not have {name.replace('_', ' ')}")
    _check_number(name, price, _PRICE_PLACES)
    if price % _increment(price, listed):
        words = f"invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria"
        raise unprocessable(words)


def _increment(price: Decimal, listed: Instrument) -> Decimal:
    if listed.market is Market.CRYPTO:
        return Decimal(1).scaleb(-_PRICE_PLACES)
    return Decimal("0.01") if price >= 1 or listed.market is Market.US_OPTION else Decimal("0.0001")


def _check_name(client_order_id: str | None) -> None:
    if client_order_id is not None and not 0 < len(client_order_id) <= _LONGEST_ID:
        raise malformed(f"client_order_id must be no more than {_LONGEST_ID} characters")


def _check_number(name: str, value: Decimal, places: int = _PLACES) -> None:
    if not value.is_finite() or not 0 < value <= MOST:
        raise malformed(f"{name} must be above 0 and at most {MOST}")
    if value != round(value, places):
        raise malformed(f"{name} must be limited to {places} decimal places")
