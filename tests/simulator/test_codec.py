"""The two spellings of the stream."""

from __future__ import annotations

import json

import msgpack
import msgspec
import pytest

from tapecast.simulator.codec import JSON, MSGPACK, Codec, Encoded
from tapecast.simulator.symbols import LISTED
from tapecast.simulator.walk import Print

AT = 1_795_216_260_123_456_789
TRADE = Encoded(Print(LISTED["AAPL"], AT, 7, 270.12, 300, bought=True))


def test_msgpack_keeps_nanoseconds() -> None:
    """Time is the timestamp extension that the venue's own client decodes."""
    message = msgpack.unpackb(TRADE.spelled(MSGPACK))
    assert message["t"].to_unix_nano() == AT
    assert next(iter(message)) == "T"


def test_json_writes_time_as_text() -> None:
    """With all nine digits."""
    assert json.loads(TRADE.spelled(JSON))["t"] == "2026-11-20T23:11:00.123456789Z"


def test_an_event_is_encoded_once() -> None:
    """Two connections share the bytes."""
    assert TRADE.spelled(MSGPACK) is TRADE.spelled(MSGPACK)
    assert TRADE.spelled(JSON) is TRADE.spelled(JSON)


@pytest.mark.parametrize("count", [1, 15, 16, 70_000 % 65_536])
def test_a_frame_is_an_array_of_its_messages(count: int) -> None:
    """Whatever the number, in both spellings."""
    assert len(msgpack.unpackb(MSGPACK.frame([TRADE.spelled(MSGPACK)] * count))) == count
    assert len(json.loads(JSON.frame([TRADE.spelled(JSON)] * count))) == count


@pytest.mark.parametrize(
    ("codec", "payload"),
    [
        (MSGPACK, b"\xc1"),
        (MSGPACK, b"\x93\x01\x02\x03"),
        (MSGPACK, b""),
        (JSON, "{"),
        (JSON, "[]"),
        (JSON, ""),
    ],
)
def test_what_is_not_a_map_is_refused(codec: Codec, payload: bytes | str) -> None:
    """One error for everything that is not a message."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode(payload)
