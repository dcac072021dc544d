"""Frames of the data stream as values of ours. Pure: bytes in, structs out, nothing raised.

A message that makes no sense is named by kind and left out, and the rest of its frame still counts: the
venue adds fields and types without notice, and one odd message must not cost the good ones beside it.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Any, Final

import msgpack

from tapecast.market import Quote, Trade, is_price

INTEGER_NANOSECONDS: Final = 2
"""msgpack's `timestamp` option: times become plain int nanoseconds, nothing is cut off."""

CONTROL: Final = frozenset({"success", "error", "subscription"})
# Known, and of no use for a price: bars, books, statuses, LULD bands, imbalances, news; corrections and
# cancellations, which the venue sends unasked beside trades.
_NOT_CARRIED: Final = frozenset("budoslinxc")
# A print dated further ahead than any clock is wrong would win over every later one for ever.
_FUTURE_NS: Final = 24 * 3600 * 1_000_000_000


class Reject(StrEnum):
    """Why a message was left out; the names are metric labels."""

    FRAME = "frame"  # not msgpack, or not a list
    SHAPE = "shape"  # not a map
    TYPE = "type"  # no `T` that we know
    SYMBOL = "symbol"
    PRICE = "price"
    SIZE = "size"
    TIME = "time"
    UNASKED = "unasked"  # data for a symbol that nobody wants (any more)
    CONTROL = "control"  # a reply that answers nothing


Message = dict[Any, Any]


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


def decode(message: object, ts_recv: int) -> Trade | Quote | Reject | None:
    """One data message; None if it is a kind that we know and do not carry."""
    if not isinstance(message, dict):
        return Reject.SHAPE
    kind = message.get("T")
    if kind == "t":
        return trade(message.get("S"), message, message.get("t"), ts_recv)
    if kind == "q":
        return quote(message.get("S"), message, message.get("t"), ts_recv)
    return None if isinstance(kind, str) and kind in _NOT_CARRIED else Reject.TYPE


def trade(symbol: object, fields: Message, event_ns: object, ts_recv: int) -> Trade | Reject:
    """A print; REST answers spell its fields the same way."""
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    price, size = fields.get("p"), fields.get("s")
    if not is_price(price):
        return Reject.PRICE
    if not is_price(size):
        return Reject.SIZE
    if not _is_time(event_ns, ts_recv):
        return Reject.TIME
    return Trade(symbol, float(price), float(size), event_ns, ts_recv)  # type: ignore[arg-type]


def quote(symbol: object, fields: Message, event_ns: object, ts_recv: int) -> Quote | Reject:
    """A top of book. A missing or zero side is None, and so is its size."""
    if not isinstance(symbol, str) or not symbol:
        return Reject.SYMBOL
    bid, ask = fields.get("bp"), fields.get("ap")
    if not (_is_side(bid) and _is_side(ask)):
        return Reject.PRICE
    if not _is_time(event_ns, ts_recv):
        return Reject.TIME
    return Quote(
        symbol,
        float(bid) if bid else None,
        float(ask) if ask else None,
        _size(fields.get("bs")) if bid else None,
        _size(fields.get("as")) if ask else None,
        event_ns,  # type: ignore[arg-type]
        ts_recv,
    )


def number(value: object) -> float | None:
    """A finite number that is not below zero, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared, not converted: msgpack and JSON know integers that no float can hold.
    return float(value) if 0 <= value <= sys.float_info.max else None


def _is_side(value: object) -> bool:
    return value is None or number(value) is not None


def _size(value: object) -> float | None:
    return number(value) or None


def _is_time(value: object, ts_recv: int) -> bool:
    return type(value) is int and 0 < value < ts_recv * 1000 + _FUTURE_NS
