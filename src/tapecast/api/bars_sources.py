"""What the book of bars takes from others: the states of symbols and markets, and the bus's bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from tapecast.api.markets import Markets
from tapecast.api.topic import StateListener, TopicListener
from tapecast.api.view import View
from tapecast.bus.bars_joins import BarsListener, BarsOf


class StateSource(Protocol):
    """The hub, as the book uses it: of each symbol it tells the state."""

    @property
    def markets(self) -> Markets:
        """What is known of their owners."""

    def attach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Listen to these symbols, which are wanted from now on."""

    def detach(self, listener: TopicListener, symbols: Sequence[str]) -> None:
        """Stop listening."""

    def introduce(self, listener: StateListener, symbols: Iterable[str]) -> None:
        """Tell the states of symbols that are listened to."""


class BarSource(Protocol):
    """The subscriber's bars, as the book uses them. Each returns at once."""

    def listen(self, listener: BarsListener) -> None:
        """Tell this one of them."""

    def add(self, bars: Iterable[BarsOf]) -> None:
        """Join these."""

    def again(self, of: BarsOf) -> None:
        """Read these once more."""

    def remove(self, bars: Iterable[BarsOf]) -> None:
        """Leave these."""


class States:
    """Passes a symbol's states on to a view that shows no prices."""

    def __init__(self, view: View) -> None:
        self._view = view

    def put_state(self, symbol: str, frame: bytes) -> None:
        """A symbol's state changed."""
        self._view.put_state(symbol, frame)

    def ring(self, symbol: str) -> None:
        """A price changed, which is not shown."""
