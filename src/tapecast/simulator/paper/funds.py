"""Whether the account has what an order takes: shares to sell, or buying power for what it opens."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.paper import money
from tapecast.simulator.paper.figures import Figures
from tapecast.simulator.paper.order import Order, OrderClass, Side
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.refusal import Refusal, forbidden, unprocessable
from tapecast.simulator.paper.touch import Touch

_SHORT: Final = Decimal("1.03")
"""A short sale at the market is counted at so much more than the offer."""
_NOTHING: Final = Decimal()


class Funds:
    """What of the account's means is free."""

    def __init__(self, market: Exchange, portfolio: Portfolio, orders: Orders) -> None:
        self._market = market
        self._portfolio = portfolio
        self._orders = orders

    def figures(self, now_ns: int, but: Order | None = None, owned: Portfolio | None = None) -> Figures:
        """The account's totals; what an order and the one that it replaces keep busy may be left out."""
        reserved = sum((each.reserve for each in self._orders.open() if not _is_of(each, but)), _NOTHING)
        return Figures.of(owned or self._portfolio, self._market, now_ns, reserved)

    def available(self, symbol: str) -> Decimal:
        """What of a position no open order is to take out; negative when short."""
        held = self._portfolio.quantity(symbol)
        side = Side.SELL if held > 0 else Side.BUY
        return held + side.sign * min(abs(held), self._taken(symbol, side))

    def check(self, order: Order, now_ns: int) -> None:
        """Let an order pass, and note what it keeps busy. Raises Refusal."""
        image = self._market.image(order.symbol, now_ns)
        if image is None:
            raise unprocessable(f"no price for {order.symbol}")
        touch = Touch.of(image)
        unit = _unit(order, touch)
        # Of an amount of money a sale is for the most where the price is least.
        qty = order.total(unit if order.side is Side.BUY else order.limit or touch.bid)
        if not qty:
            raise unprocessable(f"{order.notional} buys nothing of {order.symbol}")
        order.expected = qty
        opened = self._opened(order, qty)
        if opened and order.order_class is OrderClass.OCO:
            raise unprocessable("oco orders must be exit orders")
        if opened:
            self._check_power(order, unit, opened, now_ns)

    def _opened(self, order: Order, qty: Decimal) -> Decimal:
        """How much of the order does not close what is held. Raises Refusal."""
        held = self._portfolio.quantity(order.symbol) * -order.side.sign
        taken = self._taken(order.symbol, order.side, order) if held > 0 else _NOTHING
        free = max(_NOTHING, held - taken)
        opened = max(_NOTHING, qty - free)
        if opened and order.side is Side.SELL:
            # Who sells more than he holds has either made a mistake or sells short, which a pair cannot be.
            if taken or order.instrument.market is Market.CRYPTO:
                raise insufficient(order.symbol, qty, held, free)
            if opened != opened.to_integral_value():
                raise unprocessable("fractional orders cannot be sold short")
        return opened

    def _check_power(self, order: Order, unit: Decimal, opened: Decimal, now_ns: int) -> None:
        order.reserved = unit * money.multiplier(order.instrument)
        cost, power = order.reserved * opened, self.figures(now_ns, order).buying_power
        if order.instrument.market is not Market.US_EQUITY:
            power /= 2
        if cost > power:
            more = {"buying_power": money.text(power), "cost_basis": money.text(cost)}
            raise forbidden("insufficient buying power", **more)

    def _taken(self, symbol: str, side: Side, but: Order | None = None) -> Decimal:
        """How much of a position open orders are to take out."""
        standing = (each for each in self._orders.open(symbol) if each.side is side and not _is_of(each, but))
        return sum((each.taken for each in standing), _NOTHING)


def insufficient(symbol: str, qty: Decimal, held: Decimal, free: Decimal) -> Refusal:
    """More is to be sold than there is."""
    asked = f"(requested: {money.text(qty)}, available: {money.text(free)})"
    figures = {"existing_qty": held, "available": free, "held_for_orders": held - free}
    told = {name: money.text(max(_NOTHING, each)) for name, each in figures.items()}
    return forbidden(f"insufficient qty available for order {asked}", symbol=symbol, **told)


def _is_of(order: Order, other: Order | None) -> bool:
    return other is not None and order.id in (other.id, other.replaces)


def _unit(order: Order, touch: Touch) -> Decimal:
    """What one share of it is counted at, before it has a price."""
    if order.side is Side.BUY:
        return order.limit or order.stop or touch.ask
    return max(order.limit or _NOTHING, touch.ask * _SHORT)
