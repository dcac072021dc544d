"""One symbol's image: the newest wins part by part, and nothing is invented."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.bus import codec
from tapecast.market import ADDS_VOLUME, SETS_PRICE, Quote, Snapshot, Trade, parse_rfc3339, rfc3339
from tests.ingest.messages import LAST, NOON, bar, image, numbered, quote, snapshot, take, tick, trade


def test_nothing_is_published_before_a_trade() -> None:
    """A quote alone is no price."""
    assert image().tick("iex", 1, 2) is None
    assert image(quote(1.0, 2.0)).tick("iex", 1, 2) is None
    assert image(snapshot(top=quote(1.0, 2.0), day=bar())).tick("iex", 1, 2) is None


def test_one_trade_makes_a_tick_of_what_is_known() -> None:
    """And of nothing else."""
    assert codec.encode(tick(image(trade(101.5, size=3.0, ts_recv=7)))) == (
        b'{"symbol":"AAPL","price":101.5,"size":3.0,"timestamp":"2026-01-09T17:00:00Z",'
        b'"feed":"iex","epoch":1,"seq":2,"ts_recv":7}'
    )


def test_a_whole_image_has_every_field() -> None:
    """Trade, quote, day and change."""
    made = image(snapshot(trade(101.5), quote(101.0, 102.0), bar(), prev=100.0))
    assert codec.encode(tick(made)) == (
        b'{"symbol":"AAPL","price":101.5,"size":1.0,"timestamp":"2026-01-09T17:00:00Z","bid":101.0,"ask":102.0,'
        b'"bid_size":1.0,"ask_size":2.0,"quote_timestamp":"2026-01-09T17:00:00Z","open":95.0,"high":110.0,'
        b'"low":90.0,"volume":1000.0,"previous_close":100.0,"change":1.5,"change_percent":1.5,'
        b'"feed":"iex","epoch":1,"seq":2,"ts_recv":1}'
    )


def test_a_late_print_sets_no_price() -> None:
    """It changes nothing that is sent now, and confirms nothing."""
    made = image(trade(101.0))
    made.fresh = False
    assert not made.on_trade(trade(50.0, NOON - 1))
    assert tick(made).price == 101.0
    assert not made.fresh


def test_of_two_prints_at_one_instant_the_later_sets_the_price() -> None:
    """As the venue sent them."""
    assert tick(image(trade(1.0), trade(2.0))).price == 2.0


def test_an_older_quote_is_ignored() -> None:
    """And an equal one is no change."""
    made = image(trade(100.0), quote(99.0, 101.0))
    assert not made.on_quote(quote(1.0, 2.0, NOON - 1))
    assert not made.on_quote(quote(99.0, 101.0, NOON + 1))
    assert made.on_quote(quote(99.0, 102.0, NOON + 2))
    assert (tick(made).bid, tick(made).ask) == (99.0, 102.0)


def test_a_missing_side_is_left_out_and_a_lost_one_goes() -> None:
    """No zero stands for no bid."""
    made = image(trade(100.0), quote(99.0, 101.0), quote(None, 101.0, NOON + 1))
    data = codec.encode(tick(made))
    assert b'"bid' not in data
    assert b'"ask":101.0' in data


@pytest.mark.parametrize(
    ("bid", "ask", "crossed"),
    [(99.0, 101.0, False), (100.0, 100.0, True), (101.0, 99.0, True), (None, 1.0, False), (1.0, None, False)],
)
def test_a_locked_or_crossed_quote_says_so(bid: float | None, ask: float | None, crossed: bool) -> None:
    """It passes as it is."""
    made = tick(image(trade(100.0), quote(bid, ask)))
    assert (made.bid, made.ask, made.crossed) == (bid, ask, crossed)


def test_a_quote_does_not_confirm_the_price() -> None:
    """A trade may have been missed all the same."""
    made = image(trade(100.0))
    made.fresh = False
    made.on_quote(quote(1.0, 2.0))
    assert not made.fresh


@pytest.mark.parametrize("message", [trade(100.0), snapshot(trade(100.0))])
def test_a_trade_or_a_snapshot_confirms_the_price(message: Trade | Snapshot) -> None:
    """From here on the image may be published. A snapshot without a trade says nothing of the price."""
    assert not image(snapshot(top=quote(1.0, 2.0), day=bar())).fresh
    assert image(message).fresh


def test_an_older_snapshot_confirms_the_newer_price_that_is_held() -> None:
    """The venue knows of nothing newer."""
    made = image(trade(101.0))
    made.fresh = False
    made.on_snapshot(snapshot(trade(100.0, NOON - 1)))
    assert (made.fresh, tick(made).price) == (True, 101.0)


def test_a_snapshot_replaces_part_by_part_what_is_older() -> None:
    """An older trade leaves the trade, a newer quote comes in, and the other way round."""
    made = image(trade(101.0, NOON), quote(1.0, 2.0, NOON))
    made.on_snapshot(snapshot(trade(50.0, NOON - 1), quote(3.0, 4.0, NOON + 1, ts_recv=5)))
    assert (tick(made).price, tick(made).bid, tick(made).ts_recv) == (101.0, 3.0, 5)
    made.on_snapshot(snapshot(trade(102.0, NOON + 1), quote(5.0, 6.0, NOON)))
    assert (tick(made).price, tick(made).bid) == (102.0, 3.0)


MESSAGES = st.lists(
    st.builds(
        lambda kind, price, at: {
            "trade": trade(price, NOON + at),
            "quote": quote(price, price + 1, NOON + at),
            "seed": snapshot(trade(price, NOON + at), quote(price, price + 1, NOON + at), bar(), prev=100.0),
            "bare": snapshot(trade(price, NOON + at)),
        }[kind],
        st.sampled_from(["trade", "quote", "seed", "bare"]),
        st.floats(50.0, 150.0),
        st.integers(0, 50),
    )
)


@given(MESSAGES)
def test_nothing_goes_back_in_any_order_of_messages(messages: list[Trade | Quote | Snapshot]) -> None:
    """Times and volume only grow, and no newest price is outside of its day."""
    made, before = image(), None
    for message in messages:
        take(made, message)
        now = made.tick("iex", 1, 2)
        if now is not None and before is not None:
            assert parse_rfc3339(now.timestamp or "") >= parse_rfc3339(before.timestamp or "")
            assert parse_rfc3339(now.quote_timestamp or rfc3339(0)) >= parse_rfc3339(
                before.quote_timestamp or rfc3339(0)
            )
            assert (now.volume or 0) >= (before.volume or 0)
        if made.trade is not None and now is not None and now.low is not None and now.high is not None:
            assert now.high >= 110.0
            assert now.low <= 90.0
        before = now or before


def test_change_is_against_the_previous_close() -> None:
    """Rounded as people count, not as binary numbers do."""
    made = tick(image(snapshot(trade(100.3), day=bar(), prev=100.1)))
    assert (made.previous_close, made.change, made.change_percent) == (100.1, 0.2, 0.1998)
    made = tick(image(snapshot(trade(100.1), day=bar(), prev=100.1)))
    assert (made.change, made.change_percent) == (0.0, 0.0)


def test_without_a_previous_close_there_is_no_change() -> None:
    """Neither is zero."""
    made = tick(image(snapshot(trade(100.0), day=bar())))
    assert (made.previous_close, made.change, made.change_percent) == (None, None, None)


def test_a_restored_image_is_the_last_tick_and_not_fresh() -> None:
    """Nothing of it is published before the venue has confirmed it."""
    made = image()
    made.restore(LAST)
    assert not made.fresh
    assert made.tick("iex", 1, 1) == LAST


def test_an_older_snapshot_cannot_go_behind_a_restored_image() -> None:
    """What clients have seen is not taken back by a slow REST server."""
    made = image()
    made.restore(LAST)
    made.on_snapshot(snapshot(trade(50.0), quote(1.0, 2.0)))
    assert (tick(made).price, tick(made).bid) == (101.0, 100.0)
    assert made.fresh


def test_a_restored_tick_does_not_replace_what_the_venue_said() -> None:
    """The socket may be faster than the cache."""
    made = image(trade(1.0))
    made.restore(LAST)
    assert tick(made).price == 1.0


@pytest.mark.parametrize(
    "wrong", [{"timestamp": None}, {"timestamp": "noon"}, {"quote_timestamp": "noon"}], ids=str
)
def test_a_tick_that_makes_no_sense_is_not_restored(wrong: dict[str, str | None]) -> None:
    """A foreign value under our name must not stop an owner from starting."""
    made = image()
    made.restore(msgspec.structs.replace(LAST, **wrong))
    assert made.tick("iex", 1, 1) is None


@pytest.mark.parametrize("effect", [0, ADDS_VOLUME])
def test_a_print_whose_conditions_forbid_it_sets_no_price(effect: int) -> None:
    """An odd lot moves neither price nor range; it may count into the volume."""
    made = image(snapshot(numbered(1, 100.0), day=bar()))
    assert not made.on_trade(numbered(2, 105.0, effect))
    assert tick(made).price == 100.0
    assert tick(made).volume == (1001.0 if effect else 1000.0)


def test_a_print_out_of_hours_sets_the_price_and_not_the_range() -> None:
    """The day's high is the session's."""
    made = image(snapshot(numbered(1, 100.0), day=bar(high=110.0)))
    assert made.on_trade(numbered(2, 120.0, SETS_PRICE | ADDS_VOLUME))
    assert (tick(made).price, tick(made).high) == (120.0, 110.0)


def test_an_odd_lot_is_better_than_no_price() -> None:
    """REST's newest trade on a Sunday may be one; it does not replace a price of this session."""
    odd = numbered(5, 99.0, ADDS_VOLUME)
    assert tick(image(snapshot(odd))).price == 99.0
    assert tick(image(numbered(1, 100.0), snapshot(odd))).price == 100.0
    after_a_gap = image(numbered(1, 100.0))
    after_a_gap.fresh = False
    after_a_gap.on_snapshot(snapshot(odd))
    assert tick(after_a_gap).price == 99.0


def test_a_print_told_twice_is_no_news_unless_it_confirms() -> None:
    """After a reconnect it does."""
    made = image(numbered(1, 100.0))
    assert not made.on_trade(numbered(1, 100.0))
    made.fresh = False
    assert made.on_trade(numbered(1, 100.0))
    assert made.fresh


def test_an_answer_says_whether_it_changed_anything() -> None:
    """A price, a side, a figure of the day, or that the price is confirmed."""
    first = snapshot(numbered(1, 100.0), quote(99.0, 101.0), bar(), prev=98.0)
    made = image(first)
    assert not made.on_snapshot(first)
    later = quote(99.0, 101.0, NOON + 5, ts_recv=8)
    assert not made.on_snapshot(snapshot(numbered(1, 100.0), later, bar(), prev=98.0)), "the same sides"
    assert made.on_snapshot(snapshot(numbered(1, 100.0), quote(99.5, 101.0, NOON + 6)))
    assert made.on_snapshot(snapshot(numbered(2, 100.0)))
    assert made.on_snapshot(snapshot(day=bar(high=120.0)))
    assert made.on_snapshot(snapshot(day=bar(high=120.0), prev=97.0))
    made.fresh = False
    assert made.on_snapshot(snapshot(numbered(2, 100.0)))
