"""The fast reader takes good trades and quotes, says what the careful one says, and leaves it all else."""

from __future__ import annotations

import math
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.feeds.alpaca import prints, wire
from tapecast.feeds.alpaca.seen import Known
from tapecast.market import ADDS_VOLUME, Quote, Trade

NOW_US = 1_760_000_000_000_000
EVENT_NS = NOW_US * 1000 - 5_000_001
AT = msgpack.Timestamp.from_unix_nano(EVENT_NS)
TRADE = {"T": "t", "S": "AAPL", "p": 190.5, "s": 100, "t": AT, "i": 1, "x": "V", "c": ["@"], "z": "C"}
QUOTE = {"T": "q", "S": "AAPL", "bp": 190.4, "bs": 2, "ap": 190.6, "as": 3, "t": AT, "c": ["R"], "z": "C"}

numbers = (
    st.integers(0, 2**64 - 1)
    | st.floats(min_value=0)
    | st.sampled_from([-1, None, True, "1", math.nan, math.inf, 0])
)
texts = st.text(max_size=4) | st.none()
codes = st.lists(st.sampled_from(["@", "I", "T", "M", ""]), max_size=3) | texts | st.integers(0, 9)
times = st.builds(msgpack.Timestamp, st.integers(0, 2**34), st.integers(0, 999_999_999)) | st.just(AT)
changes = st.fixed_dictionaries(
    {},
    optional={
        "S": texts, "p": numbers, "s": numbers, "i": numbers, "x": texts, "c": codes, "z": texts,
        "bp": numbers, "ap": numbers, "bs": numbers, "as": numbers, "t": times | numbers, "new": texts,
    },
)  # fmt: skip


class Everything(dict[str, Known]):
    """Whatever symbol there is, it is wanted."""

    def get(self, symbol: str, _: object = None) -> Known:
        return Known(symbol)


def read(*messages: object) -> list[Trade | Quote] | None:
    """The frame of these messages, as the fast reader has it."""
    frame = prints.read(msgpack.packb(list(messages)), NOW_US, Everything())
    return frame and frame.data


def judged(*messages: object) -> list[object]:
    """The same frame, as the careful reader has it."""
    unpacked = wire.unpack(msgpack.packb(list(messages)))
    assert isinstance(unpacked, list)
    return [wire.decode(message, NOW_US) for message in unpacked]


def test_a_frame_of_trades_and_quotes_keeps_its_order() -> None:
    """With nanoseconds, conditions and number."""
    odd = TRADE | {"c": ["@", "I"], "i": 2}
    assert read(TRADE, QUOTE, odd) == [
        Trade("AAPL", 190.5, 100.0, EVENT_NS, NOW_US, 1, "V"),
        Quote("AAPL", 190.4, 190.6, 2.0, 3.0, EVENT_NS, NOW_US),
        Trade("AAPL", 190.5, 100.0, EVENT_NS, NOW_US, 2, "V", ADDS_VOLUME),
    ]


def test_what_nobody_wants_is_counted() -> None:
    """And what is wanted has the name that we gave, not a copy of it for each message."""
    ours = Known("".join(["AA", "PL"]))
    frame = prints.read(msgpack.packb([TRADE, QUOTE | {"S": "TSLA"}, QUOTE]), NOW_US, {"AAPL": ours})
    assert frame is not None
    assert frame.unasked == 1
    assert [value.symbol is ours.symbol for value in frame.data] == [True, True]


def test_the_newest_trade_is_noted() -> None:
    """A late one takes nothing back, and a quote is no trade."""
    late = TRADE | {"t": msgpack.Timestamp.from_unix_nano(EVENT_NS - 1)}
    wanted = {"AAPL": Known("AAPL"), "MSFT": Known("MSFT")}
    assert prints.read(msgpack.packb([TRADE, late, QUOTE | {"S": "MSFT"}]), NOW_US, wanted)
    assert (wanted["AAPL"].newest_ns, wanted["MSFT"].newest_ns) == (EVENT_NS, 0)


@pytest.mark.parametrize(
    "message",
    [
        "text",
        {"T": "c", "S": "AAPL"},
        {"T": "success", "msg": "connected"},
        {"T": "subscription", "trades": ["AAPL"]},
        TRADE | {"S": ""},
        TRADE | {"p": math.nan},
        TRADE | {"p": math.inf},
        TRADE | {"s": 0},
        TRADE | {"s": True},
        TRADE | {"i": "one"},
        TRADE | {"t": EVENT_NS},
        TRADE | {"t": msgpack.ExtType(1, b"12345678")},
        TRADE | {"t": msgpack.Timestamp(2**33, 1)},
        QUOTE | {"bp": -1},
        QUOTE | {"as": "many"},
    ],
)
def test_all_else_is_left_to_the_careful_reader(message: object) -> None:
    """With all that is beside it, so that one reader has the whole frame."""
    assert read(TRADE, message, QUOTE) is None


@pytest.mark.parametrize("frame", ["text", b"", b"\xc1", b"\x93\x01", msgpack.packb(TRADE)])
def test_what_is_no_frame_is_left_too(frame: object) -> None:
    """Text, cut off, and single values."""
    assert prints.read(frame, NOW_US, Everything()) is None


def test_a_huge_frame_is_left_to_the_reader_that_takes_turns() -> None:
    """Reading it in one go would hold up the flusher and the beat."""
    assert read(*[TRADE] * (prints.LARGEST // 40)) is None


@given(st.lists(st.tuples(st.sampled_from([TRADE, QUOTE]), changes), max_size=3))
@settings(deadline=None)
def test_both_readers_agree(parts: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Whatever the fast one takes, the careful one takes too, and to the same effect."""
    messages = [message | change for message, change in parts]
    data = read(*messages)
    assert data is None or data == judged(*messages)


@given(st.binary(max_size=64))
@settings(deadline=None)
def test_any_bytes_are_survived(frame: bytes) -> None:
    """No frame raises, whatever its bytes."""
    prints.read(frame, NOW_US, Everything())


def test_endless_nesting_is_left_too() -> None:
    """In a field that nobody knows: skipping it must not end the session."""
    trade = msgpack.packb(TRADE)
    nested = msgpack.packb("zz") + b"\x91" * 50_000 + b"\xc0"
    frame = b"\x91" + bytes([trade[0] + 1]) + trade[1:] + nested
    assert prints.read(frame, NOW_US, Everything()) is None
