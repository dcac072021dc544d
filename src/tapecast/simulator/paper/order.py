"""One order, from its request to its end, and the words that Alpaca has for its parts.

An order is changed by `journal.py` alone, which tells the trading stream of each change. Its quantities and
prices are decimals; times are nanoseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final

from tapecast.simulator.paper import money
from tapecast.simulator.symbols import Instrument


class Side(StrEnum):
    """Which way."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """What it does to a position."""
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> Side:
        """The way out."""
        return Side.SELL if self is Side.BUY else Side.BUY


class Kind(StrEnum):
    """What the venue calls an order's type."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class Force(StrEnum):
    """How long it stands."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class OrderClass(StrEnum):
    """Whether it stands alone."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"


class Status(StrEnum):
    """Where it is on its way."""

    ACCEPTED = "accepted"  # its market is closed
    PENDING_NEW = "pending_new"  # not yet at the market
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    HELD = "held"  # waits for another order
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"


WAITING: Final = frozenset({Status.ACCEPTED, Status.PENDING_NEW})
LIVE: Final = frozenset({Status.NEW, Status.PARTIALLY_FILLED})
"""At the market: these may fill."""
OPEN: Final = WAITING | LIVE | {Status.HELD}
"""Whatever else an order is, it is over."""

_SHARE: Final = Decimal("1e-9")
"""The smallest part of a share or coin."""
_ENDLESS: Final = Decimal(10**15)
"""More than anybody can buy of what costs almost nothing, and still exact."""


@dataclass(eq=False)
class Order:
    """One order, or one leg of one. The first fields are the request's, the others its fate."""

    instrument: Instrument
    side: Side
    kind: Kind
    force: Force
    # One of the two.
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    order_class: OrderClass = OrderClass.SIMPLE
    intent: str = ""

    id: str = ""
    client_order_id: str = ""
    status: Status = Status.PENDING_NEW
    filled: Decimal = Decimal()
    # Quantity times price, over all fills.
    spent: Decimal = Decimal()
    # The best price since a trailing stop came to the market: highest of a sale, lowest of a purchase.
    hwm: Decimal | None = None
    # Its stop was reached: from then on it is a market or limit order.
    triggered: bool = False
    # What an amount of money buys at the first price that it meets.
    bought: Decimal | None = None
    # What that will be, as far as it can be told before: a sale may not take more than there is.
    expected: Decimal = Decimal()
    # Buying power that one share of it keeps busy while it is open.
    reserved: Decimal = Decimal()
    created_ns: int = 0
    updated_ns: int = 0
    filled_ns: int | None = None
    expired_ns: int | None = None
    canceled_ns: int | None = None
    failed_ns: int | None = None
    replaced_ns: int | None = None
    expires_ns: int | None = None
    # When it is matched next, if nothing happens at the market before.
    due_ns: int = 0
    # The newest print that was held against its stop.
    seen_ns: int = 0
    # By name: a chain of replacements would keep every order of a long day.
    replaced_by: str | None = None
    replaces: str | None = None
    legs: list[Order] = field(default_factory=list)
    parent: Order | None = None

    @property
    def symbol(self) -> str:
        """Spelled as on the price feed."""
        return self.instrument.symbol

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.status in OPEN

    @property
    def average(self) -> Decimal | None:
        """The price of what was filled."""
        return money.ratio(self.spent, self.filled) if self.filled else None

    @property
    def reserve(self) -> Decimal:
        """Buying power that it keeps busy."""
        if self.status is Status.HELD or not self.reserved:
            return Decimal()
        if self.notional is not None:
            return max(Decimal(), self.notional - self.spent)
        return self.reserved * ((self.qty or Decimal()) - self.filled)

    @property
    def taken(self) -> Decimal:
        """What of a position it is to take out; of two that exclude each other, one alone does."""
        if self.status is Status.HELD:
            return Decimal()
        return (self.qty or self.bought or self.expected) - self.filled

    def total(self, price: Decimal) -> Decimal:
        """Its whole quantity; at `price`, where it is for an amount of money."""
        if self.qty is not None:
            return self.qty
        if self.bought is not None:
            return self.bought
        unit = price * money.multiplier(self.instrument)
        return min((self.notional or Decimal()) / unit, _ENDLESS).quantize(_SHARE, ROUND_DOWN)

    def left(self, price: Decimal) -> Decimal:
        """What is still to be filled."""
        return self.total(price) - self.filled
