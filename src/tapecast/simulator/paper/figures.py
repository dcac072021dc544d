"""What the account and its positions are worth at this moment's prices.

Every figure follows from a quantity, an entry, a price and the last close, exactly as the venue's own
formulas say: whoever adds it up would see a missing cent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Image
from tapecast.simulator.paper import money
from tapecast.simulator.paper.holding import Holding
from tapecast.simulator.paper.portfolio import Portfolio


@dataclass(frozen=True)
class Position:
    """One holding and the two prices that everything else follows from."""

    holding: Holding
    price: Decimal
    # At the end of the previous session.
    last_day: Decimal

    @property
    def _units(self) -> Decimal:
        return self.holding.quantity * money.multiplier(self.holding.instrument)

    @property
    def value(self) -> Decimal:
        """What it is worth now; negative when short."""
        return self._units * self.price

    @property
    def cost(self) -> Decimal:
        """What it was worth when it was opened; negative when short."""
        return self._units * self.holding.entry

    @property
    def day_cost(self) -> Decimal:
        """What today's profit of it is counted from."""
        return self.holding.day_cost(self.last_day) * money.multiplier(self.holding.instrument)


def positions(portfolio: Portfolio, market: Exchange, now_ns: int) -> list[Position]:
    """Everything that is held and has a price."""
    portfolio.roll(now_ns)
    found = ((held, market.image(symbol, now_ns)) for symbol, held in portfolio.holdings.items())
    return [
        Position(held, money.decimal(image.trade.price), last_day(image))
        for held, image in found
        if image is not None
    ]


def last_day(image: Image) -> Decimal:
    """The last close. A recording knows nothing of the day before."""
    return money.decimal(image.previous.close if image.previous is not None else image.day.open)


@dataclass(frozen=True)
class Figures:
    """The account's totals, of a plain margin account without loans."""

    cash: Decimal
    long: Decimal
    short: Decimal
    last_equity: Decimal
    # Buying power that open orders keep busy.
    reserved: Decimal

    @classmethod
    def of(cls, portfolio: Portfolio, market: Exchange, now_ns: int, reserved: Decimal) -> Figures:
        """The totals at this moment's prices."""
        held = positions(portfolio, market, now_ns)
        return cls(
            portfolio.cash,
            _sum(each.value for each in held if each.value > 0),
            _sum(each.value for each in held if each.value < 0),
            _last_equity(portfolio, market, now_ns),
            reserved,
        )

    @property
    def equity(self) -> Decimal:
        """Cash and what is held."""
        return self.cash + self.long + self.short

    @cached_property
    def initial_margin(self) -> Decimal:
        """Half of what is held."""
        return (self.long - self.short) / 2

    @property
    def buying_power(self) -> Decimal:
        """Twice what no position and no order keeps busy."""
        return max(Decimal(), (self.equity - self.initial_margin) * 2 - self.reserved)


def _last_equity(portfolio: Portfolio, market: Exchange, now_ns: int) -> Decimal:
    found = [
        (each, quantity, market.image(each.symbol, now_ns)) for each, quantity in portfolio.opening.values()
    ]
    return portfolio.opening_cash + _sum(
        quantity * last_day(image) * money.multiplier(instrument)
        for instrument, quantity, image in found
        if image is not None
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal())
