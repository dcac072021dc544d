"""The bytes in Redis are the contract: their order, their units, and that foreign ones end no reader."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.bus import codec
from tapecast.market import FeedState, Market, SymbolState, Tick

TICK = Tick("BTC/USD", 61_250.5, size=0.25, feed="crypto", epoch=7, seq=9, ts_recv=11)

VALUES: list[tuple[Callable[[bytes], object], object]] = [
    (codec.decode_tick, TICK),
    (codec.decode_beat, codec.Beat(Market.CRYPTO, 1, 2, FeedState.LIVE, 3, feed="crypto", simulated=True)),
    (
        codec.decode_ingest_status,
        codec.IngestStatus(
            id="a-1", version="0.1.0", server_time=1, messages=2, messages_per_second=0.5, newest_ts_recv=3,
            feeds=[codec.FeedStatus("iex", Market.US_EQUITY, FeedState.FAILED, reason="auth_failed")],
            leases={"us_equity": codec.LeaseStatus("a-1", 4)}, active_symbols=["AAPL"],
            refused={"X": "symbol_limit"}, reconnects=5, rejected={"price": 6},
            account=codec.AccountStatus(FeedState.LIVE, calls=7, limited=1, reconnects=2, order_events=3),
        ),
    ),
    (codec.decode_replica_status, codec.ReplicaStatus("b-1", "0.1.0", 1, 2)),
    (codec.decode_interest, codec.Interest({"AAPL": 2}, positions=1)),
    (codec.decode_account, codec.AccountImage(1, 2, simulated=True, positions=[{"symbol": "AAPL"}])),
]  # fmt: skip
DECODERS = [decode for decode, _ in VALUES] + [codec.decode_head]


@pytest.mark.parametrize(("decode", "value"), VALUES)
def test_every_value_survives_the_round_trip(decode: Callable[[bytes], object], value: object) -> None:
    """What one process writes, another reads as the same."""
    assert decode(codec.encode(value)) == value


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"null", b"[]", b"{}", b"\xff", b'{"symbol":"\xff","epoch":1,"seq":2}',
        b'{"symbol":"A","price":"1","epoch":1,"seq":"2"}',
        b'{"symbol":"A","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda data: repr(data[:30]),
)  # fmt: skip
def test_a_foreign_value_is_one_kind_of_error(decode: Callable[[bytes], object], data: bytes) -> None:
    """Readers catch DecodeError; anything else would end them."""
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_the_head_of_a_tick_is_what_orders_it() -> None:
    """The rest is skipped."""
    head = codec.decode_head(codec.encode(TICK))
    assert (head.symbol, head.ts_recv, head.is_void) == ("BTC/USD", 11, False)
    assert head.order == (7, 9)


def test_a_head_alone_is_void() -> None:
    """A tick always has a price."""
    data = codec.encode(codec.Head("BTC/USD", 7, 9, 11))
    assert data == b'{"symbol":"BTC/USD","epoch":7,"seq":9,"ts_recv":11}'
    assert codec.decode_head(data).is_void


@given(st.lists(st.tuples(st.integers(1, 2**53), st.integers(1, 2**53)), min_size=2, max_size=2))
def test_a_newer_epoch_outranks_any_seq(orders: list[tuple[int, int]]) -> None:
    """A new owner is above the old one, whatever the old one has counted to."""
    one, other = (codec.Head("A", epoch, seq) for epoch, seq in orders)
    if one.epoch != other.epoch:
        assert (one.order < other.order) == (one.epoch < other.epoch)


def test_a_reader_takes_fields_that_it_does_not_know() -> None:
    """Old and new processes run side by side during a deploy."""
    assert codec.decode_interest(b'{"symbols":{"AAPL":1},"new":true}') == codec.Interest({"AAPL": 1})


def test_what_a_beat_leaves_out_is_its_default() -> None:
    """A pulse a second per market stays short."""
    data = codec.encode(codec.Beat(Market.CRYPTO, 1, 2, FeedState.LIVE, 3))
    assert data == b'{"market":"crypto","epoch":1,"seq":2,"state":"live","server_time":3}'


def test_the_symbol_event_names_its_reason_only_if_there_is_one() -> None:
    """As the contract has it."""
    refused = codec.SymbolStatus("X", SymbolState.REFUSED, "symbol_limit")
    assert codec.encode(refused) == b'{"symbol":"X","state":"refused","reason":"symbol_limit"}'
    live = codec.SymbolStatus("X", SymbolState.LIVE)
    assert codec.encode(live) == b'{"symbol":"X","state":"live"}'


@given(st.integers(1, 2**53), st.integers(1, 2**53), st.integers(0, 2**53))
def test_the_same_image_under_another_order_is_the_same(epoch: int, seq: int, ts_recv: int) -> None:
    """After a reconnect every symbol is published again; clients need not hear what they know."""
    again = msgspec.structs.replace(TICK, epoch=epoch, seq=seq, ts_recv=ts_recv)
    assert codec.same_image(codec.encode(TICK), codec.encode(again))


@pytest.mark.parametrize(
    "changed",
    [
        {"price": 61_250.25},
        {"bid": 1.0},
        {"size": None},
        {"crossed": True},
        {"feed": "simulated"},
        {"symbol": "X"},
    ],
    ids=str,
)
def test_any_other_difference_is_another_image(changed: dict[str, object]) -> None:
    """Including a field that came or went."""
    other = msgspec.structs.replace(TICK, **changed)
    assert not codec.same_image(codec.encode(TICK), codec.encode(other))
