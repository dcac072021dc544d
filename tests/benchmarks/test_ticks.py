"""Ticks of the load: real to the eye, and all of one size."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from benchmarks.ticks import EPOCH, STEPS, joined, tick
from benchmarks.watchlists import SYMBOLS
from tapecast.market import Tick

NOW_US = 1_772_000_000_123_456


def test_every_tick_has_the_same_size() -> None:
    """Whichever symbol and step of the walk: no server is faster for shorter events."""
    sizes = {len(tick(symbol, step, EPOCH, NOW_US)) for symbol in SYMBOLS for step in range(0, STEPS, 7)}
    assert sizes == {200}


def test_a_tick_is_one_of_ours() -> None:
    """It decodes as what ingest writes, with its quote around its price."""
    found = msgspec.json.decode(tick("S07", 5, EPOCH, NOW_US), type=Tick)
    assert found.symbol == "S07"
    assert found.timestamp == "2026-02-25T06:13:20.123456Z"
    assert found.bid is not None
    assert found.ask is not None
    assert found.price is not None
    assert found.bid < found.price < found.ask
    assert (found.epoch, found.seq, found.ts_recv) == (EPOCH, NOW_US, NOW_US)


def test_prices_walk() -> None:
    """A symbol's price changes, and not by much from one tick to the next."""
    prices = [msgspec.json.decode(tick("S07", n, EPOCH, NOW_US), type=Tick).price or 0 for n in range(500)]
    assert len(set(prices)) > 10
    assert max(abs(after - before) for before, after in pairwise(prices)) < 0.11


def test_a_frame_of_several_is_a_line_each() -> None:
    """So that nchan makes a `data:` line of each."""
    assert joined([b"a", b"b"]) == b"a\nb"
