"""Bars in Redis: buckets that are over, and what was told last; how they are written and read.

    bars:1m:AAPL               what was told last: the bars that changed, and the newest; also a channel
    bars:1m:AAPL:index         which buckets there are, and whether the venue's history is in them
    bars:1m:AAPL:1768000020    a bucket: BUCKET intervals from that second on, as a JSON array

Buckets go before what is told, in one step: who subscribes and then reads finds everything that was told
before, and hears everything that is told after. Each bar carries its order, so that what arrives twice is
dropped. A change of many bars is told without them (`anew`): whoever hears it reads the buckets again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.bus import codec
from tapecast.bus.cache import read_values
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.keys import BARS_TTL_S, SIMULATED_BARS_TTL_S

BUCKET: Final = 60
"""Bars in a bucket at most: some ten kilobytes, written again at the close of each of them."""
BARS_KEPT: Final = 1500
"""So many of one symbol and length at least, where there were as many."""
TOLD_MOST: Final = 60
"""Bars in what is told at most."""

_S: Final = 1_000_000_000


class BarMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed in one symbol's bars of one length, oldest first; the newest bar is always among them.

    `whole`: the owner of this epoch follows them, and has told all since they were followed last. Any other's
    word says nothing of now. `seq` orders such words.
    """

    symbol: str
    interval: Interval
    bars: list[msgspec.Raw] = []
    anew: bool = False
    epoch: int = 0
    seq: int = 0
    whole: bool = False


class BarIndex(msgspec.Struct, frozen=True):
    """The buckets, by their first second, oldest first. `history`: the venue's own bars of before are in.

    `feed`: whose bars they are. Those of one exchange are none of all exchanges', and invented ones of none.
    """

    buckets: list[int] = []
    history: bool = False
    feed: str = ""


class BarHead(msgspec.Struct, frozen=True, gc=False):
    """What orders a bar, and what it says of itself. Decoding skips the rest."""

    start: str
    closed: bool = False
    removed: bool = False
    epoch: int = 0
    seq: int = 0


class Stored(NamedTuple):
    """What Redis holds of one symbol's bars of one length: each as JSON, in no order, some twice."""

    bars: list[msgspec.Raw]
    listing: BarIndex
    # What was told last, if anything is known of it.
    last: BarMessage | None = None


class Told(NamedTuple):
    """What is to be written. `buckets`: those that changed, whole, by their first second."""

    symbol: str
    interval: Interval
    bars: Sequence[Bar]
    newest: Bar | None
    buckets: dict[int, list[Bar]]
    listing: BarIndex
    # Buckets that there are too many of.
    dropped: Sequence[int] = ()
    anew: bool = False
    # Whether the listing is to be written although no bucket is.
    lists: bool = False
    # As in the message.
    epoch: int = 0
    seq: int = 0
    whole: bool = False


decode_bar_message = codec.decoder(BarMessage)
decode_bar_head = codec.decoder(BarHead)
decode_bar = codec.decoder(Bar)
_decode_index = codec.decoder(BarIndex)
_decode_bucket = codec.decoder(list[msgspec.Raw])


def bucket_ns(interval: Interval) -> int:
    """How long a bucket is."""
    return BUCKET * interval.ns


async def write_bars(bus: Bus, fence: Fence, told: Sequence[Told], *, simulated: bool) -> None:
    """Keep the buckets and publish what changed, all of one length. Raises LeaseLost, BusUnavailable."""
    ttl_s = BARS_TTL_S[told[0].interval] if told else 1
    writes = [write for each in told for write in _writes(bus, each)]
    await fence.write(writes, min(ttl_s, SIMULATED_BARS_TTL_S) if simulated else ttl_s)


def _writes(bus: Bus, told: Told) -> list[Write]:
    keys, interval, symbol = bus.keys, told.interval, told.symbol
    writes = [Write(keys.bars(interval, symbol, str(start)), b"") for start in told.dropped]
    writes += [
        Write(keys.bars(interval, symbol, str(start)), codec.encode(bars))
        for start, bars in told.buckets.items()
    ]
    if told.buckets or told.dropped or told.anew or told.lists:
        writes.append(Write(keys.bars(interval, symbol, "index"), codec.encode(told.listing)))
    name = keys.bars(interval, symbol)
    writes.append(Write(name, _message(told), channel=keys.channel(name)))
    return writes


def _message(told: Told) -> bytes:
    anew = told.anew or len(told.bars) > TOLD_MOST
    bars = [] if anew else list(told.bars)
    if told.newest is not None and (not bars or bars[-1].start != told.newest.start):
        bars.append(told.newest)
    raw = [msgspec.Raw(codec.encode(bar)) for bar in bars]
    return codec.encode(BarMessage(told.symbol, told.interval, raw, anew, told.epoch, told.seq, told.whole))


async def read_bars(bus: Bus, symbol: str, interval: Interval, newest: int | None = None) -> Stored:
    """What there is, or only the `newest` buckets of it. Raises BusUnavailable."""
    keys = bus.keys
    names = [keys.bars(interval, symbol, "index"), keys.bars(interval, symbol)]
    listed, told = await read_values(bus, names)
    index = _index(listed)
    starts = index.buckets if newest is None else index.buckets[-newest:]
    buckets = await read_values(bus, [keys.bars(interval, symbol, str(start)) for start in starts])
    bars = [bar for data in buckets for bar in _bucket(data)]
    last = _last(told)
    return Stored(bars + (last.bars if last else []), index, last)


async def has_buckets(bus: Bus, symbol: str, interval: Interval, starts: Sequence[str]) -> bool:
    """Whether all of these are there. Raises BusUnavailable."""
    return None not in await read_values(bus, [bus.keys.bars(interval, symbol, start) for start in starts])


def _index(data: bytes | None) -> BarIndex:
    try:
        return _decode_index(data) if data is not None else BarIndex()
    except msgspec.DecodeError:
        return BarIndex()


def _bucket(data: bytes | None) -> list[msgspec.Raw]:
    # Expired, or a foreign program's: the bars of that time are not known.
    try:
        return _decode_bucket(data) if data is not None else []
    except msgspec.DecodeError:
        return []


def _last(data: bytes | None) -> BarMessage | None:
    try:
        return decode_bar_message(data) if data is not None else None
    except msgspec.DecodeError:
        return None
