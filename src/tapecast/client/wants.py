"""What a program wants to hear, as the server is asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from tapecast.bars import Interval


def symbols_of(names: Iterable[str]) -> tuple[str, ...]:
    """Upper-cased and taken once, in order, as the server does. A text may hold several, with commas."""
    texts = [names] if isinstance(names, str) else names
    # Not split here, the server would split it, and answer with symbols that nobody knows of.
    parts = [part.strip() for text in texts for part in text.split(",")]
    return tuple(dict.fromkeys(part.upper() for part in parts if part))


class Wants(Protocol):
    """What a stream is asked for."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those that have a state from the first moment on."""

    @property
    def target(self) -> str:
        """Path and query, without a ticket."""


@dataclass(frozen=True)
class Live:
    """Prices, the account and the server's status, on one stream. Raises ValueError if it is nothing."""

    symbols: tuple[str, ...] = ()
    positions: bool = False
    status: bool = False
    # The least milliseconds between two frames of prices; None leaves it to the server.
    interval: int | None = None

    def __post_init__(self) -> None:
        if not (self.symbols or self.positions or self.status):
            raise ValueError("nothing is asked for: name symbols, or ask for positions or status")

    @property
    def target(self) -> str:
        """Path and query."""
        parts = [f"prices={_listed(self.symbols)}"] if self.symbols else []
        parts += ["positions"] * self.positions + ["status"] * self.status
        parts += [] if self.interval is None else [f"interval={self.interval}"]
        return f"/stream?{'&'.join(parts)}"


@dataclass(frozen=True)
class LiveBars:
    """Bars of one length. Raises ValueError if it is nothing."""

    symbols: tuple[str, ...]
    interval: Interval
    limit: int | None = None

    def __post_init__(self) -> None:
        if not self.symbols:
            raise ValueError("nothing is asked for: name symbols")

    @property
    def target(self) -> str:
        """Path and query."""
        limit = "" if self.limit is None else f"&limit={self.limit}"
        return f"/stream/bars?symbols={_listed(self.symbols)}&interval={self.interval}{limit}"


def _listed(symbols: tuple[str, ...]) -> str:
    return ",".join(quote(symbol, safe="/") for symbol in symbols)
