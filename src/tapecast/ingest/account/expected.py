"""The quantities that order events have told, until the positions that are read have them. Pure.

REST may answer a moment behind the stream: a position read right after its fill can still be the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from tapecast.bus.codec import Fields

MOVING: Final = ("fill", "partial_fill", "trade_bust", "trade_correct")
"""No set: what the venue says in this place may be of any type."""


def moves_position(event: Fields) -> bool:
    """Whether a position is another one after this event."""
    return event.get("event") in MOVING or bool(event.get("position_qty") or event.get("position_qtys"))


class Expected:
    """What positions must have become."""

    def __init__(self, pauses_s: Sequence[float]) -> None:
        self._pauses_s = pauses_s
        self._quantities: dict[str, Decimal] = {}
        self._tries = 0

    @property
    def symbols(self) -> list[str]:
        """Positions that were not seen to agree yet."""
        return sorted(self._quantities)

    def on_order(self, event: Fields) -> None:
        """Take what an event says; the newest counts."""
        for symbol, quantity in _quantities(event):
            self._quantities[symbol] = quantity
            self._tries = 0

    def compare(self, positions: Iterable[Fields]) -> float | None:
        """How long to wait before another read, or None if there need be none: all agree, or we give up."""
        found = {str(position.get("symbol")): signed(position) for position in positions}
        self._quantities = {
            symbol: quantity
            for symbol, quantity in self._quantities.items()
            if found.get(symbol, Decimal()) != quantity
        }
        if not self._quantities or self._tries == len(self._pauses_s):
            return None
        self._tries += 1
        return self._pauses_s[self._tries - 1]

    def give_up(self) -> None:
        """Leave it to the next poll."""
        self._quantities.clear()
        self._tries = 0


def signed(position: Fields) -> Decimal | None:
    """A position's quantity, below zero if short, whichever of the two the venue says it by."""
    quantity = _decimal(position.get("qty"))
    if quantity is None:
        return None
    # By copies: arithmetic refuses numbers with absurd exponents.
    return quantity.copy_abs().copy_negate() if position.get("side") == "short" else quantity


def _quantities(event: Fields) -> Iterator[tuple[str, Decimal]]:
    order, several = event.get("order"), event.get("position_qtys")
    pairs = list(several.items()) if isinstance(several, dict) else []
    if isinstance(order, dict):
        pairs.append((order.get("symbol"), event.get("position_qty")))
    for symbol, text in pairs:
        quantity = _decimal(text)
        if isinstance(symbol, str) and symbol and quantity is not None:
            yield symbol, quantity


def _decimal(value: object) -> Decimal | None:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
