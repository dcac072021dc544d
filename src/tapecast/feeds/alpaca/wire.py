"""Frames of the data stream as values of ours. Pure: bytes in, structs out, nothing raised.

A message that makes no sense is named by kind and left out, and the rest of its frame still counts: the
venue adds fields and types without notice, and one odd message must not cost the good ones beside it.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any, Final, TypeGuard

import msgpack

from tapecast.feeds.alpaca.conditions import effect
from tapecast.market import Cancel, Correction, Quote, Trade, number

INTEGER_NANOSECONDS: Final = 2
"""msgpack's `timestamp` option: times become plain int nanoseconds, nothing is cut off."""

CONTROL: Final = frozenset({"success", "error", "subscription"})
# Known, and of no use for a price: bars (`bars.py`), books, statuses, LULD bands, imbalances, news.
_NOT_CARRIED: Final = frozenset("budoslin")
# What is dated further ahead than clocks are wrong would win over every later one until its time has come.
FUTURE_NS: Final = 5 * 60 * 1_000_000_000
_BEGAN: Final = time.time_ns() - time.monotonic_ns()


class Reject(StrEnum):
    """Why a message was left out; the names are metric labels."""

    FRAME = "frame"  # not msgpack, or not a list
    SHAPE = "shape"  # not a map
    TYPE = "type"  # no `T` that we know
    SYMBOL = "symbol"
    PRICE = "price"
    SIZE = "size"
    TIME = "time"
    NUMBER = "number"  # a correction of nothing
    UNASKED = "unasked"  # data for a symbol that nobody wants (any more)
    CONTROL = "control"  # a reply that answers nothing


Message = dict[Any, Any]
Data = Trade | Quote | Correction | Cancel


def unpack(frame: object) -> list[object] | Reject:
    """The messages of one frame."""
    if not isinstance(frame, bytes):
        return Reject.FRAME
    try:
        messages = msgpack.unpackb(frame, timestamp=INTEGER_NANOSECONDS)
    # UnpackException is no ValueError; TypeError and OverflowError come from maps and times that cannot be.
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException):
        return Reject.FRAME
    return messages if isinstance(messages, list) else Reject.FRAME


def decode(message: object, ts_recv: int) -> Data | Reject | None:
    """One data message; None if it is a kind that we know and do not carry."""
    if not isinstance(message, dict):
        return Reject.SHAPE
    kind = message.get("T")
    if kind == "t":
        return trade(message.get("S"), message, message.get("t"), ts_recv)
    if kind == "q":
        return quote(message.get("S"), message, message.get("t"), ts_recv)
    # Unasked, beside trades.
    if kind == "c":
        return correction(message, ts_recv)
    if kind == "x":
        return cancel(message, ts_recv)
    return None if isinstance(kind, str) and kind in _NOT_CARRIED else Reject.TYPE


def trade(symbol: object, fields: Message, event_ns: object, ts_recv: int) -> Trade | Reject:
    """A print; REST answers spell its fields the same way."""
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    price, size = number(fields.get("p")), number(fields.get("s"))
    if not price:
        return Reject.PRICE
    if not size:
        return Reject.SIZE
    if not _is_time(event_ns, ts_recv):
        return Reject.TIME
    return Trade(
        symbol, price, size, event_ns, ts_recv,
        _number(fields.get("i")), _exchange(fields.get("x")), effect(fields.get("c"), fields.get("z")),
    )  # fmt: skip


def quote(symbol: object, fields: Message, event_ns: object, ts_recv: int) -> Quote | Reject:
    """A top of book. A missing or zero side is None, and so is its size."""
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    bid, ask = _side(fields.get("bp")), _side(fields.get("ap"))
    if bid is None or ask is None:
        return Reject.PRICE
    if not _is_time(event_ns, ts_recv):
        return Reject.TIME
    bid_size = number(fields.get("bs")) if bid else None
    ask_size = number(fields.get("as")) if ask else None
    return Quote(symbol, bid or None, ask or None, bid_size or None, ask_size or None, event_ns, ts_recv)


def correction(fields: Message, ts_recv: int) -> Correction | Reject:
    """What an earlier print should have been."""
    symbol, original = fields.get("S"), _number(fields.get("oi"))
    price, size = number(fields.get("cp")), number(fields.get("cs"))
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    if not price:
        return Reject.PRICE
    if not size:
        return Reject.SIZE
    if not original:
        return Reject.NUMBER
    does = effect(fields.get("cc"), fields.get("z"))
    new = _number(fields.get("ci")) or original
    return Correction(symbol, original, _exchange(fields.get("x")), new, price, size, does, ts_recv)


def cancel(fields: Message, ts_recv: int) -> Cancel | Reject:
    """The end of an earlier print."""
    symbol, original = fields.get("S"), _number(fields.get("i"))
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    return Cancel(symbol, original, _exchange(fields.get("x")), ts_recv) if original else Reject.NUMBER


def _number(value: object) -> int:
    # The name of a trade, not its worth: without a good one it can only not be corrected.
    return value if type(value) is int and value > 0 else 0


def _exchange(value: object) -> str:
    return value if isinstance(value, str) else ""


def _side(value: object) -> float | None:
    # Left out is the same as zero: there is no such price.
    return 0.0 if value is None else number(value)


def latest_ns(ts_recv: int) -> int:
    """What is dated later than this is of the future.

    A wall clock that is set back while we run makes nothing so: every trade was refused then, and the last
    one shown as live for as long as it lasted.
    """
    return max(ts_recv * 1000, _BEGAN + time.monotonic_ns()) + FUTURE_NS


def _is_time(value: object, ts_recv: int) -> TypeGuard[int]:
    return type(value) is int and 0 < value < latest_ns(ts_recv)
