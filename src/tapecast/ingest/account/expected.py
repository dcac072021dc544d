"""The quantities that order events have told, until the positions that are read have them. Pure.

REST may answer a moment behind the stream: a position read right after its fill can still be the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from tapecast.bus.codec import Fields

MOVING: Final = ("fill", "partial_fill", "trade_bust", "trade_correct")
"""No set: what the venue says in this place may be of any type."""


def moves_position(event: Fields) -> bool:
    """Whether a position is another one after this event."""
    return event.get("event") in MOVING or bool(event.get("position_qty") or event.get("position_qtys"))


class _Told(NamedTuple):
    quantity: Decimal
    at: float


class Expected:
    """What positions must have become. Time is a parameter, in monotonic seconds."""

    def __init__(self, pauses_s: Sequence[float], decided_s: float) -> None:
        self._pauses_s = pauses_s
        # From a fill until REST is believed, whatever it says.
        self._decided_s = decided_s
        self._told: dict[str, _Told] = {}
        self._tries = 0

    @property
    def symbols(self) -> set[str]:
        """Positions of which something was told that was not read yet."""
        return {*self._told}

    @property
    def closed(self) -> list[str]:
        """Positions that are none any more, as far as was told."""
        return [symbol for symbol, told in self._told.items() if not told.quantity]

    def on_order(self, event: Fields, now: float) -> None:
        """Take what an event says; the newest counts."""
        for symbol, quantity in _quantities(event):
            self._told[symbol] = _Told(quantity, now)
            self._tries = 0

    def compare(self, positions: Iterable[Fields], now: float) -> float | None:
        """How long to wait before another read, or None if it can wait for the poll. `now`: when it began."""
        found = {str(position.get("symbol")): signed(position) for position in positions}
        self._told = {
            symbol: told
            for symbol, told in self._told.items()
            if found.get(symbol, Decimal()) != told.quantity and now - told.at < self._decided_s
        }
        if not self._told:
            self._tries = 0
        if not self._told or self._tries > len(self._pauses_s):
            return None
        self._tries += 1
        return self._pauses_s[self._tries - 1] if self._tries <= len(self._pauses_s) else None

    def differing(self, now: float) -> list[str]:
        """Positions that have had all the time they should need, and are not what was told."""
        is_last = self._tries > len(self._pauses_s)
        return sorted(s for s, told in self._told.items() if is_last or now - told.at > sum(self._pauses_s))


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
