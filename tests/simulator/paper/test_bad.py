"""Bad frames of the trading stream."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tapecast.simulator.bad import Bad
from tapecast.simulator.codec import JSON, MSGPACK, Codec
from tapecast.simulator.paper.bad import frame


def decoded(kind: Bad) -> Any:
    """A frame's payload as JSON."""
    return msgspec.json.decode(frame(kind, JSON, text=False).payload)


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
@pytest.mark.parametrize("kind", [Bad.GARBAGE, Bad.TRUNCATED])
def test_some_cannot_be_read(kind: Bad, codec: Codec) -> None:
    """In neither codec."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode(frame(kind, codec, text=False).payload)


@pytest.mark.parametrize("text", [False, True])
def test_one_is_of_the_other_type(text: bool) -> None:
    """Whichever that is; msgpack has none."""
    assert frame(Bad.TEXT, JSON, text=text).text is not text
    assert frame(Bad.GARBAGE, JSON, text=text).text is text
    assert frame(Bad.TEXT, MSGPACK, text=False).text is False


def test_the_others_are_wrong_in_one_way() -> None:
    """Each in its own."""
    assert isinstance(decoded(Bad.NOT_A_MAP), list)
    assert isinstance(decoded(Bad.NOT_A_LIST)["data"], list)
    assert decoded(Bad.UNKNOWN_TYPE)["stream"] == "account_updates"
    assert decoded(Bad.MISSING_FIELDS)["data"]["order"] == {}
    assert decoded(Bad.WRONG_TYPES)["data"]["event"] == 7
    assert decoded(Bad.NAN)["data"]["position_qty"] == "Infinity"
    assert decoded(Bad.NEGATIVE)["data"]["qty"] == "-1"
    assert decoded(Bad.ZERO)["data"]["price"] == "0"
    assert len(frame(Bad.HUGE, JSON, text=False).payload) > 10_000_000
