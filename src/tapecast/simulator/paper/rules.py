"""What of an order the venue takes before it looks at the account: Alpaca's rules and its words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.paper.order import Force, Kind, OrderClass
from tapecast.simulator.paper.refusal import malformed, unprocessable
from tapecast.simulator.paper.request import NewOrder
from tapecast.simulator.symbols import Instrument

MOST: Final = Decimal(1_000_000)
"""No quantity and no price is larger, so that all arithmetic stays exact."""
_PLACES: Final = 9
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


def check(asked: NewOrder, listed: Instrument) -> None:
    """Let an order pass. Raises Refusal with the venue's words."""
    market = listed.market
    if asked.type not in _KINDS[market]:
        raise unprocessable(f"invalid order type for {market} order")
    if asked.time_in_force not in _FORCES[market]:
        raise unprocessable(f"invalid {market} time_in_force")
    if asked.client_order_id is not None and not 0 < len(asked.client_order_id) <= _LONGEST_ID:
        raise malformed(f"client_order_id must be no more than {_LONGEST_ID} characters")
    if asked.extended_hours and (asked.type, asked.time_in_force) != (Kind.LIMIT, Force.DAY):
        raise unprocessable("extended hours order must be DAY limit orders")
    _check_quantity(asked, market)
    _check_prices(asked, listed)


def check_price(name: str, price: Decimal, listed: Instrument) -> None:
    """A price in the instrument's increments. Raises Refusal."""
    _check_number(name, price)
    finest = _increment(price, listed)
    if price % finest:
        words = f"invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria"
        raise unprocessable(words)


def check_qty(qty: Decimal, market: Market, force: Force) -> None:
    """A quantity that can be traded. Raises Refusal."""
    _check_number("qty", qty)
    if qty == qty.to_integral_value():
        return
    if market is Market.US_OPTION:
        raise unprocessable("qty must be an integer for option orders")
    if market is Market.US_EQUITY and force is not Force.DAY:
        raise unprocessable("fractional orders must be DAY orders")


def _check_quantity(asked: NewOrder, market: Market) -> None:
    if asked.notional is not None:
        if asked.qty is not None:
            raise malformed("only one of qty or notional is accepted")
        _check_notional(asked, market)
    elif asked.qty is None:
        raise malformed("qty or notional is required")
    else:
        check_qty(asked.qty, market, asked.time_in_force)


def _check_notional(asked: NewOrder, market: Market) -> None:
    assert asked.notional is not None  # noqa: S101
    _check_number("notional", asked.notional)
    if market is Market.US_OPTION or asked.type not in (Kind.MARKET, Kind.LIMIT):
        raise unprocessable("notional is only for market and limit orders of stocks and crypto")
    if market is Market.US_EQUITY and asked.time_in_force is not Force.DAY:
        raise unprocessable("notional orders must be DAY orders")
    if asked.notional < 1:
        raise unprocessable("cost basis must be >= minimal amount of order 1")


def _check_prices(asked: NewOrder, listed: Instrument) -> None:
    wanted = {
        "limit_price": asked.type in (Kind.LIMIT, Kind.STOP_LIMIT) and asked.group is not OrderClass.OCO,
        "stop_price": asked.type in (Kind.STOP, Kind.STOP_LIMIT),
    }
    for name, required in wanted.items():
        price: Decimal | None = getattr(asked, name)
        if required and price is None:
            raise malformed(f"{asked.type} orders require {name.replace('_', ' ')}")
        if price is not None:
            if not required:
                raise malformed(f"{asked.type} orders must not have {name.replace('_', ' ')}")
            check_price(name, price, listed)


def _increment(price: Decimal, listed: Instrument) -> Decimal:
    if listed.market is Market.US_EQUITY:
        return Decimal("0.01") if price >= 1 else Decimal("0.0001")
    return Decimal("0.01") if listed.market is Market.US_OPTION else Decimal("1e-9")


def _check_number(name: str, value: Decimal) -> None:
    if not value.is_finite() or not 0 < value <= MOST:
        raise malformed(f"{name} must be above 0 and at most {MOST}")
    if value != round(value, _PLACES):
        raise malformed(f"{name} must be limited to {_PLACES} decimal places")
