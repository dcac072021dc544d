"""Frames of the trading stream that nobody should get: the kinds of `simulator/bad.py`, in its spelling.

None of them is about the account as it is; a client must count the good events around them.
"""

from __future__ import annotations

from typing import Any, Final

from tapecast.simulator.bad import HUGE_BYTES, Bad
from tapecast.simulator.codec import Codec
from tapecast.simulator.outbox import Frame

_ORDER: Final = {"id": "5131a000-0000-4000-8000-0000000000ba", "symbol": "FAKEPACA", "status": "filled"}
_FILL: Final = {"event": "fill", "order": _ORDER, "price": "130", "qty": "1", "position_qty": "1"}


def frame(kind: Bad, codec: Codec, *, text: bool) -> Frame:
    """One bad frame in a connection's codec."""
    if kind is Bad.GARBAGE:
        return Frame(b"\xc1\xff\x00garbage" if codec.binary else b"}garbage{", text)
    whole = codec.encode(_message(kind))
    if kind is Bad.TRUNCATED:
        return Frame(whole[: len(whole) // 2], text)
    return Frame(whole, text != (kind is Bad.TEXT and not codec.binary))


def _message(kind: Bad) -> Any:
    if kind is Bad.NOT_A_LIST:
        return {"stream": "trade_updates", "data": [_FILL]}
    if kind is Bad.NOT_A_MAP:
        return ["trade_updates", _FILL]
    if kind is Bad.UNKNOWN_TYPE:
        return {"stream": "account_updates", "data": {"id": "SIMULATED"}}
    return {"stream": "trade_updates", "data": _FILL | _data(kind)}


def _data(kind: Bad) -> dict[str, Any]:
    odd: dict[Bad, dict[str, Any]] = {
        Bad.MISSING_FIELDS: {"order": {}},
        Bad.WRONG_TYPES: {"event": 7, "order": "much", "price": [], "position_qty": {}},
        Bad.NAN: {"price": "NaN", "qty": None, "position_qty": "Infinity"},
        Bad.NEGATIVE: {"price": "-130", "qty": "-1"},
        Bad.ZERO: {"price": "0", "qty": "0", "position_qty": "0"},
        Bad.HUGE: {"note": "x" * HUGE_BYTES},
    }
    return odd.get(kind, {})
