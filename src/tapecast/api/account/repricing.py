"""One position at another price, in exact arithmetic.

Alpaca's own figures are the base. Only what follows from a newer price is computed anew, by Alpaca's
formulas: value = quantity x price (an option's x 100), profit = value - cost, and its fraction is of |cost|.
Today's profit goes by the difference to what Alpaca said: the rules for shares bought today stay Alpaca's.
Of what one unit stands for Alpaca's own value is the witness: where it is another, as that of a future or of
an adjusted contract, our arithmetic would show wrong money, and there is none.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final

from tapecast.api.account.numbers import EXACT, ratio
from tapecast.bus.codec import Fields
from tapecast.market import Market, market_of

OPTION_SHARES: Final = 100
_CENT: Final = Decimal("0.01")
_ROUNDED: Final = Decimal("0.0001")
"""A coin's price of a few digits may have been rounded; another multiplier makes far more."""


def repriced(position: Fields, price: Decimal) -> Fields:
    """The position at this price. What Alpaca left out or gave as null stays as it was."""
    qty = position.get("qty")
    if not isinstance(qty, Decimal):
        return position
    with localcontext(EXACT):
        value = _sign(position) * abs(qty) * price * shares(position)
        return position | _at(position, price, value)


def is_repriceable(position: Fields) -> bool:
    """Whether Alpaca's own value is quantity x price (an option's x 100): then ours is right, too.

    Where it gave none, the kinds of assets that we know are taken for what they are, and others are not.
    """
    qty, price, value = (position.get(name) for name in ("qty", "current_price", "market_value"))
    if not isinstance(qty, Decimal):
        return False
    if not (isinstance(price, Decimal) and isinstance(value, Decimal)):
        return (position.get("asset_class") or Market.US_EQUITY) in frozenset(Market)
    with localcontext(EXACT):
        expected = abs(qty * price) * shares(position)
        return abs(abs(value) - expected) <= max(_CENT, abs(value) * _ROUNDED)


def worth(position: Fields, name: str = "market_value") -> Decimal | None:
    """What this field says, negative for a short position, whichever way the venue writes that."""
    amount = position.get(name)
    return _sign(position) * abs(amount) if isinstance(amount, Decimal) else None


def is_short(position: Fields) -> bool:
    """Whether it gains when the price falls. Alpaca says so by the side, and by a negative quantity too."""
    qty = position.get("qty")
    return position.get("side") == "short" or (isinstance(qty, Decimal) and qty < 0)


def shares(position: Fields) -> int:
    """How many shares one of its units stands for."""
    is_option = position.get("asset_class") == Market.US_OPTION
    symbol = str(position.get("symbol"))
    return OPTION_SHARES if is_option or market_of(symbol) is Market.US_OPTION else 1


def _at(position: Fields, price: Decimal, value: Decimal) -> Fields:
    was, cost = worth(position), worth(position, "cost_basis")
    said = position.get("market_value")
    is_turned = isinstance(said, Decimal) and was is not None and said != was
    changed: Fields = {"current_price": price, "market_value": -value if is_turned else value}
    if cost is not None:
        changed |= _gain(position, "unrealized_pl", value - cost, cost)
    intraday = position.get("unrealized_intraday_pl")
    if isinstance(intraday, Decimal) and was is not None:
        start = was - intraday
        changed |= _gain(position, "unrealized_intraday_pl", value - start, start)
    lastday = position.get("lastday_price")
    if isinstance(lastday, Decimal) and lastday:
        changed["change_today"] = ratio(price - lastday, lastday)
    return changed


def _gain(position: Fields, name: str, gain: Decimal, basis: Decimal) -> Fields:
    if basis:
        # A short's basis is negative, its gain is not.
        return {name: gain, f"{name}pc": ratio(gain, abs(basis))}
    # Of nothing there is no fraction, and the one of another price would be wrong.
    return {name: gain} | ({f"{name}pc": None} if f"{name}pc" in position else {})


def _sign(position: Fields) -> int:
    return -1 if is_short(position) else 1
