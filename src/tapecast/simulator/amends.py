"""What the venue says of trades that were wrong: corrections (`c`) and cancels (`x`), in its spelling.

Field by field as in its page on the stock stream. They come unasked to whoever gets the trades.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tapecast.simulator.symbols import Instrument
from tapecast.simulator.walk import Print
from tapecast.simulator.wire import Stamp


class Correction(NamedTuple):
    """`trade` should have been `right`."""

    trade: Print
    right: Print
    ns: int

    @property
    def instrument(self) -> Instrument:
        """Whose trade it is."""
        return self.trade.instrument


class Cancel(NamedTuple):
    """`trade` should not have been."""

    trade: Print
    ns: int

    @property
    def instrument(self) -> Instrument:
        """Whose trade it is."""
        return self.trade.instrument


Amend = Correction | Cancel


def message(amend: Amend, stamp: Stamp) -> dict[str, Any]:
    """The amendment as the stream sends it."""
    listed, trade = amend.instrument, amend.trade
    end = {"t": stamp(amend.ns), "z": listed.tape}
    if isinstance(amend, Cancel):
        body = {"i": trade.number, "x": trade.venue, "p": trade.price, "s": trade.size, "a": "C"}
        return {"T": "x", "S": listed.symbol, **body, **end}
    right = amend.right
    original = {"oi": trade.number, "op": trade.price, "os": trade.size, "oc": list(trade.conditions)}
    corrected = {"ci": right.number, "cp": right.price, "cs": right.size, "cc": list(right.conditions)}
    return {"T": "c", "S": listed.symbol, "x": trade.venue, **original, **corrected, **end}
