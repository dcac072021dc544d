"""What replaces what."""

from __future__ import annotations

from decimal import Decimal

from tapecast.bars import Bar, Interval
from tapecast.client import (
    Bars,
    BarUpdate,
    Event,
    Feed,
    FeedState,
    Heartbeat,
    Hello,
    Order,
    Orders,
    OrderUpdate,
    Position,
    Positions,
    SymbolState,
    SymbolStatus,
    Tick,
)
from tapecast.client.servertime import ServerTime
from tapecast.client.store import BARS, LOST, Store
from tests.support import HandClock

HELLO = Hello(1_700_000_000_000_000, "1")
LIVE = SymbolStatus("AAPL", SymbolState.LIVE)


def store(*events: Event) -> Store:
    """One that has heard these."""
    made = Store(ServerTime(HandClock().clock), ["AAPL"])
    for event in events:
        made.apply(event)
    return made


def tick(seq: int, epoch: int = 1, price: float = 1.0) -> Tick:
    """A tick of AAPL."""
    return Tick("AAPL", price, epoch=epoch, seq=seq)


def test_whoever_is_asked_for_has_a_state_at_once() -> None:
    """Pending."""
    assert store().states == {"AAPL": SymbolStatus("AAPL", SymbolState.PENDING)}


def test_a_tick_never_goes_back_within_a_stream() -> None:
    """By epoch and seq; the same once more is no news."""
    held = store(HELLO, tick(2))
    assert [held.apply(each) for each in (tick(1), tick(2), tick(9, epoch=0), tick(3), tick(1, epoch=2))] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert held.ticks["AAPL"] == tick(1, epoch=2)


def test_the_first_image_of_a_new_stream_counts_whatever_it_is() -> None:
    """A server that lost its Redis may begin anew."""
    held = store(HELLO, tick(5), HELLO)
    assert held.apply(tick(3, price=2.0))
    assert held.ticks["AAPL"].price == 2.0
    assert not held.apply(tick(2))


def test_a_trade_that_never_was_takes_its_price_along() -> None:
    """The state says `cancelled`."""
    held = store(HELLO, LIVE, tick(1), SymbolStatus("AAPL", SymbolState.PENDING, "cancelled"))
    assert not held.ticks
    held.apply(tick(2))
    assert held.apply(held.states["AAPL"])
    assert not held.ticks


def test_states_that_say_the_same_are_no_news() -> None:
    """Every new stream tells them all."""
    held = store(LIVE)
    assert not held.apply(LIVE)
    assert held.apply(SymbolStatus("AAPL", SymbolState.STALE))


def test_nothing_reads_as_live_after_a_loss() -> None:
    """Prices stay; what has no price cannot be old, and a refusal is none."""
    held = store(
        HELLO, LIVE, tick(1), SymbolStatus("NOPE", SymbolState.REFUSED, "symbol_invalid"),
        SymbolStatus("MSFT", SymbolState.PENDING), Feed("iex", "us_equity", FeedState.LIVE),
        Positions([Position("AAPL", SymbolState.LIVE, qty=Decimal(1))]),
    )  # fmt: skip
    changed = held.lose()
    assert held.states["AAPL"] == SymbolStatus("AAPL", SymbolState.STALE, LOST)
    assert held.states["MSFT"] == SymbolStatus("MSFT", SymbolState.PENDING, LOST)
    assert held.states["NOPE"].state is SymbolState.REFUSED
    assert held.feeds["us_equity"].state is FeedState.RECONNECTING
    assert held.positions["AAPL"].state is SymbolState.STALE
    assert held.ticks
    assert len(changed) == 4
    assert held.lose() == []


def test_a_new_server_may_have_other_feeds() -> None:
    """Those of before are forgotten at `hello`, unless it tells them again."""
    held = store(HELLO, Feed("iex", "us_equity", FeedState.LIVE))
    held.lose()
    held.apply(HELLO)
    assert not held.feeds


def test_the_server_s_clock_is_learnt_anew_by_each_stream() -> None:
    """Another replica has another one."""
    held = store(Hello(1_700_000_100_000_000, "1"), Heartbeat(1_700_000_101_000_000))
    assert held.time.offset_s == 101
    held.apply(HELLO)
    assert held.time.offset_s == 0


def test_a_list_of_positions_replaces_all() -> None:
    """A single one replaces one, and is gone at quantity 0."""
    held = store(Positions([Position("AAPL", qty=Decimal(1)), Position("MSFT", qty=Decimal(2))], "PA1"))
    held.apply(Position("AAPL", qty=Decimal(3)))
    assert held.positions["AAPL"].qty == 3
    held.apply(Position("AAPL", qty=Decimal("0.0")))
    assert list(held.positions) == ["MSFT"]
    held.apply(Positions([]))
    assert not held.positions
    assert held.account == Positions([])


def test_orders_are_held_by_id() -> None:
    """Newest first, and bounded."""
    held = store(Orders([Order("b"), Order("a")]))
    held.apply(OrderUpdate("fill", Order("a", status="filled")))
    held.apply(OrderUpdate("new", Order("c")))
    assert [(order.id, order.status) for order in held.orders or ()] == [
        ("c", None),
        ("b", None),
        ("a", "filled"),
    ]
    for number in range(200):
        held.apply(OrderUpdate("new", Order(f"n{number}")))
    assert len(held.orders or ()) == 100


def bar(second: int, seq: int = 1, *, removed: bool = False) -> BarUpdate:
    """A bar of AAPL."""
    return BarUpdate(
        f"2026-01-02T00:00:{second:02}Z", symbol="AAPL", interval=Interval.SECOND, removed=removed, seq=seq
    )


def test_bars_stand_in_order_of_time() -> None:
    """Also those that are told late; one that never was is taken away."""
    held = store(Bars("AAPL", Interval.SECOND, "own", [Bar("2026-01-02T00:00:05Z")]))
    for each in (bar(7), bar(6), bar(7, 2), bar(7, 1)):
        held.apply(each)
    assert [start[-3:-1] for start in held.bars["AAPL"]] == ["05", "06", "07"]
    assert held.bars["AAPL"][bar(7).start].seq == 2
    held.apply(bar(6, 3, removed=True))
    assert len(held.bars["AAPL"]) == 2


def test_bars_do_not_pile_up() -> None:
    """A program that runs for a month holds the newest."""
    held = store()
    for number in range(BARS + 10):
        start = f"{number:08}"
        held.apply(BarUpdate(start, symbol="AAPL", interval=Interval.SECOND, seq=1))
    assert len(held.bars["AAPL"]) == BARS
    assert next(iter(held.bars["AAPL"])) == "00000010"
