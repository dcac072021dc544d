"""The newest trades of one symbol, which can be taken back exactly. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from tapecast.ingest.identity import is_named
from tapecast.market import Cancel, Correction, Trade

REMEMBERED: Final = 1000
"""Of each symbol: some ten seconds of the busiest, an hour of most."""


class Recent:
    """Trades as they came, with what was corrected since."""

    __slots__ = ("_trades", "forgotten_ns")

    def __init__(self) -> None:
        self._trades: deque[Trade] = deque(maxlen=REMEMBERED)
        # No trade of after this is forgotten.
        self.forgotten_ns = -1

    def add(self, trade: Trade) -> None:
        """Remember one more."""
        trades = self._trades
        if len(trades) == REMEMBERED:
            self.forgotten_ns = max(self.forgotten_ns, trades[0].ts_event_ns)
        trades.append(trade)

    def amend(self, amend: Correction | Cancel) -> tuple[Trade, Trade | None] | None:
        """What it was, and what it should have been or nothing; None if it is not remembered."""
        trades = self._trades
        old = next((e for e in reversed(trades) if is_named(e, amend.number, amend.exchange)), None)
        if old is None:
            return None
        mended = _mended(old, amend)
        replaced = (mended if each is old else each for each in trades)
        self._trades = deque((each for each in replaced if each is not None), maxlen=REMEMBERED)
        return old, mended

    def between(self, begin_ns: int, end_ns: int) -> Iterator[Trade]:
        """Those of this stretch, as they came."""
        return (trade for trade in self._trades if begin_ns <= trade.ts_event_ns < end_ns)


def _mended(old: Trade, amend: Correction | Cancel) -> Trade | None:
    if isinstance(amend, Cancel) or not amend.effect:
        return None
    return msgspec.structs.replace(
        old, price=amend.price, size=amend.size, number=amend.new_number, effect=amend.effect
    )
