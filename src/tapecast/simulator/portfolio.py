"""A fixed demo portfolio, priced from the simulated market: what `/v2/positions` and `/v2/account` say.

Decimals from end to end, because the venue's money is exact and whoever adds it up would see a missing cent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tapecast.market import Market
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.symbols import LISTED, Instrument

_ACCOUNT: Final = "5131a000-0000-4000-8000-51a01a7ed000"
_NUMBER: Final = "PA51MULATED"
_CASH: Final = Decimal("48210.37")
# Symbol, quantity (negative: short), average entry as a part of the symbol's usual level.
_HOLDINGS: Final = (
    ("AAPL", "40", "0.91"),
    ("MSFT", "12.5", "1.04"),
    ("NVDA", "60", "0.78"),
    ("SPY", "25", "0.97"),
    ("TSLA", "-15", "1.02"),
    ("BTC/USD", "0.235", "0.88"),
)
_RATIO: Final = Decimal("1e-10")


@dataclass(frozen=True)
class Holding:
    """One position and the two prices that everything else follows from."""

    instrument: Instrument
    # Negative when short.
    quantity: Decimal
    entry: Decimal
    price: Decimal
    # At the end of the previous session.
    last_day: Decimal

    @property
    def value(self) -> Decimal:
        """What it is worth now; negative when short."""
        return self.quantity * self.price

    @property
    def cost(self) -> Decimal:
        """What it was worth when it was opened; negative when short."""
        return self.quantity * self.entry

    @property
    def last_day_value(self) -> Decimal:
        """What it was worth at the end of the previous session."""
        return self.quantity * self.last_day


def holdings(market: Exchange, now_ns: int) -> list[Holding]:
    """The demo portfolio at this moment's prices."""
    return list(_holdings(market, now_ns))


def positions(held: list[Holding]) -> list[dict[str, Any]]:
    """The answer of `/v2/positions`."""
    return [_position(each) for each in held]


def account(held: list[Holding]) -> dict[str, Any]:
    """The answer of `/v2/account`, of a plain margin account without loans."""
    long = sum((each.value for each in held if each.quantity > 0), Decimal())
    short = sum((each.value for each in held if each.quantity < 0), Decimal())
    equity = _CASH + long + short
    last_equity = _CASH + sum((each.last_day_value for each in held), Decimal())
    initial = (long - short) / 2
    power = max(Decimal(), (equity - initial) * 2)
    money = {
        "cash": _CASH,
        "equity": equity,
        "portfolio_value": equity,
        "last_equity": last_equity,
        "long_market_value": long,
        "short_market_value": short,
        "position_market_value": long - short,
        "initial_margin": initial,
        "maintenance_margin": (long - short) * Decimal("0.3"),
        "buying_power": power,
        "effective_buying_power": power,
        "regt_buying_power": power,
        "non_marginable_buying_power": power / 2,
        "options_buying_power": power / 2,
        "accrued_fees": Decimal(),
    }
    return _ACCOUNT_FIELDS | {name: _text(amount) for name, amount in money.items()}


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


def asset_id(symbol: str) -> str:
    """A stable id. That of a crypto position is not that of its asset, and so it is at the venue."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tapecast:simulated:{symbol}"))


def _holdings(market: Exchange, now_ns: int) -> Iterator[Holding]:
    for symbol, quantity, part in _HOLDINGS:
        image = market.image(symbol, now_ns)
        if image is not None:
            entry = (Decimal(str(LISTED[symbol].level)) * Decimal(part)).quantize(Decimal("0.01"))
            # A recording knows nothing of the day before.
            before = image.previous.close if image.previous is not None else image.day.open
            prices = Decimal(str(image.trade.price)), Decimal(str(before))
            yield Holding(LISTED[symbol], Decimal(quantity), entry, *prices)


def _position(held: Holding) -> dict[str, Any]:
    # Positions spell a pair without the slash that the streams want.
    symbol = held.instrument.symbol.replace("/", "")
    profit, today = held.value - held.cost, held.value - held.last_day_value
    return {
        "asset_id": asset_id(symbol),
        "symbol": symbol,
        "exchange": held.instrument.exchange,
        "asset_class": str(held.instrument.market),
        "asset_marginable": held.instrument.market is Market.US_EQUITY,
        "side": "long" if held.quantity > 0 else "short",
        "qty": _text(held.quantity),
        "qty_available": _text(held.quantity),
        "avg_entry_price": _text(held.entry),
        "cost_basis": _text(held.cost),
        "market_value": _text(held.value),
        "unrealized_pl": _text(profit),
        "unrealized_plpc": _ratio(profit, held.cost),
        "unrealized_intraday_pl": _text(today),
        "unrealized_intraday_plpc": _ratio(today, held.last_day_value),
        "current_price": _text(held.price),
        "lastday_price": _text(held.last_day),
        "change_today": _ratio(held.price - held.last_day, held.last_day),
    }


def _ratio(part: Decimal, whole: Decimal) -> str:
    """A fraction (0.0084 is 0.84 percent) of the size of `whole`: a short that gains has a gain."""
    return _text((part / abs(whole)).quantize(_RATIO))


def _text(value: Decimal) -> str:
    """Plain notation without trailing zeros, as the venue writes numbers."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
