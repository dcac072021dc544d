"""Numbers as people who watch markets read them: the digits of the price decide the digits of the rest."""

from __future__ import annotations

from decimal import Decimal

Figure = float | Decimal | None
"""What the wire has: doubles of the market, decimals of the account, or nothing."""


def digits_of(price: float) -> int:
    """How many digits a price of this size is quoted in."""
    size = abs(price)
    if size >= 1 or size == 0:
        return 2
    return 4 if size >= 0.01 else 6


def price(value: Figure, digits: int | None = None) -> str:
    """`1,234.50`; nothing for what is not known."""
    if value is None:
        return ""
    number = float(value)
    return f"{number:,.{digits_of(number) if digits is None else digits}f}"


def signed(value: Figure, digits: int = 2) -> str:
    """`+1.20`, `-0.30`, and `0.00` without a sign."""
    if value is None:
        return ""
    text = f"{float(value):+,.{digits}f}"
    return text if any(each in "123456789" for each in text) else text[1:]


def percent(value: Figure) -> str:
    """Of a number that is in percent already."""
    return "" if value is None else f"{signed(value)}%"


def fraction(value: Figure) -> str:
    """Of a fraction: 0.0084 is +0.84%."""
    return "" if value is None else percent(float(value) * 100)


def quantity(value: Figure) -> str:
    """950, 12.4k, 3.21M; of coins the fraction."""
    if value is None:
        return ""
    number = float(value)
    for least, unit, scale, digits in ((1e9, "B", 1e9, 2), (1e6, "M", 1e6, 2), (1e4, "k", 1e3, 1)):
        if abs(number) >= least:
            return f"{number / scale:,.{digits}f}{unit}"
    digits = 6 if abs(number) < 1 else 4 if abs(number) < 1000 else 2
    text = f"{number:,.{digits}f}"
    return text.rstrip("0").rstrip(".")


def age(seconds: float | None) -> str:
    """How long ago, in two or three characters."""
    if seconds is None:
        return ""
    for least, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= least:
            return f"{int(seconds // least)}{unit}"
    return f"{int(seconds)}s"


def direction(value: Figure) -> int:
    """1 up, -1 down, 0 neither, as it is shown: what reads 0.00 has no direction."""
    if value is None or abs(float(value)) < 0.005:
        return 0
    return 1 if value > 0 else -1
