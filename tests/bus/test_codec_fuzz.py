"""Values of Redis that are nearly ours, of an older process or a foreign program: refused, or good."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapecast.api import frames
from tapecast.bus import codec
from tapecast.market import FeedState, Market, Tick
from tests.fuzz.frames import BIGGER, VALUES, amended, mutated

TICK = Tick("BTC/USD", 61_250.5, size=0.25, bid=61_250.0, feed="crypto", epoch=7, seq=9, ts_recv=11)
FEED = codec.FeedStatus("iex", Market.US_EQUITY, FeedState.FAILED, reason="auth_failed", simulated=True)
KINDS: list[tuple[Callable[[bytes], object], object]] = [
    (codec.decode_head, TICK),
    (codec.decode_tick, TICK),
    (codec.decode_beat, codec.Beat(Market.CRYPTO, 1, 2, FeedState.LIVE, 3, feed="crypto", since="x")),
    (
        codec.decode_ingest_status,
        codec.IngestStatus(
            id="a-1", version="0.1.0", server_time=1, messages=2, messages_per_second=0.5, newest_ts_recv=3,
            feeds=[FEED], leases={"us_equity": codec.LeaseStatus("a-1", 4)}, active_symbols=["AAPL"],
            refused={"X": "symbol_limit"}, reconnects=5, rejected={"price": 6},
            account=codec.AccountStatus(FeedState.LIVE, calls=7, limited=1, reconnects=2, order_events=3),
        ),
    ),
    (codec.decode_replica_status, codec.ReplicaStatus("b-1", "0.1.0", 1, 2)),
    (codec.decode_interest, codec.Interest({"AAPL": 2}, positions=1)),
    (codec.decode_account, codec.AccountImage(1, 2, simulated=True, positions=[{"symbol": "AAPL"}])),
    (codec.decode_account_change, codec.AccountChange(1, 2, closed=["AAPL"], order={"event": "fill"})),
]  # fmt: skip
unhurried = settings(
    derandomize=True, deadline=None, max_examples=400, suppress_health_check=list(HealthCheck)
)


def look(decode: Callable[[bytes], object], data: bytes) -> None:
    """It is refused by the one error that readers catch, or can be written and read again as what it is."""
    try:
        value = decode(data)
    except msgspec.DecodeError:
        return
    if not isinstance(value, codec.Head):
        assert decode(codec.encode(value)) == value
    if isinstance(value, Tick):
        assert math.isfinite(value.price)
    codec.same_image(data, codec.encode(TICK))
    # What a browser gets of it is one event, whatever it holds.
    frame = frames.tick(data)
    assert frame.count(b"\n") == 2
    assert b"\r" not in frame


@given(st.sampled_from(KINDS), st.data())
@unhurried
def test_values_with_other_bytes_are_survived(
    kind: tuple[Callable[[bytes], object], object], data: st.DataObject
) -> None:
    """Cut, flipped, doubled, and any bytes at all."""
    decode, value = kind
    look(decode, data.draw(mutated(codec.encode(value)) | st.binary(max_size=60)))


@given(st.sampled_from(KINDS), st.data())
@unhurried
def test_values_with_other_fields_are_survived(
    kind: tuple[Callable[[bytes], object], object], data: st.DataObject
) -> None:
    """Wrong types, numbers beyond every limit, fields left out, nesting."""
    decode, value = kind
    good: dict[str, Any] = msgspec.json.decode(codec.encode(value))
    look(decode, data.draw(amended(good, VALUES | BIGGER).map(_lenient)))


def _lenient(value: object) -> bytes:
    # As Python's own writer has it, and that of many a foreign program: NaN is a word there.
    return json.dumps(value).encode("utf-8", "replace")
