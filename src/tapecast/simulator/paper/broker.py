"""What a client can do: place, replace and cancel orders, and close positions. No I/O; time is passed in."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.paper import money, rules
from tapecast.simulator.paper.figures import Figures
from tapecast.simulator.paper.ids import Ids
from tapecast.simulator.paper.journal import Journal
from tapecast.simulator.paper.matcher import trades
from tapecast.simulator.paper.order import Force, Kind, Order, Side, Status
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.refusal import forbidden, not_found, unprocessable
from tapecast.simulator.paper.request import NewOrder
from tapecast.simulator.paper.touch import Touch
from tapecast.simulator.symbols import Instrument

_CANCELED_AFTER_NS: Final = 90 * hours.DAY
_SHORT_MARGIN: Final = Decimal("1.03")


class Broker:
    """Takes what is asked for, or says why not."""

    def __init__(
        self, market: Exchange, portfolio: Portfolio, orders: Orders, journal: Journal, ids: Ids
    ) -> None:
        self._market = market
        self._portfolio = portfolio
        self._orders = orders
        self._journal = journal
        self._ids = ids

    def instrument(self, symbol: str) -> Instrument:
        """What can be traded under a name, a pair also without its slash. Raises Refusal."""
        listed = self._market.instrument(symbol)
        if listed is None:
            pairs = self._market.listing(Market.CRYPTO)
            listed = next((each for each in pairs if each.symbol.replace("/", "") == symbol), None)
        if listed is None:
            raise unprocessable(f'asset "{symbol}" not found')
        return listed

    def submit(self, asked: NewOrder, now_ns: int) -> Order:
        """Place an order. Raises Refusal."""
        listed = self.instrument(asked.symbol)
        rules.check(asked, listed)
        order = self._order(asked, listed, now_ns)
        self._check_funds(order, now_ns)
        self._orders.add(order)
        if not trades(self._market, listed, now_ns):
            self._journal.accepted(order, now_ns)
        return order

    def cancel(self, order: Order, now_ns: int) -> None:
        """Take an order back. Raises Refusal."""
        if not order.is_open:
            raise unprocessable(f'order is already in "{order.status}" state')
        self._journal.ended(order, Status.CANCELED, now_ns)

    def close(self, symbol: str, qty: Decimal | None, now_ns: int) -> Order:
        """Leave a position, or a part of it, at the market. Raises Refusal."""
        held = self._portfolio.quantity(symbol)
        if not held:
            raise not_found("position does not exist")
        crypto = self.instrument(symbol).market is Market.CRYPTO
        asked = NewOrder(
            symbol=symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            type=Kind.MARKET,
            time_in_force=Force.GTC if crypto else Force.DAY,
            qty=abs(held) if qty is None else qty,
        )
        if asked.qty is not None and asked.qty > abs(held):
            raise self._insufficient(symbol, asked.qty, abs(held), abs(held))
        return self.submit(asked, now_ns)

    def available(self, symbol: str) -> Decimal:
        """What of a position no open order is to take out; negative when short."""
        held = self._portfolio.quantity(symbol)
        side = Side.SELL if held > 0 else Side.BUY
        return held + side.sign * min(abs(held), self._orders.held(symbol, side))

    def figures(self, now_ns: int) -> Figures:
        """The account's totals."""
        reserved = sum((each.reserve for each in self._orders.open()), Decimal())
        return Figures.of(self._portfolio, self._market, now_ns, reserved)

    def _order(self, asked: NewOrder, listed: Instrument, now_ns: int) -> Order:
        held = self._portfolio.quantity(listed.symbol)
        closes = held * asked.side.sign < 0
        return Order(
            listed,
            asked.side,
            asked.type,
            asked.time_in_force,
            asked.qty,
            asked.notional,
            asked.limit_price,
            asked.stop_price,
            asked.trail_price,
            asked.trail_percent,
            bool(asked.extended_hours),
            asked.group,
            f"{asked.side}_to_{'close' if closes else 'open'}",
            id=self._ids.uuid(),
            client_order_id=asked.client_order_id or self._ids.uuid(),
            created_ns=now_ns,
            updated_ns=now_ns,
            expires_ns=self._expiry(asked.time_in_force, now_ns),
        )

    def _expiry(self, force: Force, now_ns: int) -> int | None:
        if force is Force.GTC:
            return now_ns + _CANCELED_AFTER_NS
        is_open = self._market.in_session(now_ns)
        return hours.next_session(now_ns, self._market.holidays, is_open=is_open)[1]

    def _check_funds(self, order: Order, now_ns: int) -> None:
        """Raises Refusal if the account has not what the order takes."""
        image = self._market.image(order.symbol, now_ns)
        if image is None:
            raise unprocessable(f"no price for {order.symbol}")
        unit = _unit(order, Touch.of(image))
        qty = order.total(unit)
        if not qty:
            raise unprocessable(f"{order.notional} buys nothing of {order.symbol}")
        opened = self._opened(order, qty)
        if opened:
            self._check_power(order, unit, opened, now_ns)

    def _opened(self, order: Order, qty: Decimal) -> Decimal:
        """How much of the order does not close what is held. Raises Refusal."""
        held = self._portfolio.quantity(order.symbol) * -order.side.sign
        taken = self._orders.held(order.symbol, order.side) if held > 0 else Decimal()
        free = max(Decimal(), held - taken)
        opened = max(Decimal(), qty - free)
        if opened and order.side is Side.SELL:
            # Who sells more than he holds has either made a mistake or sells short, which a pair cannot be.
            if taken or order.instrument.market is Market.CRYPTO:
                raise self._insufficient(order.symbol, qty, held, free)
            if opened != opened.to_integral_value():
                raise unprocessable("fractional orders cannot be sold short")
        return opened

    def _check_power(self, order: Order, unit: Decimal, opened: Decimal, now_ns: int) -> None:
        cost, power = unit * money.multiplier(order.instrument) * opened, self.figures(now_ns).buying_power
        if order.instrument.market is not Market.US_EQUITY:
            power /= 2
        if cost > power:
            more = {"buying_power": money.text(power), "cost_basis": money.text(cost)}
            raise forbidden("insufficient buying power", **more)
        order.reserved = unit * money.multiplier(order.instrument)

    def _insufficient(self, symbol: str, qty: Decimal, held: Decimal, free: Decimal) -> Exception:
        asked = f"(requested: {money.text(qty)}, available: {money.text(free)})"
        figures = {"existing_qty": held, "available": free, "held_for_orders": held - free}
        told = {name: money.text(max(Decimal(), each)) for name, each in figures.items()}
        return forbidden(f"insufficient qty available for order {asked}", symbol=symbol, **told)


def _unit(order: Order, touch: Touch) -> Decimal:
    """What one share of it is counted at, before it has a price."""
    if order.side is Side.BUY:
        return order.limit or order.stop or touch.ask
    return max(order.limit or Decimal(), touch.ask * _SHORT_MARGIN)
