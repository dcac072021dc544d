"""The two spellings of the data stream: msgpack in binary frames, JSON in text frames.

A message is encoded once for each codec in use, and frames are put together from encoded messages: an array's
head in front of its items is all that a frame adds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from tapecast.market import rfc3339
from tapecast.simulator import amends, hours, minutes, wire
from tapecast.simulator.amends import Amend, Cancel, Correction
from tapecast.simulator.minutes import Minute
from tapecast.simulator.walk import Event


@dataclass(frozen=True)
class Codec:
    """How one connection spells things."""

    binary: bool
    stamp: wire.Stamp
    encode: Callable[[Any], bytes]
    # Raises msgspec.DecodeError where the payload is not one map.
    decode: Callable[[Any], dict[str, Any]]
    frame: Callable[[Sequence[bytes]], bytes]


def _msgpack_time(ns: int) -> msgspec.msgpack.Ext:
    """The timestamp extension with nanoseconds (msgspec's own cuts a datetime to microseconds)."""
    seconds, fraction = divmod(ns, hours.SECOND)
    return msgspec.msgpack.Ext(-1, struct.pack(">Q", fraction << 34 | seconds))


def _msgpack_frame(messages: Sequence[bytes]) -> bytes:
    count = len(messages)
    head = bytes([0x90 | count]) if count < 16 else struct.pack(">BH", 0xDC, count)
    return head + b"".join(messages)


def _json_frame(messages: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(messages) + b"]"


_map = msgspec.msgpack.Decoder(dict[str, Any])
_object = msgspec.json.Decoder(dict[str, Any])

MSGPACK: Final = Codec(
    binary=True,
    stamp=_msgpack_time,
    encode=msgspec.msgpack.encode,
    decode=_map.decode,
    frame=_msgpack_frame,
)
JSON: Final = Codec(
    binary=False, stamp=rfc3339, encode=msgspec.json.encode, decode=_object.decode, frame=_json_frame
)


@dataclass
class Encoded:
    """One event and its bytes, made at most once in each spelling and only when a connection needs them."""

    event: Event | Amend | Minute

    def spelled(self, codec: Codec) -> bytes:
        """The event as one message of `codec`."""
        return self._msgpack if codec.binary else self._json

    @cached_property
    def _msgpack(self) -> bytes:
        return self._in(MSGPACK)

    @cached_property
    def _json(self) -> bytes:
        return self._in(JSON)

    def _in(self, codec: Codec) -> bytes:
        event = self.event
        if isinstance(event, (Correction, Cancel)):
            return codec.encode(amends.message(event, codec.stamp))
        if isinstance(event, Minute):
            return codec.encode(minutes.message(event, codec.stamp))
        return codec.encode(wire.message(event, codec.stamp))
