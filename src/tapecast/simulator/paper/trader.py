"""A trader for demos: small orders every now and then, so that the demo portfolio lives.

It trades what the demo portfolio holds, never far away from how much of it that is, and takes back what has
stood for too long: after days the account still looks like itself. Same seed and times: same orders.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.paper import money
from tapecast.simulator.paper.broker import Broker
from tapecast.simulator.paper.ids import Ids
from tapecast.simulator.paper.matcher import trades
from tapecast.simulator.paper.order import Force, Kind, Order, Side
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.refusal import Refusal
from tapecast.simulator.paper.request import NewOrder
from tapecast.simulator.paper.touch import Touch
from tapecast.simulator.symbols import Instrument

PAUSE_S: Final = (10.0, 20.0)
MOST_STANDING: Final = 5
_FIRST_S: Final = 3.0
_MARK: Final = "demo-"
_PART: Final = Decimal("0.05")
"""One order is for so much of what it trades."""
_FAR: Final = Decimal("0.25")
"""When a position is so far from where it began, the next order brings it back."""
_AWAY: Final = (Decimal("0.0003"), Decimal("0.001"))
"""How far from the market a limit stands: it is filled after a minute, or never."""
_TRAIL: Final = Decimal("0.15")


class DemoTrader:
    """Trades by itself, as one more client of the broker."""

    def __init__(
        self, market: Exchange, portfolio: Portfolio, orders: Orders, broker: Broker, seed: int
    ) -> None:
        self._market = market
        self._portfolio = portfolio
        self._orders = orders
        self._broker = broker
        self._rng = random.Random(f"{seed}:trader")
        self._ids = Ids(seed + 1)
        self._base = {symbol: held.quantity for symbol, held in portfolio.holdings.items()}
        self._next_ns = 0

    def step(self, now_ns: int) -> None:
        """Time has passed: perhaps it is time for an order."""
        if now_ns < self._next_ns:
            return
        first = not self._next_ns
        pause = _FIRST_S if first else self._rng.uniform(*PAUSE_S)
        self._next_ns = now_ns + int(pause * hours.SECOND)
        if not first:
            # Somebody else's orders may have taken what it wanted.
            with suppress(Refusal):
                self._act(now_ns)

    def _act(self, now_ns: int) -> None:
        standing = [order for order in self._orders.open() if order.client_order_id.startswith(_MARK)]
        acts: list[Callable[[Instrument, int], NewOrder]] = [self._market_order, self._limit, self._trailing]
        take_back = len(standing) >= MOST_STANDING or (standing and self._rng.random() < 0.15)
        if take_back:
            self._broker.cancel(min(standing, key=_age), now_ns)
        listed = self._choice(now_ns)
        if listed is not None and not take_back:
            (act,) = self._rng.choices(acts, (6, 3, 1))
            self._broker.submit(act(listed, now_ns), now_ns)

    def _choice(self, now_ns: int) -> Instrument | None:
        """Something that trades now."""
        listed = [each for symbol in self._base if (each := self._market.instrument(symbol)) is not None]
        open_now = [each for each in listed if trades(self._market, each, now_ns)]
        return self._rng.choice(open_now) if open_now else None

    def _market_order(self, listed: Instrument, now_ns: int) -> NewOrder:
        del now_ns
        return self._order(listed, self._side(listed), Kind.MARKET)

    def _limit(self, listed: Instrument, now_ns: int) -> NewOrder:
        """One that stands a little away from the market."""
        side, image = self._side(listed), self._market.image(listed.symbol, now_ns)
        if image is None:
            return self._order(listed, side, Kind.MARKET)
        away = Decimal(self._rng.uniform(*map(float, _AWAY)))
        price = Touch.of(image).price(side) * (1 - side.sign * away)
        return self._order(listed, side, Kind.LIMIT, limit=round(price, 2))

    def _trailing(self, listed: Instrument, now_ns: int) -> NewOrder:
        if listed.market is not Market.US_EQUITY:
            return self._limit(listed, now_ns)
        return self._order(listed, self._side(listed), Kind.TRAILING_STOP, trail=_TRAIL)

    def _order(
        self,
        listed: Instrument,
        side: Side,
        kind: Kind,
        limit: Decimal | None = None,
        trail: Decimal | None = None,
    ) -> NewOrder:
        coins = listed.market is Market.CRYPTO
        part = abs(self._base[listed.symbol]) * _PART
        return NewOrder(
            symbol=listed.symbol,
            side=side,
            type=kind,
            time_in_force=Force.GTC if coins else Force.DAY,
            qty=round(part, 3) if coins else max(Decimal(1), money.whole(part)),
            limit_price=limit,
            trail_percent=trail,
            client_order_id=_MARK + self._ids.uuid(),
        )

    def _side(self, listed: Instrument) -> Side:
        """Either, unless the position has gone far."""
        base = self._base[listed.symbol]
        gone = self._portfolio.quantity(listed.symbol) - base
        if abs(gone) >= abs(base) * _FAR:
            return Side.SELL if gone > 0 else Side.BUY
        return self._rng.choice((Side.BUY, Side.SELL))


def _age(order: Order) -> int:
    return order.created_ns
