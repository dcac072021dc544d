"""Positions, re-priced in exact arithmetic."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tapecast.api.mailbox import Mailbox
from tapecast.api.positions import Position, repriced
from tapecast.api.view import View
from tapecast.bus.codec import Interest, PositionList
from tests.api.peer import Event, parsed
from tests.api.support import Bench, taken, tick, view_of

LONG = {
    "symbol": "AAPL", "asset_class": "us_equity", "side": "long", "qty": "10", "avg_entry_price": "150.10",
    "cost_basis": "1501.00", "market_value": "1600.00", "current_price": "160.00", "lastday_price": "155",
    "unrealized_pl": "99.00", "unrealized_plpc": "0.0659560293", "unrealized_intraday_pl": "50.00",
    "unrealized_intraday_plpc": "0.0322580645", "change_today": "0.0322580645",
}  # fmt: skip
SHORT = LONG | {
    "symbol": "TSLA", "side": "short", "qty": "-2", "cost_basis": "-400", "market_value": "-380",
    "unrealized_pl": "20", "unrealized_intraday_pl": "-10", "current_price": "190", "lastday_price": "185",
}  # fmt: skip
OPTION = LONG | {"symbol": "AAPL250117C00150000", "qty": "1", "cost_basis": "500", "market_value": "520"}


def listing(*positions: dict[str, Any], as_of: str = "2023-11-14T22:13:20Z") -> PositionList:
    """The account's list."""
    return PositionList("PA123", as_of, simulated=False, positions=list(positions))


def numbers(position: dict[str, str]) -> Position:
    """The position with decimals where Alpaca has strings of digits."""
    return {k: Decimal(v) if v.lstrip("-")[:1].isdigit() else v for k, v in position.items()}


@pytest.fixture
def bench() -> Bench:
    """A hub with a live stocks feed."""
    bench = Bench()
    bench.beat()
    return bench


def reader(bench: Bench) -> View:
    """A view of the positions."""
    view = view_of(bench.dispatcher)
    bench.hub.book.add(view)
    return view


def seated(bench: Bench) -> Mailbox:
    """A client of the positions."""
    view = reader(bench)
    bench.hub.book.introduce(view.mailbox)
    return view.mailbox


def of(events: list[Event], name: str) -> list[Any]:
    """The data of the events of this name."""
    return [data for kind, data in events if kind == name]


def test_a_long_position_at_a_new_price() -> None:
    """Every figure follows from the price, without a binary rounding."""
    result = repriced(numbers(LONG), Decimal("160.10"), 1)
    assert result["market_value"] == Decimal("1601.00")
    assert result["unrealized_pl"] == Decimal("100.00")
    assert result["unrealized_plpc"] == Decimal("0.0666222518")
    assert result["unrealized_intraday_pl"] == Decimal("51.00")
    assert result["change_today"] == Decimal("0.0329032258")
    assert result["qty"] == Decimal(10)


def test_a_short_position_gains_when_the_price_falls() -> None:
    """Its quantity, value and basis are negative."""
    result = repriced(numbers(SHORT), Decimal(180), 1)
    assert result["market_value"] == Decimal(-360)
    assert result["unrealized_pl"] == Decimal(40)
    assert result["unrealized_plpc"] == Decimal("0.1")
    assert result["unrealized_intraday_pl"] == Decimal(10)


def test_an_option_stands_for_a_hundred_shares(bench: Bench) -> None:
    """A price of 5.30 is worth 530."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(OPTION))
    bench.hub.on_tick(str(OPTION["symbol"]), tick(str(OPTION["symbol"]), 1, 5.3))
    (position,) = of(taken(mailbox), "position")
    assert position["market_value"] == 530
    assert position["unrealized_pl"] == 30


def test_what_alpaca_left_open_stays_open() -> None:
    """A null is not turned into a number."""
    bare: Position = {"symbol": "AAPL", "qty": Decimal(2), "market_value": None, "cost_basis": Decimal(0)}
    result = repriced(bare, Decimal(5), 1)
    assert result["market_value"] == Decimal(10)
    assert "unrealized_intraday_pl" not in result
    assert "unrealized_plpc" not in result
    assert repriced({"symbol": "AAPL", "qty": "?"}, Decimal(5), 1) == {"symbol": "AAPL", "qty": "?"}


def test_the_list_comes_first_with_alpacas_own_figures(bench: Bench) -> None:
    """Without a price of ours the state says so, and the money is JSON numbers as Alpaca wrote them."""
    bench.hub.on_positions(listing(LONG))
    mailbox = seated(bench)
    frame = mailbox.events["positions"]
    assert b'"cost_basis":1501.00,' in frame
    ((_, data),) = parsed(frame)
    assert (data["account"], data["as_of"]) == ("PA123", "2023-11-14T22:13:20Z")
    assert data["positions"][0]["state"] == "pending"
    assert data["positions"][0]["current_price"] == 160
    assert "price_age_ms" not in data["positions"][0]


def test_a_tick_reprices_its_position(bench: Bench) -> None:
    """With the age of the price and its state; a tick that changes nothing is no event."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG, SHORT))
    taken(mailbox)
    traded: dict[str, Any] = {"timestamp": "2023-11-14T22:13:19.5Z"}
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.1, **traded))
    (position,) = of(taken(mailbox), "position")
    assert (position["symbol"], position["market_value"], position["state"]) == ("AAPL", 1601, "live")
    assert position["price_age_ms"] == 500
    bench.hub.on_tick("AAPL", tick("AAPL", 2, 160.1, bid=160.0, **traded))
    assert taken(mailbox) == []


def test_prices_are_exact(bench: Bench) -> None:
    """Ten times 0.1 is one, which binary floats do not know."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG | {"qty": "3"}))
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 0.1))
    assert b'"market_value":0.3,' in mailbox.positions["AAPL"]


def test_a_change_of_state_is_told(bench: Bench) -> None:
    """A page shows which figures are not current."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG, as_of="2020-01-01T00:00:00Z"))
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.1, ts_recv=1_700_000_000_000_000))
    taken(mailbox)
    bench.pass_time(6)
    (position,) = of(taken(mailbox), "position")
    assert (position["state"], position["market_value"]) == ("stale", 1601)


def test_a_stale_price_does_not_replace_alpacas_newer_one(bench: Bench) -> None:
    """Alpaca priced the list after our last tick."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG))
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1, 99.0, ts_recv=1), 0.0)
    assert [data["market_value"] for data in of(taken(mailbox), "position")] == [1600]


def test_a_new_list_drops_what_was_priced_from_the_old(bench: Bench) -> None:
    """A position that waits in a slow client's mailbox must not come after the list that replaced it."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG, SHORT))
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.1))
    bench.hub.on_positions(listing(LONG | {"qty": "20"}))
    events = taken(mailbox)
    assert of(events, "position") == []
    (data,) = of(events, "positions")
    assert [(p["symbol"], p["market_value"]) for p in data["positions"]] == [("AAPL", 3202)]


def test_symbols_are_wanted_only_while_somebody_looks(bench: Bench) -> None:
    """Interest names the positions' readers and symbols."""
    bench.hub.on_positions(listing(LONG, SHORT))
    assert bench.upstream.interest == Interest({})
    view = reader(bench)
    assert bench.upstream.interest == Interest({"AAPL": 1, "TSLA": 1}, positions=1)
    bench.hub.on_positions(listing(SHORT, {"symbol": "not a symbol", "qty": "1"}))
    assert bench.upstream.interest.symbols == {"TSLA": 1}
    bench.hub.book.remove(view)
    bench.hub.book.remove(view)
    assert bench.upstream.interest == Interest({})
    assert bench.upstream.left == ["AAPL", "TSLA"]


def test_an_old_list_is_not_shown(bench: Bench) -> None:
    """It is from when somebody last looked; a reader makes ingest read it again."""
    bench.hub.on_positions(listing(LONG))
    bench.pass_time(61)
    assert of(taken(seated(bench)), "positions") == []


@pytest.mark.parametrize("price", [b'"NaN"', b'"x"', b"null"])
def test_a_tick_that_prices_nothing_ends_nothing(bench: Bench, price: bytes) -> None:
    """A foreign value under our name leaves Alpaca's own figure."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG))
    bench.hub.on_tick("AAPL", b'{"symbol":"AAPL","epoch":7,"seq":1,"price":' + price + b"}")
    assert [data["market_value"] for data in of(taken(mailbox), "position")] == [1600]


def test_a_simulated_account_says_so(bench: Bench) -> None:
    """Nobody takes invented money for real."""
    mailbox = seated(bench)
    bench.hub.on_positions(PositionList("SIM", "", simulated=True, positions=[]))
    assert of(taken(mailbox), "positions")[0]["simulated"] is True


def test_figures_that_are_no_numbers_pass_as_they_are(bench: Bench) -> None:
    """The rest of the position is still good."""
    mailbox = seated(bench)
    bench.hub.on_positions(listing(LONG | {"usd": "n/a", "qty_available": "NaN", "cost_basis": None}))
    ((_, data),) = taken(mailbox)
    (position,) = data["positions"]
    assert (position["usd"], position["qty_available"], position["cost_basis"]) == ("n/a", "NaN", None)
    assert json.dumps(position)
