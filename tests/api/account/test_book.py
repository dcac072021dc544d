"""Who is told what of the account, and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tapecast.bus.codec import Interest
from tests.api.account.support import AS_OF, LONG, OPTION, SHORT, Broker, of, reader, seated
from tests.api.peer import parsed
from tests.api.support import Bench, taken, tick


@pytest.fixture
def bench() -> Bench:
    """A hub with a live stocks feed."""
    bench = Bench()
    bench.beat()
    return bench


def test_an_option_stands_for_a_hundred_shares(bench: Bench) -> None:
    """A price of 5.30 is worth 530."""
    mailbox = seated(bench)
    Broker(bench, OPTION).tell()
    bench.hub.on_tick(str(OPTION["symbol"]), tick(str(OPTION["symbol"]), 1, 5.3))
    (position,) = of(taken(mailbox), "position")
    assert position["market_value"] == 530
    assert position["unrealized_pl"] == 30


def test_the_list_comes_first_with_alpacas_own_figures(bench: Bench) -> None:
    """Without a price of ours the state says so, and the money is JSON numbers as Alpaca wrote them."""
    Broker(bench, LONG).tell()
    mailbox = seated(bench)
    frame = mailbox.events["positions"]
    assert b'"cost_basis":1501.00,' in frame
    ((_, data),) = parsed(frame)
    assert (data["account"], data["as_of"]) == ("PA123", "2023-11-14T22:13:20Z")
    assert data["positions"][0]["state"] == "pending"
    assert data["positions"][0]["current_price"] == 160
    assert (data["positions"][0]["price_age_ms"], data["positions"][0]["as_of"]) == (0, AS_OF)


def test_a_tick_reprices_its_position(bench: Bench) -> None:
    """With the age of the price and its state; a tick that changes nothing is no event."""
    mailbox = seated(bench)
    Broker(bench, LONG, SHORT).tell()
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
    Broker(bench, LONG | {"qty": "3"}).tell()
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 0.1))
    assert b'"market_value":0.3,' in mailbox.positions["AAPL"]


def test_a_change_of_state_is_told(bench: Bench) -> None:
    """A page shows which figures are not current."""
    mailbox = seated(bench)
    Broker(bench, LONG, as_of="2020-01-01T00:00:00Z").tell()
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.1, ts_recv=1_700_000_000_000_000))
    taken(mailbox)
    bench.pass_time(6)
    (position,) = of(taken(mailbox), "position")
    assert (position["state"], position["market_value"]) == ("stale", 1601)


def test_a_stale_price_does_not_replace_alpacas_newer_one(bench: Bench) -> None:
    """Alpaca priced the list after our last tick."""
    mailbox = seated(bench)
    Broker(bench, LONG).tell()
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1, 99.0, ts_recv=1), 0.0)
    assert [data["market_value"] for data in of(taken(mailbox), "position")] == [1600]


def test_a_new_list_drops_what_was_priced_from_the_old(bench: Bench) -> None:
    """A position that waits in a slow client's mailbox must not come after the list that replaced it."""
    mailbox = seated(bench)
    Broker(bench, LONG, SHORT).tell()
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.1))
    Broker(bench, LONG | {"qty": "20"}).tell()
    events = taken(mailbox)
    assert of(events, "position") == []
    (data,) = of(events, "positions")
    assert [(p["symbol"], p["market_value"]) for p in data["positions"]] == [("AAPL", 3202)]


def test_symbols_are_wanted_only_while_somebody_looks(bench: Bench) -> None:
    """Interest names the positions' readers and symbols."""
    Broker(bench, LONG, SHORT).tell()
    assert bench.upstream.interest == Interest({})
    view = reader(bench)
    assert bench.upstream.interest == Interest({"AAPL": 1, "TSLA": 1}, positions=1)
    Broker(bench, SHORT, {"symbol": "not a symbol", "qty": "1"}).tell()
    assert bench.upstream.interest.symbols == {"TSLA": 1}
    bench.hub.book.remove(view)
    bench.hub.book.remove(view)
    assert bench.upstream.interest == Interest({})
    assert bench.upstream.left == ["AAPL", "TSLA"]


def test_what_was_known_is_shown_however_old(bench: Bench) -> None:
    """It says so: a reader makes ingest read it again, and until then it is being read."""
    broker = Broker(bench, LONG)
    broker.tell(age_s=3600)
    events = taken(seated(bench))
    assert [name for name, _ in events] == ["feed", "positions", "portfolio", "orders"]
    assert (events[0][1]["state"], events[0][1]["as_of"]) == ("connecting", AS_OF)
    assert events[2][1]["state"] == "connecting"


@pytest.mark.parametrize("price", [b'"NaN"', b'"x"', b"null"])
def test_a_tick_that_prices_nothing_ends_nothing(bench: Bench, price: bytes) -> None:
    """A foreign value under our name leaves Alpaca's own figure."""
    mailbox = seated(bench)
    Broker(bench, LONG).tell()
    bench.hub.on_tick("AAPL", b'{"symbol":"AAPL","epoch":7,"seq":1,"price":' + price + b"}")
    assert [data["market_value"] for data in of(taken(mailbox), "position")] == [1600]


def test_a_simulated_account_says_so(bench: Bench) -> None:
    """Nobody takes invented money for real."""
    mailbox = seated(bench)
    Broker(bench, simulated=True).tell()
    assert of(taken(mailbox), "positions")[0]["simulated"] is True


def test_figures_that_are_no_numbers_pass_as_they_are(bench: Bench) -> None:
    """The rest of the position is still good."""
    mailbox = seated(bench)
    Broker(bench, LONG | {"usd": "n/a", "qty_available": "NaN", "cost_basis": None}).tell()
    (data,) = of(taken(mailbox), "positions")
    (position,) = data["positions"]
    assert (position["usd"], position["qty_available"], position["cost_basis"]) == ("n/a", "NaN", None)
    assert json.dumps(position)
