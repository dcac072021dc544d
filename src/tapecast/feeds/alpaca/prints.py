"""The usual frame, fast: nothing but trades and quotes without a fault, decoded straight into structs.

Nearly all frames of a busy feed are such. msgspec decodes them faster than maps, and checks the types
on the way. Whatever else a frame holds, `read` leaves all of it to `wire.py`, which knows what each
message is and what is wrong with it; on the frames that both take, they agree.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

import msgspec

from tapecast.feeds.alpaca import conditions
from tapecast.feeds.alpaca.seen import Known
from tapecast.feeds.alpaca.wire import latest_ns
from tapecast.market import Quote, Trade

LARGEST: Final = 2**16
"""Bytes of a frame that is read in one go: some 800 messages, about a millisecond."""

# Checked while decoding. The upper limit shuts out infinity; not-a-number is in no range at all.
_Symbol = Annotated[str, msgspec.Meta(min_length=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)]
_Number = Annotated[int, msgspec.Meta(ge=0)]
# A time: msgpack's head of "timestamp, eight bytes", then 30 bits of nanoseconds above 34 of seconds.
_TIME: Final = struct.Struct(">HQ").unpack
_TIME_HEAD: Final = 0xD7FF
_SECONDS: Final = 2**34 - 1


class _Trade(msgspec.Struct, tag_field="T", tag="t", gc=False):
    S: _Symbol
    p: _Positive
    s: _Positive
    # Raw: as a datetime it would lose its nanoseconds.
    t: msgspec.Raw
    i: _Number = 0
    x: str = ""
    c: tuple[str, ...] | str | None = None
    z: str = ""


class _Quote(msgspec.Struct, tag_field="T", tag="q", gc=False, rename={"as_": "as"}):
    S: _Symbol
    t: msgspec.Raw
    bp: _Amount = 0.0
    ap: _Amount = 0.0
    bs: _Amount = 0.0
    as_: _Amount = 0.0


_decode: Final = msgspec.msgpack.Decoder(list[_Trade | _Quote]).decode


class Frame(NamedTuple):
    """What was wanted of a frame, in its order, and how many messages were of symbols that are not."""

    data: list[Trade | Quote]
    unasked: int


def read(frame: object, ts_recv: int, wanted: Mapping[str, Known]) -> Frame | None:
    """The trades and quotes of a frame; None if it is for `wire.py` to judge.

    `wanted` gives each symbol as we spell it: the very same string again and again is found faster by whoever
    looks it up, and a hundred thousand trades that are kept do not each keep their own. Each trade is noted
    there too, since looking it up once more costs a tenth of what a message may.
    """
    if not isinstance(frame, bytes) or len(frame) > LARGEST:
        return None
    latest = latest_ns(ts_recv)
    data: list[Trade | Quote] = []
    add, unasked = data.append, 0
    try:
        for message in _decode(frame):
            # One loop without calls of our own: each would cost a tenth of what a message may.
            head, packed = _TIME(message.t)
            at = (packed & _SECONDS) * 1_000_000_000 + (packed >> 34)
            if head != _TIME_HEAD or not 0 < at < latest:
                return None
            known = wanted.get(message.S)
            if known is None:
                unasked += 1
            elif isinstance(message, _Trade):
                known.newest_ns = max(known.newest_ns, at)
                does = _effect(message.c, message.z)
                add(Trade(known.symbol, message.p, message.s, at, ts_recv, message.i, message.x, does))
            else:
                add(_quote(known.symbol, message, at, ts_recv))
    except (msgspec.DecodeError, UnicodeDecodeError, struct.error, RecursionError):
        return None
    return Frame(data, unasked)


def _quote(symbol: str, message: _Quote, at: int, ts_recv: int) -> Quote:
    bid, ask = message.bp or None, message.ap or None
    bid_size = (message.bs or None) if bid else None
    ask_size = (message.as_ or None) if ask else None
    return Quote(symbol, bid, ask, bid_size, ask_size, at, ts_recv)


@lru_cache(maxsize=4096)  # A venue has some dozens of combinations.
def _effect(codes: tuple[str, ...] | str | None, tape: str) -> int:
    return conditions.effect(list(codes) if isinstance(codes, tuple) else codes, tape)
