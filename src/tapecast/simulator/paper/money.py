"""Exact arithmetic: what is worth how much, and how the venue writes a number.

Decimals keep 28 digits. A quantity has at most 15 of them and an average is cut to 12, so that the product of
the two, as a client computes it from what it was told, is exact.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.symbols import Instrument

_AVERAGE: Final = Context(prec=12)
_RATIO: Final = Decimal("1e-10")
_WIDE: Final = Context(prec=60)


def multiplier(instrument: Instrument) -> int:
    """Shares in one unit: an option is a contract on a hundred."""
    return 100 if instrument.market is Market.US_OPTION else 1


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """An average."""
    return _AVERAGE.divide(part, whole)


def average(held: Decimal, price: Decimal, more: Decimal, at: Decimal) -> Decimal:
    """The average price when `more` are added at another one."""
    return ratio(held * price + more * at, held + more)


def decimal(price: float) -> Decimal:
    """A market's price, as it was printed."""
    return Decimal(str(price))


def whole(value: Decimal) -> Decimal:
    """Without what is after the point."""
    return value.to_integral_value(ROUND_DOWN)


def text(value: Decimal) -> str:
    """Plain notation without trailing zeros, as the venue writes numbers."""
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def fraction(part: Decimal, whole: Decimal) -> str:
    """A change (0.0084 is 0.84 percent) by the size of `whole`: a short that gains has a gain."""
    return text((part / abs(whole)).quantize(_RATIO, context=_WIDE)) if whole else "0"
