"""What Redis holds of one symbol's bars as an owner begins: what of it is ours, and makes sense."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import Stored, decode_bar, has_buckets, read_bars
from tapecast.bus.connection import Bus
from tapecast.feeds.base import Feed
from tapecast.ingest.bars.series import KEPT
from tapecast.market import parse_rfc3339

S: Final = 1_000_000_000


class Cached(NamedTuple):
    """Bars, oldest first, and the first instants of the buckets that there are.

    `history`: the venue's own bars of before are all there. `foreign`: what is there is not ours.
    """

    bars: list[Bar]
    buckets: list[int]
    history: bool = False
    foreign: bool = False


async def read_cached(bus: Bus, feed: Feed, symbol: str, interval: Interval) -> Cached:
    """What there is to go on from. Raises BusUnavailable."""
    stored = await read_bars(bus, symbol, interval, KEPT)
    listing = stored.listing
    # A tape that is played again tells its trades again, and each would count twice.
    if listing.feed != feed.name or feed.name == "replay":
        return Cached([], [], foreign=bool(stored.bars or listing.buckets))
    # Those of days ago may have gone since.
    oldest = [str(start) for start in listing.buckets[:1]]
    history = listing.history and await has_buckets(bus, symbol, interval, oldest)
    return Cached(_newest(stored, interval), [start * S for start in listing.buckets], history)


def _newest(stored: Stored, interval: Interval) -> list[Bar]:
    newest: dict[str, Bar] = {}
    for data in stored.bars:
        try:
            bar = decode_bar(bytes(data))
            is_one = parse_rfc3339(bar.start) % interval.ns == 0
        except (msgspec.DecodeError, ValueError, OverflowError):
            # A foreign program's.
            continue
        held = newest.get(bar.start)
        if is_one and (held is None or (bar.epoch, bar.seq) > (held.epoch, held.seq)):
            newest[bar.start] = bar
    return [newest[start] for start in sorted(newest)]
