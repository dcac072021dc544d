"""Bytes that are nearly right: good ones that were cut, flipped or doubled, and values beyond all reason.

Random bytes fail at the first byte; what goes wrong deep inside a decoder is found by what is nearly good.
"""

from __future__ import annotations

from typing import Any

import msgpack
from hypothesis import strategies as st

HUGE = (2**53, 2**63 - 1, 2**64 - 1, -(2**63), 10**15, -1, 0)
ODD_NUMBERS = st.sampled_from([*HUGE, 1e308, -0.0, 5e-324, float("nan"), float("inf"), -float("inf")])
# More than msgpack can say, and JSON can.
BIGGER = st.sampled_from([2**64, -(2**63) - 1, 10**400, "9" * 5000])
TEXTS = st.sampled_from(["", "AAPL", "\0", "\N{SNOWMAN}", "x" * 300, "1", "null", "2026-01-02T03:04:05Z"])
LEAVES = st.none() | st.booleans() | ODD_NUMBERS | st.integers(-5, 300) | st.floats() | TEXTS


def nested(levels: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
) | st.builds(nested, st.integers(1, 200))
TIMES = st.builds(msgpack.Timestamp, st.integers(-(2**63), 2**63 - 1), st.integers(0, 999_999_999))
EXTENSIONS = st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=12))


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with a few things done to its bytes."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 16)))
        deed = draw(st.sampled_from(["flip", "set", "cut", "drop", "double", "insert", "swap"]))
        if deed == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif deed == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif deed == "cut":
            del data[at:]
        elif deed == "drop":
            del data[at:end]
        elif deed == "double":
            data[at:at] = data[at:end] * draw(st.integers(1, 3))
        elif deed == "insert":
            data[at:at] = draw(st.binary(max_size=8))
        elif deed == "swap":
            other = draw(st.integers(0, len(data)))
            data[at:end] = data[other : other + end - at]
    return bytes(data)


@st.composite
def amended(draw: st.DrawFn, good: dict[str, Any], values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """`good` with some of its fields of another value, left out, or given to each other."""
    changed = dict(good)
    for name in draw(st.lists(st.sampled_from(sorted(good)), max_size=3)):
        deed = draw(st.sampled_from(["value", "drop", "swap"]))
        if deed == "value":
            changed[name] = draw(values)
        elif deed == "drop":
            changed.pop(name, None)
        else:
            changed[name] = good[draw(st.sampled_from(sorted(good)))]
    return changed
