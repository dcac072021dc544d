"""Who is told what of the account, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tapecast.api.mailbox import Mailbox
from tapecast.bus.codec import Interest
from tapecast.market import FeedState
from tests.api.account.support import AS_OF, FIGURES, LONG, OPTION, SHORT, Broker, of, reader, seated
from tests.api.peer import parsed
from tests.api.support import Bench, taken, tick

ROOT = Path(__file__).parents[3]


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
    bench.hub.on_tick("AAPL", tick("AAPL", 3, 160.1, timestamp="2023-11-14T22:13:20Z"))
    assert taken(mailbox) == []


def test_prices_are_exact(bench: Bench) -> None:
    """Ten times 0.1 is one, which binary floats do not know."""
    mailbox = seated(bench)
    Broker(bench, LONG | {"qty": "3", "market_value": "480"}).tell()
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
    Broker(bench, LONG | {"qty": "20", "market_value": "3200"}).tell()
    events = taken(mailbox)
    assert of(events, "position") == []
    (data,) = of(events, "positions")
    assert [(p["symbol"], p["market_value"]) for p in data["positions"]] == [("AAPL", 3202)]


def test_symbols_are_wanted_only_while_somebody_looks(bench: Bench) -> None:
    """Interest names the positions' readers and symbols."""
    Broker(bench, LONG, SHORT).tell()
    assert bench.upstream.interest == Interest({})
    view = reader(bench)
    assert bench.upstream.interest == Interest({}, positions=1, held=["AAPL", "TSLA"])
    Broker(bench, SHORT, {"symbol": "not a symbol", "qty": "1"}).tell()
    assert bench.upstream.interest.held == ["TSLA"]
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


def names(mailbox: Mailbox) -> list[str]:
    """What waits, by name."""
    return [name for name, _ in taken(mailbox)]


def test_a_new_reader_gets_all_that_is_known(bench: Bench) -> None:
    """Whether it may be believed comes first."""
    Broker(bench, LONG, SHORT, orders=[{"id": "o1", "qty": "10"}]).tell()
    events = taken(seated(bench))
    assert [name for name, _ in events] == ["feed", "positions", "portfolio", "orders"]
    assert events[0][1] == {
        "feed": "alpaca", "market": "account", "state": "live", "since": "2023-11-14T22:13:20.000Z",
        "as_of": AS_OF,
    }  # fmt: skip
    assert events[2][1]["equity"] == 10_000
    assert events[3][1] == {"orders": [{"id": "o1", "qty": 10}]}


def test_every_event_of_an_invented_account_says_so(bench: Bench) -> None:
    """Nobody is to take a page of it for real money."""
    broker = Broker(bench, LONG, orders=[{"id": "o1"}], simulated=True)
    broker.tell()
    mailbox = seated(bench)
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 161.0))
    broker.order(2)
    events = taken(mailbox)
    assert {name for name, _ in events} == {"feed", "positions", "portfolio", "orders", "order", "position"}
    assert [data for _, data in events if data.get("simulated") is not True] == []
    assert of(events, "feed")[0]["feed"] == "simulated"


def test_that_it_is_invented_is_told_as_soon_as_it_is_known(bench: Bench) -> None:
    """Also where the state stays as it was."""
    mailbox = seated(bench)
    assert "simulated" not in of(taken(mailbox), "feed")[0]
    Broker(bench, as_of="", account="", simulated=True, state=FeedState.CONNECTING).tell()
    assert of(taken(mailbox), "feed")[0]["simulated"] is True


def test_before_the_first_read_only_the_state_is_known(bench: Bench) -> None:
    """No empty list is shown for one that is not known; then all of it comes at once."""
    mailbox = seated(bench)
    assert names(mailbox) == ["feed"]
    broker = Broker(bench, as_of="", account="", portfolio={}, state=FeedState.CONNECTING)
    broker.tell()
    assert names(mailbox) == []
    broker.change(
        as_of=AS_OF, account="PA123", portfolio=FIGURES, state=FeedState.LIVE, orders=[{"id": "o1"}]
    )
    assert names(mailbox) == ["positions", "orders", "feed", "portfolio"]


def test_a_fill_changes_its_position_and_the_totals(bench: Bench) -> None:
    """At the venue, without any tick: the others stay as they are."""
    broker = Broker(bench, LONG, SHORT)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    bench.time.advance(0.2)
    more = LONG | {"qty": "20", "market_value": "3200.00", "cost_basis": "3101.00"}
    broker.change(positions=[more], portfolio=FIGURES | {"cash": "7180.00"}, as_of="2023-11-14T22:13:21Z")
    events = taken(mailbox)
    assert [name for name, _ in events] == ["position", "portfolio"]
    assert (events[0][1]["qty"], events[0][1]["market_value"]) == (20, 3200)
    assert (events[1][1]["cash"], events[1][1]["equity"]) == (7180, 10_000)


def test_a_list_comes_when_a_position_does_or_goes(bench: Bench) -> None:
    """It replaces all; what still waits of single ones is older."""
    broker = Broker(bench, LONG)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 161.0))
    broker.change(positions=[SHORT])
    broker.change(closed=["AAPL"])
    (data,) = of(events := taken(mailbox), "positions")
    assert [each["symbol"] for each in data["positions"]] == ["TSLA"]
    assert of(events, "position") == []


def test_a_read_that_finds_nothing_new_is_no_event(bench: Bench) -> None:
    """But for the totals, which say how old the figures are."""
    broker = Broker(bench, LONG, SHORT)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    bench.pass_time(1)
    broker.change()
    broker.tell()
    bench.pass_time(1)
    assert names(mailbox) == []
    broker.change(as_of="2023-11-14T22:13:22Z", positions=[LONG])
    bench.pass_time(1)
    assert names(mailbox) == ["portfolio"]


def test_a_change_alpaca_made_is_told_only_if_it_shows(bench: Bench) -> None:
    """Its own price was replaced by a newer one of ours."""
    broker = Broker(bench, LONG)
    broker.tell()
    mailbox = seated(bench)
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 161.0, timestamp="2023-11-14T22:13:30Z"))
    taken(mailbox)
    moved = {"current_price": "160.50", "market_value": "1605.00", "unrealized_pl": "104.00"}
    broker.change(positions=[LONG | moved | {"unrealized_intraday_pl": "55.00"}])
    assert of(taken(mailbox), "position") == []
    bench.time.advance(10)
    broker.change(as_of="2023-11-14T22:13:40Z")
    (position,) = of(taken(mailbox), "position")
    assert (position["market_value"], position["as_of"]) == (1605, "2023-11-14T22:13:40Z")


def test_the_totals_follow_every_price(bench: Bench) -> None:
    """Ten times a second at the most, and the last of them always."""
    Broker(bench, LONG, SHORT).tell()
    mailbox = seated(bench)
    taken(mailbox)
    bench.pass_time(1)
    told = []
    for seq in range(1, 63):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, 160.0 + seq))
        told += of(taken(mailbox), "portfolio")
        bench.time.advance(1 / 64)
    assert 9 <= len(told) <= 10
    bench.pass_time(0.25)
    (totals,) = of(taken(mailbox), "portfolio")
    assert totals["equity"] == 10_000 + 10 * 62


def test_states_of_the_account_are_told_as_they_change(bench: Bench) -> None:
    """Those that ingest sees, its own silence, and a lost Redis; the figures stay, and say so too."""
    broker = Broker(bench, LONG)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    broker.change(state=FeedState.RECONNECTING, reason="rest_unreachable", since="2023-11-14T22:13:20Z")
    bench.pass_time(0.25)
    (feed,) = of(events := taken(mailbox), "feed")
    assert (feed["state"], feed["reason"], feed["as_of"]) == ("reconnecting", "rest_unreachable", AS_OF)
    (totals,) = of(events, "portfolio")
    assert (totals["state"], totals["reason"], totals["equity"]) == (
        "reconnecting",
        "rest_unreachable",
        10_000,
    )
    broker.change(state=FeedState.LIVE, reason="")
    bench.pass_time(13)
    events = taken(mailbox)
    assert [each.get("reason") for each in of(events, "feed")] == ["ingest_silent"]
    assert [each.get("reason") for each in of(events, "portfolio")] == ["ingest_silent"]
    bench.hub.on_link(False)
    reasons = [each["reason"] for each in of(taken(mailbox), "feed") if each["market"] == "account"]
    assert reasons == ["cache_unavailable"]


def test_one_that_comes_back_is_told_what_is_so_then(bench: Bench) -> None:
    """The prices that it saw last time are nobody's any more."""
    Broker(bench, LONG).tell()
    view = reader(bench)
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 161.0))
    bench.hub.book.remove(view)
    events = taken(seated(bench))
    (data,) = of(events, "positions")
    assert (data["positions"][0]["state"], data["positions"][0]["market_value"]) == ("pending", 1600)
    assert of(events, "portfolio")[0]["equity"] == 10_000


def test_a_position_whose_symbol_is_refused_says_why(bench: Bench) -> None:
    """It has Alpaca's figure, and the totals name it."""
    Broker(bench, LONG, SHORT | {"symbol": "no symbol"}).tell()
    bench.hub.board.refused = {"AAPL": "symbol_limit"}
    mailbox = seated(bench)
    bench.pass_time(0.25)
    events = taken(mailbox)
    (position,) = of(events, "position") or of(events, "positions")[0]["positions"][:1]
    assert (position["state"], position["reason"], position["market_value"]) == (
        "refused",
        "symbol_limit",
        1600,
    )
    assert [(each["symbol"], each["reason"]) for each in of(events, "portfolio")[-1]["stale"]] == [
        ("AAPL", "symbol_limit"), ("no symbol", "symbol_invalid"),
    ]  # fmt: skip


def test_who_asked_for_prices_hears_nothing_of_the_account(bench: Bench) -> None:
    """It is private, and so is whether it is well."""
    broker, peer = Broker(bench, LONG), bench.connect("AAPL", status=False)
    bench.connect(positions=True)
    broker.tell()
    broker.order(1)
    broker.change(state=FeedState.FAILED, reason="auth_failed")
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 161.0))
    bench.flush()
    events = peer.events()
    assert {name for name, _ in events} == {"retry", "hello", "feed", "symbol", "message"}
    assert {data["market"] for data in of(events, "feed")} == {"us_equity"}


def test_another_account_replaces_all(bench: Bench) -> None:
    """Of one with the same symbols too."""
    broker = Broker(bench, LONG)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    broker.change(account="PA999")
    (data,) = of(events := taken(mailbox), "positions")
    assert data["account"] == "PA999"
    assert "orders" in [name for name, _ in events]


def shown(name: str) -> dict[str, Any]:
    """The example of this event in the docs. Its numbers are texts, so that each digit counts."""
    text = (ROOT / "docs" / "events.md").read_text("utf-8")
    lines = text.partition(f"\nevent: {name}\ndata: ")[2].partition("\n```")[0].split("\n")
    example: dict[str, Any] = json.loads("".join(map(str.strip, lines)), parse_float=str, parse_int=str)
    return example


def test_the_docs_show_what_is_sent(bench: Bench) -> None:
    """A position that a trade has re-priced, the totals with it, and an order event."""
    broker = Broker(bench, LONG, SHORT)
    broker.tell()
    peer = bench.connect(positions=True)
    bench.hub.on_cached("TSLA", None, tick("TSLA", 1, 189.0, timestamp="2023-11-14T21:00:00Z"), 0.0)
    bench.pass_time(0.25)
    bench.flush()
    peer.writes()
    bench.time.advance(4.56)
    bench.hub.on_tick("AAPL", tick("AAPL", 3, 161.1, timestamp="2023-11-14T22:13:24.598Z"))
    broker.change(order=shown("order"))
    bench.flush()
    sent = {}
    for block in b"".join(peer.writes()).decode().split("\n\n")[:-1]:
        name, _, data = block.removeprefix("event: ").partition("\ndata: ")
        sent[name] = json.loads(data, parse_float=str, parse_int=str)
    assert {name: shown(name) for name in ("position", "portfolio", "order")} == {
        name: sent[name] for name in ("position", "portfolio", "order")
    }
