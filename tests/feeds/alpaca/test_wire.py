"""The data stream's frames, good and bad."""

from __future__ import annotations

import math
import time
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.feeds.alpaca.wire import Reject, decode, unpack
from tapecast.market import ADDS_VOLUME, SETS_ALL, Cancel, Correction, Quote, Trade, number

NOW_US = time.time_ns() // 1000
EVENT_NS = NOW_US * 1000 - 5_000_001
TRADE = {"T": "t", "S": "AAPL", "p": 190.5, "s": 100, "t": EVENT_NS, "i": 1, "x": "V", "c": ["@"], "z": "C"}
CORRECTION = {
    "T": "c", "S": "AAPL", "x": "V", "oi": 1, "op": 190.5, "os": 100, "oc": ["@"],
    "ci": 2, "cp": 190.4, "cs": 90, "cc": ["@", "I"], "t": EVENT_NS, "z": "C",
}  # fmt: skip
CANCEL = {"T": "x", "S": "AAPL", "i": 1, "x": "V", "p": 190.5, "s": 100, "a": "C", "t": EVENT_NS, "z": "C"}
QUOTE = {"T": "q", "S": "AAPL", "bp": 190.4, "bs": 2, "ap": 190.6, "as": 3, "t": EVENT_NS}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.builds(msgpack.Timestamp, st.integers(0, 2**34), st.integers(0, 999_999_999)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    ["T", "S", "p", "s", "t", "bp", "ap", "bs", "as", "i", "x", "c", "z", "oi", "ci", "cp", "cs", "cc"]
)
messages = st.dictionaries(fields, st.sampled_from(["t", "q", "c", "x", "AAPL"]) | values, max_size=12)


def test_a_trade() -> None:
    """A trade keeps its price, size and nanoseconds."""
    assert decode(TRADE, NOW_US) == Trade("AAPL", 190.5, 100.0, EVENT_NS, NOW_US, 1, "V")


def test_a_crypto_trade_is_fractional() -> None:
    """A crypto trade has a fractional size and its own fields."""
    message = {"T": "t", "S": "BTC/USD", "p": 64000, "s": 0.0001, "t": EVENT_NS, "i": 9, "tks": "B"}
    assert decode(message, NOW_US) == Trade("BTC/USD", 64000.0, 0.0001, EVENT_NS, NOW_US, 9)


def test_a_trade_says_what_it_does() -> None:
    """Its conditions decide; an unreadable id costs only that it cannot be corrected."""
    odd = decode(TRADE | {"c": ["@", "I"], "i": "x", "x": 7}, NOW_US)
    assert odd == Trade("AAPL", 190.5, 100.0, EVENT_NS, NOW_US, 0, "", ADDS_VOLUME)


def test_a_correction() -> None:
    """It names the print that it mends, and carries the effect of the new conditions."""
    assert decode(CORRECTION, NOW_US) == Correction("AAPL", 1, "V", 2, 190.4, 90.0, ADDS_VOLUME, NOW_US)
    assert decode(CORRECTION | {"ci": None, "cc": ["@"]}, NOW_US) == Correction(
        "AAPL", 1, "V", 1, 190.4, 90.0, SETS_ALL, NOW_US
    )


def test_a_cancel() -> None:
    """It names the print that is void."""
    assert decode(CANCEL, NOW_US) == Cancel("AAPL", 1, "V", NOW_US)


def test_a_quote() -> None:
    """A quote keeps both sides."""
    assert decode(QUOTE, NOW_US) == Quote("AAPL", 190.4, 190.6, 2.0, 3.0, EVENT_NS, NOW_US)


@pytest.mark.parametrize("nothing", [0, 0.0, None])
def test_a_zero_side_is_no_price(nothing: float | None) -> None:
    """A bid of zero or none at all is None, and its size with it."""
    quote = decode(QUOTE | {"bp": nothing}, NOW_US)
    assert quote == Quote("AAPL", None, 190.6, None, 3.0, EVENT_NS, NOW_US)


def test_a_side_without_size_keeps_its_price() -> None:
    """A size that makes no sense costs the size alone."""
    assert decode(QUOTE | {"as": "many"}, NOW_US) == Quote("AAPL", 190.4, 190.6, 2.0, None, EVENT_NS, NOW_US)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("text", Reject.SHAPE),
        ({}, Reject.TYPE),
        ({"T": "?"}, Reject.TYPE),
        ({"T": ["t"]}, Reject.TYPE),
        (TRADE | {"S": None}, Reject.SYMBOL),
        (TRADE | {"S": ""}, Reject.SYMBOL),
        (TRADE | {"p": None}, Reject.PRICE),
        (TRADE | {"p": "190.5"}, Reject.PRICE),
        (TRADE | {"p": math.nan}, Reject.PRICE),
        (TRADE | {"p": math.inf}, Reject.PRICE),
        (TRADE | {"p": 0}, Reject.PRICE),
        (TRADE | {"p": -1.0}, Reject.PRICE),
        (TRADE | {"p": True}, Reject.PRICE),
        (TRADE | {"s": 0}, Reject.SIZE),
        (TRADE | {"t": None}, Reject.TIME),
        (TRADE | {"t": -1}, Reject.TIME),
        (TRADE | {"t": (NOW_US + 3600 * 1_000_000) * 1000}, Reject.TIME),
        (QUOTE | {"S": 7}, Reject.SYMBOL),
        (CORRECTION | {"S": ""}, Reject.SYMBOL),
        (CORRECTION | {"cp": 0}, Reject.PRICE),
        (CORRECTION | {"cs": None}, Reject.SIZE),
        (CORRECTION | {"oi": "1"}, Reject.NUMBER),
        (CANCEL | {"S": None}, Reject.SYMBOL),
        (CANCEL | {"i": -1}, Reject.NUMBER),
        (QUOTE | {"bp": -1}, Reject.PRICE),
        (QUOTE | {"ap": math.nan}, Reject.PRICE),
        (QUOTE | {"t": "now"}, Reject.TIME),
    ],
)
def test_nonsense_is_named(message: object, kind: Reject) -> None:
    """Each way of making no sense has its name."""
    assert decode(message, NOW_US) is kind


def test_a_clock_may_be_wrong_by_minutes() -> None:
    """Ours or the venue's: what it dates a little ahead is a print all the same."""
    assert isinstance(decode(TRADE | {"t": (NOW_US + 299 * 1_000_000) * 1000}, NOW_US), Trade)


@pytest.mark.parametrize("kind", "budoslin")
def test_known_kinds_are_passed_over(kind: str) -> None:
    """What the venue may send and we do not carry is no fault."""
    assert decode({"T": kind, "S": "AAPL"}, NOW_US) is None


def test_a_frame_keeps_nanoseconds() -> None:
    """The timestamp extension becomes integer nanoseconds."""
    frame = msgpack.packb([TRADE | {"t": msgpack.Timestamp.from_unix_nano(EVENT_NS)}])
    unpacked = unpack(frame)
    assert isinstance(unpacked, list)
    assert decode(unpacked[0], NOW_US) == decode(TRADE, NOW_US)


@pytest.mark.parametrize("frame", ["text", b"", b"\xc1", b"\x93\x01", msgpack.packb({"T": "t"}), b"\x01\x02"])
def test_what_is_no_frame(frame: object) -> None:
    """Text, cut off, and single values are no frames."""
    assert unpack(frame) is Reject.FRAME


@given(st.binary(max_size=64))
@settings(deadline=None)
def test_any_bytes_are_survived(frame: bytes) -> None:
    """No frame raises, whatever its bytes."""
    unpacked = unpack(frame)
    for message in unpacked if isinstance(unpacked, list) else []:
        decode(message, NOW_US)


@given(messages)
@settings(deadline=None)
def test_any_message_is_survived(message: dict[str, Any]) -> None:
    """What comes out is always fit to be a price: finite, above zero, of a possible time."""
    (unpacked,) = unpack(msgpack.packb([message]))
    value = decode(unpacked, NOW_US)
    if isinstance(value, Trade | Correction):
        assert 0 < value.price < math.inf
        assert 0 < value.size < math.inf
    if isinstance(value, Trade):
        assert 0 < value.price < math.inf
        assert value.ts_event_ns > 0
    if isinstance(value, Quote):
        assert all(side is None or 0 < side < math.inf for side in (value.bid, value.ask))


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (0, 0.0), (-1, None), (math.nan, None), (True, None), ("1", None)]
)
def test_numbers(value: object, expected: float | None) -> None:
    """A number is finite and not below zero."""
    assert number(value) == expected
