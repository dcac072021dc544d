"""Frames that no client should get, and some day does: one of each kind, to be sent at will.

A frame that is bad as a whole replaces a good one. A bad message goes in one frame between two good trades,
which a client must still count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from tapecast.simulator.codec import JSON, MSGPACK, Codec
from tapecast.simulator.outbox import Frame

HUGE_BYTES: Final = 10_000_000


class Bad(StrEnum):
    """What is wrong with it."""

    # The whole frame.
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    HUGE = "huge"
    TEXT = "text"  # text where bytes belong, and the other way round
    NOT_A_LIST = "not_a_list"
    # One message of a frame.
    NOT_A_MAP = "not_a_map"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELDS = "missing_fields"
    NAN = "nan"  # null in JSON, which cannot say it
    NEGATIVE = "negative"
    ZERO = "zero"
    WRONG_TYPES = "wrong_types"


LOST: Final = frozenset({Bad.GARBAGE, Bad.TRUNCATED, Bad.TEXT, Bad.NOT_A_LIST})
"""Of these frames a client can use nothing."""


def frame(kind: Bad, codec: Codec, good: Sequence[dict[str, Any]]) -> Frame:
    """One bad frame in a connection's codec; `good` are the trades around a bad message, if any."""
    text = not codec.binary
    if kind is Bad.GARBAGE:
        return Frame(b"}garbage{" if text else b"\xc1\xff\x00garbage", text)
    if kind is Bad.TEXT:
        other = JSON if codec.binary else MSGPACK
        return Frame(other.frame([other.encode({"T": "success", "msg": "SIMULATED"})]), not text)
    if kind is Bad.NOT_A_LIST:
        return Frame(codec.encode(_like(good)), text)
    if kind is Bad.TRUNCATED:
        whole = codec.frame([codec.encode(_like(good))])
        return Frame(whole[: len(whole) // 2], text)
    before, after = good[:1], good[1:]
    return Frame(codec.frame([codec.encode(each) for each in (*before, _message(kind, good), *after)]), text)


def _message(kind: Bad, good: Sequence[dict[str, Any]]) -> Any:
    like = _like(good)
    if kind is Bad.NOT_A_MAP:
        return "not a map"
    if kind is Bad.MISSING_FIELDS:
        return {"T": like["T"], "S": like["S"]}
    if kind is Bad.WRONG_TYPES:
        return like | {"p": "much", "s": [], "t": {}}
    if kind is Bad.UNKNOWN_TYPE:
        return like | {"T": "zz"}
    if kind is Bad.HUGE:
        return {"T": "n", "content": "x" * HUGE_BYTES}
    return like | {"p": {Bad.NAN: math.nan, Bad.NEGATIVE: -1.0, Bad.ZERO: 0.0}[kind]}


def _like(good: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A good trade to spoil; where nothing is subscribed, one of the venue's test symbol."""
    return dict(good[-1]) if good else {"T": "t", "S": "FAKEPACA", "i": 1, "p": 1.0, "s": 1}
