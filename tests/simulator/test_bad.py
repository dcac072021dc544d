"""Each kind of bad frame is bad in its own way, and only in that."""

from __future__ import annotations

import json
import math
from typing import Any

import msgpack
import msgspec
import pytest

from tapecast.simulator import bad
from tapecast.simulator.bad import Bad
from tapecast.simulator.codec import JSON, MSGPACK, Codec

BETWEEN = [Bad.HUGE, *list(Bad)[list(Bad).index(Bad.NOT_A_MAP) :]]
GOOD = [{"T": "t", "S": name, "i": 1, "p": 270.5, "s": 100} for name in ("AAPL", "MSFT")]


def read(kind: Bad, codec: Codec, good: list[dict[str, Any]] = GOOD) -> Any:
    """A frame as a client reads it."""
    payload, text = bad.frame(kind, codec, good)
    assert text != codec.binary
    return msgpack.unpackb(payload) if codec.binary else json.loads(payload)


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
@pytest.mark.parametrize("kind", BETWEEN)
def test_a_bad_message_stands_between_good_ones(kind: Bad, codec: Codec) -> None:
    """In one frame that is good as far as the codec goes."""
    first, spoilt, last = read(kind, codec)
    assert [first, last] == GOOD
    assert spoilt not in GOOD


@pytest.mark.parametrize("kind", BETWEEN)
def test_without_a_subscription_it_stands_alone(kind: Bad) -> None:
    """Nobody asked for the good ones."""
    assert len(read(kind, MSGPACK, [])) == 1


@pytest.mark.parametrize("good", [GOOD, []])
@pytest.mark.parametrize("kind", [Bad.GARBAGE, Bad.TRUNCATED])
@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_some_frames_cannot_be_read(kind: Bad, codec: Codec, good: list[dict[str, Any]]) -> None:
    """Neither as one codec nor as the other; text is UTF-8 all the same."""
    payload, text = bad.frame(kind, codec, good)
    assert payload
    decoder = msgspec.json.Decoder(Any) if text else msgspec.msgpack.Decoder(Any)
    with pytest.raises(msgspec.DecodeError):
        decoder.decode(payload)
    assert not text or payload.decode()


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_the_other_type_of_frame(codec: Codec) -> None:
    """Good as the codec that was not agreed."""
    payload, text = bad.frame(Bad.TEXT, codec, GOOD)
    assert text == codec.binary
    assert isinstance(json.loads(payload) if text else msgpack.unpackb(payload), list)


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_a_message_without_its_array(codec: Codec) -> None:
    """A good trade, were it in one."""
    assert read(Bad.NOT_A_LIST, codec) in GOOD


def test_ten_megabytes() -> None:
    """Above the 1 MiB that clients take by default, below the 16 MiB that they may be told to."""
    payload, _ = bad.frame(Bad.HUGE, MSGPACK, GOOD)
    assert 10_000_000 <= len(payload) < 2**24


def test_the_spoilt_ones_are_spoilt_as_named() -> None:
    """Price by price; JSON has no NaN, and says null."""
    spoilt = {kind: read(kind, MSGPACK)[1] for kind in BETWEEN}
    assert not isinstance(spoilt[Bad.NOT_A_MAP], dict)
    assert spoilt[Bad.UNKNOWN_TYPE]["T"] not in "tqbudoslcxin"
    assert "p" not in spoilt[Bad.MISSING_FIELDS]
    assert math.isnan(spoilt[Bad.NAN]["p"])
    assert read(Bad.NAN, JSON)[1]["p"] is None
    assert spoilt[Bad.NEGATIVE]["p"] < 0
    assert spoilt[Bad.ZERO]["p"] == 0
    assert isinstance(spoilt[Bad.WRONG_TYPES]["p"], str)
